#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an NF's author has: the agent installed, a source of one file, and pkg-config. Installs the agent into an empty
folder, copies the tutorial's NF to another, builds and runs it there. Prints TAP.

    outside_test.py SOURCE_ROOT BUILD_ROOT
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

EAL = ["--no-huge", "-m", "256", "--no-pci", "--no-shconf", "--no-telemetry", "-l", "0",
       "--vdev", "net_null0", "--vdev", "net_null1", "--"]
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


class Problem(Exception):
    pass


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, **more)
    if done.returncode != 0:
        raise Problem(f"{' '.join(map(str, command[:4]))} ...: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Installed:
    """The agent in a folder of its own, which is not where it was configured to be."""

    def __init__(self, build_root, folder):
        run(["meson", "install", "-C", build_root, "--no-rebuild", "--destdir", folder, "--tags", "devel,agent"])
        found = list(folder.rglob("slim-agent.pc"))
        if len(found) != 1:
            raise Problem(f"{len(found)} files slim-agent.pc")
        self.folder = folder
        self.libraries = found[0].parent.parent
        self.environment = {**os.environ, "PKG_CONFIG_PATH": str(found[0].parent),
                            "LD_LIBRARY_PATH": str(self.libraries)}

    def flags(self, *words):
        return run(["pkg-config", *words, "slim-agent"], env=self.environment).split()


def system_headers(flags):
    """DPDK's headers are the system's: their warnings are not ours."""
    return [re.sub("^-I/usr", "-isystem/usr", word) for word in flags]


def build(agent, folder, source, *how):
    shutil.copy(source, folder / "nf.c")
    program = folder / "nf"
    libraries = agent.flags("--libs", *how)
    if how:  # the agent's archive alone; DPDK as it comes
        libraries = [str(agent.libraries / "libslim-agent.a"), *run(["pkg-config", "--libs", "libdpdk"]).split()]
    run(["cc", "-O2", *WARNINGS, *system_headers(agent.flags("--cflags")), "nf.c", "-o", str(program), *libraries],
        cwd=folder, env=agent.environment)
    return program


def start(agent, program):
    run([str(program), *EAL, "outside", "/nonexistent/slim.sock", "active", "10000"], env=agent.environment)


def names_only_what_is_installed(agent, source_root, build_root):
    flags = agent.flags("--cflags", "--libs")
    inside = [word for word in flags if source_root in word or build_root in word]
    if inside or f"-I{agent.folder}" not in " ".join(flags):
        raise Problem(f"pkg-config names {inside or flags}")


def version_is(agent, build_root):
    said = agent.flags("--modversion")
    headers = list(agent.folder.rglob("slim_version.h"))
    if len(headers) != 1 or f'"{said[0]}"' not in headers[0].read_text():
        raise Problem(f"{said[0]}, and {len(headers)} headers of a version")


def main():
    source_root, build_root = sys.argv[1:3]
    source = pathlib.Path(source_root) / "nfs/counter/counter.c"
    with tempfile.TemporaryDirectory(prefix="slim-outside-") as scratch:
        folders = [pathlib.Path(scratch) / name for name in ("root", "shared", "static")]
        for folder in folders:
            folder.mkdir()
        agent = Installed(build_root, folders[0])
        cases = [
            ("pkg-config names only what is installed", lambda: names_only_what_is_installed(agent, source_root, build_root)),
            ("its version is the header's", lambda: version_is(agent, build_root)),
            ("the tutorial's NF with the shared library", lambda: start(agent, build(agent, folders[1], source))),
            ("and with the archive", lambda: start(agent, build(agent, folders[2], source, "--static"))),
        ]
        failed = 0
        print(f"1..{len(cases)}")
        for number, (name, case) in enumerate(cases, 1):
            problem = ""
            try:
                case()
            except (Problem, subprocess.TimeoutExpired) as error:
                problem = str(error)
            failed += bool(problem)
            print(f"{'not ok' if problem else 'ok'} {number} - {name}")
            for line in problem.splitlines()[:20]:
                print(f"#   {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
