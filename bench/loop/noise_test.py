#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two identical programs are not told apart, two different ones are; and the orders of a comparison are drawn."""

import os
import random
import sys
import types
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../../scripts/lib"))

import beside  # noqa: E402
import micro  # noqa: E402


def rates(**of):
    """Of all variants and of their twins; `of`: those that are not 100."""
    found = {v: [100.0] * 3 for v in [*micro.VARIANTS, *(v + micro.AGAIN for v in micro.VARIANTS)]}
    for name, values in of.items():
        found[name.replace("_again", micro.AGAIN)] = values
    return found


class Noise(unittest.TestCase):
    def test_the_most_that_a_program_differs_from_itself_by(self):
        self.assertEqual(micro.noise_of(rates()), 0)
        self.assertAlmostEqual(micro.noise_of(rates(idle_again=[116.0] * 3, bare_again=[95.0] * 3)), 0.16)
        self.assertAlmostEqual(micro.noise_of(rates(duplicate_again=[80.0] * 3)), 0.2)

    def test_nothing_smaller_is_a_difference(self):
        row = {"packets_per_second_of_bare": 1.15}
        self.assertEqual((micro.said_of(row, 0.16), row["packets_per_second_differs"]), ("  within noise", False))
        self.assertEqual((micro.said_of(row, 0.14), row["packets_per_second_differs"]), ("", True))

    def test_each_is_compared_with_the_bare_loop_beside_it(self):
        numbers = {v: {} for v in micro.VARIANTS}
        found = micro.of_bare(numbers, "packets_per_second", rates(idle=[90.0] * 3, idle_again=[50.0] * 3,
                                                                   bare_again=[50.0] * 3))
        self.assertAlmostEqual(found["idle"], (0.9 + 1) / 2)


def a_start(ref=100.0, here=100.0, again=0.0):
    return {"ref": [ref] * 3, "ref'": [ref + again] * 3, "here": [here] * 3, "here'": [here + again] * 3}


class Beside(unittest.TestCase):
    def told(self, starts):
        return beside.verdict(beside.ratio_of(starts), beside.noise_of(starts))

    def test_identical_programs(self):
        self.assertEqual(self.told([a_start(100, 116), a_start(116, 100)] * 2), "no difference that can be told")
        self.assertEqual(self.told([a_start(100, 103, again=16)]), "no difference that can be told")

    def test_different_programs(self):
        self.assertEqual(self.told([a_start(100, 300), a_start(105, 300)]), "faster than the commit")
        self.assertEqual(self.told([a_start(100, 80), a_start(101, 80)]), "slower than the commit")

    def test_a_start_that_is_all_slow_falls_on_both(self):
        self.assertAlmostEqual(beside.ratio_of([a_start(100, 120), a_start(50, 60), a_start(10, 12)]), 1.2)

    def test_an_unknown_commit(self):
        with self.assertRaises(beside.NotBuilt), beside.built("no-such-ref", "nat", ""):
            pass

    def test_a_counter_says_why_there_is_none(self):
        counter, why = beside.counter_of(os.getpid())
        self.assertEqual(counter is None, why is not None)
        if counter:
            first = counter.read()
            self.assertGreater(counter.read(), first)
            counter.close()


class FakeLoop:
    turns = []  # who ran, in order
    dropped = 0

    def __init__(self, *_, program):
        self.program, self.process = program, types.SimpleNamespace(pid=os.getpid())

    def wait_ready(self):
        pass

    def run(self):
        FakeLoop.turns.append(self)
        return {"packets": 1000, "seconds": 0.5, "dropped": FakeLoop.dropped}

    def __exit__(self, *_):
        pass


class Start(unittest.TestCase):
    OPTIONS = types.SimpleNamespace(variant="bare", packets=1000, runs=8)
    FAKE = types.SimpleNamespace(Loop=FakeLoop, Failed=micro.Failed)

    def start(self, sessions=2500):
        FakeLoop.turns = []
        return beside.one_start(self.OPTIONS, self.FAKE, sessions, {"ref": "r", "here": "h"}, random.Random(1))

    def test_all_take_turns_in_random_order(self):
        runners = self.start()
        rounds = [tuple(id(loop) for loop in FakeLoop.turns[i:i + 4]) for i in range(0, len(FakeLoop.turns), 4)]
        self.assertEqual({len(set(r)) for r in rounds}, {4})
        self.assertGreater(len(set(rounds)), 3)
        self.assertEqual({name: runner.loop.program for name, runner in runners.items()},
                         {"ref": "r", "ref'": "r", "here": "h", "here'": "h"})

    def test_it_is_warm_by_the_number_of_sessions(self):
        runners = self.start()
        self.assertEqual((len(FakeLoop.turns), {len(r.rates) for r in runners.values()}), (4 * (3 + 8), {8}))
        self.assertEqual(beside.n_warm(10**9, 1000), beside.MOST_WARM)

    def test_dropped_packets(self):
        FakeLoop.dropped = 1
        self.addCleanup(setattr, FakeLoop, "dropped", 0)
        with self.assertRaises(micro.Failed):
            self.start()


class Names(unittest.TestCase):
    def test_as_the_lab_has_them(self):
        def name(nf="nat", sessions=1_000_000, new=False, inbound=50):
            return micro.case_name(types.SimpleNamespace(nf=nf, new=new, inbound=inbound), sessions)

        self.assertEqual(name(inbound=0), "nat44-h62500-p16-s1000000-udir-64b")
        self.assertEqual(name(), "nat44-h62500-p16-s1000000-bidir-64b")
        self.assertEqual(name(sessions=1000, new=True), "nat44-h63-p16-s1000-cps-64b")
        self.assertEqual(name("gateway", 100_000), "gtpu-h100000-s100000-bidir-64b")
        self.assertEqual(name("gateway", 100_000, inbound=0), "gtpu-h100000-s100000-udir-64b")
        self.assertEqual(name("gateway", 100_000, inbound=100), "gtpu-h100000-s100000-udir-down-64b")


if __name__ == "__main__":
    unittest.main()
