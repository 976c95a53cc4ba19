#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What counts as caught: the very case fails, or dies; and nothing else does."""

import os
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../../scripts/lib"))

import code_mutants  # noqa: E402
from code_mutants import Mutant, failed_cases, parse, verdict  # noqa: E402

CMOCKA = """[ RUN      ] first_case
[       OK ] first_case
[ RUN      ] second_case
[  ERROR   ] --- 1 != 2
[  FAILED  ] second_case
[ RUN      ] third_case
"""
UNITTEST = """..F
FAIL: test_one (__main__.Verdict.test_one) (window='x')
ERROR: test_two (__main__.Other)
"""
MUTANT = Mutant(True, "a/a_test.c", "second_case", "a/a.c", "s/1/2/")


class Parse(unittest.TestCase):
    def test_lines(self):
        text = "# words\n\n*t.c a_case f.c s/a b/c d/\nt.py Class g.py /x/d\n"
        self.assertEqual(parse(text), [Mutant(True, "t.c", "a_case", "f.c", "s/a b/c d/"),
                                       Mutant(False, "t.py", "Class", "g.py", "/x/d")])
        with self.assertRaises(code_mutants.BadList):
            parse("t.c a_case f.c\n")


class Verdict(unittest.TestCase):
    """Killed by: any failure taken for that of the case; an exit status alone."""

    def test_cases_that_failed(self):
        self.assertEqual(failed_cases(CMOCKA), {"second_case", "third_case"})  # the third never ended
        self.assertEqual(failed_cases("ok 1 - a_case\nnot ok 2 - b_case\n"), {"b_case"})
        self.assertLessEqual({"test_one", "Verdict", "test_two", "Other"}, failed_cases(UNITTEST))

    def test_the_case_has_noticed(self):
        self.assertIsNone(verdict(MUTANT, 1, CMOCKA))

    def test_it_survives(self):
        self.assertEqual(verdict(MUTANT, 0, "[ RUN      ] second_case\n[       OK ] second_case\n"), "survives")

    def test_another_case_has_noticed(self):
        self.assertIn("first_case", verdict(MUTANT, 1, "[  FAILED  ] first_case\n"))
        self.assertIn("the end, 139", verdict(MUTANT, 139, ""))

    def test_no_end_is_no_notice(self):
        self.assertEqual(verdict(MUTANT, None, "[ RUN      ] first_case\n"), "the test does not end")


class Programs(unittest.TestCase):
    """Killed by: no arguments; those of one part for the whole; what is changed is not what is looked at."""

    def test_arguments(self):
        tests = [("a", ["page.txt"]), ("b", []), ("c", ["walks"]), ("c", ["controls"])]
        self.assertEqual(code_mutants.arguments_of(tests), {"a": ["page.txt"], "b": [], "c": []})

    def test_they_name_the_copy(self):
        copy, root = code_mutants.Copy.__new__(code_mutants.Copy), code_mutants.ROOT
        copy.root, copy.build = "/copy", f"{root}/other-build"
        copy.arguments = {"a": [root, copy.build, f"{root}/page.txt", "--quick"]}
        self.assertEqual(copy.words("a"), ["/copy", "/copy/build", "/copy/page.txt", "--quick"])
        self.assertEqual(copy.words("b"), [])


class Restore(unittest.TestCase):
    """Killed by: a file that is newer than it was, and all that is built of it; what was built of the mutant stays."""

    def test_only_what_was_built_of_the_mutant_goes(self):
        copy = code_mutants.Copy.__new__(code_mutants.Copy)
        with tempfile.TemporaryDirectory() as copy.root:
            os.makedirs(f"{copy.root}/build/a")
            for name, second in (("build/old.o", 2), ("build/.ninja_log", 10**10), ("a.h", 1)):
                with open(f"{copy.root}/{name}", "w", encoding="ascii") as f:
                    f.write("1")
                os.utime(f"{copy.root}/{name}", (second, second))
            mutant = Mutant(False, "t.c", "case", "a.h", "s/1/2/")
            before = copy.change(mutant)
            with open(f"{copy.root}/build/a/new.o", "w", encoding="ascii") as f:
                f.write("2")
            copy.restore(mutant, before)
            self.assertEqual(sorted(os.listdir(f"{copy.root}/build")), [".ninja_log", "a", "old.o"])
            self.assertEqual(os.listdir(f"{copy.root}/build/a"), [])
            self.assertEqual(os.stat(f"{copy.root}/a.h").st_mtime, 1)
            with open(f"{copy.root}/a.h", encoding="ascii") as f:
                self.assertEqual(f.read(), "1")


class FakeCopy:
    """Runs what it is told; `changed`: whether the script changes something."""

    def __init__(self, *runs, changed=True):
        self.runs, self.changed, self.restored = list(runs), changed, 0

    def run(self, _):
        return self.runs.pop(0)

    def change(self, _):
        return b"before" if self.changed else None

    def restore(self, _, before):
        self.restored += before == b"before"


class All(unittest.TestCase):
    GOOD, CAUGHT = (0, "", ""), (1, CMOCKA, "")

    def bad(self, copy, n=1):
        with mock.patch("builtins.print"):
            return code_mutants.try_all(copy, [MUTANT] * n, verbose=True)

    def test_caught(self):
        copy = FakeCopy(self.GOOD, self.CAUGHT, self.CAUGHT)  # by itself it is run once
        self.assertEqual((self.bad(copy, 2), copy.restored), (0, 2))

    def test_what_shows_nothing(self):
        self.assertEqual(self.bad(FakeCopy(self.CAUGHT)), 1)                # fails by itself
        self.assertEqual(self.bad(FakeCopy(self.GOOD, self.GOOD)), 1)       # survives
        self.assertEqual(self.bad(FakeCopy(self.GOOD, changed=False)), 1)   # no mutant
        copy = FakeCopy(self.GOOD, (1, "", "does not compile"))
        self.assertEqual((self.bad(copy), copy.restored), (1, 1))


if __name__ == "__main__":
    unittest.main()
