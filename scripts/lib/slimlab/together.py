# SPDX-License-Identifier: Apache-2.0
"""Several moves at once: the small table of pair 1 is handed over while the large ones of the others are copied."""

import json

from . import wait
from .lab import HOSTS
from .pairs import nat_of


class NotComplete(Exception):
    """A move did not end as it should; the text is its job."""


def begins(job):
    """When each phase of a job began, in seconds of the host's clock."""
    return {p["phase"]: int(p["monotonic_ns"]) / 1e9 for p in job["phases"]}


class Others:
    """Moves of all pairs but the first, all in COPY at the same time."""

    def __init__(self, pairs, source):
        self.pairs = pairs
        self.source = source
        self.ctl = pairs.slimctl(source)
        self.processes = [self.ctl.start("--json", "migrate", nat_of(pair, source), "--to", HOSTS[source].other)
                          for pair in pairs.sizes if pair != 1]

    def running(self):
        shown = self.ctl.try_json("job", "list") or {}
        return [j for j in shown.get("jobs", []) if j["state"] == "running"]

    def await_copy(self):
        def all_copy():
            phases = [j["phase"] for j in self.running()]
            return len(phases) == len(self.processes) and all(p == "copy" for p in phases)
        wait.until(all_copy, "all the others copy", 30, every=0.002)

    def finish(self):
        jobs = []
        for process in self.processes:
            out, err = process.communicate(timeout=120)
            jobs.append(json.loads(out.strip().splitlines()[-1]) if out.strip() else {"text": err})
        return jobs


def complete(job):
    """The job, if it is complete and all three digests are the same."""
    result = job.get("result") or {}
    if job.get("state") != "complete":
        raise NotComplete(f"{job}")
    if not result["digest_source"] == result["digest_target"] == result["digest_proof"]:
        raise NotComplete(f"digests differ: {job}")
    return job


def is_inside(hold, copy):
    """The hold fell into the copy of another."""
    at, of = begins(hold), begins(copy)
    return of["copy"] <= at["handover"] and at["steer"] <= of["catch-up"]


def one(pairs, source):
    """The first pair alone."""
    _, job = pairs.slimctl(source).migrate(nat_of(1, source), HOSTS[source].other)
    return complete(job)


def beside(pairs, source):
    """The first pair beside the others. Returns its job, and theirs."""
    others = Others(pairs, source)
    try:
        others.await_copy()
        _, job = pairs.slimctl(source).migrate(nat_of(1, source), HOSTS[source].other)
    finally:
        jobs = others.finish()
    return complete(job), [complete(j) for j in jobs]
