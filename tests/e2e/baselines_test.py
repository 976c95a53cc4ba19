#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The opponents of bench/baselines, each with one move of the same small load, judged by the same ledger. Those that promise nothing must be
found out, each for its own reason: stop-copy loses while it stands still, no-hold what is on its way when the rules turn. The buffer at the
controller loses nothing at this rate, and what it promises about order holds: that of what it buffered."""

import os
import sys

import tap
from load import Bench, expect, expect_equal
from slimlab import generator, machine, wait

sys.path.insert(0, os.path.realpath(f"{os.path.dirname(__file__)}/../../bench/baselines"))

from slimbaselines import MODES  # noqa: E402

LOAD = {"flows": 1_000, "rate": 1_000, "churn": 0, "workers": 1, "allow_faults": True}
NAME = os.environ.get("SLIM_LAB", "slim-e2e")
TIMES = int(sys.argv[sys.argv.index("--times") + 1]) if "--times" in sys.argv else 1
for word in sys.argv[1:]:
    if "=" in word:
        LOAD[word.split("=")[0]] = int(word.split("=")[1])


def move(bench, mode, figures):
    for _ in range(TIMES):
        status, job, extra = mode.move(bench.home)
        expect_equal((status, job.get("state")), (0, "complete"), f"the move from {bench.home}: {job}")
        bench.home = bench.away()
        bench.note(job)
        figures.append(extra)
    bench.tap.comment(f"{mode.name}: {figures}")


def cases(t):
    figures = {name: [] for name in MODES}
    with Bench(t, NAME, **LOAD) as bench:
        modes = {name: mode(bench.lab) for name, mode in MODES.items()}
        for name, mode in modes.items():
            mode.before()
            bench.case(name, move, mode, figures[name], spoilt=None)
            mode.close()
            t.comment(bench.lab.generator.status())
        result = bench.judge()
        for w in bench.windows:
            t.comment(f"{w.name}: {generator.ledger(result, w.window)}")


if __name__ == "__main__":
    sys.exit(tap.run(cases))
