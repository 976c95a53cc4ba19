#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The timeline names the component that was late."""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../../scripts/lib"))

from slimlab import timeline  # noqa: E402

STEPS = ("source slimd: hold command written", "source nf: first worker stopped", "source slimd: END sent",
         "target slimd: END arrived", "target nf: all workers serve", "source slimd: TAKEN known", "switch: flipped")


def a_move(**late):
    """Each step takes 10 us, one that is named (by its place) longer."""
    at, entries = 0, []
    for i, what in enumerate(STEPS):
        at += 0 if i == 0 else 10_000 + late.get(f"step{i}", 0)
        entries.append({"what": what, "at_ns": str(at)})  # as slimctl --json prints it
    return {"timeline": entries, "handover_ns": str(at)}


class Timeline(unittest.TestCase):
    def test_steps_end_with_taken(self):
        found = timeline.steps(a_move())
        self.assertEqual(list(found), list(STEPS[:-1]))
        self.assertEqual(set(list(found.values())[1:]), {10_000})

    def test_entries_in_any_order(self):
        move = a_move()
        move["timeline"].reverse()
        self.assertEqual(timeline.steps(move), timeline.steps(a_move()))

    def test_who_was_late(self):
        moves = [a_move() for _ in range(9)]
        for place, component in ((1, "source nf"), (2, "source slimd"), (3, "target slimd"), (4, "target nf")):
            slow = a_move(**{f"step{place}": 500_000})
            usual = timeline.medians([*moves, slow])
            by, what = timeline.lateness(slow, usual)[0]
            self.assertEqual((timeline.component(what), by), (component, 500_000))
            text = "\n".join(timeline.describe([*moves, slow]))
            self.assertIn(f"move 10: hand-over 560 us; late was the {component}, by 500 us", text)

    def test_a_step_that_is_always_long_is_not_late(self):
        moves = [a_move(step2=300_000) for _ in range(9)] + [a_move(step2=300_000, step3=50_000)]
        by, what = timeline.lateness(moves[-1], timeline.medians(moves))[0]
        self.assertEqual((timeline.component(what), by), ("target slimd", 50_000))

    def test_the_switch_is_not_late_behind_taken(self):
        slow = a_move(step6=10**9)
        self.assertNotIn("switch", str(timeline.lateness(slow, timeline.medians([a_move(), slow]))))

    def test_the_slowest(self):
        moves = [a_move(step1=n * 1000) for n in (3, 9, 1, 7, 5, 8, 2)]
        self.assertEqual([number for number, _ in timeline.slowest(moves)], [2, 6, 4, 5, 1])

    def test_moves_without_a_timeline(self):
        self.assertEqual(timeline.steps({}), {})
        self.assertEqual(len(timeline.describe([{"handover_ns": 5}])), 2)

    def test_quantiles(self):
        values = list(range(1, 101))
        self.assertEqual([timeline.quantile(values, p) for p in (0, 500, 990, 1000)], [1, 50, 99, 100])
        self.assertEqual(timeline.quantile([7], 990), 7)


if __name__ == "__main__":
    unittest.main()
