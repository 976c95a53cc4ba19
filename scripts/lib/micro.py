#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The packet loop of an NF without a network, in four variants. Called by bench/micro.

Packets a second: all four programs are alive twice, have their sessions open, and run the same load in
turn, A B C D A' B' C' D', in short runs; the ratio to bare is that of runs next to each other, and the
median of these. So what else the machine does in between falls on all of them (where the memory does not hold all, as many as fit). What A' differs from A by
is noise, and no smaller difference counts. Instructions: each
runs it once under callgrind, which counts the rounds of the loop only; making and taking packets,
and the reader of the dirty rings, are left out.

With --testpmd DPDK's own dpdk-testpmd takes its turn in each round of the timed runs, as a measure of the machine:
it forwards 64-byte packets between two devices in memory (io mode) and looks at no byte of them. With --driver the ports of the loops do what
its null devices do: allocate, copy, free."""

import argparse
import collections
import contextlib
import json
import re
import statistics
import subprocess
import sys
import time

import beside
from slimlab import build, scratch

VARIANTS = {"bare": "-bare", "idle": "", "tracking": "", "duplicate": "-bare"}  # program's suffix
SHORTEST_COUNT = 65_536
PROGRAM_OCTETS, SESSION_OCTETS = 512 << 20, 640  # of memory that a loop takes, and with each session more
# Devices of dpdk-testpmd: rings take and give the same packets; null devices take each from the pool and free it.
TESTPMD = {"testpmd ring": "net_ring{}", "testpmd null": "net_null{},size=64"}
# What --driver gives the loops: each packet is taken from the pool and filled, copied and given back. (device, mode)
TESTPMD_DRIVER = {"testpmd null, io": ("net_null{},size=64,copy=1", "io"),
                  "testpmd null, macswap": ("net_null{},size=64,copy=1", "macswap")}
AGAIN = "'"  # behind a variant: the same program a second time
TESTPMD_SECONDS = 0.2  # of one turn
CHANGE = {"nat": 32, "gateway": 100, "pppoe": 100}  # the usual mix of each NF
SESSIONS = {"pppoe": "1000,32000,60000"}  # of those that cannot have as many as the others


def parse():
    p = argparse.ArgumentParser(prog="bench/micro", formatter_class=argparse.ArgumentDefaultsHelpFormatter,
                                description="What the agent costs an NF: its packet loop without a network.")
    p.add_argument("nf", choices=list(CHANGE))
    p.add_argument("--sessions", default=argparse.SUPPRESS, metavar="N[,N...]",
                   help="alive and in use (default: 1000,100000,1000000; pppoe: 1000,32000,60000)")
    p.add_argument("--change", type=int, default=argparse.SUPPRESS, metavar="N",
                   help=f"one of N packets changes state; 0: none does (default: {CHANGE})")
    p.add_argument("--inbound", type=int, default=50, metavar="PERCENT", help="packets from the outer side")
    p.add_argument("--burst", type=int, default=32, help="packets ready at a port in each round")
    p.add_argument("--packets", type=int, default=200_000, help="of one timed run")
    p.add_argument("--runs", type=int, default=61, help="timed runs of each variant; 0: none")
    p.add_argument("--counted", type=int, default=262_144, metavar="PACKETS", help="under callgrind; 0: none")
    p.add_argument("--new", action="store_true", help="every packet opens a session, and as many expire (nat), or is one of a log-in or log-out (pppoe)")
    p.add_argument("--huge", action="store_true", help="tables in huge pages, of which there must be enough")
    p.add_argument("--driver", action="store_true",
                   help="ports that allocate, copy and free each packet, as null devices do")
    p.add_argument("--beside", metavar="REF", help="only this: the loops of a commit in turn with those of this tree")
    p.add_argument("--starts", type=int, default=5, help="with --beside: starts of all programs, in random order")
    p.add_argument("--variant", default="bare", choices=list(VARIANTS), help="with --beside: what runs")
    p.add_argument("--seed", type=int, default=1, help="with --beside: of the orders")
    p.add_argument("--testpmd", action="store_true", help="packets a second of dpdk-testpmd in the same run")
    p.add_argument("--profile", type=int, default=12, metavar="LINES", help="functions that are printed")
    p.add_argument("--json", metavar="FILE", help="write all numbers there")
    p.add_argument("--no-build", action="store_true")
    options = p.parse_args()
    options.change = getattr(options, "change", CHANGE[options.nf])
    sessions = getattr(options, "sessions", SESSIONS.get(options.nf, "1000,100000,1000000"))
    options.sessions = [int(n) for n in sessions.split(",")]
    return options


# ---- the programs ------------------------------------------------------------------------


class Failed(Exception):
    """A program ended, or its answer makes no sense."""


class Loop:
    """One variant, set up, with its sessions open."""

    def __init__(self, options, variant, sessions, packets, wrapper=(), extra=(), program=None):
        command = [*wrapper, program or build.program(f"loop-{options.nf}{VARIANTS[variant]}"), "--variant", variant, "--sessions", sessions, "--packets", packets,
                   "--change", options.change, "--inbound", options.inbound, "--burst", options.burst, *extra]
        command += ["--only-new"] * options.new + ["--huge"] * options.huge + ["--driver"] * options.driver
        self.variant = variant
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):  # it has ended before, which is told where it was seen
            self.process.stdin.close()
        self.process.wait()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{self.variant}: the program has ended ({self.process.wait()})")
        return line

    def wait_ready(self):
        if self.read() != "ready\n":
            raise Failed(f"{self.variant}: not ready")

    def run(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return json.loads(self.read())


class TestPmd:
    """dpdk-testpmd, one forwarding core, which is that of the loops. It forwards in its turn only."""

    def __init__(self, device, mode="io"):
        # Its answers come line by line; what it has sent stays under way between two turns.
        command = ["stdbuf", "-oL", "dpdk-testpmd", "--no-huge", "-m", "256", "--no-pci", "--no-shconf",
                   "--no-telemetry", "--log-level=error", "--lcores", "0@0,1@0", f"--vdev={device.format(0)}",
                   f"--vdev={device.format(1)}", "--", "-i", f"--forward-mode={mode}", "--nb-cores=1",
                   "--no-flush-rx", "--total-num-mbufs=16384"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.tell("start tx_first 1\n")
        self.read_rate()
        self.tell("stop\n")

    def tell(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def read_rate(self):
        """Packets a second of both ports since it was read last."""
        self.tell("show port stats all\n")
        rates = []
        while len(rates) < 2:
            line = self.process.stdout.readline()
            if not line:
                raise Failed(f"dpdk-testpmd has ended ({self.process.wait()})")
            if match := re.match(r"\s*Rx-pps:\s*(\d+)", line):
                rates.append(int(match[1]))
        return sum(rates)

    def run(self):
        self.tell("start\n")
        self.read_rate()
        time.sleep(TESTPMD_SECONDS)
        rate = self.read_rate()
        self.tell("stop\n")
        return rate

    def close(self):
        self.process.communicate("quit\n")


def check_alike(results):
    """All variants forward the same bytes, or the comparison is worth nothing."""
    if len({(r["digest"], r["opened"]) for r in results}) != 1 or any(r["dropped"] for r in results):
        raise Failed(f"the variants do not forward the same packets: {results}")


# ---- packets a second ----------------------------------------------------------------------


def testpmd_devices(options):
    """{name: (device, mode)}"""
    if not options.testpmd:
        return {}
    return {**{name: (device, "io") for name, device in TESTPMD.items()}, **(TESTPMD_DRIVER if options.driver else {})}


def n_at_once(sessions, n_programs, available):
    """Programs that fit into `available` octets of memory; at least one is tried."""
    each = PROGRAM_OCTETS + sessions * SESSION_OCTETS
    return max(1, min(n_programs, available // each))


def available_memory():
    with open("/proc/meminfo", encoding="ascii") as f:
        return next(int(line.split()[1]) << 10 for line in f if line.startswith("MemAvailable:"))


def run_in_turn(options, sessions, names, testpmds):
    """All of them are alive, and run in turn. [{name: result of a loop, or packets a second of a testpmd}], of each run."""
    found, loops = [], {}
    try:
        for name in names:
            loops[name] = Loop(options, name.rstrip(AGAIN), sessions, options.packets)
            loops[name].wait_ready()
        for _ in range(options.runs):
            found.append({name: program.run() for name, program in [*loops.items(), *testpmds.items()]})
    finally:
        for loop in loops.values():
            loop.__exit__()
    return found


def measure_times(options, sessions):
    """{variant, the same variant again, or a device of testpmd: [packets a second of each run]}, and of each variant the sessions
    that a packet opens, where that is counted. Each variant is there twice, A B A' B': what A' differs from A by is noise.
    Where not all of them fit into the memory, those that do go first; that more time lies between A and A' is in the noise."""
    names = [*VARIANTS, *(v + AGAIN for v in VARIANTS)]
    at_once = n_at_once(sessions, len(names), available_memory())
    testpmds = {}
    try:
        for name, device in testpmd_devices(options).items():
            testpmds[name] = TestPmd(*device)
        runs = run_in_turn(options, sessions, names[:at_once], testpmds)
        for first in range(at_once, len(names), at_once):
            others = run_in_turn(options, sessions, names[first:first + at_once], {})
            runs = [{**run, **more} for run, more in zip(runs, others)]
    finally:
        for testpmd in testpmds.values():
            testpmd.close()
    for run in runs:
        check_alike([run[name] for name in names])
    rates = {**{name: [run[name]["packets"] / run[name]["seconds"] for run in runs] for name in names},
             **{name: [run[name] for run in runs] for name in testpmds}}
    last = runs[-1][names[0]]
    return rates, last["opened"] / last["packets"]


# ---- instructions ------------------------------------------------------------------------------


def read_profile(path):
    """{function: its own instructions} of a callgrind file. What is inlined counts for its caller."""
    names, costs, function, is_call = {}, collections.Counter(), None, False
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if match := re.match(r"fn=\((\d+)\)(?: (.*))?", line):
                if match[2]:
                    names[match[1]] = match[2]
                function = names[match[1]]
            elif match := re.match(r"cfn=\((\d+)\) (.*)", line):
                names[match[1]] = match[2]
            elif line.startswith("calls="):
                is_call = True
            elif function and re.match(r"[+\-*\d]", line):
                costs[function] += 0 if is_call else int(line.split()[1])
                is_call = False
    return costs


def count_instructions(options, sessions):
    """{variant: {function: instructions a packet}}"""
    packets = max(options.counted, SHORTEST_COUNT)
    profiles, results = {}, []
    with scratch.folder("micro") as folder:
        for variant in VARIANTS:
            path = f"{folder}/{variant}"
            wrapper = ("valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no",
                       f"--callgrind-out-file={path}")
            with Loop(options, variant, sessions, packets, wrapper, ("--count",)) as loop:
                loop.wait_ready()
                results.append(loop.run())
            profiles[variant] = {f: n / packets for f, n in read_profile(path).items() if n}
    check_alike(results)
    return profiles


# ---- report --------------------------------------------------------------------------------------


def spread(rates):
    return (max(rates) - min(rates)) / statistics.median(rates)


def ratio(runs, others):
    """Of rates, run by run."""
    return statistics.median(a / b for a, b in zip(runs, others))


def of_bare(numbers, key, rates):
    """Instructions are exact. Rates are compared run by run with that of the bare loop beside it, and the second ones with
    the second."""
    if key == "instructions_per_packet":
        return {v: numbers[v][key] / numbers["bare"][key] for v in VARIANTS}
    return {v: statistics.mean((ratio(rates[v], rates["bare"]), ratio(rates[v + AGAIN], rates["bare" + AGAIN])))
            for v in VARIANTS}


def noise_of(rates):
    """By how much a program differs from itself: the most of all variants. Nothing smaller is a difference."""
    return max(abs(ratio(rates[v + AGAIN], rates[v]) - 1) for v in VARIANTS)


# ---- names of the cases, as the field's lab has them -----------------------------------------------

CASE = {"gateway": "gtpu"}
NEW = {"pppoe": "is of a log-in or a log-out"}
FLOWS_OF_HOST = 16  # FLOWS_PER_SUBSCRIBER of bench/loop/nat.c


def case_name(options, sessions):
    """nat44-h62500-p16-s1000000-udir-64b: hosts, ports of each, sessions, directions, frames (with FCS)."""
    kind = "cps" if options.new else {0: "udir", 100: "udir-down"}.get(options.inbound, "bidir")
    if options.nf == "nat":
        return f"nat44-h{-(-sessions // FLOWS_OF_HOST)}-p{FLOWS_OF_HOST}-s{sessions}-{kind}-64b"
    return f"{CASE.get(options.nf, options.nf)}-h{sessions}-s{sessions}-{kind}-64b"


def report(options, sessions, rates, opened, profiles):
    """One row of each variant, and the profile of the one that serves from day to day."""
    numbers, noise = {}, noise_of(rates) if options.runs else None
    for v in [*VARIANTS, *(n for n in rates if n not in VARIANTS)]:  # the second ones as well
        numbers[v] = {}
        if v in profiles:
            numbers[v]["instructions_per_packet"] = round(sum(profiles[v].values()), 3)
        if options.runs:
            numbers[v]["packets_per_second"] = round(statistics.median(rates[v]))
            numbers[v]["packets_per_second_runs"] = [round(r) for r in rates[v]]
            numbers[v]["packets_per_second_spread"] = round(spread(rates[v]), 4)
            if opened and options.new and v.rstrip(AGAIN) in VARIANTS:
                numbers[v]["sessions_per_second"] = round(statistics.median(rates[v]) * opened)
    for key in ("instructions_per_packet", "packets_per_second"):
        if key in numbers["bare"]:
            for v, value in of_bare(numbers, key, rates).items():
                numbers[v][f"{key}_of_bare"] = round(value, 4)
    print(f"\n{case_name(options, sessions)}: {sessions:,} sessions" + (f", every packet {NEW.get(options.nf, 'opens one')}" if options.new else "")
          + (", ports as null devices" if options.driver else ""))
    print(f"  {'':<12}{'instructions':>13}{'/ bare':>8}{'packets/s':>13}{'/ bare':>8}{'spread':>8}")
    for v, n in numbers.items():
        row = f"  {v:<12}"
        for key, text in (("instructions_per_packet", "13.1f"), ("packets_per_second", "13,d")):
            if key in n:
                value = n.get(f"{key}_of_bare")
                row += f"{n[key]:{text}}" + (" " * 8 if value is None else f"{value:8.4f}")
            else:
                row += f"{'':21}"
        print(row + (f"{spread(rates[v]) * 100:7.1f}%" + said_of(n, noise) if options.runs else ""), flush=True)
    if opened and options.new:
        print(f"  {1 / opened:.1f} packets for each session that comes up and ends; sessions/s: "
              + ", ".join(f"{v} {n['sessions_per_second']:,}" for v, n in numbers.items() if "sessions_per_second" in n))
    if options.runs:
        print(f"  A/A: a program differs from itself by {noise * 100:.1f} %; no difference is smaller than that")
        numbers["noise"] = {"packets_per_second_of_itself": round(noise, 4)}
    return numbers


def said_of(numbers, noise):
    """Of a row: whether its rate is another than that of the bare loop, so far as can be told."""
    value = numbers.get("packets_per_second_of_bare")
    if value is None:
        return ""
    numbers["packets_per_second_differs"] = abs(value - 1) > noise
    return "" if numbers["packets_per_second_differs"] or value == 1 else "  within noise"


def print_profile(options, profile):
    total = sum(profile.values())
    print(f"\n  {'instructions a packet, idle':<34}{'share':>7}")
    for function, n in sorted(profile.items(), key=lambda item: -item[1])[:options.profile]:
        print(f"  {function:<24}{n:>10.1f}{n / total * 100:>6.1f}%")


def main():
    options = parse()
    targets = [f"bench/loop/loop-{options.nf}{suffix}" for suffix in ("", "-bare")]
    if not options.no_build and not build.build(targets=targets):
        return 1
    if options.beside:
        return beside.main(options, sys.modules[__name__])
    result = {"nf": options.nf, "settings": {k: v for k, v in vars(options).items() if k != "json"},
              "cases": {str(n): case_name(options, n) for n in options.sessions},
              **{v: {} for v in VARIANTS}, "profile": {}}
    for sessions in options.sessions:
        rates, opened = measure_times(options, sessions) if options.runs else ({}, 0)
        profiles = count_instructions(options, sessions) if options.counted else {}
        for variant, numbers in report(options, sessions, rates, opened, profiles).items():
            result.setdefault(variant, {})[str(sessions)] = numbers
        if profiles:
            result["profile"][str(sessions)] = profiles
            print_profile(options, profiles["idle"])
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, beside.NotBuilt, build.NotBuilt) as e:
        sys.exit(f"bench/micro: {e}")
