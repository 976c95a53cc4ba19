#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures and page of results that are drawn from a seed: failures are drawn and counted, and a page of which anything was
changed is refused."""

import contextlib
import io
import json
import os
import random
import re
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import synthetic  # noqa: E402
from slimcampaign import check, data, draw_lines, figures, main, modes, opponents, page, plans, screenshot, style  # noqa: E402

SEED = 11
HIDDEN = re.compile(r"<(script|style|svg).*?</\1>|<[^>]*>|&#?\w+;", re.S)


def results(*campaigns, few=2):
    return data.parse(synthetic.texts(SEED, 2, campaigns, few))


def plan(name):
    return next(p for p in plans.PLANS if p.name == name)


def quietly(run, *args):
    """(exit status, what it printed)"""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = run([str(arg) for arg in args])
    return status, said.getvalue()


def visible_digits(text):
    """Where the digits are that a reader sees, outside of pictures."""
    shown = HIDDEN.sub(lambda m: " " * len(m[0]), text)
    return [m.start() for m in re.finditer(r"\d", shown)]


def other_digit(text, at):
    return f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1:]}"


class Pictures(unittest.TestCase):
    def crosses(self, figure):
        """How many red crosses stand in a figure, legends left out."""
        return sum(len(line.get_xdata()) for axis in figure.axes if axis.axison for line in axis.lines
                   if line.get_markeredgecolor() == style.BAD)

    def test_failed_runs_are_drawn(self):
        # Of the four stop-copy runs and none of slim's. Killed by: crosses for complete runs, or none where there is no value.
        found = results(synthetic.anatomy, synthetic.size)
        runs = [run for run in found.of("size")]
        failed = sum(run.result == "failed" for run in runs)
        self.assertGreater(failed, 0)
        for _, figure in figures.drawn(plan("size-octets"), found):
            self.assertEqual(self.crosses(figure), failed)  # at their values
        for _, figure in figures.drawn(plan("size-time"), found):
            self.assertEqual(self.crosses(figure), 2 * failed)  # at the foot, in each of two rows
        self.assertEqual(figures.drawn(plan("churn"), found), [])
        style.plt.close("all")

    def test_each_mode_has_its_own_look(self):
        # Killed by: a colour, a marker or dashes that two modes share.
        looks = [mode.look for name, mode in modes.MODES.items() if name != modes.TWIN]
        for key in ("colour", "dark", "marker", "glyph", "dashes"):
            self.assertEqual(len({getattr(look, key) for look in looks}), len(looks), key)

    def test_every_campaign_is_drawn(self):
        # Killed by: a kind of picture that does not draw; a picture of nothing; silence about one that is not there.
        found = results(synthetic.churn, synthetic.anatomy, synthetic.overhead, few=1)
        with tempfile.TemporaryDirectory() as folder:
            said = figures.write(found, folder, ("svg",))
            self.assertEqual(sorted(os.listdir(folder)), ["anatomy-holds.svg", "anatomy-parts.svg", "churn.svg", "overhead.svg"])
        self.assertIn("failure: no data of the campaign failure, no figure", said)
        self.assertEqual(len(said), len(plans.PLANS))

    def test_series_are_aligned_at_the_move(self):
        # Killed by: time since the run began; a quiet bin that counts as a round trip of zero.
        from slimcampaign import draw_time
        run = results(synthetic.ancestor, few=1).runs[0]
        run.series["rtt_ms_p50"][0] = 0
        seconds, values = draw_time.median_series([run], "rtt_ms_p50")
        self.assertEqual((round(seconds[0], 6), len(values)), (-1.9, 59))
        self.assertEqual(len(draw_time.draw(plan("ancestor-time"), [run])), 1)
        style.plt.close("all")

    def test_the_same_data_are_the_same_picture(self):
        # Killed by: a date or a random name in it.
        found = results(synthetic.overhead, few=1)
        once, again = (figures.inline(*figures.drawn(plan("overhead"), found)[0], "label") for _ in range(2))
        self.assertEqual(once, again)
        self.assertNotIn("#0072b2", once)  # but the page's colours
        self.assertIn("var(--mode-", once)

    def test_a_label_says_what_it_says(self):
        # 0.001 is no 0. Killed by: labels that are rounded as places are.
        found = results(synthetic.ancestor, few=2)
        self.assertIn(">0.001</text>", figures.inline(*figures.drawn(plan("ancestor-loss"), found)[0], "label"))

    def test_words_of_a_point(self):
        self.assertEqual(draw_lines.words({"nf": "nat", "octets": 1400}), "NAT, 1,400\N{NO-BREAK SPACE}octets")


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.found = results(synthetic.size, synthetic.failure, few=2)
        cls.text = page.make(cls.found, {})

    def test_a_page_is_right(self):
        self.assertEqual(list(check.problems_of(self.text)), [])

    def test_any_changed_digit_is_found(self):
        # Killed by: a number outside of an element, a rounding that is too generous.
        places = random.Random(SEED).sample(visible_digits(self.text), 80)
        for at in places:
            self.assertTrue(next(check.problems_of(other_digit(self.text, at)), None), self.text[at - 120:at + 20])

    def test_any_changed_value_is_found(self):
        # Killed by: a value that nobody looks at; a tolerance of a percent.
        values = [m.start(1) for m in re.finditer(r'<data[^>]* value="[^"]*?([1-9])', self.text)]
        for at in random.Random(SEED).sample(values, 40):
            self.assertTrue(next(check.problems_of(other_digit(self.text, at)), None), self.text[at - 40:at + 120])

    def test_a_word_that_is_computed(self):
        # Killed by: a verdict that is not looked at.
        self.assertIn(">less</data>", self.text)
        for old, new in ((">less</data>", ">more</data>"), ('value="less"', 'value="more"'),
                         ("data-of=\"median", "data-of=\"median2")):
            self.assertTrue(list(check.problems_of(self.text.replace(old, new, 1))), new)

    def test_a_digit_without_an_origin(self):
        # Killed by: table cells that are not looked at.
        for old, new in (("<td class=\"none\">–</td>", "<td>7</td>"), ("<h3>Numbers</h3>", "<h3>Numbers 7</h3>")):
            self.assertIn("does not say where it comes from", "".join(check.problems_of(self.text.replace(old, new, 1))))

    def test_numbers_in_anothers_row(self):
        # Killed by: modes or settings of a row that are not compared.
        row = next(m for m in re.finditer(r"<tr.*?</tr>", self.text) if "stop-copy" in m[0] and "median" in m[0])
        forged = self.text[:row.start()] + row[0].replace("stop-copy</td>", "conntrackd</td>") + self.text[row.end():]
        self.assertIn("stands in the row of conntrackd", "".join(check.problems_of(forged)))
        old, new = (f'<data value="{n}" data-of="setting sessions campaign=size sessions={n}">{n:,}</data></td>'
                    for n in (10**5, 10**6))
        forged = self.text.replace(old, new)
        self.assertNotEqual(forged, self.text)
        self.assertIn("stands in a row of other settings", "".join(check.problems_of(forged)))

    def test_other_raw_data(self):
        # Killed by: numbers that are compared with themselves.
        texts = dict(self.found.texts)
        lines = texts["failure.jsonl"].splitlines()
        line = json.loads(lines[0])
        line["figures"]["gap_ms"] += 5
        texts["failure.jsonl"] = "\n".join([json.dumps(line), *lines[1:]]) + "\n"
        forged = self.text.replace(page.pack(self.found.texts), page.pack(texts))
        self.assertNotEqual(forged, self.text)
        self.assertTrue(any("figures.gap_ms" in problem for problem in check.problems_of(forged)))
        self.assertEqual(len(list(check.problems_of(self.text.replace('id="raw"', 'id="other"')))), 1)

    def test_failures_are_counted(self):
        # Killed by: a table without the runs that failed.
        failed = [run for run in self.found.runs if run.result == "failed"]
        self.assertTrue(f'data-of="count campaign=size result=failed">{len(failed)}</data> failed' in self.text)
        self.assertTrue(f'data-of="field reasons order={failed[0].order} campaign=size"' in self.text)
        where = "mode=conntrackd twin=false nf=gateway sessions=1000000 traffic_pps=20000"
        self.assertTrue(f'data-of="count campaign=size {where} result=failed">2</data> failed' in self.text)

    def test_what_the_opponents_page_says(self):
        # Killed by: "the same" without the row above it; numbers that come from nowhere.
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".md") as f:
            f.write("| mode | may | loses |\n|---|---|---|\n| a | `x` & y | 7 packets |\n\n| b | the same | all |\n")
            f.flush()
            found = opponents.rows(f.name)
        self.assertEqual((found["a"], found["b"]), (("<code>x</code> &amp; y", ""), ("<code>x</code> &amp; y", "all")))
        self.assertEqual(opponents.rows("/nowhere"), {})

    def test_nothing_from_elsewhere(self):
        # Killed by: a font, a picture or a script of another address.
        self.assertEqual(re.findall(r'(?:src|href)="(?!#)[^"]*"|@import|url\((?!#)',
                                    self.text.replace('xmlns:xlink="http://www.w3.org/1999/xlink"', "")), [])
        self.assertIn("Not measured, so without a figure here: ancestor, churn, anatomy, disturbance, overhead, link.", self.text)


class Commands(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.results = synthetic.write(f"{self.folder}/results", synthetic.texts(SEED, 2, (synthetic.overhead,), 1))
        self.page = f"{self.folder}/page.html"

    def test_from_results_to_a_checked_page(self):
        # Killed by: a status of zero for a page that is wrong; a folder that is not looked at; a picture that is not.
        self.assertEqual(quietly(main.report, self.results, "--output", self.page)[0], 0)
        status, said = quietly(check.main, self.page, "--results", self.results, "--extract", f"{self.folder}/out")
        self.assertEqual(status, 0, said)
        self.assertEqual(data.read_texts(f"{self.folder}/out"), data.read_texts(self.results))
        with open(f"{self.results}/overhead.jsonl", "r+", encoding="utf-8") as f:
            text = f.read()
            f.seek(0)
            f.write(text.replace('"seed": ', '"seed": 1', 1))
        status, said = quietly(check.main, self.page, "--results", self.results)
        self.assertEqual((status, said), (1, "overhead.jsonl:1: the page has another line than the folder\n1 wrong\n"))
        self.change_a_picture()

    def change_a_picture(self):
        with open(self.page, encoding="utf-8") as f:
            text = f.read()
        with open(self.page, "w", encoding="utf-8") as f:
            f.write(other_digit(text, re.search(r'<path d="M (\d)', text).start(1)))
        self.assertEqual(quietly(check.main, self.page), (1, "picture 1 is not the one that was drawn\n1 wrong\n"))

    def test_an_interrupted_campaign(self):
        # Killed by: a page that does not tell.
        path = f"{self.results}/overhead.jsonl"
        os.truncate(path, os.path.getsize(path) - 30)
        with mock.patch.object(figures, "all_inline", lambda _: {}):
            status, said = quietly(main.report, self.results, "--output", self.page)
        self.assertEqual(status, 0)
        self.assertIn("overhead.jsonl:4: the last line is cut", said)
        with open(self.page, encoding="utf-8") as f:
            self.assertIn('data-of="cut overhead.jsonl">4</data>', f.read())
        self.assertEqual(quietly(check.main, self.page, "--results", self.results)[0], 0)

    def test_what_cannot_be_read(self):
        # Killed by: a trace instead of a line.
        with open(f"{self.results}/overhead.jsonl", "a", encoding="utf-8") as f:
            f.write("nonsense\n")
        for run in (main.report, main.plot):
            status, said = quietly(run, self.results, "--output", self.page)
            self.assertEqual(status, 2)
            self.assertIn("overhead.jsonl:5: ", said)
        self.assertEqual(quietly(check.main, f"{self.folder}/none.html")[0], 1)

    def test_without_a_browser(self):
        # Killed by: a picture that is missing without a word.
        with mock.patch.object(screenshot.shutil, "which", return_value=None):
            with self.assertRaisesRegex(data.BadInput, "there is none of chromium"):
                screenshot.take(self.page, f"{self.folder}/page.png")


if __name__ == "__main__":
    unittest.main()
