#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Four network functions move between the same two hosts at once. Each arrives whole, whoever is slow, is ended by
hand, or loses a daemon. The tables are judged here; traffic that flows is judged by the other tests."""

import json
import sys

import tap
from slimlab import together, wait
from slimlab.lab import HOSTS
from slimlab.pairs import Pairs, Size, nat_of
from tap import expect, expect_equal

SESSIONS = (5_000, 20_000, 20_000, 20_000)
ROW = 8      # octets of a mapping on the way, at least
LEAST_BANDWIDTH = 1000  # that slimd takes
SOON = 5     # seconds that a copy takes whose end is waited for
LATER = 10  # that of others, beside which something is done meanwhile
NEVER = 100  # of one that is ended before


class House:
    """The pairs, and where each is meant to serve."""

    def __init__(self, pairs):
        self.pairs = pairs
        self.home = dict.fromkeys(pairs.sizes, "a")
        self.entries = {pair: self.entries_of(pair, "a") for pair in pairs.sizes}

    def entries_of(self, pair, host):
        tables = self.pairs.show_nf(pair, host).get("tables", [])
        return sum(int(t["used"]) for t in tables)

    def mode(self, pair, host):
        return self.pairs.show_nf(pair, host).get("mode")

    def start(self, pair, *options):
        source = self.home[pair]
        return self.pairs.slimctl(source).start("--json", "migrate", nat_of(pair, source), "--to", HOSTS[source].other,
                                                *options)

    def arrived(self, pair, process):
        """The end of a move that must be complete."""
        job = together.complete(job_of(process))
        self.home[pair] = HOSTS[self.home[pair]].other
        return job

    def job(self, pair, condition):
        """Waits for a running job of a pair that meets the condition."""
        source = self.home[pair]
        def find():
            jobs = (self.pairs.slimctl(source).try_json("job", "list") or {}).get("jobs", [])
            return next((j for j in jobs if j["state"] == "running" and j["nf"] == nat_of(pair, source)
                         and condition(j)), None)
        return wait.until(find, f"the job of {nat_of(pair, source)}", 30, every=0.02)

    def start_slow(self, seconds):
        """Moves of the pairs that `seconds` names, one after the other: each is in COPY, and stays there for so long.
        Returns slimctl's processes."""
        processes = {}
        for pair, s in seconds.items():
            processes[pair] = self.start(pair, "--max-bandwidth", max(LEAST_BANDWIDTH, SESSIONS[pair - 1] * ROW // s))
            self.job(pair, lambda j: j["phase"] == "copy")
        return processes

    def expect_whole(self):
        """Each serves where it is meant to, with all that it had; its other half is empty."""
        for pair, host in self.home.items():
            away = HOSTS[host].other
            wait.until(lambda p=pair, h=host: self.mode(p, h) == "pass", f"{nat_of(pair, host)} serves", 15)
            wait.until(lambda p=pair, h=away: self.mode(p, h) == "closed" and self.entries_of(p, h) == 0,
                       f"{nat_of(pair, away)} is empty", 15)
            expect_equal(self.entries_of(pair, host), self.entries[pair], f"entries of {nat_of(pair, host)}")


def job_of(process):
    out, err = process.communicate(timeout=90)
    try:
        return json.loads(out.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {"text": err or out}


def all_at_once(house):
    processes = {pair: house.start(pair) for pair in house.home}
    for pair, process in processes.items():
        house.arrived(pair, process)
    house.expect_whole()


def small_beside_slow(house):
    """It does not wait for those who copy."""
    others = house.start_slow(dict.fromkeys((2, 3, 4), LATER))
    job = house.arrived(1, house.start(1))
    tap.Tap.comment(f"hold: {int(job['result']['handover_ns']) / 1e3:.0f} us")
    for pair in others:
        house.job(pair, lambda j: j["phase"] == "copy")
    for pair, process in others.items():
        copy = house.arrived(pair, process)
        expect(together.is_inside(job, copy), "the small one was not handed over while the others copied")
    house.expect_whole()


def one_is_ended(house):
    """By hand; the others do not notice."""
    others = house.start_slow({1: SOON, 2: NEVER, 3: SOON, 4: SOON})
    source = house.home[2]
    doomed = house.job(2, lambda j: True)
    status, _, err = house.pairs.slimctl(source).call("job", "cancel", doomed["id"])
    expect_equal(status, 0, f"exit status of slimctl ({err})")
    expect_equal(job_of(others.pop(2)).get("state"), "cancelled", "state of the job that was ended")
    for pair, process in others.items():
        house.arrived(pair, process)
    house.expect_whole()


def same_nf_twice(house):
    """The second is refused, and says of what; the first goes on."""
    process = house.start_slow({3: SOON})[3]
    status, answer = house.pairs.slimctl(house.home[3]).migrate(nat_of(3, house.home[3]), HOSTS[house.home[3]].other)
    expect(status != 0, f"it moves twice at once: {answer}")
    said = [r["text"] for r in answer.get("reasons", []) if r["code"] == "SOURCE_BUSY"]
    expect(any(nat_of(3, house.home[3]) in text for text in said), f"the refusal does not say what is busy: {answer}")
    house.arrived(3, process)
    house.expect_whole()


def await_slimd(house, host):
    for pair in house.home:
        wait.until(lambda p=pair: house.pairs.show_nf(p, host).get("alive"), f"{nat_of(pair, host)} comes back", 30)
    for name in HOSTS:
        wait.until(lambda n=name: house.pairs.has_peer(n), f"the peer of slimd {name}", 30)


def daemon_dies(house, which):
    """With it dies each of the four moves; no NF loses anything, and all can move again. Both must have homes on one
    host before."""
    together_on_one_host(house)
    source = house.home[1]
    host = source if which == "source" else HOSTS[source].other
    processes = house.start_slow(dict.fromkeys(house.home, NEVER))
    house.pairs.children[f"slimd-{host}"].kill()
    house.pairs.start_slimd(host)
    for process in processes.values():
        expect(job_of(process).get("state") != "complete", "a move whose daemon was killed is complete")
    await_slimd(house, host)
    house.expect_whole()


def together_on_one_host(house):
    for pair, host in house.home.items():
        if host != house.home[1]:
            house.arrived(pair, house.start(pair))


def one_nf_dies(house):
    """The target of one: its move ends, the others arrive."""
    together_on_one_host(house)
    away = HOSTS[house.home[4]].other
    processes = house.start_slow({1: SOON, 2: SOON, 3: SOON, 4: NEVER})
    house.pairs.children[nat_of(4, away)].kill()
    job = job_of(processes.pop(4))
    expect(job.get("state") not in (None, "complete"), f"a move whose target died: {job}")
    for pair, process in processes.items():
        house.arrived(pair, process)
    wait.until(lambda: house.mode(4, house.home[4]) == "pass", "the source of the move that failed serves", 15)
    expect_equal(house.entries_of(4, house.home[4]), house.entries[4], "its entries")


def a_spoilt_count_is_seen(house):
    """That the counting of this test can fail."""
    house.entries[1] += 1
    try:
        house.expect_whole()
    except tap.Failed as seen:
        expect("entries of" in str(seen), f"it fails for another reason: {seen}")
    else:
        raise tap.Failed("one entry less is not seen")
    finally:
        house.entries[1] -= 1


def cases(t):
    sizes = [Size(sessions, 1) for sessions in SESSIONS]
    with Pairs("slim-e2e", sizes, t.comment) as pairs:
        t.lab = pairs
        house = House(pairs)
        for pair, entries in house.entries.items():
            expect(entries >= SESSIONS[pair - 1], f"the generator left {entries} entries in pair {pair}")
        t.case("four moves at once arrive whole", all_at_once, house)
        t.case("one is handed over while three copy", small_beside_slow, house)
        t.case("an entry that is missing is seen", a_spoilt_count_is_seen, house)
        t.case("one of four is ended by hand", one_is_ended, house)
        t.case("an NF does not move twice at once", same_nf_twice, house)
        for which in ("target", "source"):
            t.case(f"kill -9 of the {which}'s slimd while four copy", daemon_dies, house, which)
        t.case("four moves at once arrive whole, after all that", all_at_once, house)
        t.case("one target NF dies while four copy", one_nf_dies, house)
        t.lab = None


if __name__ == "__main__":
    sys.exit(tap.run(cases, tools=()))
