# SPDX-License-Identifier: Apache-2.0
"""A network function's page and its code say the same: every counter, every field, every setting, every
command, every option, and the example configuration. For docs_test.py of an NF. Prints TAP."""

import re
import subprocess
import tempfile


def read(root, path):
    with open(f"{root}/{path}", encoding="utf-8") as f:
        return f.read()


def difference(code, page):
    return [f"only in the code: {n}" for n in sorted(code - page)] + \
           [f"only in the page: {n}" for n in sorted(page - code)]


def first_column(text, heading):
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.M)
    return set(re.findall(r"`(\w+)`", " ".join(cells)))


class Docs:
    """`page`, `manual` and the lists name files below the root; those of the frame are added."""

    FRAME = {"counters": ["nfs/common/path/counter.h"], "tables": ["nfs/common/path/neighbour.c"],
             "settings": ["nfs/common/config/settings.h", "nfs/common/config/yaml_file.c"], "commands": []}
    COMMANDS = "Commands"  # the heading of their table
    ALTERNATIVES = set()  # settings that the example cannot have beside others

    def __init__(self, root, program, page, manual, **code):
        self.root = root
        self.program = program
        self.page = read(root, page)
        self.manual = read(root, manual)
        self.code = {what: [*files, *self.FRAME[what]] for what, files in code.items()}
        self.example = re.search(r"```yaml\n(.*?)```", self.page, re.S).group(1)

    def found(self, what, pattern):
        return {name for path in self.code[what] for name in re.findall(pattern, read(self.root, path), re.M)}

    def counters(self):
        return difference(self.found("counters", r"^\s+X\((\w+),"), first_column(self.page, "Counters"))

    def fields(self):
        return difference(self.found("tables", r"SLIM_FIELD_\w+\(struct \w+, (\w+),"),
                          first_column(self.page, "State"))

    def keys(self):
        return self.found("settings", r'(?:STRING|NUMBER|FLAG|FLAG_REQUIRED|YAML_SIDE|CYAML_FIELD_\w+)\("(\w+)"')

    def settings(self):
        return difference(self.keys(), self.ALTERNATIVES |
                          set(re.findall(r"(\w+):(?=[ \n])", re.sub(r"#.*", "", self.example))))

    def commands(self):
        section = self.page.split(f"\n## {self.COMMANDS}\n")[1].split("\n## ")[0]
        rows = "\n".join(re.findall(r"^\| `([^|]*)` \|", section, re.M))
        code = self.found("commands", r'^\t\{"([a-z -]+)",')
        return [f"not in the page: {name}" for name in sorted(code) if not re.search(f"^{name}\\b", rows, re.M)] + \
               [f"not in the code: {row}" for row in rows.splitlines()
                if not any(re.match(f"{name}\\b", row) for name in code)]

    def example_is_accepted(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
            f.write(self.example)
            f.flush()
            done = subprocess.run([self.program, "--check-config", "--config", f.name], check=False,
                                  capture_output=True, text=True)
        return [] if done.returncode == 0 and not done.stderr else [done.stderr]

    def options(self):
        shown = subprocess.run([self.program, "--help"], check=True, capture_output=True, text=True).stdout
        return difference(set(re.findall(r"^  --([\w-]+)", shown, re.M)),
                          set(re.findall(r"^\.It Fl -([\w-]+)", self.manual, re.M)))

    def checks(self):
        return [self.counters, self.fields, self.settings, self.commands, self.example_is_accepted, self.options]

    def run(self):
        checks, failed = self.checks(), 0
        for n, check in enumerate(checks, 1):
            problems = check()
            failed += bool(problems)
            print(f"{'not ok' if problems else 'ok'} {n} - {check.__name__}")
            for problem in problems:
                print(f"#   {problem}")
        print(f"1..{len(checks)}")
        return 1 if failed else 0
