# SPDX-License-Identifier: Apache-2.0
"""Client of slim-gen's control socket (one command a line, one line of answer) and of its result."""

import json
import os
import sys

from . import wait
from .control_line import ControlLine

sys.path.insert(0, os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../../../bench/verdict"))

from slimreport import void  # noqa: E402

VOID = void.EXIT  # exit status of what found that its run says nothing
FAULTS = ("lost", "duplicated", "reordered", "mistranslated", "wrong_cell")


class NoLedger(wait.DeadlinePassed):
    """The generator has no result, or one that cannot be read: the run says nothing."""


class Generator:
    def __init__(self, child, path, output):
        self.child = child
        self.path = path
        self.output = output
        self.line = None

    def connect(self, seconds=30):
        self.line = ControlLine(self.path, "slim-gen", self.child.gone, seconds, NoLedger)

    def ask(self, command, seconds=30):
        return self.line.ask(command, seconds)

    def await_ready(self, seconds=180):
        """All flows are open and each has come through."""
        self.ask("wait-ready", seconds)

    def mark(self, name):
        """Begins a window of the ledger. Returns its time, CLOCK_MONOTONIC nanoseconds."""
        return int(self.ask(f"mark {name}").split()[2])

    def status(self):
        return json.loads(self.ask("status"))

    def finish(self):
        """Stops, waits for what is on its way, returns the result. One of a generator that failed is none; a void one is
        one, and says so."""
        self.ask("stop", 60)
        if self.child.finish(30) not in (0, VOID):
            raise NoLedger(self.child.gone())
        try:
            with open(self.output, encoding="utf-8") as f:
                return json.load(f)
        except (OSError, ValueError) as error:
            raise NoLedger(f"the result of slim-gen: {error}") from error


def ledger(result, *prefixes):
    """Sum of the ledgers of the windows whose names begin so; without prefixes: of all judged."""
    keys = ("sent", "received", *FAULTS)
    total = dict.fromkeys(keys, 0)
    total["max_gap_us"] = 0.0
    for window in result["windows"]:
        if prefixes and not window["name"].startswith(prefixes) or not window["judged"]:
            continue
        for key in keys:
            total[key] += window["sum"][key]
        total["max_gap_us"] = max(total["max_gap_us"], window["sum"]["max_gap_us"])
    return total


def faults(counts):
    """How much went wrong in a ledger; 0 is clean."""
    return sum(counts[key] for key in FAULTS)


def reasons(result, *windows):
    """Why these windows of a result (prefixes of their names) are not clean, each in words; none: they are, if the run says
    anything (void.reasons)."""
    counts = {name: ledger(result, name) for name in windows}
    return [f"{name}: {counts[name][key]} packets {key}" for name in windows for key in FAULTS if counts[name][key]]
