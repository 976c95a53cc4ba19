#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Moves of a large table without traffic, back and forth. Called by bench/bulk.
The lab: slimlab/pairs.py, with one pair."""

import argparse
import json
import os
import statistics
import sys
import threading
import time

from slimlab import build, leftovers, machine, wait
from slimlab.lab import HOSTS
from slimlab.pairs import Pairs, Size, nat_of
from slimlab.process import CommandFailed, run

SAMPLE_SECONDS = 0.02
PHASES = ("prepare", "copy", "catch-up", "handover", "steer", "trail")


def parse():
    p = argparse.ArgumentParser(prog="bench/bulk")
    p.add_argument("nf", choices=["nat"])
    p.add_argument("--sessions", type=int, default=1_000_000)
    p.add_argument("--workers", type=int, default=1, help="packet threads of each NAT (1)")
    p.add_argument("--runs", type=int, default=6, help="moves, back and forth (6)")
    p.add_argument("--json", metavar="FILE", help="write all numbers there")
    p.add_argument("--name", default="bulk", help="of the lab")
    p.add_argument("--pause", type=float, default=0.5, help="seconds between two moves (0.5)")
    p.add_argument("--link-mbit", type=int, default=0, help="megabits a second each way between the daemons (0: no limit)")
    p.add_argument("--link-delay-ms", type=float, default=0, help="milliseconds of one way between them (0)")
    p.add_argument("--wait-for", metavar="FILE", help="before the first move, write the processes' ids there and wait for "
                                                      "a line on standard input (to attach a profiler)")
    p.add_argument("--no-build", action="store_true")
    return p.parse_args()


# ---- what a process costs ----------------------------------------------------------


def cpu_seconds(pid):
    """Of all its threads; the kernel counts nanoseconds."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        except FileNotFoundError:
            pass  # a thread that has ended
    return total / 1e9


def anonymous_bytes(pid):
    """Own memory: without files, and without what the NF shares with its slimd."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("RssAnon:"))


def told_bytes(folder):
    """What a target keeps in files of its runtime folder while a session runs."""
    total = 0
    for entry in os.scandir(folder):
        try:
            total += entry.stat().st_blocks * 512 if entry.name.endswith(".sums") else 0
        except FileNotFoundError:
            pass  # the session has ended
    return total


def wire_bytes(netns, device):
    """Sent and received, with all headers."""
    counts = json.loads(run("ip", "-j", "-s", "link", "show", device, netns=netns))[0]["stats64"]
    return counts["tx"]["bytes"] + counts["rx"]["bytes"]


class Peaks:
    """with Peaks(pids, folders) as p: the largest own memory of each process meanwhile, with the files
    that it keeps in its folder."""

    def __init__(self, pids, folders):
        self.pids = pids
        self.folders = folders
        self.bytes = dict.fromkeys(pids, 0)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def watch(self):
        while True:
            for name, pid in self.pids.items():
                files = told_bytes(self.folders[name]) if name in self.folders else 0
                self.bytes[name] = max(self.bytes[name], anonymous_bytes(pid) + files)
            if self.over.wait(SAMPLE_SECONDS):
                return


# ---- a move ----------------------------------------------------------------------


def move(pairs, source):
    """Moves the table away from a host. Returns its numbers; None when it was not complete."""
    pids, host = pairs.pids(), HOSTS[source]
    cpu = {name: cpu_seconds(pid) for name, pid in pids.items()}
    sent = wire_bytes(pairs.netns("a"), "peer0")
    with Peaks(pids, {f"slimd-{name}": f"{pairs.folder}/{name}" for name in HOSTS}) as peaks:
        status, job = pairs.slimctl(source).migrate(nat_of(1, source), host.other)
    result = job.get("result") or {}
    if (status != 0 or job.get("state") != "complete"
            or not result["digest_source"] == result["digest_target"] == result["digest_proof"]):
        print(f"not complete: {job}\n{pairs.children[f'slimd-{source}'].tail()}", file=sys.stderr)
        return None
    begins = [(p["phase"], int(p["monotonic_ns"]) / 1e9) for p in job["phases"]]
    ends = [at for _, at in begins[1:]] + [begins[-1][1]]
    seconds = dict.fromkeys(PHASES, 0.0)
    for (phase, at), end in zip(begins, ends):
        if phase in seconds:
            seconds[phase] += end - at
    entries, duration = int(result["entries"]), int(result["duration_ns"]) / 1e9
    return {"source": source, "entries": entries, "seconds": duration,
            "sessions_per_second": entries / duration,
            "wire_bytes_per_session": (wire_bytes(pairs.netns("a"), "peer0") - sent) / entries,
            "rows_bytes_per_session": int(result["snapshot_bytes"]) / entries,
            "handover_us": int(result["handover_ns"]) / 1e3,
            "phase_seconds": seconds,
            "own_megabytes": {role(n, source): peaks.bytes[n] / (1 << 20) for n in pids},
            "cpu_seconds": {role(n, source): cpu_seconds(p) - cpu[n] for n, p in pids.items()}}


def role(name, source):
    """What the process is in this move, whatever host it is on."""
    part = "slimd" if name.startswith("slimd") else "nat"
    return f"{part} source" if name.endswith(source) else f"{part} target"


# ---- the report ----------------------------------------------------------------------------


def head():
    print(f"{'run':>3}  {'':<6} {'entries':>9} {'seconds':>8} {'sessions/s':>11} {'B/session':>9}  "
          + " ".join(f"{p:>8}" for p in PHASES) + f"  {'own MiB':>11}  {'cpu s: slimd':>13} {'nat':>11}")


def line(number, r):
    pair = lambda what, part, digits: " ".join(  # noqa: E731
        f"{r[what][f'{part} {end}']:5.{digits}f}" for end in ("source", "target"))
    print(f"{number:>3}  {r['source']} -> {HOSTS[r['source']].other} {r['entries']:>9,} {r['seconds']:>8.3f} "
          f"{r['sessions_per_second']:>11,.0f} {r['wire_bytes_per_session']:>9.1f}  "
          + " ".join(f"{r['phase_seconds'][p]:>8.3f}" for p in PHASES)
          + f"  {pair('own_megabytes', 'slimd', 1)}  {pair('cpu_seconds', 'slimd', 2):>13} "
            f"{pair('cpu_seconds', 'nat', 2)}", flush=True)


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summarize(results):
    flat = {
        "sessions/s": [r["sessions_per_second"] for r in results],
        "seconds": [r["seconds"] for r in results],
        "bytes on the wire a session": [r["wire_bytes_per_session"] for r in results],
        **{f"seconds, {p}": [r["phase_seconds"][p] for r in results] for p in PHASES},
        **{f"own MiB, slimd {end}": [r["own_megabytes"][f"slimd {end}"] for r in results]
           for end in ("source", "target")},
        **{f"CPU seconds, {part} {end}": [r["cpu_seconds"][f"{part} {end}"] for r in results]
           for part in ("slimd", "nat") for end in ("source", "target")},
    }
    summary = {what: spread(values) for what, values in flat.items()}
    print(f"\n{'':<30} {'median':>13} {'least':>13} {'most':>13}")
    for what, s in summary.items():
        digits = 0 if what == "sessions/s" else 3 if what.startswith("seconds") else 1 if "MiB" in what or "wire" in what else 2
        print(f"{what:<30} {s['median']:>13,.{digits}f} {s['min']:>13,.{digits}f} {s['max']:>13,.{digits}f}")
    return summary


def say(text):
    print(f"  {text}", flush=True)


def measure(options):
    results, source = [], "a"
    with Pairs(options.name, [Size(options.sessions, options.workers)], say, options.link_mbit, options.link_delay_ms) as pairs:
        if options.wait_for:
            with open(options.wait_for, "w", encoding="utf-8") as f:
                json.dump(pairs.pids(), f)
            sys.stdin.readline()
        head()
        for number in range(1, options.runs + 1):
            time.sleep(options.pause)  # let the wiped instance come to rest
            result = move(pairs, source)
            if result is None:
                break
            results.append(result)
            line(number, result)
            source = HOSTS[source].other
    summary = summarize(results) if results else {}
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump({"sessions": options.sessions, "workers": options.workers, "link_mbit": options.link_mbit,
                       "link_delay_ms": options.link_delay_ms, "summary": summary, "runs": results}, f, indent=1)
    return 0 if len(results) == options.runs else 1


def main():
    options = parse()
    if not options.no_build and not build.build():
        return 1
    try:
        return measure(options)
    except (machine.MachineTooSmall, leftovers.Busy, build.NotBuilt, wait.DeadlinePassed, CommandFailed) as error:
        print(f"bulk: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
