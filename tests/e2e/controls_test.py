#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Negative controls: with one mechanism switched off the same move must spoil the ledger, each in its own way and
place (spoilt.py). A judge that never says no is not a judge, and one that says no to anything is none either."""

import sys

import tap
from load import Bench, expect
from spoilt import Spoilt

SINCE_TAKEN = ("handover", "steer", "trail")
FAULTS = {"no-hold": Spoilt("lost", during=("handover",)),
          "no-flush-round": Spoilt("reordered", during=SINCE_TAKEN),
          "no-redirect": Spoilt("lost", during=SINCE_TAKEN)}
# A fault spoils a few packets of a handover, so several handovers are watched.
ROUNDS = {"no-hold": 2, "no-redirect": 2, "no-flush-round": 8}
# Only a flow with a packet on each path at once can be reordered. The redirect path is some
# 100 us longer: so one flow carries most of the packets, one in 50 us.
FAST_FLOW = ("--probes", "1", "--probe-rate", "100", "--echoes", "1", "--echo-rate", "100")


def with_fault(bench, fault):
    """The move itself may well succeed: only the ledger sees what went wrong."""
    for _ in range(ROUNDS[fault]):
        status, job = bench.lab.migrate(bench.home, "--fault", fault)
        expect(job.get("state") in ("complete", "failed"), f"{status} {job}")
        bench.note(job)
        bench.home = bench.away()


def without_fault(bench):
    bench.move()
    bench.move()


def cases(t):
    with Bench(t, "slim-e2e", FAST_FLOW, allow_faults=True, rate=20_000, flows=3, churn=0) as bench:
        bench.case("moves with everything on", without_fault)
        for fault, spoilt in FAULTS.items():
            bench.case(f"moves with {fault}", with_fault, fault, spoilt=spoilt)
            bench.case(f"moves with everything on, after {fault}", without_fault)
        bench.judge()


if __name__ == "__main__":
    sys.exit(tap.run(cases))
