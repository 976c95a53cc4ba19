# SPDX-License-Identifier: Apache-2.0
"""Many moves in a row under load. Called by scripts/soak."""

import argparse
import json
import statistics
import sys
import time

from slimlab import build, generator, leftovers, machine, timeline, wait
from slimlab.generator import VOID, void
from slimlab.lab import HOSTS, Lab
from slimlab.settings import Settings


def parse():
    p = argparse.ArgumentParser(prog="scripts/soak")
    p.add_argument("--moves", type=int, default=100)
    p.add_argument("--flows", type=int, default=20_000)
    p.add_argument("--rate", type=int, default=10_000, help="packets a second, each direction (10000)")
    p.add_argument("--churn", type=int, default=500)
    p.add_argument("--workers", type=int, default=1, help="packet threads of each NAT (1; more than there are cores only wait for each other)")
    p.add_argument("--before", type=float, default=5, help="seconds of load before the first move (5)")
    p.add_argument("--pause", type=float, default=0.2, help="seconds between two moves (0.2)")
    p.add_argument("--max-bandwidth", default="0", metavar="R", help="of each copy, bytes a second: 3M (0: no limit)")
    p.add_argument("--json", metavar="FILE", help="write all numbers there")
    p.add_argument("--timeline", action="store_true", help="print where the time of the median hand-over goes, and who was late in the slowest five")
    p.add_argument("--name", default="slim", help="of the lab")
    p.add_argument("--no-build", action="store_true")
    return p.parse_args()


def us(ns):
    return int(ns) / 1000.0


def is_complete(status, job):
    """The move is, and all three digests are there and equal. `status`: of slimctl."""
    result = job.get("result") or {}
    digests = {result.get(f"digest_{of}") for of in ("source", "target", "proof")}
    return status == 0 and job.get("state") == "complete" and len(digests) == 1 and all(digests)


def one_move(lab, source, number, *options):
    """Returns the job's result; None when the move was not complete."""
    status, job = lab.migrate(source, *options)
    result = job.get("result") or {}
    good = is_complete(status, job)
    print(f"{number:>5}  {source} -> {HOSTS[source].other}  {job.get('state', job)!s:<10}"
          f"{int(result.get('entries', 0)):>9}{us(result.get('duration_ns', 0)) / 1e6:>9.2f}"
          f"{us(result.get('handover_ns', 0)):>13.0f}{us(result.get('flush_wait_p50_ns', 0)):>12.0f}"
          f"{int(result.get('held_packets', 0)):>7}{int(result.get('redirected_packets', 0)):>12}"
          + ("" if good else f"   {job.get('reasons', job)}"), flush=True)
    return {**result, "phases": job.get("phases") or []} if good else None


def soak(options):
    settings = Settings(name=options.name, flows=options.flows, rate=options.rate, churn=options.churn,
                        workers=options.workers)
    with Lab(settings, lambda text: print(f"  {text}", flush=True)) as lab:
        lab.await_peers()
        lab.start_generator()
        lab.generator.mark("before")
        time.sleep(options.before)  # a part of the measurement
        print(f"{'move':>5}  {'':<6}  {'result':<10}{'entries':>9}{'seconds':>9}{'handover us':>13}"
              f"{'flush us':>12}{'held':>7}{'redirected':>12}")
        results, source = [], "a"
        lab.generator.mark("moves")
        for number in range(1, options.moves + 1):
            result = one_move(lab, source, number, "--max-bandwidth", options.max_bandwidth)
            if result is None:
                print(lab.logs(), file=sys.stderr)
                break
            results.append(result)
            source = HOSTS[source].other
            time.sleep(options.pause)
        generated = lab.generator.finish()
        dead = lab.dead()
    summary = summarize(generated, results)
    print_summary(options, summary, results)
    nothing = void.reasons(generated, results, ("before", "moves"))
    found = reasons(options.moves, generated, results, dead)
    verdict = "void" if nothing else "failed" if found else "complete"
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump({**summary, "result": verdict, "reasons": nothing + found, "results": results,
                       "generator": generated}, f, indent=1)
    print("\n".join([*nothing, *found, f"result: {verdict}"]))
    return {"complete": 0, "failed": 1, "void": VOID}[verdict]


def reasons(n_moves, generated, results, dead):
    """Why a soak of so many moves is not complete, in words; none: it is. `results`: of the moves that were complete; `dead`:
    names of programs that ended."""
    found = [] if len(results) == n_moves else [f"{len(results)} of {n_moves} moves were complete"]
    found += generator.reasons(generated, "before", "moves")
    return found + [f"{name} has ended although nobody asked it to" for name in dead]


def cost(results, rtt):
    """What the hand-overs cost, in microseconds and in round trips before the moves."""
    handovers = [us(r["handover_ns"]) for r in results]
    holds = [us(r.get("hold_max_ns", 0)) for r in results]  # of each move the packet that waited longest
    flush = statistics.median(us(r["flush_wait_p50_ns"]) for r in results)
    figures = {"handover_us": statistics.median(handovers), "handover_us_p99": timeline.quantile(handovers, 990),
               "handover_us_max": max(handovers), "hold_us_p50": statistics.median(holds),
               "hold_us_p99": timeline.quantile(holds, 990), "flush_wait_us_p50": flush}
    return {**figures, "in_round_trips": {key: round(value / rtt, 2) for key, value in figures.items()} if rtt else None}


def print_cost(summary, rtt):
    print(f"round trip before the moves: {rtt['p50']:.0f} us (p50), {rtt['p99']:.0f} us (p99)")
    trips = summary["in_round_trips"] or {}
    for text, key in (("hand-over, median", "handover_us"), ("hand-over, p99", "handover_us_p99"),
                      ("hand-over, max", "handover_us_max"), ("longest wait in the hold, median", "hold_us_p50"),
                      ("longest wait in the hold, p99", "hold_us_p99"), ("flush wait, median", "flush_wait_us_p50")):
        print(f"  {text:<34}{summary[key]:>8.0f} us{trips.get(key, 0):>8.2f} round trips")


def summarize(generated, results):
    """The numbers of a soak: a dictionary for --json."""
    rtt = next((w["latency"]["rtt"] for w in generated["windows"] if w["name"] == "before"), {"p50": 0.0, "p99": 0.0})
    summary = {"moves": len(results), "ledger": generator.ledger(generated, "moves"),
               "before": generator.ledger(generated, "before"), "rtt_us_before": rtt}
    return {**summary, **cost(results, rtt["p50"])} if results else summary


def print_summary(options, summary, results):
    print(f"\nledger before: {summary['before']}\nledger of the moves: {summary['ledger']}")
    if results:
        print_cost(summary, summary["rtt_us_before"])
        if options.timeline:
            print("\n".join(timeline.describe(results)))


def main():
    options = parse()
    if not options.no_build and not build.build():
        return 1
    try:
        return soak(options)
    except generator.NoLedger as error:
        print(f"soak: {error}\nresult: void")
        return VOID
    except (machine.MachineTooSmall, leftovers.Busy, build.NotBuilt, wait.DeadlinePassed) as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
