# SPDX-License-Identifier: Apache-2.0
"""Runs every test in every way it is meant to run, counts single cases, and prints one last
line: N passed, N failed. Called by scripts/test, which installs the packages first."""

import argparse
import json
import os
import re
import subprocess
import sys
import time

from slimlab import build
from test_results import Count, count_run

# stage: how it is built, and which suites of meson it runs. `threads`: what shares memory, between threads or processes;
# elsewhere the thread sanitizer has nothing to see. `tools`: the project's own scripts, in Python, which no sanitizer sees.
STAGES = {
    "gcc": ["unit", "sim", "tools", "layers", "mutations", "fuzz", "dpdk"],
    "asan": ["unit", "sim", "fuzz", "dpdk"],
    "tsan": ["threads"],
    "e2e": ["e2e"],
    "foreign": ["foreign"],
}
QUICK = {"gcc": ["unit", "sim"]}
# No time matters in them, and many wait for something: more of them at once than there are processors.
PATIENT = {"unit", "sim"}
FLAVOUR = {"e2e": "gcc", "foreign": "gcc"}

# The leak check stays on everywhere. DPDK and gRPC keep some memory for the life of the process;
# what they keep is named in lsan.supp.
SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=0:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "LSAN_OPTIONS": f"suppressions={build.PROJECT}/tests/lsan.supp:print_suppressions=0",
    "TSAN_OPTIONS": f"suppressions={build.PROJECT}/tests/tsan.supp:halt_on_error=0:"
                    "second_deadlock_stack=1",
}


def without_aslr(command):
    """The sanitizers of clang 14 need room at fixed addresses, which a kernel with much address
    randomisation may take from them."""
    probe = subprocess.run(["setarch", "-R", "true"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
    return ["setarch", "-R", *command] if probe.returncode == 0 else command


def known_tests(flavour):
    known = subprocess.run(["meson", "introspect", "--tests", build.folder(flavour)],
                           capture_output=True, text=True, check=True)
    return json.loads(known.stdout)


def sorted_out(suites, tests):
    """Suites that the build has, and those of which it has no test. `tests`: known_tests()."""
    there = {s.rpartition(":")[2] for t in tests for s in t["suite"]}
    return [s for s in suites if s in there], [s for s in suites if s not in there]


def expect_some(count):
    """A stage in which no test ran is no success."""
    if not (count.passed or count.failed or count.skipped):
        count += Count(failed=1, broken=["no test ran"])
    return count


def programs_of(flavour, suites):
    """What has to be built for them: the programs of tests that need nothing else."""
    if not build.build(flavour, ["build.ninja"]):
        return None
    folder = build.folder(flavour)
    return sorted({os.path.relpath(t["cmd"][0], folder) for t in known_tests(flavour)
                   if {s.rpartition(":")[2] for s in t["suite"]} & set(suites)})


def run_meson(stage, suites):
    flavour = FLAVOUR.get(stage, stage)
    targets = programs_of(flavour, suites) if stage == "tsan" else []
    if targets is None or not build.build(flavour, targets):
        return Count(failed=1, broken=["the build"])
    wanted, missing = sorted_out(suites, known_tests(flavour))
    count = Count(failed=len(missing), broken=[f"{name}: no such suite in this build" for name in missing])
    if wanted:
        count += run_suites(stage, flavour, wanted)
    return count


def run_suites(stage, flavour, suites):
    # Each run writes its own logs, so that old ones are never counted.
    logs = f"{build.folder(flavour)}/meson-logs"
    name = f"testlog-{stage}"
    for ending in ("json", "junit.xml", "txt"):
        if os.path.exists(f"{logs}/{name}.{ending}"):
            os.unlink(f"{logs}/{name}.{ending}")
    command = ["meson", "test", "-C", build.folder(flavour), "--no-rebuild", "--print-errorlogs",
               "--logbase", name]
    for suite in suites:
        command += ["--suite", suite]
    if set(suites) <= PATIENT:
        command += ["--num-processes", str(2 * (os.cpu_count() or 1))]
    if flavour != "gcc":
        command += ["--timeout-multiplier", "5"]
        command = without_aslr(command)
    status = subprocess.run(command, env={**os.environ, **SANITIZERS}, check=False,
                            stdin=subprocess.DEVNULL).returncode
    count = count_run(logs, name)
    if status != 0 and not count.failed:
        count += Count(failed=1, broken=[f"meson test ended with {status}"])
    return count


def run_checks():
    if not build.build("gcc"):
        return Count(failed=1, broken=["the build"])
    done = subprocess.run([f"{build.PROJECT}/scripts/check"], stdout=subprocess.PIPE, text=True,
                          check=False, stdin=subprocess.DEVNULL)
    sys.stdout.write(done.stdout)
    broken = re.findall(r"^not ok (.*)", done.stdout, re.M)
    count = Count(passed=len(re.findall(r"^ok ", done.stdout, re.M)), failed=len(broken), broken=broken)
    if done.returncode != 0 and not count.failed:
        count += Count(failed=1, broken=[f"scripts/check ended with {done.returncode}"])
    return count


def print_broken(rows):
    """What failed, again and last: who reads only the end of a long run sees it."""
    for stage, count, _ in rows:
        for what in count.broken:
            print(f"\n== failed in {stage}: {what}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/test")
    parser.add_argument("--quick", action="store_true", help="unit tests and simulator only")
    parser.add_argument("--stage", action="append", choices=[*STAGES, "checks"])
    parser.add_argument("--suite", action="append")
    options = parser.parse_args()

    stages = QUICK if options.quick else {**STAGES, "checks": []}
    if options.stage:
        stages = {s: stages.get(s, []) for s in options.stage}
    if options.suite:
        stages = {s: [n for n in suites if n in options.suite] for s, suites in stages.items()}
        stages = {s: suites for s, suites in stages.items() if suites}

    total, rows = Count(), []
    for stage, suites in stages.items():
        print(f"\n== {stage}: {' '.join(suites) or 'clang-format, cppcheck, clang-tidy'}", flush=True)
        began = time.monotonic()
        count = expect_some(run_checks() if stage == "checks" else run_meson(stage, suites))
        total += count
        rows.append((stage, count, time.monotonic() - began))

    print_broken(rows)
    print(f"\n{'stage':<10}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for stage, count, seconds in rows:
        print(f"{stage:<10}{count.passed:>8}{count.failed:>8}{count.skipped:>9}{seconds:>9.0f}")
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"\n{total.passed} passed, {total.failed} failed{skipped}", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
