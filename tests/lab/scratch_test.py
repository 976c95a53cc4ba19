#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A program's temporary folder is gone, however the program ends."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest

LIBRARY = os.path.realpath(f"{os.path.dirname(__file__)}/../../scripts/lib")
sys.path.insert(0, LIBRARY)

from slimlab import scratch  # noqa: E402

PROGRAM = f"""
import sys, time
sys.path.insert(0, {LIBRARY!r})
from slimlab import scratch
with scratch.folder("test", sys.argv[1]) as path:
    open(path + "/file", "w").close()
    print(path, flush=True)
    time.sleep(600)
"""


class Scratch(unittest.TestCase):
    def setUp(self):
        where = tempfile.TemporaryDirectory(prefix="slim-scratch-")
        self.addCleanup(where.cleanup)
        self.where = where.name

    def start(self):
        program = subprocess.Popen([sys.executable, "-c", PROGRAM, self.where], stdout=subprocess.PIPE, text=True)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        path = program.stdout.readline().strip()
        self.assertTrue(os.path.exists(f"{path}/file"))
        return program, path

    def test_who_is_asked_to_end_removes_it(self):
        program, path = self.start()
        program.send_signal(signal.SIGTERM)
        self.assertEqual(program.wait(), 143)
        self.assertFalse(os.path.exists(path))

    def test_of_who_was_killed_the_next_one_does(self):
        """Killed by: a folder of somebody who lives, or one of another kind, that is removed."""
        dead, left = self.start()
        dead.kill()
        dead.wait()
        _, taken = self.start()
        self.assertFalse(os.path.exists(left))
        os.mkdir(f"{self.where}/slim-other")
        scratch.sweep(self.where)
        self.assertTrue(os.path.exists(f"{taken}/file"))
        self.assertTrue(os.path.exists(f"{self.where}/slim-other"))

    def test_a_process_id_that_is_used_again_is_nobodys(self):
        left = f"{self.where}/slim-test-{os.getpid()}-1-x"
        os.mkdir(left)
        scratch.sweep(self.where)
        self.assertFalse(os.path.exists(left))


if __name__ == "__main__":
    unittest.main()
