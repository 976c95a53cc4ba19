# SPDX-License-Identifier: Apache-2.0
"""Builds the programs of tests/mutations and runs them. Called by scripts/mutations."""

import argparse
import subprocess
import sys

from slimlab import build

TABLES = ["session", "gate", "tcp", "code"]


def run(table, options):
    print(f"== {table}", flush=True)
    if table == "code":
        return run_code(options)
    command = [build.programs("gcc")[f"{table}_mutations"], *options,
               f"tests/mutations/{table}.list"]
    return subprocess.run(command, cwd=build.PROJECT, check=False).returncode


def run_code(options):
    """Of the table of changes of the code; --quick: the short part. The others' number of children means nothing to it."""
    command = [sys.executable, f"{build.PROJECT}/scripts/lib/code_mutants.py", "--build", build.folder("gcc")]
    options = ["--short" if o == "--quick" else o for o in options]
    if "--jobs" in options:
        del options[options.index("--jobs"):options.index("--jobs") + 2]
    return subprocess.run(command + options, cwd=build.PROJECT, check=False).returncode


def main():
    parser = argparse.ArgumentParser(prog="scripts/mutations")
    parser.add_argument("--table", action="append", choices=TABLES)
    parser.add_argument("--quick", action="store_true", help="without the slow test programs")
    parser.add_argument("--match", metavar="TEXT", help="only mutants with TEXT in their names")
    parser.add_argument("--jobs", metavar="N", help="children at a time (2)")
    parser.add_argument("--verbose", action="store_true", help="say of each mutant what caught it")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    options = parser.parse_args()

    tables = options.table or TABLES
    if not build.build("gcc", [] if "code" in tables else [f"{table}_mutations" for table in tables]):
        return 2
    passed = [f"--{name}" for name in ("quick", "verbose", "list") if getattr(options, name)]
    for name in ("match", "jobs"):
        if getattr(options, name) is not None:
            passed += [f"--{name}", getattr(options, name)]
    return max(run(table, passed) for table in tables)


if __name__ == "__main__":
    sys.exit(main())
