# SPDX-License-Identifier: Apache-2.0
"""Command lines of bench/plot and bench/report."""

import argparse
import sys

from . import data

USAGE_ERROR = 2


def parser(name, what):
    p = argparse.ArgumentParser(prog=name, description=what)
    p.add_argument("results", metavar="RESULTS", help="folder that bench/run wrote")
    return p


def read(folder):
    """The results; what a reader must be told goes to the standard error output."""
    results = data.read(folder)
    for note in results.notes:
        print(f"note: {note}", file=sys.stderr)
    return results


def safely(run):
    """Runs a command; what is wrong with its input is one line, without a trace."""
    try:
        return run()
    except (data.BadInput, OSError) as e:
        print(e, file=sys.stderr)
        return USAGE_ERROR


def plot(argv=None):
    p = parser("bench/plot", "Draws all figures of a folder of results, each as SVG and PNG.")
    p.add_argument("--output", required=True, metavar="FOLDER")
    p.add_argument("--kind", nargs="+", choices=("svg", "png", "pdf"), default=["svg", "png"], help="kinds of files (svg png)")
    args = p.parse_args(argv)

    def run():
        results = read(args.results)
        from . import figures  # matplotlib is slow to load: errors first
        print("\n".join(figures.write(results, args.output, args.kind)))
        return 0

    return safely(run)


def report(argv=None):
    p = parser("bench/report", "Writes one page with all results, their pictures and their raw data.")
    p.add_argument("--output", required=True, metavar="PAGE.html")
    p.add_argument("--screenshot", metavar="FILE.png", help="also take a picture of the page, with chromium")
    p.add_argument("--dark", action="store_true", help="the picture is of the dark page")
    args = p.parse_args(argv)

    def run():
        results = read(args.results)
        from . import page
        with open(args.output, "w", encoding="utf-8") as f:
            f.write(page.make(results))
        print(f"wrote {args.output}")
        if args.screenshot:
            from . import screenshot
            screenshot.take(args.output, args.screenshot, args.dark)
            print(f"wrote {args.screenshot}")
        return 0

    return safely(run)
