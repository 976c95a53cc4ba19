# SPDX-License-Identifier: Apache-2.0
"""Moves with one mechanism switched off, and how each must spoil the ledger: in its own way and place (spoilt.py)."""

from tap import expect  # in front: it says where slimlab is

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
LOAD = {"allow_faults": True, "rate": 20_000, "flows": 3, "churn": 0}


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


def watch(bench, faults=tuple(FAULTS)):
    """A judged run: clean, then each fault with a clean case behind it."""
    bench.case("moves with everything on", without_fault)
    for fault in faults:
        bench.case(f"moves with {fault}", with_fault, fault, spoilt=FAULTS[fault])
        bench.case(f"moves with everything on, after {fault}", without_fault)
    bench.judge()
