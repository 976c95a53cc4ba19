#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The checks of the layers find what they look for. Killed by: a circle over three files that is not seen, one of a source and
another's header; a call that closes one; repeated lines with other names in them, or rows of tables counted as such; a place of 21 lines that
two NFs have; a test whose lines count as code."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import duplicates  # noqa: E402
import layers  # noqa: E402
import lines  # noqa: E402


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="slim-layers-")
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, path, text):
        os.makedirs(os.path.dirname(f"{self.root}/{path}"), exist_ok=True)
        with open(f"{self.root}/{path}", "w", encoding="utf-8") as f:
            f.write(text)

    def includes(self, path, *names):
        self.write(path, "".join(f'#include "{name}"\n' for name in names))


class Includes(Tree):
    def problems(self):
        """[of files, of modules]"""
        found = []
        tap = layers.Tap()
        tap.check = lambda name, problems: found.append(problems)
        files = layers.sources(self.root)
        layers.check_circles(tap, self.root, files, {f for f in files if f.endswith(".h")})
        return found

    def test_no_circle(self):
        self.includes("nfs/nat/a.h", "b.h")
        self.includes("nfs/nat/b.h", "c.h")
        self.includes("nfs/nat/a.c", "a.h", "c.h")
        self.includes("nfs/nat/c.h")
        self.assertEqual(self.problems(), [[], []])

    def test_headers_in_a_circle(self):
        self.includes("nfs/nat/a.h", "b.h")
        self.includes("nfs/nat/b.h", "c.h")
        self.includes("nfs/nat/c.h", "a.h")
        self.assertEqual(self.problems()[0], ["nfs/nat/a.h <-> nfs/nat/b.h <-> nfs/nat/c.h"])

    def test_modules_in_a_circle(self):
        self.includes("nfs/nat/a.h")
        self.includes("nfs/nat/b.h", "a.h")
        self.includes("nfs/nat/a.c", "a.h", "b.h")
        self.assertEqual(self.problems(), [[], ["nfs/nat/a <-> nfs/nat/b"]])

    def test_a_name_in_two_folders(self):
        """Each has its own: no circle by way of the other's."""
        for nf in ("nat", "gateway"):
            self.includes(f"nfs/{nf}/packet.h")
            self.includes(f"nfs/{nf}/router.h", "packet.h")
            self.includes(f"nfs/{nf}/router.c", "router.h")
        self.assertEqual(self.problems(), [[], []])


class Calls(Tree):
    def compile(self, path, text):
        self.write(path, text)
        subprocess.run(["cc", "-c", f"{self.root}/{path}", "-o", f"{self.root}/{path}.o"], check=True)

    def test_a_circle_of_calls(self):
        self.compile("nfs/nat.p/a.c", "void b(void); void a(void); void a(void) { b(); }")
        self.compile("nfs/nat.p/b.c", "void c(void); void b(void); void b(void) { c(); }")
        self.assertEqual(self.circles("ab"), [])
        self.compile("nfs/nat.p/c.c", "void a(void); void c(void); void c(void) { a(); }")
        self.assertEqual(self.circles("abc"), [[f"nfs/nat.p/{x}.c.o" for x in "abc"]])

    def circles(self, names):
        return layers.circles(layers.calls_of(self.root, [f"{self.root}/nfs/nat.p/{x}.c.o" for x in names]))


BODY = """static int
first_{0}(struct {0} *x)
{{
	int {0} = x->n + {1};

	/* words */
	if ({0} > {1})
		return -{1};
	take({0}, "{0}");
	return {0} + x->last_{0};
}}
"""


class Duplicates(Tree):
    def pairs(self, one, other, least):
        self.write("one/a.c", one)
        self.write("other/b.c", other)
        return duplicates.pairs(f"{self.root}/one", f"{self.root}/other", least)

    def test_other_names_and_numbers(self):
        [(n, places)] = self.pairs("int before;\n" + BODY.format("cat", 7), "\n" + BODY.format("dog", 999), 7)
        self.assertEqual(n, 7)  # without braces, comment and blank lines
        self.assertEqual(places, f"{self.root}/one/a.c:2-11 ~ {self.root}/other/b.c:2-11")

    def test_fewer_lines(self):
        self.assertEqual(self.pairs(BODY.format("cat", 7), BODY.format("dog", 7), 9), [])

    def test_another_shape(self):
        self.assertEqual(self.pairs(BODY.format("cat", 7), BODY.format("dog", 7).replace(">", "<"), 7), [])

    def test_rows_of_tables_are_data(self):
        rows = "".join(f'\t{{"name{i}", offset_{i}, {i}}},\n\tX(name{i}, "words")\n\t.x{i} = {i},\n' for i in range(20))
        self.assertEqual(self.pairs(rows, rows, 3), [])

    def test_two_functions(self):
        """20 lines may be the same, 21 may not."""
        for n, found in ((20, 0), (21, 2)):
            body = "".join(f"x{i} = f({'+' * i}y);\n" for i in range(n))
            for nf in ("nat", "gateway"):
                self.write(f"bench/loop/{nf}.c", f"{body}int of_{nf}{'[]' if nf == 'nat' else ''};\n")
                self.write(f"nfs/{nf}/a.c", f"{body}int only_{nf}{'[]' if nf == 'nat' else ''};\n")
            tap = layers.Tap()
            problems = []
            tap.check = lambda name, found: problems.extend(found)
            layers.check_duplicates(tap, self.root)
            self.assertEqual(len(problems), found)

    def test_lines(self):
        self.write("nfs/nat/a.c", "1\n2\n3\n")
        self.write("nfs/nat/table/a_test.c", "1\n")
        self.write("nfs/nat/test/harness.h", "1\n")
        self.write("nfs/common/b.h", "1\n2\n")
        self.assertEqual(lines.table(self.root), [("nfs/common", 2, 0), ("nfs/nat", 3, 2)])


if __name__ == "__main__":
    unittest.main()
