# SPDX-License-Identifier: Apache-2.0
"""Campaign 4: where does each microsecond of a hand-over go? Many moves in one load; the steps of the median move, by who took
them (slimlab/timeline.py), against the least that a hold can take: one and a half round trips."""

import dataclasses
import statistics
import time

from slimlab import generator, timeline, wait
from slimlab.generator import void
from slimlab.lab import HOSTS, Lab

from . import measure
from .loaded import lab_settings, move_reasons
from .runs import Campaign, Outcome

MOVES = {"quick": 20, "full": 1_000}
FLOOR_ROUND_TRIPS = 1.5
BEFORE_S, PAUSE_S = 3, 0.1


class Anatomy(Campaign):
    name = "anatomy"
    asks = "Where does each microsecond of a hand-over go?"
    keys = ("nf", "flows", "pps", "moves")
    lab_seconds = 15

    def points(self, scale):
        n = MOVES[scale]
        found = [{"nf": "nat", "flows": 20_000, "pps": 20_000, "moves": n}]
        return found + ([{"nf": "gateway", "flows": 20_000, "pps": 20_000, "moves": n}] if scale == "full" else [])

    def batches(self, runs):
        found = super().batches(runs)
        for batch in found:
            batch.seconds += 0.8 * sum(dict(run.point)["moves"] for run in batch.runs)
        return found

    def measure(self, batch, emit, say):
        for run in batch.runs:
            emit(run, outcome(dict(run.point), run.seed, say))


def outcome(point, seed, say):
    settings = lab_settings("bench", nf=point["nf"], flows=point["flows"], rate=point["pps"])
    began, start = time.time(), time.monotonic()
    with Lab(settings, say) as lab:
        lab.await_peers()
        lab.start_generator("--seed", seed)
        lab.generator.mark("before")
        time.sleep(BEFORE_S)  # a part of the measurement
        lab.generator.mark("move")
        jobs, wrong = moves(lab, point["moves"], say)
        lab.generator.mark("end")
        generated = lab.generator.finish()
    window, before = measure.window_of(generated, "move"), measure.window_of(generated, "before")
    nothing = void.reasons(generated, jobs, ("before", "move"))
    wrong += [f"{window['sum'][key]} packets {key}" for key in generator.FAULTS if window["sum"].get(key)]
    results = [job["result"] for job in jobs]
    result = "void" if nothing else "failed" if wrong else "complete"
    figures = {"moves": len(jobs), **measure.packets(window), **(of_holds(results, measure.round_trips(window, before)) if results else {})}
    return Outcome(result, nothing + wrong, figures, time.monotonic() - start, began, dataclasses.asdict(settings),
                   {"hold_us": [int(r["handover_ns"]) / 1e3 for r in results]})


def moves(lab, n, say):
    """That many, there and back. Returns the complete ones, and why there are not more."""
    source, jobs = "a", []
    for number in range(1, n + 1):
        if number % 100 == 0:
            say(f"move {number} of {n}")
        status, job = lab.migrate(source)
        if status != 0 or job.get("state") != "complete":
            return jobs, move_reasons(status, job, {"sum": {}})
        jobs.append(job)
        source = HOSTS[source].other
        wait.until(lambda h=source: (lab.show_nf(h) or {}).get("mode") == "pass", "an NF that serves", 30)
        time.sleep(PAUSE_S)  # a part of the measurement: moves are seen one by one
    return jobs, []


def of_holds(results, trips):
    holds = [int(r["handover_ns"]) / 1e3 for r in results]
    rtt = trips["before_rtt_ms_p50"] * 1e3
    figures = {"rtt_us_p50": round(rtt, 3), "hold_us_p50": statistics.median(holds), "hold_us_p99": timeline.quantile(holds, 990),
               "hold_us_max": max(holds), "floor_us": round(FLOOR_ROUND_TRIPS * rtt, 3)}
    figures.update({"hold_in_rtt_p50": round(figures["hold_us_p50"] / rtt, 4), "hold_in_rtt_p99": round(figures["hold_us_p99"] / rtt, 4)})
    parts = timeline.medians(results)
    return {**figures, **{f"part_us:{what}": round(ns / 1e3, 3) for what, ns in parts.items()}}
