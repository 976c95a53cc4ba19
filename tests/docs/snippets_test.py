#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""All C code of a page compiles, as one file, with the headers that the page speaks of. Prints TAP.
Killed by: a type or a call that was renamed, a block that a reader could not use.

    snippets_test.py SOURCE_ROOT BUILD_ROOT
"""

import pathlib
import re
import subprocess
import sys
import tempfile

PAGES = {
    "docs/nfs/others.md": ["forward.h", "neighbour.h", "worker.h", "share.h", "slot_index.h", "wheel.h", "slim.h"],
}
FOLDERS = [*(f"nfs/common/{part}" for part in ("", "config", "wire", "table", "control", "path")), "agent", "proto", "base"]
# A page shows parts: not every one is used by another.
WARNINGS = ["-std=gnu17", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-Wno-unused-function",
            "-Wno-unused-const-variable", "-Wno-unused-variable"]


def blocks(page):
    return re.findall(r"```c\n(.*?)```", page.read_text(encoding="utf-8"), re.S)


def compiled(source_root, build_root, name, headers):
    """"": it compiles; else what the compiler says."""
    text = "".join(f'#include "{header}"\n' for header in headers)
    text = "#include <stddef.h>\n#include <string.h>\n" + text + "\n".join(blocks(pathlib.Path(source_root) / name))
    dpdk = subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True, text=True, check=True).stdout
    flags = [re.sub("^-I", "-isystem", word) for word in dpdk.split()]
    flags += [f"-I{root}/{folder}" for root in (source_root, build_root) for folder in FOLDERS]
    with tempfile.NamedTemporaryFile("w", suffix=".c", prefix="slim-snippets-", encoding="utf-8") as f:
        f.write(text)
        f.flush()
        done = subprocess.run(["cc", "-D_GNU_SOURCE", "-fsyntax-only", *WARNINGS, *flags, f.name],
                              capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr or f"ended with {done.returncode}"


def main():
    source_root, build_root = sys.argv[1:3]
    failed = 0
    print(f"1..{2 * len(PAGES)}")
    for number, (name, headers) in enumerate(PAGES.items()):
        n = len(blocks(pathlib.Path(source_root) / name))
        problem = compiled(source_root, build_root, name, headers)
        failed += (n < 3) + bool(problem)
        print(f"{'ok' if n >= 3 else 'not ok'} {2 * number + 1} - shows {name}")
        print(f"{'not ok' if problem else 'ok'} {2 * number + 2} - compiles {name}")
        for line in problem.splitlines()[:20]:
            print(f"#   {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
