# SPDX-License-Identifier: Apache-2.0
"""Where two folders say the same: runs of lines of the same shape. Shape: names, numbers and strings do not matter, words of C do.
Not counted are blank lines, comments, includes, lone punctuation, and rows of tables, which are data.

    duplicates.py FOLDER FOLDER [LINES]      or files; prints the pairs of places that share at least so many lines (21)
"""

import os
import re
import sys

KEYWORDS = set("""auto bool break case char const continue default do double else enum extern false float for goto if inline int long NULL
register restrict return short signed sizeof static struct switch true typedef union unsigned void volatile while
uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t int64_t size_t""".split())
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|[A-Za-z_]\w*|\d\w*|\S')
ROW = re.compile(r'\{.*\},?\\?$|\w*X\(|\.\w+ = |[A-Z][A-Z0-9_]+\(.*\)?,?\\?$|TEST\w*\(|cmocka_unit_test|"')
PUNCTUATION = re.compile(r"[\W_]*$")


def without_comments(text):
    """The same number of lines."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)


def shape(line):
    """The line with all names alike; None if it does not count."""
    line = line.strip()
    if not line or line.startswith("#include") or PUNCTUATION.match(line) or ROW.match(line):
        return None
    return " ".join(t if t in KEYWORDS or not (t[0].isalnum() or t[0] in "_\"'") else "n" if t[0].isdigit() else
                    "s" if t[0] in "\"'" else "i" for t in TOKEN.findall(line))


def lines_of(path):
    """[(number of the line, its shape)]"""
    with open(path, encoding="utf-8") as f:
        numbered = enumerate(without_comments(f.read()).split("\n"), 1)
    return [(n, s) for n, s in ((n, shape(line)) for n, line in numbered) if s is not None]


def files_of(folder):
    """Those of a folder; or the one file that it is."""
    if os.path.isfile(folder):
        return [folder]
    return sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names
                  if name.endswith((".c", ".h")))


def runs(left, right, least):
    """[(first of left, first of right, how many)], as long as they go, each line of `left` in one run at most: the longest."""
    seen = {}
    for j in range(len(right) - least + 1):
        seen.setdefault(tuple(s for _, s in right[j:j + least]), []).append(j)
    found, i = [], 0
    while i <= len(left) - least:
        best = max((extend(left, right, i, j) for j in seen.get(tuple(s for _, s in left[i:i + least]), ())),
                   key=lambda run: run[2], default=None)
        if best:
            found.append(best)
        i += best[2] if best else 1
    return found


def extend(left, right, i, j):
    n = 0
    while i + n < len(left) and j + n < len(right) and left[i + n][1] == right[j + n][1]:
        n += 1
    return i, j, n


def pairs(one, other, least=21):
    """[(lines, "a.c:1-30 ~ b.c:7-36")], most first."""
    found = []
    others = [(path, lines_of(path)) for path in files_of(other)]
    for path in files_of(one):
        left = lines_of(path)
        for second, right in others:
            for i, j, n in runs(left, right, least):
                found.append((n, f"{path}:{left[i][0]}-{left[i + n - 1][0]} ~ "
                                 f"{second}:{right[j][0]}-{right[j + n - 1][0]}"))
    return sorted(found, reverse=True)


def main():
    least = int(sys.argv[3]) if len(sys.argv) > 3 else 21
    found = pairs(sys.argv[1], sys.argv[2], least)
    for n, places in found:
        print(f"{n:>4}  {places}")
    print(f"{len(found)} pairs, {sum(n for n, _ in found)} lines")


if __name__ == "__main__":
    main()
