#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Results are read or refused by file and line; statistics are what they are by hand; a ratio is a difference only beyond the
A/A row."""

import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import synthetic  # noqa: E402
from slimcampaign import check, data, statistics  # noqa: E402
from slimcampaign.text import number  # noqa: E402
from slimcampaign.values import Sheet  # noqa: E402


def files(**more):
    return {**synthetic.texts(7, 2, (synthetic.link,), few=1), **more}


def changed(**keys):
    """The files, with other content in the second line."""
    made = files()
    lines = made["link.jsonl"].split("\n")
    lines[1] = json.dumps({**json.loads(lines[1]), **keys})
    return {**made, "link.jsonl": "\n".join(lines)}


class Reading(unittest.TestCase):
    def refused(self, texts):
        with self.assertRaises(data.BadInput) as caught:
            data.parse(texts)
        return str(caught.exception)

    def test_every_line_is_a_run(self):
        # Killed by: a first line that is skipped, a twin that is not read.
        results = data.parse(files())
        self.assertEqual([run.order for run in results.runs], [1, 2, 3, 4, 5, 6])
        self.assertEqual(sum(run.twin for run in results.runs), 2)
        self.assertEqual(results.notes, [])

    def test_a_bad_line_is_named(self):
        # Killed by: a bad line that is skipped, a number of the line that begins at zero.
        good = files()["link.jsonl"]
        self.assertTrue(self.refused(files(**{"link.jsonl": "{]\n" + good})).startswith("link.jsonl:1: "))
        self.assertTrue(self.refused(files(**{"link.jsonl": good + "{]\n"})).startswith("link.jsonl:7: "))
        self.assertIn("link.jsonl:1: NaN is no number", self.refused(files(**{"link.jsonl": '{"a": NaN}\n'})))

    def test_what_a_line_must_have(self):
        # Killed by: any check of problem_of that is left out.
        for keys, why in (({"schema": 2}, "schema 2"), ({"mode": "magic"}, "unknown mode 'magic'"),
                          ({"result": "fine"}, "unknown result 'fine'"),
                          ({"campaign": "size"}, "in another one's file"), ({"repeat": True}, "'repeat' is of another type"),
                          ({"figures": {"a": "1"}}, "figure 'a'"),
                          ({"machine": "other"}, "machine 'other' is not in machines.json"),
                          ({"point": {"nf": "nat"}}, "a point of nf; the first has nf, mbit, delay_ms, flows"),
                          ({"lists": {"a": [None]}}, "list 'a'"),
                          ({"mode": "stop-copy", "twin": True}, "only slim has a twin"),
                          ({"series": {"bin_ms": 1, "time_s": [1], "lost": []}}, "different lengths")):
            self.assertIn(f"link.jsonl:2: {why}" if not why.startswith("in ") and not why.startswith("different") else why,
                          self.refused(changed(**keys)))

    def test_an_interrupted_last_line(self):
        # Killed by: a cut line that is an error, or that nobody hears of; one in the middle that is taken for the last.
        made = files()
        whole = made["link.jsonl"]
        results = data.parse({**made, "link.jsonl": whole[:-20]})
        self.assertEqual(len(results.runs), 5)
        self.assertEqual(results.cut, {"link.jsonl": 6})
        self.assertIn("link.jsonl:6: the last line is cut", results.notes[0])
        self.assertEqual(len(data.parse({**made, "link.jsonl": whole[:-1]}).runs), 6)  # only the end of the line is missing
        self.assertTrue(self.refused({**made, "link.jsonl": whole[:-20] + "\n"}).startswith("link.jsonl:6: "))

    def test_a_folder(self):
        # Killed by: a stranger that is not told, an empty folder that is taken for results.
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaisesRegex(data.BadInput, "there is no machines.json"):
                data.read(folder)
            synthetic.write(folder, files(**{"other.jsonl": "{}\n"}))
            self.assertIn("other.jsonl: no campaign has this name; it is left out", data.read(folder).notes)
        with self.assertRaisesRegex(data.BadInput, "no such folder"):
            data.read(folder)


class Statistics(unittest.TestCase):
    def test_by_hand(self):
        # Killed by: a median of an even number that is one of them, a quantile without the part between, n for n - 1.
        self.assertEqual(statistics.median([4, 1, 3, 2]), 2.5)
        self.assertEqual(statistics.quantile([10, 20, 30, 40, 50], 0.9), 46)
        self.assertEqual(statistics.mean([1, 2, 6]), 3)
        self.assertEqual((statistics.least([3, 1]), statistics.most([3, 1])), (1, 3))
        self.assertAlmostEqual(statistics.deviation([2, 4, 4, 4, 5, 5, 7, 9]) ** 2, 32 / 7, 12)
        self.assertEqual(statistics.deviation([0.1, 0.1, 0.1]), 0)
        for name in ("mean", "median", "least", "most", "interval"):
            self.assertIsNone(getattr(statistics, name)([]))

    def test_students_t(self):
        # The table of every book. Killed by: a one-sided quantile, degrees of freedom that are one off.
        for freedom, t in ((1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (29, 2.045), (120, 1.980)):
            self.assertAlmostEqual(statistics.student_t(freedom), t, 3)
            self.assertAlmostEqual(check.t_for_95(freedom), t, 3)

    def test_interval_of_the_mean(self):
        # 10, 12, 14: deviation 2, t 4.3027, root of three. Killed by: the interval of a value for that of the mean.
        self.assertAlmostEqual(statistics.interval([10, 12, 14]), 4.302653 * 2 / 3 ** 0.5, 5)
        self.assertIsNone(statistics.interval([1]))

    def test_a_ratio_within_the_aa_row_is_none(self):
        # Killed by: a spread of one direction only, `<` for `<=`, a verdict without an A/A row.
        self.assertEqual(statistics.spread([(8, 10), (12, 10)]), 1.25)
        self.assertEqual(statistics.verdict(1.25, 1.25), "no difference")
        self.assertEqual(statistics.verdict(1 / 1.24, 1.25), "no difference")
        self.assertEqual(statistics.verdict(1.26, 1.25), "more")
        self.assertEqual(statistics.verdict(0.79, 1.25), "less")
        self.assertEqual(statistics.verdict(2, None), "no A/A row")
        self.assertIsNone(statistics.ratio([1], [0]))


class Values(unittest.TestCase):
    def setUp(self):
        made = files()
        lines = [json.loads(line) for line in made["link.jsonl"].splitlines()]
        for line, seconds in zip(lines, (2.0, 3.0, 2.5, 4.0, 9.0, 4.4)):  # slim, stop-copy, twin; twice
            line["figures"]["duration_s"] = seconds
        lines[4]["result"], lines[1]["result"] = "void", "failed"
        self.texts = {**made, "link.jsonl": "".join(json.dumps(line) + "\n" for line in lines)}
        self.sheet = Sheet(data.parse(self.texts))

    def test_failed_runs_count_and_void_ones_do_not(self):
        # Killed by: a failed run that is left out of the statistics, a void one that is not.
        where = {"campaign": "link", "mode": "stop-copy", "twin": False}
        self.assertEqual(self.sheet.stat("median", "figures.duration_s", **where).value, 3.0)
        self.assertEqual(self.sheet.count(**where).value, 2)
        self.assertEqual(self.sheet.count(**where, result="void").value, 1)

    def test_pairs_of_the_aa_row(self):
        # 2.5 of 2, 4.4 of 4; stop-copy 3 of the median 3. Killed by: pairs of other repeats, twins among slim's own runs.
        self.assertEqual(self.sheet.spread("figures.duration_s", campaign="link").value, 1.25)
        where = {"campaign": "link", "mode": "stop-copy", "twin": False}
        self.assertEqual(self.sheet.ratio("figures.duration_s", **where).value, 1.0)
        self.assertEqual(self.sheet.verdict("figures.duration_s", **where).value, "no difference")

    def test_two_ways_to_compute(self):
        # Whatever the page can say, the check says the same. Killed by: a change of either.
        results = data.parse(synthetic.texts(3, 2, few=2))
        sheet, other = Sheet(results), check.Evaluator(results.texts)
        said = []
        for run in results.runs:
            where = {"campaign": run.campaign, "mode": run.mode, "twin": run.twin, **run.point}
            for figure in list(run.figures)[:3]:
                name = f"figures.{figure}"
                said += [sheet.stat(stat, name, **where) for stat in ("mean", "median", "least", "most", "interval",
                                                                      "quantile:0.9")]
                said += [sheet.ratio(name, **where), sheet.verdict(name, **where), sheet.spread(name, campaign=run.campaign),
                         sheet.total(name, **where)]
            said += [sheet.field("reasons", run), sheet.field("command", run),
                     sheet.count(result=run.result, campaign=run.campaign)]
        said += [sheet.reach("mbit", "figures.lost", limit, campaign="ancestor", mode=mode, twin=False) for limit in (0, 10**9)
                 for mode in ("slim", "per-packet")]
        said += [sheet.stat("quantile:0.99", "lists.hold_us", campaign="anatomy", mode="slim", twin=False), sheet.date("least"),
                 sheet.machine("a1b2c3", "cpu")]
        for of, value in {value.of: value.value for value in said}.items():
            found = other.value(of)
            if isinstance(value, float) and found is not None:
                self.assertAlmostEqual(found / value if value else found + 1, 1, 6, of)
            else:
                self.assertEqual(found, value, of)

    def test_how_far_it_is_good(self):
        # Killed by: a failed run that does not end it, a later good point that counts again.
        texts = synthetic.texts(3, 2, (synthetic.ancestor,), few=5)
        lines = [json.loads(line) for line in texts["ancestor.jsonl"].splitlines()]
        for line in lines:
            if line["mode"] == "slim":
                line["result"], line["figures"]["lost"] = "complete", 0
        lines = [line for line in lines if line["mode"] == "slim" and not line["twin"]]
        self.assertEqual(self.reach(texts, lines), 450)
        next(line for line in lines if line["point"]["mbit"] == 250)["result"] = "failed"
        self.assertEqual(self.reach(texts, lines), 150)

    def reach(self, texts, lines):
        texts = {**texts, "ancestor.jsonl": "".join(json.dumps(line) + "\n" for line in lines)}
        found = Sheet(data.parse(texts)).reach("mbit", "figures.lost", 0, campaign="ancestor", mode="slim", twin=False)
        self.assertEqual(check.Evaluator(texts).value(found.of), found.value)
        return found.value


class Numbers(unittest.TestCase):
    def test_three_digits(self):
        # Killed by: cut instead of rounded, integers in powers of ten.
        for value, shown in ((1234567, "1,234,567"), (1234.56, "1,235"), (12.345, "12.3"), (0.012345, "0.0123"), (0.0, "0"),
                             (7, "7"),
                             (99.96, "100.0"), (None, "–"), (-2.5, "-2.50"), (3e-7, "0.000000300")):
            self.assertEqual(number(value), shown)


if __name__ == "__main__":
    unittest.main()
