# SPDX-License-Identifier: Apache-2.0
"""How long a network function is, and the frame that all of them stand on: lines of C, of the code and of its tests.

    lines.py SOURCE_ROOT
"""

import os
import re
import sys

IS_TEST = re.compile(r"(^|/)test/|_(test|bench|fuzz)\.[ch]$")


def count(folder):
    """(lines of the code, lines of tests)"""
    lines = [0, 0]
    for at, _, names in os.walk(folder):
        for name in names:
            if name.endswith((".c", ".h")):
                path = f"{at}/{name}"
                with open(path, encoding="utf-8") as f:
                    lines[bool(IS_TEST.search(os.path.relpath(path, folder)))] += sum(1 for _ in f)
    return tuple(lines)


def table(root):
    """[(folder, code, tests)]; the frame's first."""
    folders = sorted(name for name in os.listdir(f"{root}/nfs") if os.path.isdir(f"{root}/nfs/{name}"))
    folders.sort(key=lambda name: name != "common")
    return [(f"nfs/{name}", *count(f"{root}/nfs/{name}")) for name in folders]


def main():
    for folder, code, tests in table(sys.argv[1]):
        print(f"{folder:<14}{code:>7} lines, {tests:>6} of tests, {code + tests:>6} in all")


if __name__ == "__main__":
    main()
