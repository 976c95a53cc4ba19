#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a lab takes from the machine is given back, however many labs there are and however they end. On a
kernel made of files; crash_test.py has the real one."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../../scripts/lib"))

from slimlab import leftovers, machine, shared, wait  # noqa: E402
from slimlab.process import Child  # noqa: E402


class Died(Exception):
    """Stands for kill -9 at this point."""


class Kernel:
    """A pool of huge pages and a setting. Pages that are in use become surplus ones when the pool shrinks."""

    def __init__(self, folder):
        self.pool, self.setting = f"{folder}/pool", f"{folder}/setting"
        os.mkdir(self.pool)
        self.in_use, self.room = 0, 10**6
        self.dying = 0  # pages that are given back while the pool is made smaller next
        self.idle = 0  # surplus pages that nobody uses
        self.in_caches = 0  # pages of which each round of dropping and compacting gives a half
        self.persistent = 0
        self.show()
        self.put(self.setting, "212992")

    @staticmethod
    def put(path, text):
        with open(path, "w", encoding="ascii") as f:
            f.write(str(text))

    def show(self):
        surplus = max(0, self.in_use - self.persistent) + self.idle
        self.put(f"{self.pool}/nr_hugepages", self.persistent + surplus)
        self.put(f"{self.pool}/surplus_hugepages", surplus)
        self.put(f"{self.pool}/free_hugepages", max(0, self.persistent - self.in_use) + self.idle)
        self.put(f"{self.pool}/resv_hugepages", 0)

    def write(self, path, text):
        if path.endswith("nr_hugepages"):
            self.resize(min(int(text), self.room))
            self.show()
        elif path.endswith("compact_memory"):
            given = (self.in_caches + 1) // 2
            self.room, self.in_caches = self.room + given, self.in_caches - given
        elif path.endswith("drop_caches"):
            pass
        else:
            self.put(path, text)

    def resize(self, n):
        if n > self.persistent:
            self.idle = max(0, self.idle - (n - self.persistent))
        elif self.in_use > n:
            given_back = min(self.dying, self.in_use - n)
            self.in_use, self.idle, self.dying = self.in_use - given_back, self.idle + given_back, 0
        self.persistent = n

    def use(self, n):
        self.in_use = n
        self.show()

    def value(self):
        return shared.read_text(self.setting)


class WithKernel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.kernel = Kernel(self.folder)
        patch = mock.patch.object(shared, "write_text", self.kernel.write)
        self.addCleanup(patch.stop)
        patch.start()

    def ask(self, lab, n):
        with shared.Shared(self.folder) as s:
            s.ask_pages(lab, self.kernel.pool, n)

    def set(self, lab, value):
        with shared.Shared(self.folder) as s:
            s.ask_setting(lab, self.kernel.setting, value)

    def release(self, lab):
        with shared.Shared(self.folder) as s:
            s.release(lab)

    def record_is_gone(self):
        return not os.path.exists(f"{self.folder}/shared.json")


class Pages(WithKernel):
    def test_two_labs_in_any_order(self):
        for first, second in (("a", "b"), ("b", "a")):
            self.ask("a", 64)
            self.ask("b", 100)
            self.ask("a", 6)
            self.assertEqual(self.kernel.persistent, 170)
            self.release(first)
            self.release(second)
            self.assertEqual(self.kernel.persistent, 0)
            self.assertTrue(self.record_is_gone())

    def test_pages_that_are_still_in_use_are_nobodys(self):
        """A generator is still dying when its lab gives its pages back."""
        self.ask("a", 64)
        self.kernel.use(64)
        self.release("a")
        self.ask("a", 64)  # the next one, too
        self.release("a")
        self.kernel.use(0)
        self.assertEqual(shared.read_number(f"{self.kernel.pool}/nr_hugepages"), 0)

    def test_pages_that_go_away_between_two_looks(self):
        """The generator dies while somebody reads. Killed by: both numbers read once."""
        self.ask("a", 64)
        self.kernel.use(64)
        read = shared.read_number

        def read_and_die(path):
            number = read(path)
            if path.endswith("nr_hugepages") and self.kernel.persistent == 0:
                self.kernel.use(max(0, self.kernel.in_use - 20))
            return number

        self.release("a")
        with mock.patch.object(shared, "read_number", read_and_die):
            self.ask("b", 10)
            self.release("b")
        self.kernel.use(0)
        self.assertEqual(self.kernel.persistent, 0)

    def test_pages_that_are_given_back_while_the_pool_shrinks(self):
        """Killed by: a pool that is made smaller once."""
        self.ask("a", 64)
        self.kernel.use(64)
        self.kernel.dying = 47
        self.release("a")
        self.assertEqual(self.kernel.idle, 0)
        self.kernel.use(0)
        self.assertEqual(shared.read_number(f"{self.kernel.pool}/nr_hugepages"), 0)

    def test_pages_of_the_dying_are_not_free(self):
        """What the pool is given goes to them first. Killed by: one wish, of what is missing."""
        self.ask("a", 64)
        self.kernel.use(64)
        self.release("a")
        self.take("b", 64)
        self.assertGreaterEqual(self.kernel.persistent - 64, 64)
        self.kernel.use(0)
        self.release("b")
        self.assertEqual(self.kernel.persistent, 0)

    def test_pages_that_were_there_before_stay(self):
        self.kernel.write("nr_hugepages", 10)
        self.ask("a", 5)
        self.assertEqual(self.kernel.persistent, 15)
        self.release("a")
        self.assertEqual(self.kernel.persistent, 10)

    def test_what_others_took_in_the_meantime_stays(self):
        self.ask("a", 5)
        self.kernel.write("nr_hugepages", 12)
        self.ask("a", 5)
        self.assertEqual(self.kernel.persistent, 17)
        self.release("a")
        self.assertEqual(self.kernel.persistent, 7)

    def test_what_others_gave_back_is_not_taken_from_them(self):
        self.kernel.write("nr_hugepages", 20)
        self.ask("a", 5)
        self.kernel.write("nr_hugepages", 10)
        self.release("a")
        self.assertEqual(self.kernel.persistent, 5)

    def test_less_than_was_asked_for(self):
        self.kernel.room = 30
        self.ask("a", 64)
        self.assertEqual(self.kernel.persistent, 30)
        self.release("a")
        self.assertEqual(self.kernel.persistent, 0)

    def take(self, lab, megabytes):
        journal = mock.Mock()
        journal.name = lab
        journal.shared = lambda: shared.Shared(self.folder)
        with mock.patch.object(machine, "PAGES", self.kernel.pool), mock.patch.object(os, "sync"):
            machine.take_hugepages(journal, megabytes)

    def test_memory_that_caches_hold_is_asked_for(self):
        """After a build the kernel finds no room at once. Killed by: no second try."""
        self.kernel.room, self.kernel.in_caches = 10, 60
        self.take("a", 2 * 30 - machine.SPARE_MB // 2)
        self.assertEqual(self.kernel.persistent, 46)
        self.release("a")
        self.assertEqual(self.kernel.persistent, 0)

    def test_memory_that_is_not_there(self):
        self.kernel.room = 10
        with self.assertRaisesRegex(machine.MachineTooSmall, "found only 20 MB"):
            self.take("a", 64)
        self.release("a")
        self.assertEqual(self.kernel.persistent, 0)

    def test_a_writer_that_dies_anywhere(self):
        """At each write of the record and of the pool, before it and after it."""
        for point in range(22):
            for room, dying in ((10**6, 0), (10**6, 40), (30, 0)):
                self.kernel.room, self.kernel.dying = room, dying
                with self.subTest(point=point, room=room, dying=dying), contextlib.suppress(Died), \
                        self.dying(point):
                    self.ask("a", 64)
                    self.kernel.use(dying)
                    self.release("a")
                self.kernel.use(0)
                self.release("a")
                self.assertEqual(self.kernel.persistent, 0)
                self.assertEqual(self.kernel.idle, 0)
                self.assertTrue(self.record_is_gone())

    @contextlib.contextmanager
    def dying(self, point):
        left = [point]

        def count():
            if left[0] == 0:
                raise Died
            left[0] -= 1

        def dying(function):
            def call(*args):
                count()
                function(*args)
                count()
            return call

        with mock.patch.object(shared, "write_text", dying(shared.write_text)), \
                mock.patch.object(shared.Shared, "_write", dying(shared.Shared._write)):
            yield

    def test_releasing_twice_and_releasing_nothing(self):
        self.ask("a", 64)
        self.release("b")
        self.assertEqual(self.kernel.persistent, 64)
        self.release("a")
        self.release("a")
        self.assertEqual(self.kernel.persistent, 0)


class Settings(WithKernel):
    def test_two_labs_in_any_order(self):
        for first, second in (("a", "b"), ("b", "a")):
            self.set("a", 8)
            self.set("b", 8)
            self.release(first)
            self.assertEqual(self.kernel.value(), "8")
            self.release(second)
            self.assertEqual(self.kernel.value(), "212992")
            self.assertTrue(self.record_is_gone())

    def test_two_labs_with_two_values(self):
        self.set("a", 8)
        self.set("b", 9)
        self.assertEqual(self.kernel.value(), "9")
        self.release("b")
        self.assertEqual(self.kernel.value(), "8")
        self.release("a")
        self.assertEqual(self.kernel.value(), "212992")

    def test_what_somebody_else_set_stays(self):
        self.set("a", 8)
        self.kernel.write(self.kernel.setting, 77)
        self.release("a")
        self.assertEqual(self.kernel.value(), "77")


SLEEPER = ["/bin/sh", "-c", "echo up; exec sleep 600"]
LAB = """
import sys, time
sys.path.insert(0, {lib!r})
from slimlab import leftovers
from slimlab.process import Child
journal = leftovers.Journal("victim", {folder!r})
leftovers.VOLATILE = {folder!r}
folder = journal.make_folder()
with journal.shared() as s:
    s.ask_setting("victim", {setting!r}, 8)
Child(journal, folder, "sleeper", {sleeper!r})
Child(journal, folder, "shell", ["/bin/sh", "-c", "setsid sleep 600 & wait"])
print(journal.mark, folder, flush=True)
time.sleep(600)
"""


class Killed(unittest.TestCase):
    """A lab of two programs, killed with SIGKILL."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.setting = f"{self.folder}/setting"
        shared.write_text(self.setting, "1")
        lib = os.path.realpath(f"{os.path.dirname(leftovers.__file__)}/..")
        self.lab = subprocess.Popen(
            [sys.executable, "-c", LAB.format(lib=lib, folder=self.folder, setting=self.setting, sleeper=SLEEPER)],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.lab.stdout.close)
        self.addCleanup(self.end)
        self.mark, self.runtime = self.lab.stdout.readline().split()
        wait.until(lambda: len(leftovers.marked([self.mark])) >= 3, "shell, its sleep and the sleeper")

    def end(self):
        """Nobody works in the folder any more when it is removed."""
        self.kill()
        leftovers.sweep(self.folder)
        self.await_the_end()

    def kill(self):
        self.lab.kill()
        self.lab.wait()

    def await_the_end(self):
        wait.until(lambda: not os.path.exists(f"{self.folder}/victim.journal"), "the journal is gone")
        wait.until(lambda: not self.reapers(), "the reaper is gone")

    def expect_nothing_left(self):
        self.await_the_end()
        self.assertEqual(leftovers.marked([self.mark]), [])
        self.assertFalse(os.path.exists(self.runtime))
        self.assertEqual(shared.read_text(self.setting), "1")
        self.assertFalse(os.path.exists(f"{self.folder}/shared.json"))

    def reapers(self):
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self.is_reaper(pid)]

    def is_reaper(self, pid):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().split(b"\0")[1:4] == [leftovers.REAPER.encode(), b"victim", self.folder.encode()]
        return False

    def test_the_reaper_cleans_up(self):
        self.kill()
        self.expect_nothing_left()

    def test_the_next_lab_of_any_name_cleans_up(self):
        for pid in self.reapers():
            os.kill(pid, signal.SIGKILL)
        self.kill()
        self.assertTrue(os.path.exists(self.runtime))
        leftovers.Journal("another", self.folder).close()
        self.expect_nothing_left()

    def test_a_lab_of_the_same_name_waits_for_the_reaper(self):
        self.kill()
        leftovers.Journal("victim", self.folder).close()
        self.expect_nothing_left()

    def test_a_living_lab_is_left_alone(self):
        with self.assertRaises(leftovers.Busy):
            leftovers.Journal("victim", self.folder)
        leftovers.Journal("another", self.folder).close()
        self.assertTrue(os.path.exists(self.runtime))
        self.assertEqual(shared.read_text(self.setting), "8")

    def test_a_journal_that_ends_in_half_a_line(self):
        for pid in self.reapers():
            os.kill(pid, signal.SIGKILL)
        self.kill()
        with open(f"{self.folder}/victim.journal", "a", encoding="utf-8") as f:
            f.write(json.dumps({"kind": "folder", "path": "/nonexistent"})[:20])
        self.assertEqual(leftovers.sweep(self.folder), ["victim"])
        self.expect_nothing_left()


class Close(unittest.TestCase):
    def test_an_orderly_end_leaves_no_reaper(self):
        with tempfile.TemporaryDirectory() as folder:
            journal = leftovers.Journal("one", folder)
            journal.close()
            journal.close()
            self.assertIsNotNone(journal.reaper.returncode)
            self.assertEqual(os.listdir(folder), ["shared.lock"])

    def test_a_folder_that_is_gone_stays_gone(self):
        """Killed by: a record that makes the folder it is in. Its test's folder is removed under a reaper at work."""
        folder = tempfile.mkdtemp()
        journal = leftovers.Journal("one", folder)

        def too_late(_):
            shutil.rmtree(folder)
            return []

        with mock.patch.object(leftovers, "kill_marked", too_late), self.assertRaises(FileNotFoundError):
            journal.close()
        self.assertIsNotNone(journal.reaper.returncode)
        self.assertFalse(os.path.exists(folder))

    def test_a_process_that_does_not_die_is_told_and_keeps_nobody(self):
        """As one does that waits for a device. Killed by: a kill without an end."""
        told = []
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch.object(signal, "pidfd_send_signal"), mock.patch.object(leftovers, "KILL_SECONDS", 0), \
                mock.patch.object(leftovers, "tell", told.append):
            journal = leftovers.Journal("one", folder)
            with subprocess.Popen(SLEEPER, stdout=subprocess.PIPE, text=True,
                                  env={**os.environ, leftovers.MARK: journal.mark}) as stuck:
                self.addCleanup(stuck.kill)
                self.assertEqual(stuck.stdout.readline(), "up\n")
                wait.until(lambda: leftovers.command_of(stuck.pid) == "sleep 600", "it sleeps")
                journal.close()
                self.assertIsNone(stuck.poll())
                self.assertEqual(told, [f"lab one: process {stuck.pid} (sleep 600) is killed and has not ended; "
                                        "the kernel holds it"])
                self.assertEqual(os.listdir(folder), ["shared.lock"])
                stuck.kill()

    def test_a_child_that_does_not_die_is_told(self):
        """Killed by: a kill that waits without an end."""
        with tempfile.TemporaryDirectory() as folder:
            journal = leftovers.Journal("one", folder)
            child = Child(journal, folder, "sleeper", SLEEPER)
            with mock.patch.object(child.popen, "kill"), \
                    self.assertRaisesRegex(wait.DeadlinePassed, f"sleeper .process {child.pid}. is killed and has not"):
                child.kill(seconds=0)
            self.assertTrue(child.running())
            journal.close()
            self.assertFalse(child.running())


if __name__ == "__main__":
    unittest.main()
