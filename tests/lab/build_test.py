#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two who build in one folder do it one after the other."""

import contextlib
import fcntl
import io
import os
import sys
import tempfile
import threading
import unittest
from unittest import mock

sys.path.insert(0, os.path.realpath(f"{os.path.dirname(__file__)}/../../scripts/lib"))

from slimlab import build, wait  # noqa: E402


def somebody_waits(path):
    """For the lock of this file."""
    with open("/proc/locks", encoding="ascii") as f:
        return any("->" in line and f":{os.stat(path).st_ino} " in line for line in f)


class Build(unittest.TestCase):
    def test_who_comes_while_somebody_builds_waits(self):
        """Killed by: no lock; the log of who builds emptied by who waits."""
        began = threading.Event()

        def setup(_flavour, _log):
            began.set()
            return 1

        with tempfile.TemporaryDirectory(prefix="slim-build-") as root, mock.patch.object(build, "ROOT", root), \
                mock.patch.object(build, "_setup", setup), contextlib.redirect_stdout(io.StringIO()):
            path = f"{build.folder()}.lock"
            with open(path, "w", encoding="ascii") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                with open(f"{build.folder()}.log", "w", encoding="ascii") as log:
                    log.write("of who builds")
                later = threading.Thread(target=build.build)
                later.start()
                wait.until(lambda: somebody_waits(path), "who comes later")
                self.assertFalse(began.is_set())
                self.assertGreater(os.path.getsize(f"{build.folder()}.log"), 0)
            later.join()
            self.assertTrue(began.is_set())


if __name__ == "__main__":
    unittest.main()
