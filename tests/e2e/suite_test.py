#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmark suite, tiny, from nothing to its page: a campaign is run and interrupted, goes on where it was, and ends in a page on
which each number can be computed anew. The lab is named as that of bench/run."""

import json
import os
import re
import subprocess
import sys
import tempfile

import tap
from tap import expect, expect_equal

ROOT = os.path.realpath(f"{os.path.dirname(__file__)}/../..")
POINT = "nf=nat,sessions=1000,traffic_pps=0"


class Suite:
    def __init__(self, folder):
        self.folder = folder
        self.results = f"{folder}/results"
        self.page = f"{folder}/page.html"

    def call(self, program, *words):
        return subprocess.run([f"{ROOT}/bench/{program}", *words], capture_output=True, text=True, check=False, timeout=200)

    def run(self, *words):
        done = self.call("run", "size", "--no-build", "--no-page", "--results", self.results, "--point", POINT, *words)
        expect_equal(done.returncode, 0, f"exit status of bench/run: {done.stdout}{done.stderr}")
        return done.stdout

    def lines(self):
        with open(f"{self.results}/size.jsonl", encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def check(self, page):
        return self.call("check", page, "--results", self.results)


def measures(suite):
    suite.run("--repeat", "1")
    for line in suite.lines():
        expect_equal((line["result"], line["reasons"]), ("complete", []), "result")
        expect_equal(line["figures"]["entries"] >= 1000, True, "entries that were moved")
    expect_equal(sorted(line["twin"] for line in suite.lines()), [False, True], "slim and its twin")


def goes_on(suite):
    """What there is stays as it is, but for a torn line; the rest comes behind it."""
    before = suite.lines()
    with open(f"{suite.results}/size.jsonl", "a", encoding="utf-8") as f:
        f.write('{"schema": 1, "campaign": "si')
    suite.run("--repeat", "2")
    after = suite.lines()
    expect_equal(after[:2], before, "runs that there were")
    expect_equal(sorted((line["repeat"], line["twin"]) for line in after), [(1, False), (1, True), (2, False), (2, True)], "runs")
    expect("[" not in suite.run("--repeat", "1"), "a run that there was is run again")


def has_a_page(suite):
    done = suite.call("report", suite.results, "--output", suite.page)
    expect_equal(done.returncode, 0, f"exit status of bench/report: {done.stdout}{done.stderr}")
    done = suite.check(suite.page)
    expect_equal(done.returncode, 0, f"exit status of bench/check: {done.stdout}{done.stderr}")


def changed_digit(suite):
    with open(suite.page, encoding="utf-8") as f:
        text = f.read()
    found = [m for m in re.finditer(r"<data [^>]*>[^<\d]*(\d)", text)]
    expect(len(found) > 10, f"only {len(found)} numbers on the page")
    for match in found[:: max(1, len(found) // 5)]:
        at = match.start(1)
        path = f"{suite.folder}/changed.html"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1:])
        expect_equal(suite.check(path).returncode, 1, f"exit status of bench/check, of {match[0]} changed")


def cases(t):
    with tempfile.TemporaryDirectory(prefix="slim-suite-") as folder:
        suite = Suite(folder)
        t.case("a point is measured", measures, suite)
        t.case("an interrupted campaign goes on", goes_on, suite)
        t.case("the page is right", has_a_page, suite)
        t.case("a changed digit is found", changed_digit, suite)


if __name__ == "__main__":
    sys.exit(tap.run(cases))
