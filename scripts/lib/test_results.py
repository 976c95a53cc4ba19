# SPDX-License-Identifier: Apache-2.0
"""What a run of meson test did, case by case: counts, and what failed with the end of its output."""

import json
import os
import re
import xml.etree.ElementTree as xml

BAD = ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS")
FAILED_LINE = re.compile(r"^not ok .*", re.M)
LINES_OF_A_FAILURE = 60


class Count:
    """`broken`: for each test that failed, its name and what it said."""

    def __init__(self, passed=0, failed=0, skipped=0, broken=()):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.broken = list(broken)

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.broken += other.broken
        return self


def plain_name(name):
    """"slim:unit / session" -> "session"; meson writes both."""
    return name.rpartition(" / ")[2]


def cases_by_test(path):
    """From meson's JUnit file: {test: Count of its cases}."""
    found = {}
    for suite in xml.parse(path).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            # A TAP test is a suite of its own ("project.test"), others are cases of the project.
            test = plain_name(suite.get("name").partition(".")[2] or case.get("name"))
            count = found.setdefault(test, Count())
            if case.find("failure") is not None or case.find("error") is not None:
                count.failed += 1
            elif case.find("skipped") is not None:
                count.skipped += 1
            else:
                count.passed += 1
    return found


def entries_of(path):
    """From meson's log: what each test ended with and printed."""
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def account_of(entry):
    """A test that failed, in words: its name and result, the cases that failed, the end of its output."""
    output = entry.get("stdout", "")
    tail = [line for line in (output + "\n" + entry.get("stderr", "")).splitlines()
            if line.strip() and not line.startswith("ok ")][-LINES_OF_A_FAILURE:]
    cases = FAILED_LINE.findall(output)
    return "\n".join([f"{plain_name(entry['name'])}: {entry['result']}", *cases, "-- the end of what it said", *tail])


def count_run(logs, name="testlog"):
    """What a run of meson test did. A test that ends badly although its cases are fine
    (a leak, a crash after the last case, a timeout) is one failure."""
    total = Count()
    if not os.path.exists(f"{logs}/{name}.junit.xml"):
        return total
    cases = cases_by_test(f"{logs}/{name}.junit.xml")
    for entry in entries_of(f"{logs}/{name}.json"):
        result = entry["result"]
        count = cases.get(plain_name(entry["name"]), Count())
        total += count
        if result in BAD:
            total.broken.append(account_of(entry))
            if not count.failed:
                total.failed += 1
        if result in ("OK", "EXPECTEDFAIL") and not (count.passed + count.skipped):
            total.passed += 1
    return total
