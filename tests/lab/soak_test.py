#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a soak must not call complete."""

import contextlib
import copy
import io
import os
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../../scripts/lib"))

import soak  # noqa: E402
from slimlab import generator, wait  # noqa: E402

CLEAN = {"sent": 1000, "received": 1000, "lost": 0, "duplicated": 0, "reordered": 0, "mistranslated": 0,
         "wrong_cell": 0, "max_gap_us": 300.0}
RESULT = {"digest_source": "d1", "digest_target": "d1", "digest_proof": "d1", "handover_ns": "200000",
          "hold_max_ns": "90000", "flush_wait_p50_ns": "50000"}
JOB = {"state": "complete", "result": RESULT}


def window(name, start=0):
    return {"name": name, "judged": True, "start_ns": start, "end_ns": start + 10**9, "sum": dict(CLEAN),
            "latency": {"rtt": {"p50": 100.0, "p99": 200.0}}}


def a_result():
    return {"state": "done", "void": [], "windows": [window("before"), window("moves", 10**9)]}


class Verdict(unittest.TestCase):
    def setUp(self):
        self.generated = a_result()

    def reasons(self, n=2, dead=()):
        return soak.reasons(2, self.generated, [RESULT] * n, dead)

    def test_clean(self):
        self.assertEqual(self.reasons(), [])

    def test_a_fault_in_any_window(self):
        """Killed by: one window that is not asked, one kind of fault that is not."""
        clean = copy.deepcopy(self.generated)
        for number, name in enumerate(("before", "moves")):
            for fault in generator.FAULTS:
                self.generated = copy.deepcopy(clean)
                self.generated["windows"][number]["sum"][fault] = 3
                self.assertEqual(self.reasons(), [f"{name}: 3 packets {fault}"])

    def test_a_dead_program(self):
        self.assertEqual(self.reasons(dead=["slimd-b"]), ["slimd-b has ended although nobody asked it to"])

    def test_too_few_moves(self):
        self.assertEqual(self.reasons(n=1), ["1 of 2 moves were complete"])

    def test_numbers(self):
        summary = soak.summarize(self.generated, [RESULT] * 2)
        self.assertEqual((summary["moves"], summary["handover_us"], summary["in_round_trips"]["handover_us"]),
                         (2, 200.0, 2.0))
        self.assertEqual(summary["ledger"]["sent"], 1000)
        self.assertNotIn("handover_us", soak.summarize(self.generated, []))


class Move(unittest.TestCase):
    def test_complete(self):
        self.assertTrue(soak.is_complete(0, JOB))

    def test_not_complete(self):
        without = {key: value for key, value in RESULT.items() if not key.startswith("digest")}
        for status, job in ((1, JOB), (0, {**JOB, "state": "aborted"}), (0, {"state": "complete"}), (0, {}),
                            (0, {**JOB, "result": {**RESULT, "digest_target": "d2"}}),
                            (0, {**JOB, "result": {**RESULT, "digest_proof": "d2"}}),
                            (0, {**JOB, "result": dict.fromkeys(RESULT, "")}), (0, {**JOB, "result": without})):
            self.assertFalse(soak.is_complete(status, job), (status, job))


class FakeLab:
    """Every move of it is complete."""

    def __init__(self, generated, dead=()):
        self.generator = mock.Mock()
        self.generator.finish.return_value = generated
        self.dead = lambda: list(dead)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def await_peers(self):
        pass

    def start_generator(self):
        pass

    def migrate(self, *_):
        return 0, JOB


class Run(unittest.TestCase):
    """The whole of it, without a lab."""

    def run_with(self, generated, dead=()):
        said = io.StringIO()
        with mock.patch.object(sys, "argv", ["soak", "--moves", "2", "--pause", "0", "--before", "0", "--no-build"]), \
                mock.patch.object(soak, "Lab", lambda *_: FakeLab(generated, dead)), contextlib.redirect_stdout(said):
            status = soak.main()
        return status, said.getvalue().splitlines()[-1]

    def test_the_status_is_the_verdict(self):
        """Killed by: a verdict that forgets the dead, or the window before the moves."""
        generated = a_result()
        self.assertEqual(self.run_with(generated), (0, "result: complete"))
        self.assertEqual(self.run_with(generated, ["nat-a"]), (1, "result: failed"))
        generated["windows"][0]["sum"]["lost"] = 1
        self.assertEqual(self.run_with(generated), (1, "result: failed"))


    def test_a_run_that_says_nothing(self):
        """Killed by: any of these that is not asked, a fault that is told first, the exit status of a failure."""
        spoilt = [("void", ["159000 packets of the load were not sent"]), ("state", "drain"),
                  ("windows", [window("before")]), ("windows", [window("moves")]),
                  ("windows", [window("before"), {**window("moves"), "judged": False}]),
                  ("windows", [window("before"), {**window("moves"), "end_ns": 0}]),
                  ("windows", [window("before"), {**window("moves"), "sum": dict.fromkeys(CLEAN, 0)}])]
        for key, value in spoilt:
            with self.subTest(key=key, value=value):
                self.assertEqual(self.run_with({**a_result(), key: value}), (3, "result: void"))
                self.assertEqual(self.run_with({**a_result(), key: value}, ["nat-a"]), (3, "result: void"))

    def test_a_judge_that_came_late(self):
        late = {**JOB, "phases": [{"phase": "copy", "monotonic_ns": "5"}]}
        generated = a_result()
        for w in generated["windows"]:
            w["start_ns"] += 6
        with mock.patch.object(FakeLab, "migrate", lambda *_: (0, late)):
            self.assertEqual(self.run_with(generated), (3, "result: void"))

    def test_a_ledger_that_cannot_be_read(self):
        with mock.patch.object(FakeLab, "__enter__", side_effect=generator.NoLedger("no result")):
            self.assertEqual(self.run_with(a_result()), (3, "result: void"))


class Generator(unittest.TestCase):
    def test_a_void_result_is_read(self):
        """Killed by: its exit status taken for no result."""
        child = mock.Mock()
        child.finish.return_value = generator.VOID
        with tempfile.TemporaryDirectory(prefix="slim-soak-") as folder:
            g = generator.Generator(child, "/nonexistent/socket", f"{folder}/gen.json")
            with mock.patch.object(g, "ask"):
                with open(g.output, "w", encoding="utf-8") as f:
                    f.write('{"void": ["nothing was received"]}')
                self.assertEqual(g.finish(), {"void": ["nothing was received"]})
                with open(g.output, "w", encoding="utf-8") as f:
                    f.write("{")
                with self.assertRaises(generator.NoLedger):
                    g.finish()

    def test_a_generator_that_fails_has_no_result(self):
        """Killed by: an exit status that nobody asks."""
        child = mock.Mock()
        child.finish.return_value, child.gone.return_value = 1, "slim-gen ended with 1"
        g = generator.Generator(child, "/nonexistent/socket", "/nonexistent/result")
        with mock.patch.object(g, "ask"), self.assertRaisesRegex(wait.DeadlinePassed, "ended with 1"):
            g.finish()


if __name__ == "__main__":
    unittest.main()
