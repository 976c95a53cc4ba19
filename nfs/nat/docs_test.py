#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/nfs/nat.md and the code say the same: every counter, every field, every command, every
option, and the example configuration. Prints TAP.

    docs_test.py SOURCE_ROOT SLIM_NAT
"""

import pathlib
import re
import subprocess
import sys
import tempfile

root, program = sys.argv[1:3]


def read(path):
    with open(f"{root}/{path}", encoding="utf-8") as f:
        return f.read()


def difference(code, page):
    return [f"only in the code: {n}" for n in sorted(code - page)] + \
           [f"only in the page: {n}" for n in sorted(page - code)]


def first_column(text, heading):
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.M)
    return set(re.findall(r"`(\w+)`", " ".join(cells)))


def counters(page):
    code = set()
    for path in ("nfs/common/path/counter.h", "nfs/nat/config/counters.h"):
        code |= set(re.findall(r"^\s+X\((\w+),", read(path), re.M))
    return difference(code, first_column(page, "Counters"))


def fields(page):
    code = set()
    for path in ("nfs/nat/table/session.c", "nfs/nat/table/subscriber.c", "nfs/nat/table/rest.c", "nfs/nat/table/filter.c", "nfs/nat/table/fragment.c", "nfs/nat/table/pcp.c",
                 "nfs/common/path/neighbour.c"):
        code |= set(re.findall(r"SLIM_FIELD_\w+\(struct \w+, (\w+),", read(path)))
    return difference(code, first_column(page, "State"))


def keys(page):
    code = set(re.findall(r'(?:STRING|NUMBER|FLAG|NF_YAML_FLAG_REQUIRED|CYAML_FIELD_\w+)\("(\w+)"', read("nfs/nat/config/config_file.c") + read("nfs/common/config/yaml_file.c")))
    example = re.search(r"```yaml\n(.*?)```", page, re.S).group(1)
    return difference(code, set(re.findall(r"(\w+):(?=[ \n])", re.sub(r"#.*", "", example))) | {"addresses"})


def shown_keys(_):
    """`show config` shows every setting."""
    code = read("nfs/nat/config/config_file.c") + read("nfs/common/config/yaml_file.c")
    code = set(re.findall(r'(?:STRING|NUMBER|FLAG|NF_YAML_FLAG_REQUIRED|CYAML_FIELD_\w+)\("(\w+)"', code))
    shown = re.findall(r'"((?:\w+\.)*\w+)"', read("nfs/nat/control/config_show.c"))
    shown = set(".".join(shown).split("."))
    # A prefix and its next hop stand in one row; so do the parts of what is not translated.
    return [f"not shown: {n}" for n in sorted(code - shown - {"prefix", "via", "protocol", "outside_port"})]


def commands(page):
    table = re.findall(r'^\s*\{"([a-z]+ [a-z]+)",', read("nfs/nat/control/commands.c"), re.M)
    section = page.split("\n## Command line\n")[1].split("\n## ")[0]
    return difference(set(table), set(re.findall(r"^\| `([a-z]+ [a-z]+)", section, re.M)))


def example_is_accepted(page):
    example = re.search(r"```yaml\n(.*?)```", page, re.S).group(1)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(example)
        f.flush()
        done = subprocess.run([program, "--check-config", "--config", f.name], check=False,
                              capture_output=True, text=True)
    return [] if done.returncode == 0 and not done.stderr else [done.stderr]


def requirements(page):
    """Every requirement has its row, every MUST a test, and every test that is named exists."""
    section = page.split("\n## Requirements\n")[1].split("\n## ")[0]
    problems = []
    for rfc, n in {"4787": 14, "5382": 10, "5508": 11, "6888": 15}.items():
        table = section.split(f"\n| RFC {rfc} |")[1].split("\n\n")[0]
        rows = re.findall(r"^\| REQ-(\d+) (\w+) \|[^|]*\|[^|]*\|([^|]*)\|$", table, re.M)
        if [int(row[0]) for row in rows] != list(range(1, n + 1)):
            problems.append(f"RFC {rfc}: not the rows REQ-1 to REQ-{n}")
        for number, level, tests in rows:
            if level == "MUST" and "`" not in tests:
                problems.append(f"RFC {rfc} REQ-{number}: no test")
    for path, case in re.findall(r"`(\w+_test): (\w+)`", section):
        files = [*pathlib.Path(root, "nfs/nat").rglob(f"{path}.c"), *pathlib.Path(root, "nfs/common").rglob(f"{path}.c")]
        code = "".join(f.read_text(encoding="utf-8") for f in files)
        if not re.search(rf"(?:TEST\w*|cmocka_unit_test\w*)\(\s*{case}\b", code):
            problems.append(f"{path} has no case {case}")
    return problems


def options(_):
    shown = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    return difference(set(re.findall(r"^  --([\w-]+)", shown, re.M)),
                      set(re.findall(r"^\.It Fl -([\w-]+)", read("docs/man/slim-nat.8"), re.M)))


def main():
    page = read("docs/nfs/nat.md")
    checks = [counters, fields, keys, shown_keys, commands, example_is_accepted, requirements, options]
    failed = 0
    for n, check in enumerate(checks, 1):
        problems = check(page)
        failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {n} - {check.__name__}")
        for problem in problems:
            print(f"#   {problem}")
    print(f"1..{len(checks)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
