# SPDX-License-Identifier: Apache-2.0
"""A journal of what a lab made on this machine and must undo.

Each thing is written down before it is made. The journal is locked while its lab lives, so the next lab of
the same name finds the lock taken (a lab runs: refuse). A lab that was killed is cleaned up by its
reaper, a process of its own that sees it die; and should the reaper have been killed as well, by the next lab
of any name, which finds a journal that nobody has locked. Undoing what was never made is harmless.

Processes are found by the lab's mark in their environment, so also those that a program of the lab started. Huge
pages and settings of the kernel belong to all labs together (shared.py)."""

import contextlib
import fcntl
import glob
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import syslog
import time
import uuid

from .shared import Shared

FOLDER = "/run/slim-lab"
VOLATILE = "/dev/shm"  # a tmpfs, as a runtime folder should be
MARK = "SLIM_LAB"      # in the environment of all that a lab starts
KILL_SECONDS = 40      # for all processes of a lab
REAPER = f"{os.path.dirname(os.path.realpath(__file__))}/reaper.py"


def start_time(pid):
    """Start time of a process in clock ticks, or None. With the pid it names one process only."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


class Busy(Exception):
    """A lab of this name is running."""


def lock_journal(path):
    """The locked file, or None when its lab lives. A file that was removed in the meantime is no journal."""
    while True:
        file = open(path, "a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(file.fileno()).st_ino == os.stat(path).st_ino:
                return file
        file.close()


def read_notes(file):
    file.seek(0)
    notes = []
    for line in file:
        with contextlib.suppress(ValueError):  # the last line of a lab that was killed while it wrote
            notes.append(json.loads(line))
    return notes


def write_note(file, kind, **what):
    file.write(json.dumps({"kind": kind, **what}) + "\n")
    file.flush()


def undo(name, file):
    """Undoes all that a locked journal says, and removes it. A process that does not die keeps nobody waiting: the rest is
    undone, and who it is is told."""
    path = file.name
    notes = read_notes(file)
    write_note(file, "undoing")
    marks = [note["mark"] for note in notes if note["kind"] == "lab"]
    for note in reversed(notes):
        if note["kind"] in UNDO:
            UNDO[note["kind"]](note)
    for pid, _ in kill_marked(marks):
        tell(f"lab {name}: process {pid} ({command_of(pid)}) is killed and has not ended; the kernel holds it")
    for note in notes:
        if note["kind"] == "folder":  # once more: a dying program may have written into it
            shutil.rmtree(note["path"], ignore_errors=True)
    with Shared(os.path.dirname(path)) as shared:
        shared.release(name)
    os.unlink(path)
    file.close()


def peek(path):
    """Notes of a journal whose lock somebody else has; none if there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            return read_notes(file)
    except FileNotFoundError:
        return []


def is_ending(path):
    """Its lab is dead, or somebody is just undoing it. (The kernel takes the lock from a dead owner a little later.)"""
    notes = peek(path)
    return not notes or any(note["kind"] == "undoing" or
               (note["kind"] == "lab" and start_time(note["pid"]) != note["start"]) for note in notes)


def await_journal(path, seconds=60):
    """As lock_journal(), but waits for one whose lab is at its end."""
    end = time.monotonic() + seconds
    while (file := lock_journal(path)) is None and is_ending(path) and time.monotonic() < end:
        time.sleep(0.02)
    return file


def reap(name, folder, mark):
    """Undoes the journal of a lab that has died, unless somebody else does."""
    path = f"{folder}/{name}.journal"
    while any(note.get("mark") == mark for note in peek(path)):
        if file := lock_journal(path):
            undo(name, file)
        else:
            time.sleep(0.02)


def sweep(folder=None):
    """Undoes what labs left behind that died with their reapers. Returns their names."""
    folder, found = folder or FOLDER, []
    if not os.path.isdir(folder):
        return []
    for path in glob.glob(f"{folder}/*.journal"):
        file = lock_journal(path)
        if file:
            found.append(os.path.basename(path).removesuffix(".journal"))
            undo(found[-1], file)
    with Shared(folder) as shared:
        for name in shared.labs():
            if not os.path.exists(f"{folder}/{name}.journal"):
                shared.release(name)
    return found


class Journal:
    """Of the lab `name`. What it starts from here on carries its mark."""

    def __init__(self, name, folder=None):
        folder = folder or FOLDER
        os.makedirs(folder, exist_ok=True)
        sweep(folder)
        self.name = name
        self.folder = folder
        self.file = await_journal(f"{folder}/{name}.journal")
        if self.file is None:
            raise Busy(f"a lab named '{name}' is running; stop it first or use another --name")
        self.mark = f"{name}:{uuid.uuid4().hex[:12]}"
        self.note("lab", mark=self.mark, pid=os.getpid(), start=start_time(os.getpid()))
        self.reaper = start_reaper(name, folder, self.mark)

    def note(self, kind, **what):
        write_note(self.file, kind, **what)

    def make_folder(self):
        """A runtime folder, until the journal is undone."""
        path = f"{VOLATILE}/{self.mark.replace(':', '-lab-')}"
        self.note("folder", path=path)
        os.mkdir(path, 0o700)
        return path

    def shared(self):
        """with journal.shared() as shared: ..."""
        return Shared(self.folder)

    def close(self):
        """Undoes everything. Once more does nothing."""
        if self.file.closed:
            return
        try:
            undo(self.name, self.file)
        finally:
            self.file.close()
            self.reaper.stdin.close()  # it finds nothing to do, or has a try of its own
            self.reaper.wait()


def start_reaper(name, folder, mark):
    """A process in a session of its own, which waits until the other end of its input is gone."""
    return subprocess.Popen([sys.executable, REAPER, name, folder, mark], stdin=subprocess.PIPE, cwd="/",
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


# ---- undoing -------------------------------------------------------------------


def tell(text):
    """To who waits for the end of the lab, and to the machine's log: nobody waits for a reaper."""
    print(text, file=sys.stderr, flush=True)
    syslog.openlog("slim-lab")
    syslog.syslog(syslog.LOG_WARNING, text)


def run_quietly(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL, check=False).returncode


def kill_and_wait(pid, start, seconds=20):
    """Kills the process and waits until the kernel has taken back what it had; but not for ever, for in the midst of
    something that does not end (a disk, a device) it does not die."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(process, "rb", buffering=0):
        if start_time(pid) == start:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], max(0.0, seconds))
    with contextlib.suppress(ChildProcessError):  # of a lab that is gone
        os.waitpid(pid, os.WNOHANG)


def command_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as f:
        return f.read().replace("\0", " ").strip()
    return "gone"


def marked(marks):
    """[(pid, start time)] of all processes that carry one of the marks."""
    wanted = {f"{MARK}={mark}".encode() for mark in marks}
    found = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        pid = int(path.split("/")[2])
        start = start_time(pid)
        with contextlib.suppress(OSError), open(path, "rb") as f:
            if start is not None and wanted & set(f.read().split(b"\0")):
                found.append((pid, start))
    return found


def kill_marked(marks, seconds=None):
    """Until there is none: one that is killed may have started another just before. Returns [(pid, start time)] of
    those that have not ended in time. They start no more, and die when the kernel lets go of them."""
    end = time.monotonic() + (KILL_SECONDS if seconds is None else seconds)
    while marks and (found := marked(marks)):
        for pid, start in found:
            kill_and_wait(pid, start, end - time.monotonic())
        if time.monotonic() >= end:
            return marked(marks)
    return []


def _undo_process(note):
    if start_time(note["pid"]) == note["start"]:
        kill_and_wait(note["pid"], note["start"])


def _undo_netns(note):
    if os.path.exists(f"/run/netns/{note['name']}"):
        run_quietly("ip", "netns", "delete", note["name"])


def _undo_folder(note):
    shutil.rmtree(note["path"], ignore_errors=True)


UNDO = {
    "process": _undo_process,
    "netns": _undo_netns,
    "folder": _undo_folder,
}
