# SPDX-License-Identifier: Apache-2.0
"""Build folders: one for each way to build. They stand in the project's root, or in the folder
that the environment variable SLIM_BUILD_ROOT names. Where SLIM_BUILD_FOLDER is set (meson's tests
set it), programs come from that very folder."""

import fcntl
import json
import os
import subprocess
import sys

PROJECT = os.path.realpath(f"{os.path.dirname(__file__)}/../../..")
ROOT = os.environ.get("SLIM_BUILD_ROOT", PROJECT)

# With a sanitizer most of the time goes into compiling: no more debug information than a stack trace takes, and few
# optimizations.
SANITIZED = "-gline-tables-only"

# Clang links its sanitizer into programs only, so a shared library has symbols left over
# (b_lundef). DPDK's inline rings use plain barriers, which the thread sanitizer cannot see; the
# C11 variant of the same rings tells it what follows what. Nearly three hundred programs are linked: with lld in a fifth
# of the time.
FLAVOURS = {
    "gcc": {"folder": "build", "compiler": "gcc", "options": []},
    "asan": {"folder": "build-asan", "compiler": "clang", "linker": "lld",
             "options": ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1", f"-Dc_args={SANITIZED}"]},
    "fuzz": {"folder": "build-fuzz", "compiler": "clang", "linker": "lld",
             "options": ["-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false"]},
    "tsan": {"folder": "build-tsan", "compiler": "clang", "linker": "lld",
             "options": ["-Db_sanitize=thread", "-Db_lundef=false",
                         f"-Dc_args=-DRTE_USE_C11_MEM_MODEL {SANITIZED}"]},
}


def folder(flavour="gcc"):
    return f"{ROOT}/{FLAVOURS[flavour]['folder']}"


def _setup(flavour, log):
    """Configures the folder, anew if it was configured in another way."""
    path = folder(flavour)
    wanted = json.dumps(FLAVOURS[flavour]) + PROJECT
    stamp = f"{path}/slim-setup"
    if os.path.exists(f"{path}/build.ninja") and os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as f:
            if f.read() == wanted:
                return 0
    command = ["meson", "setup", *FLAVOURS[flavour]["options"], path, PROJECT]
    if os.path.exists(f"{path}/meson-private"):
        command.insert(2, "--wipe")
    how = FLAVOURS[flavour]
    environment = {**os.environ, "CC": how["compiler"], **({"CC_LD": how["linker"]} if "linker" in how else {})}
    status = subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False, env=environment).returncode
    if status == 0:
        with open(stamp, "w", encoding="utf-8") as f:
            f.write(wanted)
    return status


def _files(flavour, targets):
    """Where a target is the name of a program: its file, as ninja knows it."""
    known = programs(flavour) if targets else {}
    return [os.path.relpath(known[t], folder(flavour)) if t in known else t for t in targets]


def build(flavour="gcc", targets=()):
    """Configures and compiles all, or the targets. Prints the end of the log on failure. Returns true on success. Who comes
    while somebody builds there waits."""
    os.makedirs(ROOT, exist_ok=True)
    path = f"{folder(flavour)}.log"
    with open(f"{folder(flavour)}.lock", "w", encoding="utf-8") as lock, open(path, "a", encoding="utf-8") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        log.truncate(0)
        status = _setup(flavour, log)
        if status == 0:
            status = subprocess.run(["ninja", "-C", folder(flavour), *_files(flavour, targets)], stdout=log, stderr=log,
                                    stdin=subprocess.DEVNULL, check=False).returncode
    if status != 0:
        with open(path, encoding="utf-8", errors="replace") as f:
            sys.stdout.write("".join(f.readlines()[-60:]))
        print(f"build of {folder(flavour)} failed; the whole log is in {path}", flush=True)
    return status == 0


class NotBuilt(Exception):
    """A program of the project is not in the build folder."""


def programs(flavour="gcc"):
    """Every program of the build by name."""
    path = os.environ.get("SLIM_BUILD_FOLDER", folder(flavour))
    with open(f"{path}/meson-info/intro-targets.json", encoding="utf-8") as f:
        targets = json.load(f)
    return {t["name"]: t["filename"][0] for t in targets if t["type"] == "executable"}


def program(name, flavour="gcc"):
    path = programs(flavour).get(name)
    if not path or not os.path.exists(path):
        raise NotBuilt(f"{name} is not in {folder(flavour)}")
    return path
