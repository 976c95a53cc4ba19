#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does a hand-over cost beside moves that copy? Called by bench/together. The lab: slimlab/pairs.py."""

import argparse
import json
import statistics
import sys
import time

from slimlab import build, leftovers, machine, together, wait
from slimlab.lab import HOSTS
from slimlab.pairs import Pairs, Size
from slimlab.process import CommandFailed

KINDS = ("alone", "alone again", "beside")


def parse():
    p = argparse.ArgumentParser(prog="bench/together")
    p.add_argument("nf", choices=["nat"])
    p.add_argument("--beside", type=int, default=3, help="moves that copy meanwhile (3)")
    p.add_argument("--sessions", type=int, default=1_000_000, help="of each of these (1,000,000)")
    p.add_argument("--small", type=int, default=10_000, help="sessions of the table whose hold is measured (10,000)")
    p.add_argument("--runs", type=int, default=10, help="rounds of: alone, alone again, beside (10)")
    p.add_argument("--json", metavar="FILE", help="write all numbers there")
    p.add_argument("--name", default="together", help="of the lab")
    p.add_argument("--pause", type=float, default=0.5, help="seconds between two moves (0.5)")
    p.add_argument("--no-build", action="store_true")
    return p.parse_args()


def say(text):
    print(f"  {text}", flush=True)


def hold_us(job):
    return int(job["result"]["handover_ns"]) / 1e3


def rounds(options, pairs):
    """Rows of a round: kind, hold in microseconds, and whether all the others copied from its begin to its end. The
    others move once a round, the first three times: both are on the other host after each."""
    source = "a"
    for number in range(1, options.runs + 1):
        at = source
        for kind in ("alone", "alone again"):
            time.sleep(options.pause)
            yield number, kind, hold_us(together.one(pairs, at)), True
            at = HOSTS[at].other
        time.sleep(options.pause)
        job, others = together.beside(pairs, at)
        yield number, "beside", hold_us(job), all(together.is_inside(job, other) for other in others)
        source = HOSTS[source].other


def measure(options):
    sizes = [Size(options.small, 1), *[Size(options.sessions, 1)] * options.beside]
    rows = []
    with Pairs(options.name, sizes, say) as pairs:
        print(f"{'round':>5}  {'':<12} {'hold us':>9}")
        for number, kind, us, inside in rounds(options, pairs):
            rows.append({"round": number, "kind": kind, "hold_us": us, "inside": inside})
            print(f"{number:>5}  {kind:<12} {us:>9.0f}{'' if inside else '  not in all copies: does not count'}", flush=True)
    medians = {kind: statistics.median([r["hold_us"] for r in rows if r["kind"] == kind and r["inside"]] or [float("nan")])
               for kind in KINDS}
    ratios = {kind: medians[kind] / medians["alone"] for kind in KINDS[1:]}
    print(f"\nmedian alone {medians['alone']:.0f} us, beside {options.beside} that copy {medians['beside']:.0f} us: "
          f"{ratios['beside']:.2f} times; alone against alone {ratios['alone again']:.2f}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump({"beside": options.beside, "sessions": options.sessions, "small": options.small,
                       "medians": medians, "ratios": ratios, "runs": rows}, f, indent=1)
    return 0


def main():
    options = parse()
    if not options.no_build and not build.build():
        return 1
    try:
        return measure(options)
    except (machine.MachineTooSmall, leftovers.Busy, build.NotBuilt, wait.DeadlinePassed, CommandFailed,
            together.NotComplete) as error:
        print(f"together: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
