#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A negative control fails for its own reason and in its own place, or it is no control."""

import copy
import os
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../..")
sys.path[:0] = [f"{ROOT}/scripts/lib", f"{ROOT}/tests/e2e"]

import load  # noqa: E402
import tap  # noqa: E402
from slimlab import generator  # noqa: E402
from spoilt import SLACK_NS, Spoilt  # noqa: E402

MS = 1_000_000
CLEAN = {"sent": 1000, "received": 1000, **dict.fromkeys(generator.FAULTS, 0), "max_gap_us": 300.0}
JOB = {"phases": [{"phase": p, "monotonic_ns": str(at * MS)} for p, at in
                  (("copy", 100), ("handover", 300), ("steer", 400), ("trail", 500), ("done", 600))]}


def a_result(**counts):
    """One case, from 50 to 950 ms, and one behind it."""
    windows = [{"name": name, "judged": True, "start_ns": first * MS, "end_ns": last * MS, "sum": dict(CLEAN),
                "latency": {"up": {"max": 300.0}, "down": {"max": 200.0}}}
               for name, first, last in (("case-001", 50, 950), ("case-002", 950, 1000))]
    windows[0]["sum"].update(counts)
    return {"state": "done", "void": [], "windows": windows, "incidents": {"first": []},
            "series": {"start_ns": 0, "bin_ns": 10 * MS, "lost": [0] * 100}}


def lost_at(*ms):
    result = a_result(lost=len(ms))
    for at in ms:
        result["series"]["lost"][at // 10] = 1
    return result


def reordered_at(ms, window=0, what="reordered"):
    result = a_result(**{what: 1})
    result["incidents"]["first"] = [{"at_ns": ms * MS, "what": [what], "window": window}]
    return result


class Reasons(unittest.TestCase):
    """Killed by: any fault taken for the right one; a fault beside it that is not seen; a place that is not asked."""
    LOST = Spoilt("lost", during=("handover",))
    REORDERED = Spoilt("reordered", during=("handover", "steer", "trail"))

    def good(self, spoilt, result):
        self.assertEqual(spoilt.reasons(result, "case-001", [JOB]), [])

    def bad(self, spoilt, result, text):
        self.assertIn(text, "; ".join(spoilt.reasons(result, "case-001", [JOB])))

    def test_the_right_fault(self):
        self.good(self.LOST, lost_at(300, 350, 390))
        self.good(self.REORDERED, reordered_at(450))

    def test_none_at_all(self):
        self.bad(self.LOST, a_result(), "no packet was lost")
        self.bad(self.REORDERED, a_result(), "no packet was reordered")

    def test_nothing_sent(self):
        self.bad(self.LOST, a_result(sent=0, lost=3), "nothing was sent")

    def test_another_fault_instead(self):
        for other in generator.FAULTS:
            if other != "lost":
                self.bad(self.LOST, a_result(**{other: 2}), "no packet was lost")
                self.bad(self.LOST, a_result(**{other: 2}), f"2 packets {other}, which is not")

    def test_another_fault_as_well(self):
        for other in ("duplicated", "reordered", "mistranslated", "wrong_cell"):
            result = lost_at(350)
            result["windows"][0]["sum"][other] = 1
            self.bad(self.LOST, result, f"1 packets {other}, which is not")
        result["windows"][0]["sum"]["wrong_cell"] = 0
        result["windows"][0]["sum"]["reordered"] = 1
        self.good(Spoilt("lost", may=("reordered",)), result)

    def test_in_another_place(self):
        self.bad(self.LOST, lost_at(350, 450), "packets lost at 455000000 ns, in none of handover")
        self.bad(self.LOST, lost_at(200), "in none of handover")
        self.bad(self.REORDERED, reordered_at(200), "in none of handover, steer, trail")
        self.good(Spoilt("lost"), lost_at(200))

    def test_the_edges(self):
        edge = 400 + SLACK_NS // MS
        self.good(self.LOST, lost_at(edge - 10))
        self.bad(self.LOST, lost_at(edge), "in none of")

    def test_what_was_due_before_and_came_late(self):
        def slow(result, way):
            result["windows"][0]["latency"][way]["max"] = 150_000.0
            return result

        for way in ("up", "down"):
            self.good(self.LOST, slow(lost_at(200, 140), way))
            self.bad(self.LOST, slow(lost_at(120), way), "in none of")
        self.bad(self.REORDERED, slow(reordered_at(250), "up"), "in none of")

    def test_other_windows_do_not_count(self):
        result = lost_at(350)
        result["series"]["lost"][97] = 1
        self.good(self.LOST, result)
        other = reordered_at(970, window=1)
        self.good(self.REORDERED, other)

    def test_no_move_is_no_place(self):
        self.assertIn("in none of", "; ".join(self.LOST.reasons(lost_at(350), "case-001", [])))


class FakeGenerator:
    def __init__(self, result):
        self.result = result
        self.mark = lambda name: None
        self.finish = lambda: copy.deepcopy(self.result)


class Judge(unittest.TestCase):
    """Bench.judge() without a lab."""

    def judge(self, result, spoilt):
        bench = load.Bench.__new__(load.Bench)
        bench.tap = tap.Tap()
        bench.tap.comment = lambda text: None
        said = []
        bench.tap.case = lambda name, function, *args: said.append((name, self.passes(function, args)))
        bench.lab = type("Lab", (), {"generator": FakeGenerator(result)})()
        bench.windows = [load.Window("case-001", "a case", spoilt, [JOB])]
        bench.judge()
        bench.tap.failed = sum(not good for _, good in said)
        return said, bench.tap

    @staticmethod
    def passes(function, args):
        try:
            function(*args)
        except tap.Failed:
            return False
        return True

    def test_clean(self):
        said, t = self.judge({**a_result(), "incidents": {"first": []}}, load.CLEAN)
        self.assertEqual([good for _, good in said], [True, True])
        self.assertFalse(t.void)

    def test_spoilt_in_its_way(self):
        said, _ = self.judge(lost_at(350), Reasons.LOST)
        self.assertEqual(said[1], ("ledger shows what was lost: a case", True))
        said, _ = self.judge(a_result(duplicated=1), Reasons.LOST)
        self.assertEqual(said[1], ("ledger shows what was lost: a case", False))

    def test_load_that_was_never_sent(self):
        """Also a control that is spoilt as it should be."""
        for result, spoilt in ((a_result(), load.CLEAN), (lost_at(350), Reasons.LOST)):
            result["void"] = ["9 packets of the load were not sent"]
            said, t = self.judge(result, spoilt)
            self.assertEqual(said[0], ("the run says something", False))
            self.assertTrue(t.void)
            self.assertEqual(t.end(), generator.VOID)


if __name__ == "__main__":
    unittest.main()
