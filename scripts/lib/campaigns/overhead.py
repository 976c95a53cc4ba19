# SPDX-License-Identifier: Apache-2.0
"""Campaign 6: what does the agent cost a network function's packet loop? bench/micro measures; each of its cases becomes a run of
each state: the bare loop, and with the agent idle or tracking. The twin is the bare loop once more."""

import json
import subprocess
import time

from slimlab import build, scratch

from .runs import SLIM, Campaign, Outcome, Run

SESSIONS = {"quick": (100_000,), "full": (1_000, 100_000, 1_000_000, 10_000_000)}
STATES = ("bare", "idle", "tracking")
MEASURE = {"quick": ("--runs", 15, "--counted", 65_536), "full": ("--runs", 61, "--counted", 262_144)}
NFS = ("nat", "gateway")


class Overhead(Campaign):
    name = "overhead"
    asks = "What does the agent cost each packet?"
    keys = ("nf", "sessions", "state", "timed_runs", "counted")
    lab_seconds = 15
    run_seconds = 4

    def points(self, scale):
        measured = dict(zip(MEASURE[scale][::2], MEASURE[scale][1::2]))
        return [{"nf": nf, "sessions": n, "state": state, "timed_runs": measured["--runs"], "counted": measured["--counted"]}
                for nf in NFS for n in SESSIONS[scale] for state in STATES]

    def plan_of(self, points, repeats):
        """A twin for each: bench/micro has each program twice in the same turns."""
        return [Run(self.name, SLIM, tuple(point.items()), repeat, twin) for point in points
                for repeat in range(1, repeats + 1) for twin in (False, True)]

    def lab_of(self, point, _mode):
        return f"{point['nf']}, {point['sessions']} sessions, {point['timed_runs']} runs, {point['counted']} counted"

    def measure(self, batch, emit, say):
        point = dict(batch.runs[0].point)
        began, start = time.time(), time.monotonic()
        measured, text = micro(point)
        for run in batch.runs:
            outcome = Outcome("error", [text], {}) if measured is None else of_micro(measured, dict(run.point), run.twin)
            outcome.began, outcome.seconds = began, (time.monotonic() - start) / len(batch.runs)
            emit(run, outcome)


def micro(point):
    """(what bench/micro says, nothing), or (None, why not)"""
    with scratch.folder("overhead") as folder:
        path = f"{folder}/micro.json"
        command = [f"{build.PROJECT}/bench/micro", point["nf"], "--no-build", "--sessions", point["sessions"],
                   "--runs", point["timed_runs"], "--counted", point["counted"], "--json", path]
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return None, (done.stderr or done.stdout).strip()[-500:]
        with open(path, encoding="utf-8") as f:
            return json.load(f), ""


def of_micro(measured, point, twin):
    key = str(point["sessions"])
    numbers = measured[point["state"] + "'" * twin][key]
    rate = numbers["packets_per_second"]
    figures = {"mpps": round(rate / 1e6, 4), "ns_per_packet": round(1e9 / rate, 3),
               "instructions_per_packet": numbers.get("instructions_per_packet"),
               "ratio_to_bare": numbers.get("packets_per_second_of_bare"),
               "instructions_ratio_to_bare": numbers.get("instructions_per_packet_of_bare"),
               "differs_from_itself_percent": round(100 * measured["noise"][key]["packets_per_second_of_itself"], 2)}
    return Outcome("complete", [], figures, settings={"case": measured["cases"][key]},
                   lists={"packets_per_second": numbers["packets_per_second_runs"]})
