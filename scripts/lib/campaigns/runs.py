# SPDX-License-Identifier: Apache-2.0
"""What a campaign is made of: runs, and batches of runs that share a lab."""

import dataclasses
import hashlib
import random

SLIM = "slim"


def scalar(text):
    """As a point has it: a whole number, another number, or a word."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def point_text(point):
    """a=1,b=nat: for a command line."""
    return ",".join(f"{key}={value}" for key, value in point.items())


@dataclasses.dataclass(frozen=True)
class Run:
    """One mode at one point, once. `twin`: the same as the run of slim beside it; what the two differ by is noise."""
    campaign: str
    mode: str
    point: tuple  # of (key, value)
    repeat: int
    twin: bool = False

    @property
    def key(self):
        """Names it among all runs of all campaigns."""
        return (self.campaign, self.mode, point_text(dict(self.point)), self.repeat, self.twin)

    @property
    def seed(self):
        """Of the load: the same for all modes of a point's repeat."""
        text = f"{self.campaign} {point_text(dict(self.point))} {self.repeat}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") or 1

    def command(self):
        return (f"bench/run {self.campaign} --mode {self.mode} --point {point_text(dict(self.point))} "
                f"--repeat {self.repeat}")


def runs_of(campaign, modes, point, repeats):
    """All modes at a point, `repeats` times, slim twice as often."""
    point = tuple(point.items())
    found = []
    for repeat in range(1, repeats + 1):
        found += [Run(campaign, mode, point, repeat) for mode in modes]
        if SLIM in modes:
            found.append(Run(campaign, SLIM, point, repeat, True))
    return found


def in_turns(runs):
    """A repeat of all modes behind the other, each in an order of its own that the seed draws: what drifts falls on all."""
    found = []
    for repeat in sorted({r.repeat for r in runs}):
        part = [r for r in runs if r.repeat == repeat]
        random.Random(part[0].seed).shuffle(part)
        found += part
    return found


@dataclasses.dataclass
class Batch:
    """Runs that share a lab. `seconds`: how long they take, about; only the time that is left is foretold by it."""
    campaign: object
    title: str
    runs: list
    seconds: float


@dataclasses.dataclass
class Outcome:
    """What a run has shown."""
    result: str  # complete, failed, void, refused or error
    reasons: list
    figures: dict
    seconds: float = 0.0
    began: float = 0.0
    settings: dict = dataclasses.field(default_factory=dict)
    lists: dict = dataclasses.field(default_factory=dict)
    series: dict = None


class Campaign:
    """What is asked, and how it is answered. Each campaign is one of these."""
    name = ""
    asks = ""          # the question, for people
    keys = ()          # of its points
    lab_seconds = 12   # about: to make a lab, and to take it down
    run_seconds = 5    # about: one run in it

    def points(self, scale):
        """What is varied: dictionaries with the campaign's keys. `scale`: quick or full."""
        raise NotImplementedError

    def modes(self, point):
        """That are compared there."""
        return (SLIM,)

    def repeats(self, scale):
        return 1

    def lab_of(self, point, _mode):
        """What the lab of a mode at a point looks like, in words: runs of the same words share one."""
        return point_text(point)

    def measure(self, batch, emit, say):
        """Carries the batch's runs out, and calls emit(run, Outcome) after each."""
        raise NotImplementedError

    def batches(self, runs):
        """The runs, put together by their labs, in the order in which these come first."""
        labs = {}
        for run in runs:
            labs.setdefault(self.lab_of(dict(run.point), run.mode), []).append(run)
        return [Batch(self, f"{self.name}: {lab}", part, self.lab_seconds + self.run_seconds * len(part))
                for lab, part in labs.items()]

    def plan(self, scale):
        """All runs of the campaign."""
        return self.plan_of(self.points(scale), self.repeats(scale))

    def plan_of(self, points, repeats):
        """The modes of a point in turns."""
        return [run for point in points for run in in_turns(runs_of(self.name, self.modes(point), point, repeats))]
