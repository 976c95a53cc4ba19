#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A real lab is killed with SIGKILL in several places, and taken down while its generator runs. Nothing may be
left of it: no namespace, process, huge page, setting, folder, mount.

    crash_test.py           a few places
    crash_test.py --all     at every note in the lab's journal
"""

import contextlib
import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, f"{HERE}/../e2e")

import tap  # noqa: E402 (the path comes first)
from slimlab import leftovers, machine, shared, wait  # noqa: E402
from tap import Failed, expect_equal  # noqa: E402

NAME = "slim-crash"
RMEM = "/proc/sys/net/core/rmem_default"
# Kills itself after the note of that number; 0: says when the load runs, and waits.
VICTIM = """
import os, signal, sys, time
sys.path.insert(0, {lib!r})
from slimlab import leftovers
from slimlab.lab import Lab
from slimlab.settings import Settings
number, note = {number}, leftovers.Journal.note
def counted(self, kind, **what):
    global number
    note(self, kind, **what)
    number -= 1
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
leftovers.Journal.note = counted
with Lab(Settings(name={name!r}, flows=1000, rate=1000, churn=10, capacity=4096)) as lab:
    lab.start_generator()
    print("up", flush=True)
    sys.stdin.read()
"""
# Namespaces, the switch, a daemon, an NF, the generator.
N_NOTES = 15
PLACES = (2, 5, 9, 11, 13, N_NOTES)


def start_victim(number):
    lib = os.path.realpath(f"{HERE}/../../scripts/lib")
    return subprocess.Popen([sys.executable, "-c", VICTIM.format(lib=lib, number=number, name=NAME)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def listing(path):
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


def mounts():
    with open("/proc/self/mounts", encoding="utf-8") as f:
        return sorted(line.split()[1] for line in f)


def processes():
    """All that have to do with this lab."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as f:
            command = f.read().replace(b"\0", b" ").decode(errors="replace")
            if f"{NAME}-" in command or f"{NAME} " in command:
                found.append(command)
    return sorted(found)


def machine_state():
    """All that a lab could leave behind. Devices and sockets of a namespace end with it."""
    return {"namespaces": [n for n in listing("/run/netns") if n.startswith(NAME)],
            "processes": processes(),
            "folders": [n for n in listing(leftovers.VOLATILE) if n.startswith(NAME)],
            "journals": [n for n in listing(leftovers.FOLDER) if n != "shared.lock"],
            "mounts": [m for m in mounts() if NAME in m],
            "devices": listing("/sys/class/net"),
            "dpdk": listing("/run/dpdk"),
            "pages": shared.read_number(f"{machine.PAGES}/nr_hugepages"),
            "surplus": shared.read_number(f"{machine.PAGES}/surplus_hugepages"),
            "rmem_default": shared.read_text(RMEM)}


def expect_as_before(before):
    wait.until(lambda: not os.path.exists(f"{leftovers.FOLDER}/{NAME}.journal"), "somebody cleaned up", 60)
    # The kernel takes a while to free what a process had: huge pages, the devices of a namespace.
    with contextlib.suppress(wait.DeadlinePassed):
        wait.until(lambda: machine_state() == before, "all is as it was", 20)
    after = machine_state()
    for key, value in before.items():
        expect_equal(after[key], value, key)


def killed_after_note(number, before):
    victim = start_victim(number)
    _, said = victim.communicate(timeout=120)
    expect_equal(victim.returncode, -signal.SIGKILL, f"end of the lab ({said})")
    expect_as_before(before)


def with_a_load():
    victim = start_victim(0)
    word = victim.stdout.readline()
    if not word:
        raise Failed(f"the lab did not start: {victim.communicate(timeout=120)[1]}")
    expect_equal(word, "up\n", "the lab's word")
    return victim


def killed_under_load(before):
    victim = with_a_load()
    victim.kill()
    victim.communicate(timeout=60)
    expect_as_before(before)


def reaper_killed_too(before):
    victim = with_a_load()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as f:
            if f.read().split(b"\0")[1:3] == [leftovers.REAPER.encode(), NAME.encode()]:
                os.kill(int(pid), signal.SIGKILL)
    victim.kill()
    victim.communicate(timeout=60)
    expect_equal(os.path.exists(f"{leftovers.FOLDER}/{NAME}.journal"), True, "the journal is still there")
    leftovers.Journal("slim-crash-2").close()  # any lab
    expect_as_before(before)


def taken_down_under_load(before):
    victim = with_a_load()
    _, said = victim.communicate(timeout=120)
    expect_equal(victim.returncode, 0, f"end of the lab ({said})")
    expect_as_before(before)


def cases(t):
    leftovers.sweep()
    before = machine_state()
    t.comment(before)
    for number in range(1, N_NOTES + 1) if "--all" in sys.argv else PLACES:
        t.case(f"killed after note {number}", killed_after_note, number, before)
    t.case("killed while the generator runs", killed_under_load, before)
    t.case("killed with its reaper", reaper_killed_too, before)
    t.case("taken down while the generator runs", taken_down_under_load, before)


if __name__ == "__main__":
    sys.exit(tap.run(cases))
