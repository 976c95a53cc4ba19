#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/requirements.md names tests that are there: every file or folder exists, and every case behind it stands in it.
Killed by: a case that was renamed, a file that was moved."""
import pathlib
import re
import sys

CASE = re.compile(r"[a-z]+(?:_[a-z0-9]+){2,}")  # with two underscores: what has fewer may be a plain word


def text_of(path):
    files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    return "".join(f.read_text(encoding="utf-8", errors="replace") for f in files)


def check(root, table):
    """([what is wrong], how many cases were looked for)"""
    wrong, n_cases = [], 0
    for row in table.splitlines():
        cells = row.split("|")
        if len(cells) < 5:
            continue
        for name, behind in re.findall(r"`([\w.-]+(?:/[\w.-]+)+)`([^`]*)", cells[2]):
            path = root / name
            if not path.exists():
                wrong.append(f"{name} is not there")
                continue
            cases = CASE.findall(behind)
            n_cases += len(cases)
            wrong += [f"{name} has no {case}" for case in cases if case not in text_of(path)]
    return wrong, n_cases


def main():
    root = pathlib.Path(sys.argv[1])
    wrong, n_cases = check(root, (root / "docs/requirements.md").read_text(encoding="utf-8"))
    results = [("all that the table names is there", not wrong), ("the table names cases", n_cases > 20)]
    print(f"1..{len(results)}")
    for i, (what, good) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {i} - {what}")
    for line in wrong:
        print(f"# {line}")
    return 0 if all(good for _, good in results) else 1


if __name__ == "__main__":
    sys.exit(main())
