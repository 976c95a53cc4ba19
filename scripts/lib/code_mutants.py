# SPDX-License-Identifier: Apache-2.0
"""Changes of the code, each of which one case of one test must notice: tests/mutations/code.list. A copy of the sources and of the
build takes them, one after the other, so that only what is changed is compiled again. Called by scripts/mutations, and by the
tests with --short.

    code_mutants.py --build FOLDER [--short] [--match TEXT] [--verbose]
"""

import argparse
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys

from slimlab import scratch

ROOT = os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../..")
LIST = f"{ROOT}/tests/mutations/code.list"
BUILD_S, RUN_S = 300, 120


@dataclasses.dataclass(frozen=True)
class Mutant:
    short: bool
    test: str  # source of the test
    case: str
    file: str
    sed: str   # a script of sed -E

    def __str__(self):
        return f"{self.file}: {self.sed}"


class BadList(Exception):
    """A line that cannot be read."""


def parse(text):
    mutants = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.lstrip("*").split(maxsplit=3)
        if len(words) != 4:
            raise BadList(f"line {number}: not TEST CASE FILE SED")
        mutants.append(Mutant(line.startswith("*"), *words))
    return mutants


def read_list():
    with open(LIST, encoding="utf-8") as f:
        return parse(f.read())


# ---- what ran ------------------------------------------------------------------------------------


def failed_cases(output):
    """Names of the cases that failed, of cmocka, TAP or unittest; with them the one that was never over."""
    failed = set(re.findall(r"^\[  FAILED  \] (\w+)$", output, re.M))
    failed |= set(re.findall(r"^not ok \d+ - (\w+)", output, re.M))
    for case, where in re.findall(r"^(?:FAIL|ERROR): (\w+) \(([\w.]+)\)", output, re.M):
        failed |= {case, *where.split(".")}
    started = re.findall(r"^\[ RUN      \] (\w+)$", output, re.M)
    ended = set(re.findall(r"^\[       OK \] (\w+)$", output, re.M))
    return failed | {case for case in started if case not in ended}


def verdict(mutant, status, output):
    """None: the case has noticed. Else what is wrong with the mutant, or with the test."""
    failed = failed_cases(output)
    if mutant.case in failed:
        return None
    if status is None:
        return "the test does not end"
    if status == 0:
        return "survives"
    return f"{mutant.case} has not noticed, but {', '.join(sorted(failed)) or f'the end, {status}'}"


# ---- the copy --------------------------------------------------------------------------------------


class Copy:
    """A copy of sources and build, with the times of all files: nothing is to be compiled until something changes."""

    def __init__(self, build, folder):
        self.root = folder
        # The rule for this knows the build by its whole name: it is to have nothing to do in the copy.
        subprocess.run(["ninja", "-C", build, "build.ninja"], stdout=subprocess.DEVNULL, check=True)
        self.build = build
        self.programs, self.arguments = programs(build)
        listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                capture_output=True, text=True, check=True).stdout
        for name in filter(None, listed.split("\0")):
            if os.path.isfile(f"{ROOT}/{name}"):
                os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
                shutil.copy2(f"{ROOT}/{name}", f"{folder}/{name}")
        shutil.copytree(build, f"{folder}/build", symlinks=True, ignore=shutil.ignore_patterns("meson-logs"))

    def run(self, test):
        """(exit status or None, output, what could not be compiled) of a test's program."""
        if test.endswith(".py"):
            return (*self.call(["/usr/bin/python3", f"{self.root}/{test}", *self.words(test)], RUN_S), "")
        if test not in self.programs:
            return 1, "", "no test of the build has this source"
        program = self.programs[test]
        status, output = self.call(["ninja", "-C", f"{self.root}/build", program], BUILD_S)
        if status != 0:
            return 1, "", "does not compile: " + " ".join(re.findall(r"error: .*", output)[:2])
        return (*self.call([f"{self.root}/build/{program}", *self.words(program)], RUN_S), "")

    def words(self, name):
        """The arguments of a program or script, here."""
        return [word.replace(self.build, f"{self.root}/build").replace(ROOT, self.root)
                for word in self.arguments.get(name, [])]

    def call(self, command, seconds):
        environment = {key: value for key, value in os.environ.items() if key != "CMOCKA_MESSAGE_OUTPUT"}
        with subprocess.Popen(command, cwd=self.root, env={**environment, "PYTHONDONTWRITEBYTECODE": "1"}, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, start_new_session=True) as process:
            try:
                output = process.communicate(timeout=seconds)[0]
                return process.returncode, output
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                return None, process.communicate()[0]

    def change(self, mutant):
        """The file as it was, or None if the script changes nothing."""
        path = f"{self.root}/{mutant.file}"
        with open(path, "rb") as f:
            before = f.read()
        self.times = times_of(path)
        subprocess.run(["sed", "-E", "-i", mutant.sed, path], check=True)
        self.changed_ns = times_of(path)[1]
        with open(path, "rb") as f:
            return None if f.read() == before else before

    def restore(self, mutant, before):
        """As it was, with its times: what was built from the mutant is built again, and not all that is made of a header."""
        path = f"{self.root}/{mutant.file}"
        with open(path, "wb") as f:
            f.write(before)
        os.utime(path, ns=self.times)
        for folder, _, names in os.walk(f"{self.root}/build"):
            for name in names:
                if not name.startswith((".ninja", "build.ninja")) and times_of(f"{folder}/{name}")[1] >= self.changed_ns:
                    os.unlink(f"{folder}/{name}")


def times_of(path):
    """(access, change) in nanoseconds"""
    found = os.lstat(path)
    return found.st_atime_ns, found.st_mtime_ns


def programs(build):
    """{source of a test: its program, as ninja calls it}, {program or script: its arguments}"""
    def ask(what):
        return json.loads(subprocess.run(["meson", "introspect", what, build], capture_output=True, text=True,
                                         check=True).stdout)
    commands = [t["cmd"] for t in ask("--tests")]
    arguments = arguments_of((words[0], words[1:]) for words in commands)
    scripts = arguments_of((os.path.relpath(words[1], ROOT), words[2:]) for words in commands
                           if len(words) > 1 and words[1].endswith(".py"))
    found = {}
    for target in ask("--targets"):
        name = target["filename"][0]
        if target["type"] == "executable" and name in arguments:
            for sources in target["target_sources"]:
                for source in sources.get("sources", []):
                    found.setdefault(os.path.relpath(source, ROOT), os.path.relpath(name, build))
    return found, {os.path.relpath(name, build): words for name, words in arguments.items()} | scripts


def arguments_of(tests):
    """{program: arguments}; one that several tests share runs without any, which is all of its cases."""
    found = {}
    for program, words in tests:
        found[program] = [] if program in found else words
    return found


# ---- all of them -----------------------------------------------------------------------------------------


def try_one(copy, mutant):
    """None, or what is wrong."""
    before = copy.change(mutant)
    if before is None:
        return "the script changes nothing"
    try:
        status, output, trouble = copy.run(mutant.test)
        return trouble or verdict(mutant, status, output)
    finally:
        copy.restore(mutant, before)


def try_all(copy, mutants, verbose):
    """How many are not as they should be. A test that fails by itself shows nothing about a mutant."""
    bad, broken = 0, {}
    for mutant in mutants:
        if mutant.test not in broken:
            status, output, trouble = copy.run(mutant.test)
            broken[mutant.test] = trouble or (f"fails without a mutant: {failed_cases(output)}" if status != 0 else None)
        wrong = broken[mutant.test] or try_one(copy, mutant)
        bad += wrong is not None
        if wrong or verbose:
            print(f"{'not ok' if wrong else 'ok'}: {mutant.test} {mutant.case}: {mutant}{f': {wrong}' if wrong else ''}",
                  flush=True)
    return bad


def main():
    parser = argparse.ArgumentParser(prog="code_mutants.py")
    parser.add_argument("--build", metavar="FOLDER", required=True)
    parser.add_argument("--short", action="store_true", help="only those whose line begins with a star")
    parser.add_argument("--match", metavar="TEXT", default="", help="only lines with TEXT in them")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    mutants = [m for m in read_list() if (m.short or not options.short)
               and options.match in f"{m.test} {m.case} {m}"]
    if options.list:
        print("\n".join(f"{m.test} {m.case} {m}" for m in mutants))
        return 0
    if not mutants:
        print("no mutant")
        return 1
    with scratch.folder("mutants") as folder:
        bad = try_all(Copy(os.path.realpath(options.build), folder), mutants, options.verbose)
    print(f"{len(mutants)} mutants, {len(mutants) - bad} caught by their cases, {bad} not")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
