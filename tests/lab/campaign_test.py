#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Campaigns: what is planned, what is kept, and what the figures of a run are."""

import contextlib
import io
import json
import os
import sys
import tempfile
import types
import unittest

PROJECT = os.path.realpath(f"{os.path.dirname(__file__)}/../..")
sys.path.insert(0, f"{PROJECT}/scripts/lib")

import campaign  # noqa: E402 (the path comes first)
from campaigns import all_campaigns, measure, steady  # noqa: E402
from campaigns.runs import Batch, Outcome, Run, in_turns, point_text, runs_of, scalar  # noqa: E402
from campaigns.store import Store  # noqa: E402
from slimlab import wait  # noqa: E402

POINT = {"nf": "nat", "sessions": 1000}


class Plans(unittest.TestCase):
    # Killed by: slim without its twin; a twin of another mode; a repeat that is left out.
    def test_slim_has_a_twin(self):
        runs = runs_of("size", ("slim", "stop-copy"), POINT, 3)
        found = sorted((r.repeat, r.mode, r.twin) for r in runs)
        self.assertEqual(found, sorted((n, mode, twin) for n in (1, 2, 3)
                                       for mode, twin in (("slim", False), ("slim", True), ("stop-copy", False))))

    # Killed by: all of one mode behind the other; the same order in each repeat.
    def test_modes_take_turns(self):
        runs = in_turns(runs_of("size", ("slim", "stop-copy", "no-hold"), POINT, 12))
        parts = [runs[i:i + 4] for i in range(0, len(runs), 4)]
        self.assertEqual([{r.repeat for r in part} for part in parts], [{n} for n in range(1, 13)])
        self.assertGreater(len({tuple((r.mode, r.twin) for r in part) for part in parts}), 1)

    # Killed by: a seed that a mode changes, or that a repeat does not.
    def test_all_modes_of_a_repeat_have_one_load(self):
        runs = runs_of("size", ("slim", "stop-copy"), POINT, 2)
        self.assertEqual(len({r.seed for r in runs if r.repeat == 1}), 1)
        self.assertEqual(len({r.seed for r in runs}), 2)

    # Killed by: a campaign whose points have other keys than it says, or a plan with a run twice.
    def test_every_campaign(self):
        names = [c.name for c in all_campaigns()]
        self.assertEqual(len(names), len(set(names)))
        for c in all_campaigns():
            for scale in ("quick", "full"):
                runs = c.plan(scale)
                self.assertTrue(runs)
                self.assertEqual(len({r.key for r in runs}), len(runs), c.name)
                for run in runs:
                    self.assertEqual(tuple(key for key, _ in run.point), tuple(c.keys))
                self.assertEqual(sorted(r.key for b in c.batches(runs) for r in b.runs), sorted(r.key for r in runs))

    # Killed by: a command that does not name the run it stands beside.
    def test_a_command_names_its_run(self):
        for c in all_campaigns():
            for run in c.plan("quick")[::5]:
                words = run.command().split(" --")
                options = {word.split(" ", 1)[0]: word.split(" ", 1)[1] for word in words[1:]}
                asked = types.SimpleNamespace(
                    scale="quick", mode=options["mode"], repeat=int(options["repeat"]),
                    point={k: scalar(v) for k, v in (part.split("=", 1) for part in options["point"].split(","))})
                found = campaign.planned(asked, c)
                self.assertIn(run.key, [r.key for r in found], run.command())
                self.assertEqual({r.key[:4] for r in found}, {run.key[:4]})


class Stores(unittest.TestCase):
    def setUp(self):
        where = tempfile.TemporaryDirectory(prefix="slim-campaign-")
        self.addCleanup(where.cleanup)
        self.folder = where.name
        self.run = Run("size", "slim", tuple(POINT.items()), 1)

    def lines(self):
        with open(f"{self.folder}/size.jsonl", encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    # Killed by: a run that is done again; one that is not, because its twin is.
    def test_what_has_a_line_is_done(self):
        Store(self.folder).add(self.run, Outcome("failed", ["why"], {"lost": 3}))
        store = Store(self.folder)
        self.assertTrue(store.is_done(self.run))
        self.assertFalse(store.is_done(Run("size", "slim", tuple(POINT.items()), 1, True)))
        self.assertFalse(store.is_done(Run("size", "slim", tuple(POINT.items()), 2)))
        self.assertEqual((self.lines()[0]["result"], self.lines()[0]["figures"]), ("failed", {"lost": 3}))

    # Killed by: a lab that could not be made and counts as a result; one that is tried for ever.
    def test_an_error_is_tried_once_more(self):
        for n in (1, 2):
            self.assertFalse(Store(self.folder).is_done(self.run))
            Store(self.folder).add(self.run, Outcome("error", ["no memory"], {}))
            self.assertEqual(len(self.lines()), n)
        self.assertTrue(Store(self.folder).is_done(self.run))

    # Killed by: a torn line that the next one is written behind.
    def test_a_line_without_its_end_is_taken_away(self):
        Store(self.folder).add(self.run, Outcome("complete", [], {}))
        with open(f"{self.folder}/size.jsonl", "a", encoding="utf-8") as f:
            f.write('{"schema": 1, "camp')
        again = Run("size", "slim", tuple(POINT.items()), 2)
        store = Store(self.folder)
        self.assertFalse(store.is_done(again))
        store.add(again, Outcome("complete", [], {}))
        self.assertEqual([(line["repeat"], line["order"]) for line in self.lines()], [(1, 1), (2, 2)])

    # Killed by: a line whose machine is nowhere described; a second call on the machine that describes it again.
    def test_the_machine_is_described(self):
        Store(self.folder).add(self.run, Outcome("complete", [], {}))
        Store(self.folder).add(self.run, Outcome("complete", [], {}))
        with open(f"{self.folder}/machines.json", encoding="utf-8") as f:
            machines = json.load(f)
        self.assertEqual({line["machine"] for line in self.lines()}, set(machines))
        self.assertEqual(machines[self.lines()[0]["machine"]]["cores"], os.cpu_count())

    # Killed by: a trouble that ends the whole campaign, or that is not told; runs behind it that are lost.
    def test_a_lab_that_fails_is_a_line(self):
        runs = runs_of("size", ("slim",), POINT, 1)

        class Fails:
            name = "size"

            def measure(self, batch, emit, _say):
                emit(batch.runs[0], Outcome("complete", [], {}))
                raise wait.DeadlinePassed("the switch: not within 30 s")

        store = Store(self.folder)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            self.assertFalse(campaign.run_batch(store, Batch(Fails(), "", list(runs), 1)))
        self.assertIn("error", said.getvalue())
        self.assertEqual([line["result"] for line in self.lines()], ["complete", "error"])
        self.assertIn("the switch", self.lines()[1]["reasons"][0])
        self.assertEqual([store.is_done(run) for run in runs], [True, False])


class Figures(unittest.TestCase):
    """A window with 1,000 packets: 900 within 14 ms, 80 at 18 ms, 15 at 40 ms, 5 lost."""

    def setUp(self):
        up = [[14_000_000, 900], [18_000_000, 80], [40_000_000, 15]]
        self.window = {"name": "move", "sum": {"sent": 1000, "lost": 5, "duplicated": 0, "reordered": 2, "mistranslated": 0,
                                               "max_gap_us": 2500.0}, "hist": {"up": up, "down": [], "rtt": [[2_000_000, 3], [3_000_000, 1]]}}
        self.before = {"name": "before", "sum": {}, "hist": {"up": [[1_000_000, 10]], "down": [], "rtt": [[1_000_000, 1]]}}

    # Killed by: lost packets that are in time; a limit that takes the next bin along.
    def test_within(self):
        found = [measure.within_percent(self.window, limit) for limit in (13, 14, 15, 20, 30, 50)]
        self.assertEqual(found, [0.0, 90.0, 90.0, 98.0, 98.0, 99.5])

    # Killed by: the median in place of the slowest hundredth; a difference to itself.
    def test_added(self):
        self.assertEqual(measure.added_p99_ms(self.window, self.before), 39.0)
        self.assertIsNone(measure.added_p99_ms({**self.window, "hist": {"up": [], "down": [], "rtt": []}}, self.before))

    def test_load(self):
        found = measure.of_load({"windows": [self.before, self.window]}, "move", "before")
        self.assertEqual((found["loss_percent"], found["lost"], found["reordered"], found["max_gap_ms"], found["rtt_ms_max"],
                          found["before_rtt_ms_p50"], found["wrong_cell"]), (0.5, 5, 2, 2.5, 3.0, 1.0, 0))

    # Killed by: bins whose upper bound stands for all of them, where the width is known.
    def test_mean(self):
        self.assertEqual(measure.mean_ns([[100, 1], [200, 1]]), (100 + 150) / 2)
        self.assertEqual(measure.mean_ns([[100, 1], [1_000_000, 1]]), (100 + 1_000_000) / 2)
        self.assertIsNone(measure.mean_ns([]))

    # Killed by: parts that begin elsewhere; a part that is not whole; empty bins in a median.
    def test_series(self):
        n = 45
        s = {"start_ns": 5_000_000_000, "bin_ns": 10_000_000, "sent": [1] * n, "lost": [0] * 25 + [1] + [0] * 19,
             "rtt_p50_us": [0, 2000] * 22 + [0], "rtt_max_us": list(range(n))}
        found = measure.series({"series": s}, 5_100_000_000, 5_450_000_000, (5_200_000_000, 5_300_000_000))
        self.assertEqual(found["time_s"], [0.0, 0.1, 0.2])
        self.assertEqual((found["sent"], found["lost"]), ([10, 10, 10], [0, 1, 0]))
        self.assertEqual((found["rtt_ms_p50"], found["rtt_ms_max"]), ([2.0] * 3, [0.019, 0.029, 0.039]))
        self.assertEqual(found["move_s"], [0.1, 0.2])

    # Killed by: a phase that the job never had and that took no time; octets of packets that were only queued left out.
    def test_job(self):
        self.assertEqual(measure.of_job({"text": "no"}, 512), {})
        job = {"result": {"duration_ns": "2000000000", "handover_ns": 1_500_000, "entries": "7", "held_packets": 3, "queued_packets": 4},
               "phases": [{"phase": "copy", "monotonic_ns": 0}, {"phase": "steer", "monotonic_ns": 10_000_000}], "elapsed_ns": 30_000_000}
        found = measure.of_job(job, 512)
        self.assertEqual((found["duration_s"], found["handover_ms"], found["held_packets"], found["held_octets"]), (2.0, 1.5, 7, 3584))
        self.assertEqual((found["copy_ms"], found["steer_ms"], found["trail_ms"]), (10.0, 20.0, None))


class Steady(unittest.TestCase):
    """1,000 frames of 500 octets in two seconds, and a catch-up of four."""

    JOB = {"result": {"delta_bytes": "4000"}, "elapsed_ns": 6_000_000_000,
           "phases": [{"phase": "copy", "monotonic_ns": 0}, {"phase": "catch-up", "monotonic_ns": 1_000_000_000},
                      {"phase": "done", "monotonic_ns": "5000000000"}]}

    def figures(self, sent):
        return measure.of_steady({"start_ns": 0, "end_ns": 2_000_000_000, "sum": {"sent": sent}}, 5_000, 2.5, self.JOB, 500)

    # Killed by: octets of different times against each other; changes of the whole catch-up against the data of the window.
    def test_rates_are_compared(self):
        found = self.figures(1000)
        self.assertEqual((found["steady_data_octets_per_s"], found["steady_link_octets_per_s"], found["steady_delta_octets_per_s"]),
                         (250_000, 2_000, 1_000))
        self.assertEqual((found["state_percent_of_data"], found["delta_percent_of_data"]), (0.8, 0.4))

    # Killed by: a ratio to nothing.
    def test_without_data_there_is_no_ratio(self):
        self.assertIsNone(self.figures(0)["state_percent_of_data"])

    # Killed by: an error that ends the whole campaign in place of the run.
    def test_a_move_that_does_not_stay_is_a_line(self):
        self.assertTrue(issubclass(steady.NotSteady, campaign.TROUBLES))

    # Killed by: the mode at each point, which needs a lab more.
    def test_a_quick_look_has_few_of_duplicate(self):
        ancestor = next(c for c in all_campaigns() if c.name == "ancestor")
        points = {scale: {(dict(run.point)["nf"], dict(run.point)["octets"]) for run in ancestor.plan(scale) if run.mode == "duplicate"}
                  for scale in ("quick", "full")}
        self.assertEqual(points, {"quick": {("nat", 512)},
                                  "full": {(nf, octets) for nf in ("nat", "gateway") for octets in (512, 1400)}})

    # Killed by: a mode that is asked for it although it sends nothing of its own; per-packet left out.
    def test_only_where_state_flows(self):
        ancestor = next(c for c in all_campaigns() if c.name == "ancestor")
        asked = {run.mode for run in ancestor.plan("quick") if ancestor.load_of(run).steady_s}
        self.assertEqual(asked, {"slim", "duplicate", "per-packet"})


class Arguments(unittest.TestCase):
    # Killed by: words for numbers, so a point's value is never found.
    def test_scalars(self):
        self.assertEqual([scalar(text) for text in ("12", "1.5", "nat", "cold restart")], [12, 1.5, "nat", "cold restart"])
        self.assertEqual(point_text({"a": 1, "b": "x"}), "a=1,b=x")


if __name__ == "__main__":
    unittest.main()
