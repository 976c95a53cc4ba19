# SPDX-License-Identifier: Apache-2.0
"""Command line of slim-report."""

import argparse
import json
import sys

from . import table, verdict, void
from .windows import BadInput

USAGE_ERROR = 2


def read_json(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError) as e:
        raise BadInput(f"{path}: {e}") from e


class NoLedger(BadInput):
    """The generator's result cannot be read: the run says nothing."""


def read_gen(path):
    try:
        gen = read_json(path)
    except BadInput as e:
        raise NoLedger(e) from e
    if not isinstance(gen, dict) or gen.get("tool") != "slim-gen":
        raise NoLedger(f"{path}: not a result of slim-gen")
    missing = {"state", "void", "windows", "series", "total"} - set(gen)
    if missing:
        raise NoLedger(f"{path}: nothing of {', '.join(sorted(missing))}")
    return gen


def read_jobs(paths):
    """Each file holds one job, or a list of jobs."""
    jobs = []
    for path in paths:
        content = read_json(path)
        jobs += content if isinstance(content, list) else [content]
    for job in jobs:
        if not isinstance(job, dict) or "nf" not in job or "state" not in job:
            raise BadInput("a job without 'nf' or 'state'")
        job.setdefault("to_nf", job.get("to_host", ""))
    return jobs


def read_ping(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if text.lstrip().startswith("{"):
        return {key: json.loads(text)[key] for key in ("sent", "lost")}
    return verdict.read_ping(text)


def run_verdict(args):
    gen, jobs = read_gen(args.gen), read_jobs(args.jobs)
    tcp = verdict.sum_tcp([read_json(path) for path in args.tcp])
    ping = read_ping(args.ping) if args.ping else None
    v = verdict.judge(gen, jobs, tcp, ping, args.expect_moves, args.usage_error_bytes)
    write_verdict(args, v)
    if not args.quiet:
        print("\n".join(table.lines(v)))
    return {"complete": 0, "failed": 1, "void": void.EXIT}[v["result"]]


def write_verdict(args, v):
    if args.output:
        with open(args.output, "w", encoding="utf-8") as f:
            json.dump(v, f, indent=2)
            f.write("\n")


def without_ledger(args, error):
    """What is left to be said."""
    if args.run is run_verdict:
        write_verdict(args, {"result": "void", "reasons": [str(error)]})
    print(f"slim-report: {error}", file=sys.stderr)
    print("  result: void")
    return void.EXIT


def run_plot(args):
    from . import plot  # matplotlib is slow to load, and only needed here

    plot.draw(read_gen(args.gen), read_jobs(args.jobs), args.output, args.title)
    print(f"wrote {args.output}")
    return 0


def parser():
    p = argparse.ArgumentParser(prog="slim-report", description=__doc__)
    commands = p.add_subparsers(dest="command", required=True)
    v = commands.add_parser("verdict", help="merge all results, say whether the run was perfect",
                            description="Exit status 0 only if the result is complete: every move complete, "
                                        "every ledger clean, no connection broken, no ping lost. 3 if it is void: load that "
                                        "was not sent, or nobody who saw it; such a run says nothing.")
    v.add_argument("--expect-moves", type=int, metavar="N", help="how many moves there must be")
    v.add_argument("--tcp", nargs="+", default=[], metavar="FILE",
                   help="reports of iperf3, or {bytes, retransmits, connections_broken} as JSON")
    v.add_argument("--ping", metavar="FILE", help="what ping printed, or {sent, lost} as JSON")
    v.add_argument("--usage-error-bytes", type=int, metavar="N",
                   help="octets that the network function's own counters are wrong by")
    v.add_argument("-q", "--quiet", action="store_true", help="no table")
    v.add_argument("-o", "--output", metavar="FILE", help="the verdict as JSON")
    v.set_defaults(run=run_verdict)
    d = commands.add_parser("plot", help="draw latency, rate and loss over time with the moves' phases")
    d.add_argument("--title", default="A network function moves", help="headline of the picture")
    d.add_argument("-o", "--output", required=True, metavar="FILE", help="picture (.png, .svg, .pdf)")
    d.set_defaults(run=run_plot)
    for command in (v, d):
        command.add_argument("--gen", required=True, metavar="FILE", help="result of slim-gen")
        command.add_argument("--jobs", nargs="*", default=[], metavar="FILE",
                             help="finished moves as slimctl --json prints them, one or a list each")
    return p


def main(argv=None):
    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except NoLedger as e:
        return without_ledger(args, e)
    except (BadInput, OSError, KeyError) as e:
        what = f"missing key {e}" if isinstance(e, KeyError) else e
        print(f"slim-report: {what}", file=sys.stderr)
        return USAGE_ERROR
