# SPDX-License-Identifier: Apache-2.0
"""Runs campaigns and keeps their raw data. Called by bench/run."""

import argparse
import subprocess
import sys
import time

from campaigns import all_campaigns
from campaigns.runs import Outcome, point_text, scalar
from campaigns.store import Store
from slimlab import build, leftovers, machine, wait
from slimlab.generator import NoLedger
from slimlab.move import Refused
from slimlab.process import CommandFailed

TROUBLES = (machine.MachineTooSmall, wait.DeadlinePassed, CommandFailed, Refused, NoLedger, subprocess.TimeoutExpired, OSError)


def parse():
    p = argparse.ArgumentParser(prog="bench/run", description="Measures slim and its opponents. Each run is a line of raw data; what has one "
                                "is not run again, so an interrupted call goes on where it was. Of all campaigns, a page is made at the end.",
                                epilog="campaigns: " + "; ".join(f"{c.name}: {c.asks}" for c in all_campaigns()))
    p.add_argument("campaigns", nargs="*", metavar="CAMPAIGN", help="which (all)")
    scale = p.add_mutually_exclusive_group()
    scale.add_argument("--quick", dest="scale", action="store_const", const="quick", help="few points, once or twice each (the default)")
    scale.add_argument("--full", dest="scale", action="store_const", const="full", help="everything; takes a day")
    p.add_argument("--results", metavar="FOLDER", help="raw data (bench-results-quick or bench-results-full)")
    p.add_argument("--mode", help="only this mode")
    p.add_argument("--point", metavar="KEY=VALUE,...", help="only points with these values; where there is none, this very point")
    p.add_argument("--repeat", type=int, metavar="N", help="only the Nth run of a point")
    p.add_argument("--list", action="store_true", help="print what would be run, with the time it takes, and end")
    p.add_argument("--no-page", action="store_true", help="raw data only")
    p.add_argument("--no-build", action="store_true")
    p.set_defaults(scale="quick")
    options = p.parse_args()
    known = [c.name for c in all_campaigns()]
    for name in options.campaigns:
        if name not in known:
            p.error(f"{name} is no campaign; there are {', '.join(known)}")
    try:
        options.point = dict(part.split("=", 1) for part in options.point.split(",")) if options.point else {}
    except ValueError:
        p.error("a point is KEY=VALUE,KEY=VALUE")
    options.point = {key: scalar(value) for key, value in options.point.items()}
    options.results = options.results or f"bench-results-{options.scale}"
    return options


def say(text):
    print(f"    {text}", flush=True)


# ---- what is to be run ---------------------------------------------------------------


def is_wanted(options, run):
    point = dict(run.point)
    return ((not options.mode or run.mode == options.mode) and (not options.repeat or run.repeat == options.repeat)
            and all(point.get(key) == value for key, value in options.point.items()))


def planned(options, campaign):
    """Its runs that are asked for. A point that it does not have by itself, or not so often, is run as it was given, if it is
    whole."""
    runs = [run for run in campaign.plan(options.scale) if is_wanted(options, run)]
    if not runs and set(options.point) == set(campaign.keys):
        runs = [run for run in campaign.plan_of([options.point], options.repeat or 1) if is_wanted(options, run)]
    return runs


def batches(options, store):
    found = []
    for campaign in all_campaigns():
        if not options.campaigns or campaign.name in options.campaigns:
            found += campaign.batches([run for run in planned(options, campaign) if not store.is_done(run)])
    return found


# ---- running -------------------------------------------------------------------------------


class Progress:
    """How far it is, and what is left: the plan's seconds, as much longer or shorter as those behind us were."""

    def __init__(self, found):
        self.n = len(found)
        self.left = sum(batch.seconds for batch in found)
        self.planned = self.spent = 0.0

    def head(self, number, batch):
        pace = self.spent / self.planned if self.planned else 1.0
        minutes = self.left * pace / 60
        print(f"[{number}/{self.n}] {batch.title}; {minutes:.0f} min left", flush=True)

    def over(self, batch, seconds):
        self.left -= batch.seconds
        self.planned += batch.seconds
        self.spent += seconds


def told(run, outcome):
    shown = {key: outcome.figures.get(key) for key in ("duration_s", "handover_ms", "handover_us", "hold_us_p50", "lost", "reordered",
                                                       "added_p99_ms", "disturbed_ms", "gap_ms", "sessions_per_s", "mpps")}
    figures = ", ".join(f"{key} {value:,.6g}" for key, value in shown.items() if isinstance(value, (int, float)))
    name = run.mode + (" (twin)" if run.twin else "")
    why = f"  {'; '.join(outcome.reasons)[:200]}" if outcome.reasons else ""
    say(f"{name:<22} {point_text(dict(run.point))} #{run.repeat}: {outcome.result}: {figures}{why}")


def run_batch(store, batch):
    """What goes wrong with a lab is a line of raw data too; the other labs are still tried."""
    missing = list(batch.runs)

    def emit(run, outcome):
        missing.remove(run)
        store.add(run, outcome)
        told(run, outcome)

    try:
        batch.campaign.measure(batch, emit, say)
    except TROUBLES as error:
        if missing:
            emit(missing[0], Outcome("error", [f"{type(error).__name__}: {error}"[:2000]], {}))
        return False
    return not missing


def run_all(options):
    store = Store(options.results)
    found = batches(options, store)
    if options.list:
        for batch in found:
            print(f"{batch.seconds / 60:6.1f} min  {batch.title}: {len(batch.runs)} runs")
        print(f"{sum(b.seconds for b in found) / 60:6.1f} min in all")
        return 0
    progress, good = Progress(found), True
    for number, batch in enumerate(found, 1):
        progress.head(number, batch)
        began = time.monotonic()
        while not run_batch(store, batch):  # with a new lab, for those that are left and were not tried often enough
            batch.runs = [run for run in batch.runs if not store.is_done(run)]
            if not batch.runs:
                good = False
                break
        progress.over(batch, time.monotonic() - began)
    return 0 if good else 1


def page(options):
    """Pictures and page of all that there is."""
    output = f"{options.results}/page.html"
    return subprocess.run([f"{build.PROJECT}/bench/report", options.results, "--output", output], check=False).returncode


def main():
    options = parse()
    if not options.no_build and not options.list and not build.build():
        return 1
    try:
        status = run_all(options)
    except (leftovers.Busy, build.NotBuilt) as error:
        print(f"bench/run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench/run: interrupted; the same call goes on from here", file=sys.stderr)
        return 130
    if options.list or options.no_page:
        return status
    return page(options) or status


if __name__ == "__main__":
    sys.exit(main())
