#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/nfs/nat.md and the code say the same; `show config` shows every setting, and every requirement of the NAT's RFCs has its
row. Prints TAP.

    docs_test.py SOURCE_ROOT SLIM_NAT
"""

import pathlib
import re
import sys

sys.path.insert(0, sys.argv[1] + "/nfs/common")
sys.dont_write_bytecode = True
import nf_docs  # noqa: E402


class Docs(nf_docs.Docs):
    COMMANDS = "Command line"
    ALTERNATIVES = {"addresses"}

    def checks(self):
        return [*super().checks(), self.shown_keys, self.requirements]

    def shown_keys(self):
        """`show config` shows every setting."""
        shown = re.findall(r'"((?:\w+\.)*\w+)"', nf_docs.read(self.root, "nfs/nat/control/config_show.c"))
        shown = set(".".join(shown).split("."))
        # A prefix and its next hop stand in one row; so do the parts of what is not translated.
        return [f"not shown: {n}" for n in sorted(self.keys() - shown - {"prefix", "via", "protocol", "outside_port"})]

    def requirements(self):
        """Every requirement has its row, every MUST a test, and every test that is named exists."""
        section = self.page.split("\n## Requirements\n")[1].split("\n## ")[0]
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
            files = [file for top in ("nfs/nat", "nfs/common") for file in pathlib.Path(self.root, top).rglob(f"{path}.c")]
            code = "".join(f.read_text(encoding="utf-8") for f in files)
            if not re.search(rf"(?:TEST\w*|cmocka_unit_test\w*)\(\s*{case}\b", code):
                problems.append(f"{path} has no case {case}")
        return problems


sys.exit(Docs(
    sys.argv[1], sys.argv[2], page="docs/nfs/nat.md", manual="docs/man/slim-nat.8",
    counters=["nfs/nat/config/counters.h"],
    tables=["nfs/nat/table/session.c", "nfs/nat/table/subscriber.c", "nfs/nat/table/rest.c",
            "nfs/nat/table/filter.c", "nfs/nat/table/fragment.c", "nfs/nat/table/pcp.c"],
    settings=["nfs/nat/config/config_file.c"],
    commands=["nfs/nat/control/commands.c"]).run())
