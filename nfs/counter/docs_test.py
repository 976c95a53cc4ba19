#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The code that docs/agent.md shows is a part of the program, its line count is true, and its links lead to files and sections."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
page = (root / "docs/agent.md").read_text()
code = (root / "nfs/counter/counter.c").read_text()
blocks = re.findall(r"```c\n(.*?)```", page, re.S)
lines = len(code.splitlines())

results = [(f"snippet {i + 1} is in the program", b in code) for i, b in enumerate(blocks)]
results.append(("there are snippets", len(blocks) >= 5))
results.append(("the program is as long as the page says", f"{lines} lines" in page))
targets = re.findall(r"\]\(([^)#]*)(#[^)]*)?\)", page)
sections = {"#" + re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-") for line in page.splitlines() if line.startswith("#")}
lost = [path or section for path, section in targets
        if not (root / "docs" / path).exists() or (not path and section not in sections)]
results.append((f"no link leads nowhere {lost}", not lost and len(targets) > 20))
results.append(("the program is short", lines < 150))
print(f"1..{len(results)}")
for i, (what, good) in enumerate(results):
    print(f"{'ok' if good else 'not ok'} {i + 1} - {what}")
sys.exit(0 if all(good for _, good in results) else 1)
