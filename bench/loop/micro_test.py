#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""bench/micro, tiny: the variants forward the same packets, the file has its keys, and the agent's
share of the instructions, which is exact, stays within its limits. Prints TAP.

    micro_test.py NF
"""

import json
import os
import subprocess
import sys
import tempfile
import types

sys.dont_write_bytecode = True
ROOT = os.path.realpath(f"{os.path.dirname(__file__)}/../..")
sys.path.insert(0, f"{ROOT}/scripts/lib")

import micro  # noqa: E402

SESSIONS = 1000
# Of the bare loop's instructions.
LIMITS = {"nat": {"idle": 1.01, "tracking": 1.03}, "gateway": {"idle": 1.01, "tracking": 1.05},
          "pppoe": {"idle": 1.01, "tracking": 1.05}}
# The hardest load: what every packet does.
HARDEST = {"nat": ("opens a session", "--new"), "gateway": ("changes state", "--change", "1"),
           "pppoe": ("is of a log-in or a log-out", "--new")}
MUCH_DEARER = 1.1  # a copy of every packet must show, or nothing was counted


def bench(nf, *options):
    """The numbers of a run as the file has them."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as f:
        subprocess.run([sys.executable, f"{ROOT}/scripts/lib/micro.py", nf, "--no-build", "--json", f.name,
                        "--sessions", str(SESSIONS), "--packets", "20000", *options],
                       check=True, stdout=subprocess.DEVNULL)
        return json.load(f)


def check(number, name, problems):
    print(f"{'not ok' if problems else 'ok'} {number} - {name}", *(f"#   {p}" for p in problems), sep="\n")
    return bool(problems)


def problems_of_keys(numbers, key, rows=tuple(micro.VARIANTS)):
    return [f"{v} has no {key}" for v in rows
            if not numbers.get(v, {}).get(str(SESSIONS), {}).get(key, 0) > 0]


def problems_of_limits(nf, numbers):
    count = {v: numbers[v][str(SESSIONS)]["instructions_per_packet"] for v in micro.VARIANTS}
    for variant, limit in LIMITS[nf].items():
        if count[variant] > limit * count["bare"]:
            yield f"{variant}: {count[variant]} instructions a packet, bare {count['bare']}, limit {limit}"
    if count["duplicate"] < MUCH_DEARER * count["bare"]:
        yield f"duplicate: {count['duplicate']} instructions a packet, bare {count['bare']}"


def problems_of_little_memory(nf):
    """Three programs fit at a time: all have their runs, of the same packets (measure_times() would say so), in their order."""
    fit = 3 * (micro.PROGRAM_OCTETS + SESSIONS * micro.SESSION_OCTETS)
    options = types.SimpleNamespace(nf=nf, change=micro.CHANGE[nf], inbound=50, burst=32, new=False, huge=False, driver=False,
                                    packets=20000, runs=2, testpmd=False)
    for available, at_once in ((0, 1), (fit - 1, 2), (fit, 3), (100 * fit, 8)):
        if micro.n_at_once(SESSIONS, 8, available) != at_once:
            yield f"{available} octets: not {at_once} programs at once"
    micro.available_memory = lambda: fit
    rates, _ = micro.measure_times(options, SESSIONS)
    yield from (f"{name}: {len(runs)} runs" for name, runs in rates.items() if len(runs) != 2)
    if list(rates) != [*micro.VARIANTS, *(v + micro.AGAIN for v in micro.VARIANTS)]:
        yield f"programs: {list(rates)}"


def main():
    nf = sys.argv[1]
    # Debian's testpmd is the same whatever NF stands beside it.
    with_testpmd = nf == "nat"
    testpmd = ["--testpmd"] if with_testpmd else []
    # bench() fails if the variants do not transmit the same bytes, or one of them drops a packet.
    numbers = bench(nf, "--runs", "1", "--counted", "0", *testpmd)
    twins = [v + micro.AGAIN for v in micro.VARIANTS]
    failed = check(1, "four variants forward the same packets twice, at a rate, and testpmd takes its turn",
                   problems_of_keys(numbers, "packets_per_second",
                                    [*micro.VARIANTS, *twins, *(micro.TESTPMD if with_testpmd else ())])
                   + ([] if "packets_per_second_of_itself" in numbers["noise"][str(SESSIONS)] else ["no A/A row"]))
    what, *load = HARDEST[nf]
    numbers = bench(nf, "--runs", "1", "--counted", "0", *load)
    failed |= check(2, f"every packet {what}", problems_of_keys(numbers, "packets_per_second"))
    numbers = bench(nf, "--runs", "1", "--counted", "0", *testpmd, "--driver")
    failed |= check(3, "the same with ports that allocate, copy and free",
                    problems_of_keys(numbers, "packets_per_second",
                                     [*micro.VARIANTS, *(micro.TESTPMD_DRIVER if with_testpmd else ())]))
    numbers = bench(nf, "--runs", "0", "--counted", "65536")
    problems = problems_of_keys(numbers, "instructions_per_packet")
    failed |= check(4, "the agent's instructions are within their limits",
                    problems or list(problems_of_limits(nf, numbers)))
    failed |= check(5, "what does not fit into the memory at once goes one after the other", list(problems_of_little_memory(nf)))
    print("1..5")
    return failed


if __name__ == "__main__":
    sys.exit(main())
