#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each row of docs/requirements.md, and of the tables of standards in docs/nfs, names tests that are there, and one of them is known to
notice a change of the code (tests/mutations/code.list). Rows without such a change are counted: their number may only fall.
Killed by: a case that was renamed, a file that was moved, a row of which nobody knows what would break its test."""
import dataclasses
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/lib"))

import code_mutants  # noqa: E402

CASE = re.compile(r"[a-z]+(?:_[a-z0-9]+){2,}")  # with two underscores: what has fewer may be a plain word
CEILING = "tests/docs/without-mutation.txt"
MUTATIONS = "tests/mutations"  # of a table that decides: each of its rows is dropped and changed there


@dataclasses.dataclass
class Row:
    page: str
    name: str
    tests: str = ""  # the cell that names them
    cases: list = dataclasses.field(default_factory=list)  # (file, words behind it)

    def __str__(self):
        return f"{self.page}: {self.name}"


def cells_of(line):
    return [cell.strip() for cell in line.split("|")[1:-1]] if line.startswith("|") else []


def promises(page, text):
    """Rows of docs/requirements.md: promise | test | mutation."""
    for line in text.splitlines():
        cells = cells_of(line)
        if len(cells) == 3 and set(cells[0]) != {"-"} and cells[0] != "promise":
            yield Row(page, cells[0], cells[1], re.findall(r"`([\w.-]+(?:/[\w.-]+)+)`([^`]*)", cells[1]))


def path_of(root, folder, file):
    """Of a file that is named alone: the network function's own, or the frame's; one that is nowhere stands in the folder
    itself, and is missed there."""
    for top in (folder, "nfs/common"):
        for path in sorted((root / top).rglob(f"{file}.c")):
            return str(path.relative_to(root))
    return f"{folder}/{file}.c"


def standards(root, page, text):
    """Rows of tables whose head begins with the name of a standard; their last cell names `file: case`."""
    head = None
    for line in text.splitlines():
        cells = cells_of(line)
        if not cells:
            head = None
        elif head is None:
            head = cells[0]
        elif re.match(r"(RFC|TS) ", head) and set(cells[0]) != {"-"}:
            folder = f"nfs/{pathlib.Path(page).stem}"
            yield Row(page, f"{head} {cells[0]}", cells[-1],
                      [(path_of(root, folder, file), case) for file, case in re.findall(r"`(\w+_test): (\w+)`", cells[-1])])


def read_rows(root):
    rows = list(promises("docs/requirements.md", (root / "docs/requirements.md").read_text(encoding="utf-8")))
    for path in sorted((root / "docs/nfs").glob("*.md")):
        rows += standards(root, str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    return rows


def text_of(path):
    files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    return "".join(f.read_text(encoding="utf-8", errors="replace") for f in files)


def cases_of(root, path):
    """Text in which the cases of a test stand: its own, and that of what it shares with other network functions' tests."""
    text = text_of(path)
    shared = (root / f"nfs/common/test/{name}.c" for name in re.findall(r'#include "(\w+_test)\.h"', text))
    return text + "".join(text_of(source) for source in shared if source.is_file())


def missing(root, rows):
    """([what is not there], how many cases were looked for)"""
    wrong, n_cases = [], 0
    for row in rows:
        for name, behind in row.cases:
            path = root / name
            if not path.exists():
                wrong.append(f"{row}: {name} is not there")
                continue
            cases = CASE.findall(behind) or ([behind] if re.fullmatch(r"\w+", behind) else [])
            n_cases += len(cases)
            wrong += [f"{row}: {name} has no {case}" for case in cases if case not in text_of(path)]
    return wrong, n_cases


def is_proved(row, mutants):
    """Is a change of the code known that one of the row's tests notices?"""
    if f"`{MUTATIONS}`" in row.tests:
        return True
    for name, behind in row.cases:
        words = set(re.findall(r"\w+", behind))
        for m in mutants:
            if m.test == name and (m.case in words or not (CASE.findall(behind) or len(words) == 1)):
                return True
    return False


def changes_something(mutant):
    done = subprocess.run(["sed", "-E", mutant.sed, mutant.file], capture_output=True, check=False, cwd=ROOT)
    return done.returncode == 0 and done.stdout != (ROOT / mutant.file).read_bytes()


def bad_mutants(root, mutants):
    """Lines of the list that name what is not there, or would change nothing."""
    wrong = []
    for m in mutants:
        for name in (m.test, m.file):
            if not (root / name).is_file():
                wrong.append(f"{m}: {name} is not there")
        if (root / m.test).is_file() and not re.search(rf"\b{m.case}\b", cases_of(root, root / m.test)):
            wrong.append(f"{m}: {m.test} has no {m.case}")
        if (root / m.file).is_file() and not changes_something(m):
            wrong.append(f"{m}: changes nothing")
    return wrong


def report(results):
    print(f"1..{len(results)}")
    for i, (what, wrong) in enumerate(results, 1):
        print(f"{'not ok' if wrong else 'ok'} {i} - {what}")
        for line in wrong:
            print(f"# {line}")
    return 1 if any(wrong for _, wrong in results) else 0


def main():
    rows, mutants = read_rows(ROOT), code_mutants.read_list()
    wrong, n_cases = missing(ROOT, rows)
    without = [str(row) for row in rows if "`" in row.tests and not is_proved(row, mutants)]
    ceiling = int((ROOT / CEILING).read_text(encoding="ascii"))
    results = [
        ("all that the tables name is there", wrong),
        ("the tables name cases", [] if n_cases > 20 else [f"{n_cases}"]),
        ("all that the list of mutants names is there", bad_mutants(ROOT, mutants)),
        ("rows without a mutant are not more than they were", [
            *without, f"{len(without)} rows of {len(rows)}, and {ceiling} in {CEILING}: add a line to tests/mutations/code.list"
        ] if len(without) > ceiling else []),
    ]
    status = report(results)
    print(f"# {len(without)} rows of {len(rows)} have no mutant yet; the ceiling is {ceiling}")
    if "--verbose" in sys.argv:
        print("\n".join(f"#   {row}" for row in without))
    return status


if __name__ == "__main__":
    sys.exit(main())
