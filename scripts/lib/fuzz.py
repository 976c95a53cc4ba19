#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one target of tests/fuzz under libFuzzer. Called by scripts/fuzz.

It begins with the target's corpus in the project and with what earlier runs found. What adds coverage stays beside
the build folder, in build-fuzz-kept/corpus/TARGET; an input that breaks a promise goes to findings/TARGET there. So a build
that is made anew takes neither along."""

import argparse
import os
import re
import subprocess
import sys

import run_tests
from slimlab import build

SOURCES = f"{build.PROJECT}/tests/fuzz"
CORPUS = {"openflow": f"{build.PROJECT}/ofctl/tests/corpus"}  # where it is not beside the target
# Packet paths keep packets from one input to the next, in memory that the leak check does not look at; that none
# is lost they see by counting mbufs.
PACKET_PATHS = ("gtpu_packet", "nat_packet")
PACKETS_MAX = 4096  # bytes of their inputs; of others by the corpus


def targets():
    return sorted(re.sub(r"_fuzz\.c$", "", name) for name in os.listdir(SOURCES) if name.endswith("_fuzz.c"))


def parse():
    p = argparse.ArgumentParser(prog="scripts/fuzz", description="Fuzzes one target with libFuzzer, ASan and UBSan.")
    p.add_argument("target", nargs="?", choices=targets())
    p.add_argument("--minutes", type=float, default=1.0)
    p.add_argument("--list", action="store_true", help="print the targets")
    p.add_argument("--replay", metavar="FILE", help="only this input")
    options = p.parse_args()
    if not options.list and not options.target:
        p.error("which target? --list prints them")
    return options


def run(target, *arguments):
    """Other programs may run beside it; a fuzzer takes what they leave of a core. Returns its exit status."""
    environment = {**os.environ, **run_tests.SANITIZERS}
    options = ["-timeout=10", "-rss_limit_mb=4096", "-print_final_stats=1"]
    if target in PACKET_PATHS:
        environment["ASAN_OPTIONS"] += ":detect_leaks=0"
        options += ["-detect_leaks=0", f"-max_len={PACKETS_MAX}"]
    command = [build.program(f"{target}_fuzz", "fuzz"), *options, *arguments]
    return subprocess.run(run_tests.without_aslr(command), check=False, stdin=subprocess.DEVNULL, env=environment,
                          preexec_fn=lambda: os.nice(19)).returncode


def fuzz(target, minutes):
    """libFuzzer puts what adds coverage into the first folder. Returns its exit status."""
    kept = f"{build.folder('fuzz')}-kept/corpus/{target}"
    findings = f"{build.folder('fuzz')}-kept/findings/{target}"
    folders = [kept, CORPUS.get(target, f"{SOURCES}/corpus/{target}")]
    for folder in (kept, findings):
        os.makedirs(folder, exist_ok=True)
    status = run(target, f"-max_total_time={max(1, round(minutes * 60))}", f"-artifact_prefix={findings}/", *folders)
    print(f"{target}: {minutes:g} minutes, {len(os.listdir(kept))} inputs kept in {kept}; "
          + ("no finding" if status == 0 else f"FINDING: see {findings}"), flush=True)
    return status


def main():
    options = parse()
    if options.list:
        print("\n".join(targets()))
        return 0
    if not build.build("fuzz", [f"{options.target}_fuzz"]):
        return 1
    if options.replay:
        status = run(options.target, options.replay)
    else:
        status = fuzz(options.target, options.minutes)
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
