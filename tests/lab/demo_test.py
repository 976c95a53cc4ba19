#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo ends with the status of its verdict: complete, failed, or void."""

import contextlib
import io
import os
import sys
import tempfile
import types
import unittest
from unittest import mock

sys.dont_write_bytecode = True
ROOT = os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../..")
sys.path[:0] = [f"{ROOT}/scripts/lib", f"{ROOT}/bench/verdict"]

import demo  # noqa: E402
import verdict_test  # noqa: E402 (a perfect run)
from slimlab import generator  # noqa: E402


class Status(unittest.TestCase):
    def status(self, generated, dead=()):
        options = types.SimpleNamespace(json=None, png=None, moves=2, flows=1000)
        with tempfile.TemporaryDirectory(prefix="slim-demo-") as folder, contextlib.redirect_stdout(io.StringIO()):
            lab = types.SimpleNamespace(folder=folder, dead=lambda: list(dead))
            jobs = [verdict_test.a_job(), verdict_test.a_job()]
            return demo.report(options, lab, types.SimpleNamespace(jobs=jobs), generated, None, None, None)

    def test_of_the_verdict(self):
        """Killed by: a dead program that hides a void run; any status but the verdict's."""
        perfect = verdict_test.a_gen()
        nothing = {**perfect, "void": ["9 packets of the load were not sent"]}
        lossy = verdict_test.a_gen()
        lossy["windows"][3]["sum"]["lost"] = 1
        self.assertEqual([self.status(g) for g in (perfect, lossy, nothing)], [0, 1, generator.VOID])
        self.assertEqual([self.status(g, ["nat-a"]) for g in (perfect, lossy, nothing)], [1, 1, generator.VOID])

    def test_of_a_generator_without_a_result(self):
        with mock.patch.object(sys, "argv", ["demo", "--no-build"]), contextlib.redirect_stdout(io.StringIO()) as out, \
                mock.patch.object(demo, "show", side_effect=generator.NoLedger("slim-gen ended with 1")):
            self.assertEqual(demo.main(), generator.VOID)
        self.assertIn("result: void", out.getvalue())


if __name__ == "__main__":
    unittest.main()
