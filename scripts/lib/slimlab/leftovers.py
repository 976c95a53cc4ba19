# SPDX-License-Identifier: Apache-2.0
"""A journal of what a lab made on this machine and must undo.

Each thing is written down before it is made. The journal is locked while its lab lives, so the
next lab of the same name either finds the lock taken (a lab runs: refuse) or finds the notes of a
lab that was killed, and undoes them first. Undoing what was never made is harmless."""

import fcntl
import json
import os
import shutil
import signal
import subprocess

FOLDER = "/run/slim-lab"


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


class Journal:
    def __init__(self, name):
        os.makedirs(FOLDER, exist_ok=True)
        self.path = f"{FOLDER}/{name}.journal"
        self.file = open(self.path, "a+", encoding="utf-8")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(f"a lab named '{name}' is running; stop it first or use another --name") from None
        self.undo_all()

    def note(self, kind, **what):
        self.file.write(json.dumps({"kind": kind, **what}) + "\n")
        self.file.flush()

    def undo_all(self):
        """Undoes everything noted, last first, and empties the journal. Returns what it met."""
        self.file.seek(0)
        notes = []
        for line in self.file:
            try:
                notes.append(json.loads(line))
            except ValueError:
                pass  # the last line of a lab that was killed while it wrote
        for note in reversed(notes):
            UNDO[note["kind"]](note)
        self.file.seek(0)
        self.file.truncate()
        return notes

    def close(self):
        self.undo_all()
        os.unlink(self.path)
        self.file.close()


def run_quietly(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL, check=False).returncode


def _undo_process(note):
    if start_time(note["pid"]) != note["start"]:
        return
    try:
        os.kill(note["pid"], signal.SIGKILL)
    except ProcessLookupError:
        return
    try:
        os.waitpid(note["pid"], 0)
    except ChildProcessError:
        pass  # it was the child of a lab that is gone


def _undo_netns(note):
    if os.path.exists(f"/run/netns/{note['name']}"):
        run_quietly("ip", "netns", "delete", note["name"])


def _undo_hugepages(note):
    path = note["path"]
    with open(path, encoding="ascii") as f:
        total = int(f.read())
    with open(path, "w", encoding="ascii") as f:
        f.write(str(max(0, total - note["n"])))


def _undo_sysctl(note):
    with open(note["path"], "w", encoding="ascii") as f:
        f.write(note["old"])


def _undo_folder(note):
    shutil.rmtree(note["path"], ignore_errors=True)


UNDO = {
    "process": _undo_process,
    "netns": _undo_netns,
    "hugepages": _undo_hugepages,
    "sysctl": _undo_sysctl,
    "folder": _undo_folder,
}
