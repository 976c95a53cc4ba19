#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""slim.h from C++: compiles an NF's skeleton with each C++ compiler and runs it. Prints TAP.

    cpp_test.py SOURCE_ROOT BUILD_ROOT
"""

import os
import shutil
import subprocess
import sys
import tempfile

COMPILERS = ("g++", "clang++")
STANDARDS = ("gnu++17", "gnu++20")


def words_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def build(compiler, standard, root, build_root, program):
    # DPDK's headers and libraries are the system's: their warnings are not ours.
    flags = [word.replace("-I", "-isystem", 1) if word.startswith("-I") else word
             for word in words_of("pkg-config", "--cflags", "libdpdk")]
    command = [compiler, f"-std={standard}", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Werror", *flags,
               f"-I{root}/agent", f"-I{root}/proto", f"-I{build_root}/proto",
               f"{root}/tests/cpp/skeleton.cc", f"{build_root}/agent/libslim-agent.a",
               *words_of("pkg-config", "--libs", "libdpdk"), "-o", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check(compiler, standard, root, build_root):
    with tempfile.TemporaryDirectory(prefix="slim-cpp-") as folder:
        program = f"{folder}/skeleton"
        built = build(compiler, standard, root, build_root, program)
        if built.returncode != 0:
            return built.stderr
        run = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False)
        return "" if run.returncode == 0 else run.stdout + run.stderr


def main():
    root, build_root = sys.argv[1:3]
    cases = [(c, s) for c in COMPILERS for s in STANDARDS]
    failed = 0
    print(f"1..{len(cases)}")
    for number, (compiler, standard) in enumerate(cases, 1):
        name = f"{number} - an NF in C++, {compiler} {standard}"
        if shutil.which(compiler) is None:
            print(f"ok {name} # SKIP {compiler} is not installed")
            continue
        problem = check(compiler, standard, root, build_root)
        failed += bool(problem)
        print(f"{'not ok' if problem else 'ok'} {name}")
        for line in problem.splitlines()[:20]:
            print(f"#   {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    sys.exit(main())
