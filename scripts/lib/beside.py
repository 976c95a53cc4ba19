# SPDX-License-Identifier: Apache-2.0
"""bench/micro --beside REF: the loop of a commit in turn with that of this tree. Both stand twice, so that what a program differs from
itself by is known; all four are started several times, in random order each time, since where memory lies is drawn by a start and
stays for its life; and in each round they run in random order. A ratio within the noise is no difference."""

import contextlib
import ctypes
import errno
import itertools
import json
import math
import os
import random
import statistics
import subprocess

from slimlab import build, scratch

SIDES = ("ref", "here")
MOST_WARM = 20  # runs that do not count, at most


class NotBuilt(Exception):
    """The commit cannot be built."""


@contextlib.contextmanager
def built(ref, nf, suffix):
    """The program of a commit, in a folder of its own for as long as it is needed."""
    with scratch.folder("beside") as folder:
        archive = subprocess.run(["git", "-C", build.PROJECT, "archive", ref], capture_output=True, check=False)
        if archive.returncode != 0:
            raise NotBuilt(f"{ref}: {archive.stderr.decode(errors='replace').strip()}")
        os.mkdir(f"{folder}/source")
        subprocess.run(["tar", "-x", "-C", f"{folder}/source"], input=archive.stdout, check=True)
        program = f"bench/loop/loop-{nf}{suffix}"
        for command in (["meson", "setup", f"{folder}/build", f"{folder}/source"],
                        ["ninja", "-C", f"{folder}/build", program]):
            done = subprocess.run(command, capture_output=True, text=True, check=False,
                                  env={**os.environ, "CC": build.FLAVOURS["gcc"]["compiler"]})
            if done.returncode != 0:
                raise NotBuilt(f"{ref}: {done.stdout[-2000:]}")
        yield f"{folder}/build/{program}"


# ---- instructions by the processor's own counter ------------------------------------------------------


class Counter:
    """Instructions of a process outside of the kernel. What the load itself takes is in it: compare, do not add up."""
    SIZE, HARDWARE, INSTRUCTIONS = 112, 0, 1
    DISABLED, INHERIT, NO_KERNEL, NO_HYPERVISOR = 1 << 0, 1 << 1, 1 << 5, 1 << 6
    NUMBER = {"x86_64": 298, "aarch64": 241}

    def __init__(self, pid):
        attributes = bytearray(self.SIZE)
        flags = self.INHERIT | self.NO_KERNEL | self.NO_HYPERVISOR
        for at, size, value in ((0, 4, self.HARDWARE), (4, 4, self.SIZE), (8, 8, self.INSTRUCTIONS), (40, 8, flags)):
            attributes[at:at + size] = value.to_bytes(size, "little")
        libc = ctypes.CDLL(None, use_errno=True)
        number = self.NUMBER.get(os.uname().machine)
        self.fd = libc.syscall(number, bytes(attributes), pid, -1, -1, 0) if number else -1
        if self.fd < 0:
            error = ctypes.get_errno() if number else errno.ENOSYS
            raise OSError(error, os.strerror(error))

    def read(self):
        return int.from_bytes(os.read(self.fd, 8), "little")

    def close(self):
        os.close(self.fd)


def counter_of(pid):
    """(a counter or None, why there is none)"""
    try:
        return Counter(pid), None
    except OSError as e:
        return None, os.strerror(e.errno)


# ---- runs -----------------------------------------------------------------------------------------------


class Runner:
    """One program that is alive, and its rates."""

    def __init__(self, name, loop):
        self.name, self.loop = name, loop
        self.rates, self.instructions = [], []
        loop.wait_ready()
        self.counter, self.without = counter_of(loop.process.pid)

    def run(self, counts):
        before = self.counter.read() if self.counter else 0
        result = self.loop.run()
        if counts:
            self.rates.append(result["packets"] / result["seconds"])
        if counts and self.counter:
            self.instructions.append((self.counter.read() - before) / result["packets"])
        return result

    def close(self):
        if self.counter:
            self.counter.close()
        self.loop.__exit__()


def n_warm(sessions, packets):
    """Runs until each session has been seen about once."""
    return min(MOST_WARM, math.ceil(sessions / packets))


def one_start(options, micro, sessions, programs, order):
    """{name: Runner}, after all its runs. `programs`: {side: program}."""
    names = [f"{side}{again}" for side, again in itertools.product(SIDES, ("", "'"))]
    order.shuffle(names)
    runners = []
    try:
        for name in names:
            loop = micro.Loop(options, options.variant, sessions, options.packets, program=programs[name.rstrip("'")])
            runners.append(Runner(name, loop))
        for number in range(n_warm(sessions, options.packets) + options.runs):
            order.shuffle(runners)
            results = [r.run(number >= n_warm(sessions, options.packets)) for r in runners]
            if any(result["dropped"] for result in results):
                raise micro.Failed(f"packets were dropped: {results}")
    finally:
        for runner in runners:
            runner.close()
    return {runner.name: runner for runner in runners}


# ---- what it says --------------------------------------------------------------------------------------------


def noise_of(starts):
    """By how much a program differs from itself, of the same start and of another one: the largest distance of two medians of
    one side. `starts`: [{name: [rates]}]"""
    found = 0.0
    for side in SIDES:
        medians = [statistics.median(rates) for start in starts for name, rates in start.items() if name.rstrip("'") == side]
        found = max(found, max(medians) / min(medians) - 1)
    # One start's luck is not that of the median of all.
    return found / math.sqrt(len(starts))


def ratio_of(starts):
    """This tree's rate of the commit's: the median over starts of the medians of both twins."""
    def of(start, side):
        return statistics.median(start[side] + start[f"{side}'"])
    return statistics.median(of(start, "here") / of(start, "ref") for start in starts)


def verdict(ratio, noise):
    """In words; nothing smaller than the noise is a difference."""
    if abs(ratio - 1) <= noise:
        return "no difference that can be told"
    return f"{'faster' if ratio > 1 else 'slower'} than the commit"


def report(options, micro, sessions, runs):
    """`runs`: of each start, {name: Runner}"""
    starts = [{name: runner.rates for name, runner in start.items()} for start in runs]
    noise, ratio = noise_of(starts), ratio_of(starts)
    print(f"\n{micro.case_name(options, sessions)}, {options.variant}: {options.beside} (ref) beside this tree (here)")
    for number, start in enumerate(starts, 1):
        for name, rates in start.items():
            print(f"  start {number} {name:<6}{statistics.median(rates):>13,.0f} packets/s   "
                  + " ".join(f"{rate / 1e6:.3f}" for rate in rates))
    print(f"  here / ref {ratio:.4f}; A/A {noise * 100:.1f} %: {verdict(ratio, noise)}")
    counted = instructions_of(runs)
    if counted:
        print("  instructions a packet, the load's own included: "
              + ", ".join(f"{side} {n:.1f}" for side, n in counted.items()))
    else:
        why = next(runner.without for start in runs for runner in start.values())
        print(f"  instructions: perf_event has none here ({why}); --counted takes callgrind")
    return {"ratio": round(ratio, 4), "noise": round(noise, 4), "verdict": verdict(ratio, noise), "starts": starts,
            "instructions": counted}


def instructions_of(runs):
    """{side: median}, or None if there is no counter."""
    found = {side: [n for start in runs for name, runner in start.items() if name.rstrip("'") == side
                    for n in runner.instructions] for side in SIDES}
    return {side: round(statistics.median(ns), 1) for side, ns in found.items()} if all(found.values()) else None


def main(options, micro):
    order = random.Random(options.seed)
    suffix = micro.VARIANTS[options.variant]
    result = {"beside": options.beside, "variant": options.variant, "cases": {}}
    with built(options.beside, options.nf, suffix) as ref:
        programs = {"ref": ref, "here": build.program(f"loop-{options.nf}{suffix}")}
        for sessions in options.sessions:
            runs = [one_start(options, micro, sessions, programs, order) for _ in range(options.starts)]
            result["cases"][micro.case_name(options, sessions)] = report(options, micro, sessions, runs)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(result, f, indent=1)
    return 0
