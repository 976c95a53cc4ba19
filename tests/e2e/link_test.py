#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A table moves between two daemons that a slow link is between. It arrives whole, and takes the time that its octets need: so the
link is on the way of both directions of dialling, and a benchmark through it measures it. Times are lower bounds only."""

import json
import sys

import tap
from slimlab import together, wait
from slimlab.lab import HOSTS
from slimlab.pairs import Pairs, Size, nat_of
from tap import expect, expect_equal

SESSIONS = 20_000
MBIT, DELAY_MS = 20, 5
LEAST_OCTETS = 6   # of a session; it takes 9, in a large table 11
SPARE = 16 << 10   # octets of the connections beside the move: pings, and a burst


class House:
    def __init__(self, pairs):
        self.pairs = pairs
        self.home = "a"
        self.entries = self.entries_of("a")

    def entries_of(self, host):
        return sum(int(t["used"]) for t in self.pairs.show_nf(1, host).get("tables", []))

    @property
    def away(self):
        return HOSTS[self.home].other

    def start(self):
        return self.pairs.slimctl(self.home).start("--json", "migrate", nat_of(1, self.home), "--to", self.away)

    def octets(self):
        """That have come out, from a to b and from b to a."""
        stats = self.pairs.link.stats()
        return stats["forth"]["octets"], stats["back"]["octets"]

    def arrived(self, process):
        """The move is complete, and nothing is missing. Returns the job."""
        out, err = process.communicate(timeout=90)
        expect(out.strip(), f"no job: {err}")
        job = together.complete(json.loads(out.strip().splitlines()[-1]))
        expect_equal(int(job["result"]["entries"]), self.entries, "entries that were moved")
        expect_equal(self.entries_of(self.away), self.entries, "entries at the target")
        wait.until(lambda: self.entries_of(self.home) == 0, "the source is empty", 15)
        self.home = self.away
        return job


def takes_its_time(house):
    """From a its octets go forth, from b back. Killed by: peer_address without the link; a slim-link without --rate."""
    way = 0 if house.home == "a" else 1
    before = house.octets()[way]
    job = house.arrived(house.start())
    octets = house.octets()[way] - before
    least = (octets - SPARE) * 8 / (MBIT * 1e6) + 2 * DELAY_MS / 1e3
    took = int(job["result"]["duration_ns"]) / 1e9
    tap.Tap.comment(f"{octets} octets, {took:.3f} s, at least {least:.3f} s; hold {int(job['result']['handover_ns']) / 1e6:.1f} ms")
    expect(octets >= house.entries * LEAST_OCTETS, f"only {octets} octets went through the link")
    expect(took >= least, f"{octets} octets in {took:.3f} s: less than {least:.3f} s")


def outlasts_a_cut(house):
    """Killed by: a cut that spoils one octet of what the link has."""
    process = house.start()
    link, before = house.pairs.link, house.octets()
    wait.until(lambda: sum(house.octets()) > sum(before) + 60_000, "a part of the table", 30, every=0.005)
    link.cut()
    cut = link.stats()
    expect_equal(process.poll(), None, "the move when the link was cut")
    house.pairs.slimctl(house.home).json("job", "list")  # the daemon's own word, which takes its time
    expect_equal(link.stats(), cut, "a link that is cut")
    link.mend()
    house.arrived(process)


def cases(t):
    with Pairs("slim-e2e", [Size(SESSIONS, 1)], t.comment, link_mbit=MBIT, link_delay_ms=DELAY_MS) as pairs:
        t.lab = pairs
        house = House(pairs)
        expect(house.entries >= SESSIONS, f"the generator left {house.entries} entries")
        t.case("a move through a slow link takes the time of its octets", takes_its_time, house)
        t.case("and back, over the connection that the other daemon dialled", takes_its_time, house)
        t.case("a link that is cut and mended loses nothing", outlasts_a_cut, house)
        t.lab = None


if __name__ == "__main__":
    sys.exit(tap.run(cases, tools=()))
