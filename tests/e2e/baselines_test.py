#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The opponents of bench/baselines, each with a move of the same small load, judged by the same ledger. Those that promise nothing must be
found out, each for its own reason: stop-copy loses what comes while traffic is stopped, no-hold what is on its way when the rules turn. The
buffer at the controller loses nothing at this rate, and keeps the order of what it holds; a packet that comes straight from the switch once
the rules are gone may pass one that is still on its way by the controller, and there alone is order lost.

    baselines_test.py                             a move each
    baselines_test.py --times 10 --rate 20000     what becomes of it with more of both; the cases are for the small load
"""

import argparse
import os
import sys

import tap
from faults import SINCE_TAKEN
from load import CLEAN, Bench, expect, expect_equal
from slimlab import generator, wait
from slimlab.lab import HOSTS
from spoilt import SLACK_NS, Spoilt, incidents_ns, lost_ns, slowest_ns

sys.path.insert(0, os.path.realpath(f"{os.path.dirname(__file__)}/../../bench/baselines"))

from slimbaselines import MODES, BufferAtController, Duplicate, NoHold, PerPacket, Slim, StopCopy  # noqa: E402

HERE = {name: mode for name, mode in MODES.items() if "variant" not in mode.settings}  # that share a lab
MORE = 1.1                                # times as many octets, if packets have records
MANY = 3                  # times as many octets, if packets themselves are carried
BUSY = 4                  # times as many packets, so that some come in a short copy
FRAME = 512               # octets, of the packets that are carried
SLOW_COPY = ("--max-bandwidth", "30k")  # some tenths of a second, in which packets come

parser = argparse.ArgumentParser(prog="baselines_test.py")
parser.add_argument("--times", type=int, default=1, help="moves of each mode (1)")
parser.add_argument("--rate", type=int, default=1_000, help="packets a second, each way (1000)")
parser.add_argument("--only", action="append", choices=list(HERE), help="this mode; more than once: these")
OPTIONS = parser.parse_args()
LOAD = {"flows": 1_000, "rate": OPTIONS.rate, "churn": 0, "workers": 1,
        "allow_faults": any(mode.settings.get("allow_faults") for mode in HERE.values())}
FEW = 0.02  # of what was held
# None: has checks of its own.
EXPECTED = {Slim: CLEAN, BufferAtController: None, StopCopy: Spoilt("lost"),
            NoHold: Spoilt("lost", during=SINCE_TAKEN, may=("reordered",))}


def move(bench, mode, figures):
    """There (and back, and so on)."""
    for _ in range(OPTIONS.times):
        status, job, extra = mode.move(bench.home)
        expect_equal((status, job.get("state")), (0, "complete"), f"the move from {bench.home}: {job}")
        bench.home = bench.away()
        bench.note(job)
        figures.append(extra)
        bench.tap.comment(f"{mode.name}: {extra}")


def run_all(bench, modes, figures):
    for name, mode in modes.items():
        mode.before()
        bench.case(f"{name} moves", move, mode, figures[name], spoilt=EXPECTED[type(mode)])
        mode.close()


def loses_all_of_its_stop(result, window, figures):
    """Both ways; half of it, for the generator may have stood still for a while, too."""
    least = sum(f["stopped_ms"] for f in figures) / 1e3 * OPTIONS.rate
    lost = generator.ledger(result, window)["lost"]
    expect(lost > least, f"{lost} lost, should be above {least:.0f}: {figures}")


def loses_nothing_else(result, window, figures):
    spans = [(f["stop_asked_ns"], f["gone_ns"]) for f in figures]
    early = SLACK_NS + slowest_ns(result, window)  # a packet that was due before may have been sent after
    outside = [at for at in lost_ns(result, window) if not any(first - early <= at <= last + SLACK_NS for first, last in spans)]
    expect(not outside, f"lost at {outside[:3]} ns, stopped at {spans}")


def plays_all_that_it_held(_result, _window, figures):
    for f in figures:
        expect(f["held_packets"] > 0, f"nothing was held: {f}")
        expect_equal(f["played_packets"], f["taken_packets"], "packets played, of those that were held")
        expect(not f["gave_up"], f"more came than could be played: {f}")
        expect_equal((f["dropped_packets"], f["switch_dropped_packets"]), (0, 0), "packets dropped by the buffer, by the switch")


def loses_nothing(result, window, _figures):
    counts = generator.ledger(result, window)
    wrong = {key: counts[key] for key in generator.FAULTS if key != "reordered" and counts[key]}
    expect(not wrong, f"{wrong} of {counts}")


def loses_order_only_where_it_ends(result, window, figures):
    """Between what was held and what the switch carries again: a few packets, until the last of them has come."""
    spans = [(f["release_asked_ns"], f["released_ns"]) for f in figures]
    outside = [at for at in incidents_ns(result, window, "reordered")
               if not any(first <= at <= last + SLACK_NS for first, last in spans)]
    expect(not outside, f"reordered at {outside[:3]} ns, released at {spans}")
    reordered, held = generator.ledger(result, window)["reordered"], sum(f["held_packets"] for f in figures)
    expect(reordered <= FEW * held, f"{reordered} packets reordered, {held} were held")


def holds_every_flow(result, window, figures):
    """What it costs: the first that waited came after all of the copy."""
    held = max(f["held_ms"] for f in figures)
    gap = generator.ledger(result, window)["max_gap_us"] / 1e3
    expect(gap > held / 2, f"held for {held} ms, and the longest gap is {gap} ms")


CHECKS = {StopCopy: (loses_all_of_its_stop, loses_nothing_else),
          BufferAtController: (plays_all_that_it_held, loses_nothing, loses_order_only_where_it_ends, holds_every_flow)}


def octets_a_session(bench, mode, seen):
    """Of rows that were sent in a copy that takes a while."""
    status, job, _ = mode.move(bench.home, *SLOW_COPY)
    expect_equal((status, job.get("state")), (0, "complete"), f"the move from {bench.home}: {job}")
    bench.home = bench.away()
    result = bench.note(job)["result"]
    seen[mode.name] = (int(result["snapshot_bytes"]) + int(result.get("delta_bytes", 0))) / int(result["entries"])


def sends_records_of_packets(seen):
    expect(seen[PerPacket.name] > MORE * seen[Slim.name], f"octets a session: {seen}")


def per_packet(t):
    """In a lab of its own, for its network function is another program; slim's own in the same way, before it."""
    seen = {}
    for mode in (Slim, PerPacket):
        with Bench(t, os.environ.get("SLIM_E2E_LAB", "slim-e2e"), **LOAD, **mode.settings) as bench:
            bench.case(f"{mode.name} copies slowly", octets_a_session, mode(bench.lab), seen)
            bench.judge()
    t.case("per-packet sends records of packets", sends_records_of_packets, seen)
    return seen[Slim.name] * LOAD["flows"]


def carry(bench, mode):
    """Whole, and beside the state. Returns what was wrong, the octets that went to the target, and the figures."""
    status, job, figures = mode.move(bench.home)
    expect_equal((status, job.get("state")), (0, "complete"), f"the move from {bench.home}: {job}")
    bench.home = bench.away()
    result = bench.note(job)["result"]
    octets = int(result["snapshot_bytes"]) + int(result.get("delta_bytes", 0))
    bench.tap.comment(f"{mode.name}: {octets} octets, {figures}")
    expect(figures["carried_packets"] > 0, f"no packet was carried: {figures}")
    expect_equal(figures["carried_octets"], FRAME * figures["carried_packets"], "octets of the packets")
    return mode.wrong(figures), octets, figures


def rows_left(bench):
    """Rows of packets that are still in the tables, at both hosts."""
    return [int(t["used"]) for host in HOSTS for t in bench.lab.show_nf(host)["tables"] if t["name"] == "carried"]


def carries_all_of_them(bench, mode, octets_of_slim):
    """Killed by: a piece that is left out; rows that stay after the move."""
    wrong, octets, figures = carry(bench, mode)
    expect_equal((wrong, figures["carried_lost_rows"]), ([], 0), "rows lost")
    expect(octets > figures["carried_octets"], f"{octets} octets went to the target, less than those of packets: {figures}")
    expect(octets > MANY * octets_of_slim, f"{octets} octets went to the target, {octets_of_slim} of slim's")
    wait.until(lambda: rows_left(bench) == [0, 0], "rows of packets are gone", 15)


def finds_out_what_it_lost(bench, mode, _octets_of_slim):
    """Of each packet the second row takes the place of the first. Killed by: wrong() that finds nothing; an NF that counts at the
    target what the source has put."""
    wrong, _, figures = carry(bench, mode)
    least = figures["carried_packets"]
    expect(wrong and figures["carried_lost_rows"] >= least, f"of {least} packets a row is lost each: {figures}, {wrong}")


class ShortRing(Duplicate):
    settings = {"variant": "-duplicate-short"}


def duplicate(t, octets_of_slim):
    """In labs of their own, too. Frames of two rows."""
    for mode, check in ((Duplicate, carries_all_of_them), (ShortRing, finds_out_what_it_lost)):
        with Bench(t, os.environ.get("SLIM_E2E_LAB", "slim-e2e"), ("--size", FRAME), **{**LOAD, "rate": BUSY * OPTIONS.rate}, **mode.settings) as bench:
            bench.case(f"{mode.name} {check.__name__.replace('_', ' ')}", check, mode(bench.lab), octets_of_slim)
            bench.judge()


def cases(t):
    if not OPTIONS.only:
        duplicate(t, per_packet(t))
    figures = {name: [] for name in HERE}
    with Bench(t, os.environ.get("SLIM_E2E_LAB", "slim-e2e"), **LOAD) as bench:
        modes = {name: mode(bench.lab) for name, mode in HERE.items() if name in (OPTIONS.only or HERE)}
        run_all(bench, modes, figures)
        result = bench.judge()
        for mode, w in zip(modes.values(), bench.windows):
            t.comment(f"{w.name}: {generator.ledger(result, w.window)}")
            for check in CHECKS.get(type(mode), ()):
                t.case(f"{mode.name} {check.__name__.replace('_', ' ')}", check, result, w.window, figures[mode.name])


if __name__ == "__main__":
    sys.exit(tap.run(cases))
