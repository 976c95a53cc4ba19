# SPDX-License-Identifier: Apache-2.0
"""Campaign 7: how long is the service away when something dies, against a move that was planned? The gap is the longest time in
which a probe flow got no packet through, of all that were sent every millisecond."""

import dataclasses
import json
import time

from slimlab import wait
from slimlab.generator import void

from . import measure
from .loaded import LoadedLab, lab_settings, serving
from .runs import Campaign, Outcome

WHAT = ("planned move", "target killed", "source killed", "cold restart")
FLOWS, PACKETS_PER_SECOND = 20_000, 10_000
BEFORE_S, AFTER_S = 1.5, 2.0
COPY_LIMIT = "250K"  # a copy of a second, in which something can die


class Failure(Campaign):
    name = "failure"
    asks = "How long is the service away?"
    keys = ("nf", "what")
    lab_seconds = 12
    run_seconds = 6

    def points(self, scale):
        return [{"nf": "nat", "what": what} for what in WHAT]

    def repeats(self, scale):
        return {"quick": 1, "full": 10}[scale]

    def measure(self, batch, emit, say):
        for run in batch.runs:  # whoever was killed takes its lab along
            settings = lab_settings("bench", nf="nat", flows=FLOWS, rate=PACKETS_PER_SECOND)
            with LoadedLab(settings, say) as bench:
                emit(run, outcome(bench.lab, settings, dict(run.point)["what"], run.seed))


def outcome(lab, settings, what, seed):
    began, start = time.time(), time.monotonic()
    lab.start_generator("--seed", seed)
    gen = lab.generator
    gen.mark("before")
    open_before = sessions(lab, "a")
    time.sleep(BEFORE_S)  # a part of the measurement
    gen.mark("move")
    wrong = HAPPENS[what](lab)
    time.sleep(AFTER_S)
    gen.mark("end")
    kept = kept_percent(lab, open_before)
    generated = gen.finish()
    window = measure.window_of(generated, "move")
    nothing = void.reasons(generated, [], ("before", "move"))
    figures = {"gap_ms": round(window["sum"]["max_gap_us"] / 1e3, 4), **measure.packets(window),
               "sessions_kept_percent": kept, "before_gap_ms":
               round(measure.window_of(generated, "before")["sum"]["max_gap_us"] / 1e3, 4)}
    return Outcome("void" if nothing else "failed" if wrong else "complete", nothing + wrong, figures,
                   time.monotonic() - start, began, dataclasses.asdict(settings))


def sessions(lab, host):
    """What each session is to the world: inside, outside and protocol."""
    _, rows = lab.slim_nf(host, "show", "sessions")
    return {(row["inside"], row["outside"], row["protocol"]) for row in rows if "inside" in row}


def kept_percent(lab, before):
    """Of the sessions that there were, those that whoever serves now has unchanged."""
    return round(100 * len(before & sessions(lab, serving(lab))) / len(before), 4)


def planned(lab):
    status, job = lab.migrate("a")
    return [] if status == 0 and job.get("state") == "complete" else [f"the move is {job.get('state')}"]


def start_move(lab, phase):
    """A move from a that has come to this phase."""
    process = lab.slimctl("a").start("--json", "migrate", lab.instance("a"), "--to", "b", "--max-bandwidth", COPY_LIMIT)

    def reached():
        jobs = (lab.slimctl("a").try_json("job", "list") or {}).get("jobs", [])
        return any(p["phase"] == phase for job in jobs for p in job.get("phases") or [])
    wait.until(reached, f"a move in phase {phase}", 30, every=0.002)
    return process


def finish(process):
    out, err = process.communicate(timeout=120)
    lines = out.strip().splitlines()
    return json.loads(lines[-1]) if lines else {"state": "none", "text": err}


def target_killed(lab):
    """In the middle of the copy: the source goes on."""
    process = start_move(lab, "copy")
    lab.nf["b"].kill()
    job = finish(process)
    return [] if job.get("state") == "aborted" and serving(lab) == "a" else [f"the move is {job.get('state')}"]


def source_killed(lab):
    """As soon as the target serves: it has all there is."""
    process = start_move(lab, "steer")
    lab.nf["a"].kill()
    job = finish(process)
    return [] if (lab.show_nf("b") or {}).get("mode") == "pass" else [f"the move is {job.get('state')}, and nobody serves"]


def cold_restart(lab):
    """Without slim: it dies, and a new one begins with nothing."""
    lab.nf["a"].kill()
    lab.start_nf("a", active=True)
    return []


HAPPENS = {"planned move": planned, "target killed": target_killed, "source killed": source_killed, "cold restart": cold_restart}
