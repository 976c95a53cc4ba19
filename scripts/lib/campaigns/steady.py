# SPDX-License-Identifier: Apache-2.0
"""What state costs while traffic flows and nothing else happens. A move whose hand-over is switched off stays in its catch-up:
all has been copied, and each change is sent as it comes, until the move is cancelled."""

import json
import time

from slimlab import wait
from slimlab.lab import HOSTS

from . import measure

WINDOW = "steady"


class NotSteady(wait.DeadlinePassed):
    """The move did not stay where it should: a line of the campaign, as all that a lab did not do in time."""


def running(lab, source):
    jobs = (lab.slimctl(source).try_json("job", "list") or {}).get("jobs", [])
    return next((job for job in jobs if job["state"] == "running"), None)


def catching_up(lab, source):
    job = running(lab, source)
    return job if job and job["phase"] == "catch-up" else None


def count(lab, source, seconds):
    """(octets on the daemons' link, seconds, the cancelled job), of the generator's window WINDOW."""
    ctl, generator, netns = lab.slimctl(source), lab.generator, lab.netns("a")
    move = ctl.start("--json", "migrate", lab.instance(source), "--to", HOSTS[source].other, "--fault", "no-handover")
    job = wait.until(lambda: catching_up(lab, source), "a move that catches up", 60)
    generator.mark(WINDOW)
    began, octets = time.monotonic(), -measure.wire_octets(netns)
    time.sleep(seconds)  # a part of the measurement
    octets += measure.wire_octets(netns)
    took = time.monotonic() - began
    generator.mark("after")
    ctl.run("job", "cancel", job["id"])
    out, err = move.communicate(timeout=60)
    ended = json.loads(out.strip().splitlines()[-1]) if out.strip() else {"text": err}
    if ended.get("state") != "cancelled":
        raise NotSteady(f"a move without hand-over: {ended}")
    return octets, took, ended
