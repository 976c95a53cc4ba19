#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a run of the tests is counted as, and that the end of a run names what failed."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../../scripts/lib"))

import run_tests  # noqa: E402
import test_results  # noqa: E402

JUNIT = """<?xml version='1.0' encoding='utf-8'?>
<testsuites tests="6" errors="0" failures="1">
<testsuite name="slim.slim:unit / move" tests="3" errors="0" failures="1" skipped="1">
<testcase name="first" /><testcase name="second"><failure /></testcase><testcase name="third"><skipped /></testcase>
</testsuite>
<testsuite name="slim.slim:unit / peer" tests="1" errors="0" failures="0" skipped="0"><testcase name="fine" /></testsuite>
<testsuite name="slim" tests="2" errors="0" failures="0"><testcase name="slim:unit / lab" /></testsuite>
</testsuites>"""
MOVE = {"name": "slim:unit / move", "result": "FAIL", "stderr": "move_test.c:7: error",
        "stdout": "1..3\nok 1 - first\nnot ok 2 - second\n# 1 != 2\nok 3 - third # SKIP\n"}
PEER_CRASHED = {"name": "slim:unit / peer", "result": "ERROR", "stdout": "ok 1 - fine\n", "stderr": "LeakSanitizer"}
PEER = {"name": "slim:unit / peer", "result": "OK", "stdout": "ok 1 - fine\n"}
LAB = {"name": "slim:unit / lab", "result": "OK", "stdout": "Ran 8 tests\n"}


def count_of(*entries):
    with tempfile.TemporaryDirectory(prefix="slim-results-") as logs:
        with open(f"{logs}/testlog.junit.xml", "w", encoding="utf-8") as f:
            f.write(JUNIT)
        with open(f"{logs}/testlog.json", "w", encoding="utf-8") as f:
            f.writelines(json.dumps(entry) + "\n" for entry in entries)
        return test_results.count_run(logs)


class Results(unittest.TestCase):
    def test_cases_are_counted(self):
        count = count_of(MOVE, PEER, LAB)
        self.assertEqual((count.passed, count.failed, count.skipped), (3, 1, 1))

    def test_a_failure_is_told_with_its_case_and_its_words(self):
        [account] = count_of(MOVE, PEER, LAB).broken
        for words in ("move: FAIL", "not ok 2 - second", "# 1 != 2", "move_test.c:7: error"):
            self.assertIn(words, account)
        self.assertNotIn("first", account)

    def test_a_bad_end_after_good_cases_is_one_failure(self):
        count = count_of(PEER_CRASHED)
        self.assertEqual((count.passed, count.failed), (1, 1))
        self.assertIn("LeakSanitizer", count.broken[0])

    def test_long_output_is_told_by_its_end(self):
        lines = "".join(f"# line {i}\n" for i in range(1000))
        [account] = count_of({**MOVE, "stdout": f"not ok 2 - second\n{lines}"}).broken
        self.assertIn("not ok 2 - second", account)
        self.assertIn("# line 999", account)
        self.assertLess(len(account.splitlines()), 100)

    def test_nothing_ran(self):
        with tempfile.TemporaryDirectory(prefix="slim-results-") as logs:
            count = test_results.count_run(logs)
        self.assertEqual((count.passed, count.failed, count.broken), (0, 0, []))

    def test_counts_add_up(self):
        total = count_of(MOVE, PEER)
        total += count_of(PEER_CRASHED)
        self.assertEqual((total.passed, total.failed, len(total.broken)), (3, 2, 2))


class Stages(unittest.TestCase):
    TESTS = [{"suite": ["slim:unit"]}, {"suite": ["slim:unit", "slim:sim"]}]

    def run_stage(self, suites, ran):
        """What a stage counts as, and the suites that ran. `ran`: what the run of those that are there counts as."""
        said, seen = io.StringIO(), []
        with mock.patch.object(run_tests.build, "build", return_value=True), \
                mock.patch.object(run_tests, "known_tests", return_value=self.TESTS), \
                mock.patch.object(run_tests, "run_suites", lambda _stage, _flavour, names: seen.append(names) or ran), \
                mock.patch.object(run_tests, "STAGES", {"gcc": suites}), \
                mock.patch.object(sys, "argv", ["scripts/test", "--stage", "gcc"]), contextlib.redirect_stdout(said):
            status = run_tests.main()
        return status, seen, said.getvalue()

    def test_all_there(self):
        status, seen, said = self.run_stage(["unit", "sim"], test_results.Count(passed=3))
        self.assertEqual((status, seen), (0, [["unit", "sim"]]))
        self.assertIn("3 passed, 0 failed", said)

    def test_a_suite_that_the_build_does_not_have(self):
        """Killed by: suites that are left out without a word."""
        status, seen, said = self.run_stage(["unit", "chaos"], test_results.Count(passed=3))
        self.assertEqual((status, seen), (1, [["unit"]]))
        self.assertIn("failed in gcc: chaos: no such suite in this build", said)
        self.assertIn("3 passed, 1 failed", said)

    def test_no_suite_at_all(self):
        status, seen, said = self.run_stage(["chaos"], test_results.Count(passed=3))
        self.assertEqual((status, seen), (1, []))
        self.assertIn("0 passed, 1 failed", said)

    def test_no_test_ran(self):
        """Killed by: a stage of nothing taken for a good one."""
        status, _, said = self.run_stage(["unit"], test_results.Count())
        self.assertEqual(status, 1)
        self.assertIn("failed in gcc: no test ran", said)


class Check(unittest.TestCase):
    def test_a_check_of_no_file_fails(self):
        """clang-tidy without compile commands, as before the first build. Killed by: what lists the files failing unheard."""
        half_read = json.dumps([{"directory": run_tests.build.PROJECT, "file": "base/json.c"}, {}])
        for commands in (None, "[]", half_read):
            with self.subTest(commands=commands), tempfile.TemporaryDirectory(prefix="slim-check-") as root:
                if commands:
                    os.mkdir(f"{root}/build")
                    with open(f"{root}/build/compile_commands.json", "w", encoding="utf-8") as f:
                        f.write(commands)
                done = subprocess.run([f"{run_tests.build.PROJECT}/scripts/check", "tidy"], capture_output=True, text=True,
                                      check=False, env={**os.environ, "SLIM_BUILD_ROOT": root})
                self.assertEqual((done.returncode, done.stdout.splitlines()[0]), (1, "not ok tidy"))


if __name__ == "__main__":
    unittest.main()
