# SPDX-License-Identifier: Apache-2.0
"""Children of the lab. Each has a log file, is tracked by pid and start time, and dies with the
lab: the kernel kills it when the lab's main thread ends (PR_SET_PDEATHSIG), however it ends."""

import ctypes
import os
import signal
import struct
import subprocess

from . import leftovers, wait

PR_SET_PDEATHSIG = 1
# All of the lab shares two cores or so. Who wakes is given one at once, if all ask for the shortest slice that the
# kernel grants; with its own of some milliseconds a packet thread waits for that long now and then.
SLICE_NS = 100_000
SCHED_ATTR = "=IIQiIQQQ"  # size, policy, flags, nice, priority, slice, two of other policies
SYS_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}.get(os.uname().machine)
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with(parent):
    """Between fork and exec."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was quicker
        os._exit(1)


def _ask_for_short_slices():
    """A kernel before 6.12 does not mind, and does nothing."""
    if SYS_SCHED_SETATTR is None:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    attr = struct.pack(SCHED_ATTR, struct.calcsize(SCHED_ATTR), os.SCHED_OTHER, 0, nice, 0, SLICE_NS, 0, 0)
    _libc.syscall(SYS_SCHED_SETATTR, 0, attr, 0)


def _in_child(parent, nice):
    """Between fork and exec."""
    _die_with(parent)
    if nice:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    _ask_for_short_slices()


def before_exec(nice):
    """preexec_fn of a child with a session of its own that ends when we do."""
    return lambda parent=os.getpid(): _in_child(parent, nice)


def in_namespace(netns, command):
    """The command, run inside a network namespace (None: where we are)."""
    return ["nsenter", f"--net=/run/netns/{netns}", "--", *command] if netns else list(command)


def _environment(journal, folder, more):
    """RUNTIME_DIRECTORY: where DPDK makes a folder, also for a process that shares nothing."""
    return {**os.environ, "RUNTIME_DIRECTORY": folder, **(more or {}), leftovers.MARK: journal.mark}


class Child:
    """A running program. `name` is also the name of its log in the lab's folder."""

    def __init__(self, journal, folder, name, command, netns=None, env=None, nice=0):
        self.name = name
        self.journal = journal
        self.command = [str(c) for c in command]
        self.log = f"{folder}/{name}.log"
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(
                in_namespace(netns, self.command), stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=_environment(journal, folder, env),
                preexec_fn=before_exec(nice), start_new_session=True)
        self.pid = self.popen.pid
        start = leftovers.start_time(self.pid)
        if start is not None:
            journal.note("process", pid=self.pid, start=start)

    def running(self):
        return self.popen.poll() is None

    def gone(self):
        """For wait.until(alive=): None while it runs, else what it said last."""
        if self.running():
            return None
        return f"{self.name} ended with {self.popen.returncode}; its last words:\n{self.tail()}"

    def tail(self, lines=12):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def kill(self, seconds=20.0):
        """kill -9, and waits until it is gone."""
        if self.running():
            self.popen.kill()
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise wait.DeadlinePassed(f"{self.name} (process {self.pid}) is killed and has not ended; "
                                      "the kernel holds it") from None

    def stop(self, seconds=10.0, sig=signal.SIGTERM):
        """Asks it to end; kills it when it does not. Returns its exit status."""
        if self.running():
            self.popen.send_signal(sig)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.popen.returncode

    def finish(self, seconds):
        """Waits until it ends by itself. Returns its exit status."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise wait.DeadlinePassed(f"{self.name}: still running after {seconds:g} s") from None


class CommandFailed(Exception):
    """A command of the lab's own set-up failed."""


def run(*command, netns=None, env=None, seconds=60, input_text=None):
    """Runs a command to its end and returns what it printed."""
    command = in_namespace(netns, [str(c) for c in command])
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False,
                          env={**os.environ, **(env or {})}, input=input_text,
                          preexec_fn=lambda parent=os.getpid(): _die_with(parent),
                          stdin=None if input_text is not None else subprocess.DEVNULL)
    if done.returncode != 0:
        raise CommandFailed(f"{' '.join(command)}: exit {done.returncode}: "
                            f"{(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout
