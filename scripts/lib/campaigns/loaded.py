# SPDX-License-Identifier: Apache-2.0
"""Runs under load, in the whole lab (slimlab/lab.py). Each run has a load of its own: packets that one mode could not
have sent void that run alone. The switch, the network functions with their idle sessions, and the daemons stay."""

import dataclasses
import time

from slimlab import generator, wait
from slimlab.generator import void
from slimlab.lab import HOSTS, Lab
from slimlab.settings import Settings

import slimbaselines

from . import measure, steady
from .runs import Campaign, Outcome

FILL_RATE, FILL_RAMP = 1_000, 40_000


@dataclasses.dataclass
class Load:
    """What runs beside a move. `options`: of slim-gen, above the lab's settings."""
    options: tuple
    frame_octets: int = 128
    before_s: float = 1.5
    after_s: float = 1.0
    move_options: tuple = ()
    steady_s: float = 0  # after the move, of a catch-up that goes on (steady.py)


def lab_settings(name, **settings):
    return Settings(name=name, workers=1, churn=0, handovers=0, allow_faults=True, **settings)


def mode_settings(name):
    """What a mode asks of the lab, beyond what all labs of campaigns have."""
    wanted = slimbaselines.MODES[name].settings if name in slimbaselines.MODES else {}
    return {key: value for key, value in wanted.items() if value != getattr(lab_settings(""), key)}


def serving(lab):
    """The host whose NF handles packets. A mode that failed half-way leaves it where it was, or has moved it."""
    def found():
        modes = {host: (lab.show_nf(host) or {}).get("mode") for host in HOSTS}
        return next((host for host, mode in modes.items() if mode == "pass"), None)
    return wait.until(found, "an NF that serves", 30)


class LoadedLab:
    """with LoadedLab(settings, say) as bench: bench.outcome(mode, load, seed), again and again."""

    def __init__(self, settings, say):
        self.settings = settings
        self.say = say
        self.lab = Lab(settings)
        self.modes = {}

    def __enter__(self):
        self.lab.__enter__()
        try:
            self.lab.await_peers()
            if self.settings.idle and self.settings.nf == "nat":
                self.fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for mode in self.modes.values():
            mode.close()
        self.lab.stop()

    def fill(self):
        """Each idle session was opened by a packet, as a subscriber would."""
        self.say(f"{self.settings.idle:,} idle sessions")
        self.lab.start_generator("--flows", self.settings.idle, "--rate", FILL_RATE, "--ramp-rate", FILL_RAMP)
        self.lab.generator.finish()

    def mode(self, name):
        if name not in self.modes:
            self.modes[name] = slimbaselines.MODES[name](self.lab)
            self.modes[name].before()
        return self.modes[name]

    def outcome(self, name, load, seed):
        """One move in this mode, under this load."""
        began, start = time.time(), time.monotonic()
        source, mode = serving(self.lab), self.mode(name)
        self.lab.start_generator("--seed", seed, *load.options)
        gen = self.lab.generator
        gen.mark("before")
        time.sleep(load.before_s)  # a part of the measurement
        gen.mark("move")
        octets = -measure.wire_octets(self.lab.netns("a"))
        status, job, more = mode.move(source, *load.move_options)
        octets += measure.wire_octets(self.lab.netns("a"))
        time.sleep(load.after_s)
        gen.mark("end")
        counted = steady.count(self.lab, serving(self.lab), load.steady_s) if load.steady_s and not status else None
        generated = gen.finish()
        unsaid = mode.wrong(more)
        if counted:
            more.update(measure.of_steady(measure.window_of(generated, steady.WINDOW), *counted, load.frame_octets))
        more["state_octets"] = octets
        return self.judge(generated, load, status, job, (more, unsaid), began, start)

    def judge(self, generated, load, status, job, of_mode, began, start):
        """`of_mode`: its figures, and what it found wrong itself."""
        more, unsaid = of_mode
        has_phases = bool(job.get("phases"))
        nothing = void.reasons(generated, [job] if has_phases else [], ("before", "move"))
        window = measure.window_of(generated, "move")
        wrong = move_reasons(status, job, window) + unsaid
        figures = {**measure.of_load(generated, "move", "before"), **measure.of_job(job, load.frame_octets), **more}
        if has_phases:
            figures.update(measure.disturbed(generated, job, "before"))
        if figures.get("duration_s"):
            figures["state_mbit"] = round(figures["state_octets"] * 8 / figures["duration_s"] / 1e6, 4)
        first = measure.window_of(generated, "before")["start_ns"]
        result = "void" if nothing else "refused" if is_refused(job) else "failed" if wrong else "complete"
        return Outcome(result, nothing + wrong, figures, time.monotonic() - start, began, dataclasses.asdict(self.settings),
                       series=measure.series(generated, first, window["end_ns"], span(job, window)))


def is_refused(job):
    return job.get("state") == "refused" or "state" not in job


def span(job, window):
    """When the move began and ended, on the generator's clock."""
    times = [int(p["monotonic_ns"]) for p in job.get("phases") or []]
    return (min(times), max(times)) if times else (window["start_ns"], window["end_ns"])


def move_reasons(status, job, window):
    """Why the run is not complete: the move, then the ledger. None: it is."""
    found = []
    if status != 0 or job.get("state") != "complete":
        texts = [r.get("text", "") for r in job.get("reasons") or []] or [str(job.get("text", ""))]
        found.append(f"the move is {job.get('state', 'refused')}: {'; '.join(texts)}")
    return found + [f"{window['sum'][key]} packets {key}" for key in generator.FAULTS if window["sum"].get(key)]


class LoadedCampaign(Campaign):
    """Each run is one move under a load. What is asked is in settings() of the lab and load() of the run."""

    def settings(self, point):
        """Of the lab (slimlab/settings.py)."""
        raise NotImplementedError

    def load(self, point):
        raise NotImplementedError

    def load_of(self, run):
        return self.load(dict(run.point))

    def change(self, lab, point):
        """Before a run in a lab that points share."""

    def batches(self, runs):
        """A mode whose lab is another one has it for itself."""
        found = []
        for wants in sorted({tuple(mode_settings(run.mode).items()) for run in runs}):
            found += super().batches([run for run in runs if tuple(mode_settings(run.mode).items()) == wants])
        return found

    def measure(self, batch, emit, say):
        first = batch.runs[0]
        settings = {**self.settings(dict(first.point)), **mode_settings(first.mode)}
        with LoadedLab(lab_settings("bench", **settings), say) as bench:
            for run in batch.runs:
                point = dict(run.point)
                self.change(bench.lab, point)
                emit(run, self.also(bench.outcome(run.mode, self.load_of(run), run.seed)))

    def also(self, outcome):
        """Figures that this campaign adds."""
        return outcome
