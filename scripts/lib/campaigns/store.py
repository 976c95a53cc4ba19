# SPDX-License-Identifier: Apache-2.0
"""The raw data: a folder with one file a campaign, one line a run. Lines are added and never changed. A run that was
interrupted has none, or a last line without its end, which is taken away; so it is simply run again."""

import hashlib
import json
import os
import platform
import subprocess

from slimlab import build

SCHEMA = 1
TRIES = 2  # of a run whose lab could not be made


def said(*command):
    """First line of what a program says; empty if it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout.splitlines() or [""])[0].strip()


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        names = [line.partition(":")[2].strip() for line in f if line.startswith(("model name", "Processor"))]
    return names[0] if names else platform.machine()


def os_name():
    with open("/etc/os-release", encoding="utf-8") as f:
        return next((line.partition("=")[2].strip().strip('"') for line in f if line.startswith("PRETTY_NAME=")), "")


def machine():
    """What the figures depend on."""
    return {"cpu": processor(), "cores": os.cpu_count(),
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
            "kernel": platform.release().partition("-")[0], "os": os_name(),
            "dpdk": said("pkg-config", "--modversion", "libdpdk"),
            "ovs": said("ovs-vsctl", "--version").rpartition(" ")[2], "compiler": said("gcc", "--version")}


def commit():
    """(hash, whether the tree has more than that)"""
    git = ("git", "-C", build.PROJECT)
    return said(*git, "rev-parse", "HEAD"), bool(said(*git, "status", "--porcelain", "--untracked-files=no"))


class Store:
    """Adds lines. Opened once by each bench/run."""

    def __init__(self, folder):
        self.folder = folder
        self.machine = None  # not before the first line
        self.commit, self.dirty = commit()
        self.lines = [line for name in self._files() for line in self._read(name)]
        self.order = max((line["order"] for line in self.lines), default=0)

    def _files(self):
        found = os.listdir(self.folder) if os.path.isdir(self.folder) else []
        return sorted(f"{self.folder}/{name}" for name in found if name.endswith(".jsonl"))

    def _read(self, path):
        """Its lines. What an interrupted run left without an end is taken away."""
        with open(path, "rb+") as f:
            data = f.read()
            whole = data.rfind(b"\n") + 1
            if whole != len(data):
                f.truncate(whole)
        return [json.loads(line) for line in data[:whole].splitlines()]

    def _machine(self):
        """The key of this machine, which is written down."""
        path, what = f"{self.folder}/machines.json", machine()
        known = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                known = json.load(f)
        key = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:8]
        if key not in known:
            with open(path + ".new", "w", encoding="utf-8") as f:
                json.dump({**known, key: what}, f, indent=1)
                f.write("\n")
            os.replace(path + ".new", path)
        return key

    def is_done(self, run):
        """It has a result, or was tried often enough."""
        found = [line["result"] for line in self.lines if key_of(line) == run.key]
        return any(result != "error" for result in found) or len(found) >= TRIES

    def add(self, run, outcome):
        if self.machine is None:
            os.makedirs(self.folder, exist_ok=True)
            self.machine = self._machine()
        self.order += 1
        line = {"schema": SCHEMA, "campaign": run.campaign, "mode": run.mode, "point": dict(run.point), "repeat": run.repeat,
                "twin": run.twin, "seed": run.seed, "order": self.order, "command": run.command(), "commit": self.commit,
                "dirty": self.dirty, "machine": self.machine, "settings": outcome.settings,
                "began_unix": round(outcome.began, 3), "seconds": round(outcome.seconds, 3), "result": outcome.result,
                "reasons": outcome.reasons, "figures": outcome.figures, "lists": outcome.lists}
        if outcome.series:
            line["series"] = outcome.series
        with open(f"{self.folder}/{run.campaign}.jsonl", "a", encoding="utf-8") as f:
            f.write(json.dumps(line) + "\n")
            f.flush()
            os.fsync(f.fileno())
        self.lines.append(line)


def key_of(line):
    text = ",".join(f"{key}={value}" for key, value in line["point"].items())
    return (line["campaign"], line["mode"], text, line["repeat"], line["twin"])
