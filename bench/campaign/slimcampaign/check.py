# SPDX-License-Identifier: Apache-2.0
"""Recomputes every number of a page from the raw data in it.

It shares no code with what made the page: who counts by the same code makes the same mistake twice. The rules:
  * what a <data> element has as its value is what its expression says, and what it shows is that value, rounded;
  * no digit of the page stands outside of such an element, but in pictures, which have a digest, and in the page's own commands;
  * a row of a table has numbers of the mode and of the settings that stand in front of it;
  * with --results, the raw data are those of a folder.
"""

import argparse
import base64
import collections
import datetime
import gzip
import hashlib
import html.parser
import json
import math
import os
import re
import shlex
import statistics
import sys
from decimal import Decimal, InvalidOperation

CONSTANTS = {"confidence_percent": 95}
SILENT = ("void", "error")       # results from which nothing is computed
SKIPPED = ("script", "style", "svg")
VOID_ELEMENTS = ("meta", "br", "link", "hr", "img")
PICTURE = re.compile(r'<figure data-sha256="(\w*)">\n(<svg.*?</svg>)\n', re.S)


class Wrong(Exception):
    """What is wrong with one element, in words."""


# ---- the page ------------------------------------------------------------------------------------


class Reader(html.parser.HTMLParser):
    """Collects data elements, text outside of them, and the raw data."""

    def __init__(self):
        super().__init__()
        self.open, self.data, self.loose, self.raw = [], [], [], None
        self.rows = []  # of tables: [line, number of the table, words outside of data elements, expressions]
        self.n_tables = 0
        self.element = None

    def handle_starttag(self, tag, attrs):
        if tag in VOID_ELEMENTS:
            return
        self.open.append((tag, dict(attrs)))
        self.n_tables += tag == "table"
        if tag == "tr":
            self.rows.append([self.getpos()[0], self.n_tables, "", []])
        if tag == "data":
            self.element = [dict(attrs), "", self.getpos()[0]]

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass
        if tag == "data" and self.element:
            self.data.append(self.element)
            if self.in_row():
                self.rows[-1][3].append(self.element[0].get("data-of", ""))
            self.element = None

    def in_row(self):
        return any(tag == "tr" for tag, _ in self.open)

    def handle_data(self, text):
        tags = [tag for tag, _ in self.open]
        if self.in_row() and not self.element:
            self.rows[-1][2] += text + "\n"
        if self.element:
            self.element[1] += text
        elif self.open and self.open[-1][1].get("id") == "raw":
            self.raw = (self.raw or "") + text
        elif re.search(r"\d", text) and not set(tags) & set(SKIPPED):
            self.loose.append((self.getpos()[0], text.strip()))


def unpack(text):
    """{name of a file: its text}"""
    if text is None:
        raise Wrong("the page has no raw data")
    try:
        return json.loads(gzip.decompress(base64.b64decode(json.loads(text), validate=True)))
    except (ValueError, OSError, EOFError) as e:
        raise Wrong(f"the page's raw data cannot be read: {e}") from e


# ---- what an expression says ---------------------------------------------------------------------


def as_word(value):
    return value if isinstance(value, str) else json.dumps(value)


def t_for_95(freedom):
    """Student's t by adding up its density (Simpson), and halving."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)

    def inside(t, n=2000):
        # With x = tan(u) the whole axis is a finite stretch, and heavy tails are no matter.
        width = math.atan(t) / n
        heights = [scale * (1 + math.tan(i * width) ** 2 / freedom) ** (-(freedom + 1) / 2) / math.cos(i * width) ** 2
                   for i in range(n + 1)]
        return 2 * width / 3 * (heights[0] + heights[-1] + 4 * sum(heights[1:-1:2]) + 2 * sum(heights[2:-1:2]))

    low, high = 0.0, 15.0
    while high - low > 1e-7:
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < 0.95 else (low, middle)
    return low


T_FOR_95 = {}


def half_width(values):
    n = len(values)
    if n < 2:
        return None
    if n - 1 not in T_FOR_95:
        T_FOR_95[n - 1] = t_for_95(n - 1)
    return T_FOR_95[n - 1] * statistics.stdev(values) / math.sqrt(n)


def at_share(values, share):
    values = sorted(values)
    place = share * (len(values) - 1)
    below = int(place)
    above = values[min(below + 1, len(values) - 1)]
    return values[below] * (below + 1 - place) + above * (place - below) if below + 1 < len(values) else values[-1]


SUMMARIES = {"mean": statistics.fmean, "median": statistics.median, "least": min, "most": max, "interval": half_width}


class Evaluator:
    """Expressions over the raw lines of a page."""

    def __init__(self, files):
        self.machines = json.loads(files["machines.json"])
        self.lines, self.cut, self.selected = [], {}, {}
        for name, text in sorted(files.items()):
            if name.endswith(".jsonl"):
                self.read(name, text)
        self.by_campaign = collections.defaultdict(list)
        for line in self.lines:
            self.by_campaign[line["campaign"]].append((line, self.words_of(line)))

    def read(self, name, text):
        whole, end, rest = text.rpartition("\n")
        rows = (whole.split("\n") if end else []) + ([rest] if rest.strip() else [])
        for number, row in enumerate(rows, 1):
            if row.strip():
                try:
                    self.lines.append(json.loads(row))
                except ValueError as e:
                    if row is not rest:
                        raise Wrong(f"{name}:{number}: {e}") from e
                    self.cut[name] = number

    @staticmethod
    def words_of(line):
        words = {k: as_word(line[k]) for k in ("campaign", "mode", "twin", "result", "repeat", "order", "machine")}
        return {**{k: as_word(v) for k, v in line["point"].items()}, **words}

    def select(self, words):
        if tuple(words) not in self.selected:
            wanted = dict(word.split("=", 1) for word in words)
            campaigns = [wanted["campaign"]] if "campaign" in wanted else list(self.by_campaign)
            self.selected[tuple(words)] = [line for name in campaigns for line, has in self.by_campaign.get(name, ())
                                           if all(has.get(k) == v for k, v in wanted.items())]
        return self.selected[tuple(words)]

    @staticmethod
    def numbers(lines, name):
        kind, key = name.split(".", 1)
        lines = [line for line in lines if line["result"] not in SILENT]
        if kind == "lists":
            return [v for line in lines for v in (line.get("lists") or {}).get(key, [])]
        return [line["figures"][key] for line in lines if line["figures"].get(key) is not None]

    def value(self, expression):
        verb, *rest = shlex.split(expression)
        if verb in SUMMARIES or verb.startswith("quantile:"):
            numbers = self.numbers(self.select(rest[1:]), rest[0])
            if not numbers:
                return None
            return at_share(numbers, float(verb[9:])) if verb.startswith("quantile:") else SUMMARIES[verb](numbers)
        return getattr(self, f"say_{verb}", self.unknown)(*rest)

    @staticmethod
    def unknown(*_):
        raise Wrong("an expression that nobody knows")

    def say_constant(self, name):
        return CONSTANTS.get(name)

    def say_count(self, *words):
        return len(self.select(words))

    def say_total(self, name, *words):
        lines = self.select(words)
        return math.fsum(self.numbers(lines, name) if "." in name else [line[name] for line in lines])

    def say_machine(self, key, field):
        return self.machines[key].get(field)

    def say_date(self, which):
        times = [line["began_unix"] for line in self.lines]
        return datetime.datetime.fromtimestamp({"least": min, "most": max}[which](times),
                                               datetime.timezone.utc).date().isoformat()

    def say_cut(self, name):
        return self.cut.get(name)

    def say_field(self, name, *words):
        lines = self.select(words)
        if len(lines) != 1:
            raise Wrong(f"{len(lines)} runs are meant")
        found = lines[0][name]
        return "; ".join(found) if isinstance(found, list) else found

    def say_setting(self, key, *words):
        lines = self.select(words)
        return lines[0]["point"][key] if lines else None

    def say_ratio(self, name, *words):
        top, base = self.numbers(self.select(words), name), self.numbers(self.select(self.of_slim(words)), name)
        return statistics.median(top) / statistics.median(base) if top and base and statistics.median(base) else None

    @staticmethod
    def of_slim(words):
        return ["mode=slim", "twin=false", *(w for w in words if not w.startswith(("mode=", "twin=")))]

    def say_spread(self, name, *words):
        factors, first = [], {}
        lines = [line for line in self.select(words) if line["mode"] == "slim" and self.numbers([line], name)]
        for line in lines:
            if not line["twin"]:
                first[as_word(line["point"]), line["repeat"]] = self.numbers([line], name)[0]
        for line in lines:
            one, other = self.numbers([line], name)[0], first.get((as_word(line["point"]), line["repeat"]))
            if line["twin"] and other is not None and one > 0 and other > 0:
                factors.append(max(one, other) / min(one, other))
        return max(factors) if factors else None

    def say_verdict(self, name, *words):
        ratio = self.say_ratio(name, *words)
        here = [w for w in words if not w.startswith(("mode=", "twin="))]
        noise = self.say_spread(name, *here) or self.say_spread(name, *(w for w in here if w.startswith("campaign=")))
        if ratio is None or noise is None:
            return None if ratio is None else "no A/A row"
        if 1 / noise <= ratio <= noise:
            return "no difference"
        return "more" if ratio > 1 else "less"

    def say_reach(self, key, name, limit, *words):
        groups = collections.defaultdict(list)
        for line in self.select(words):
            groups[line["point"][key]].append(line)
        best = None
        for setting, lines in sorted(groups.items()):
            lines = [line for line in lines if line["result"] not in SILENT]
            numbers = self.numbers(lines, name)
            if not lines or len(numbers) < len(lines) or max(numbers) > float(limit):
                return best
            if any(line["result"] != "complete" for line in lines):
                return best
            best = setting
        return best


# ---- what an element shows -----------------------------------------------------------------------


def check_text(shown, value, expression):
    if expression.startswith("field commit") and len(shown) >= 7 and value.startswith(shown):
        return
    if shown != value:
        raise Wrong(f"shows '{shown}', and is '{value}'")


def check_number(shown, value):
    """It is the value, rounded to the places that it has."""
    try:
        number = Decimal(shown.replace(",", ""))
    except InvalidOperation:
        raise Wrong(f"shows '{shown}', which is no number") from None
    if f"{number:,f}" != shown:
        raise Wrong(f"shows '{shown}', and would be written '{number:,f}'")
    exact, unit = Decimal(repr(value)), Decimal(1).scaleb(number.as_tuple().exponent)
    # The two ways to compute may differ in the last bits of a float.
    if abs(number - exact) > unit / 2 + abs(exact) * Decimal("1e-9"):
        raise Wrong(f"shows {shown}, and is {value!r}")
    if number == 0 and exact != 0:
        raise Wrong(f"shows zero, and is {value!r}")


def check_element(attributes, shown, evaluator):
    expression, said = attributes.get("data-of"), attributes.get("value")
    if not expression or said is None:
        raise Wrong(f"'{shown}' does not say where it comes from")
    try:
        value = evaluator.value(expression)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as e:
        raise Wrong(f"cannot be computed: {e!r}") from e
    if value is None:
        raise Wrong(f"shows '{shown}', and there is nothing")
    if isinstance(value, str):
        if said != value:
            raise Wrong(f"has the value '{said}', and is '{value}'")
        return check_text(shown, value, expression)
    if not re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?", said) or not math.isclose(float(said), value, rel_tol=1e-6, abs_tol=1e-12):
        raise Wrong(f"has the value {said}, and is {value!r}")
    return check_number(shown, value)


# ---- all of it -----------------------------------------------------------------------------------


def conditions_of(expression):
    return dict(word.split("=", 1) for word in shlex.split(expression) if "=" in word)


def problems_of_rows(rows):
    """Numbers that stand in another's row. A setting stands for the rows below it, too."""
    settings, table = {}, None
    for line, number, words, expressions in rows:
        if number != table:
            settings, table = {}, number
        asked = [(e, conditions_of(e)) for e in expressions if not e.startswith(("field", "setting"))]
        for expression in expressions:
            if expression.startswith("setting"):
                key = shlex.split(expression)[1]
                settings[key] = conditions_of(expression).get(key)
        for expression, has in asked:
            mode = "slim once more" if has.get("twin") == "true" else has.get("mode")
            if mode and not expression.startswith("reach") and mode_in(words) != mode:
                yield f"line {line}: {expression}: stands in the row of {mode_in(words) or 'nobody'}"
            elif any(has.get(key) != value for key, value in settings.items()):
                yield f"line {line}: {expression}: stands in a row of other settings"


def mode_in(words):
    """The mode that a row names."""
    found = re.match(r"\W*(slim once more|[a-z-]+)", words)
    return found[1] if found else None


def compare_folder(files, folder):
    """What is different between the page's raw data and a folder's."""
    names = {name for name in os.listdir(folder) if name == "machines.json" or name.endswith(".jsonl")} | set(files)
    for name in sorted(names):
        path = os.path.join(folder, name)
        there = None
        if os.path.exists(path):
            with open(path, encoding="utf-8", newline="") as f:
                there = f.read()
        if name not in files or there is None:
            yield f"{name}: is only in {'the folder' if name not in files else 'the page'}"
        elif files[name] != there:
            ours, theirs = files[name].split("\n"), there.split("\n")
            line = next((n for n, (a, b) in enumerate(zip(ours, theirs), 1) if a != b), min(len(ours), len(theirs)) + 1)
            yield f"{name}:{line}: the page has another line than the folder"


def problems_of(text, folder=None):
    """Everything that is wrong with a page."""
    reader = Reader()
    reader.feed(text)
    try:
        files = unpack(reader.raw)
        evaluator = Evaluator(files)
    except (Wrong, KeyError, ValueError, TypeError, AttributeError) as e:
        yield f"{e}"
        return
    for attributes, shown, line in reader.data:
        try:
            check_element(attributes, shown, evaluator)
        except Wrong as e:
            yield f"line {line}: {attributes.get('data-of', '')}: {e}"
    yield from problems_of_rows(reader.rows)
    if not reader.data:
        yield "the page shows no number"
    for line, loose in reader.loose:
        yield f"line {line}: '{loose[:60]}' has a digit that does not say where it comes from"
    pictures = PICTURE.findall(text)
    if len(pictures) != text.count("<svg"):
        yield "a picture has no digest"
    for n, (digest, svg) in enumerate(pictures, 1):
        if hashlib.sha256(svg.encode()).hexdigest() != digest:
            yield f"picture {n} is not the one that was drawn"
    if folder is not None:
        yield from compare_folder(files, folder)


def extract(text, folder):
    """Writes the page's raw data out."""
    reader = Reader()
    reader.feed(text)
    os.makedirs(folder, exist_ok=True)
    for name, content in unpack(reader.raw).items():
        with open(os.path.join(folder, os.path.basename(name)), "w", encoding="utf-8", newline="") as f:
            f.write(content)


def main(argv=None):
    p = argparse.ArgumentParser(prog="bench/check",
                                description="Recomputes every number of a page from the raw data in it. Exit status 0 if all "
                                            "are right.")
    p.add_argument("page", metavar="PAGE.html")
    p.add_argument("--results", metavar="FOLDER", help="the page's raw data must be those of this folder")
    p.add_argument("--extract", metavar="FOLDER", help="write the page's raw data there")
    args = p.parse_args(argv)
    try:
        with open(args.page, encoding="utf-8", newline="") as f:
            text = f.read()
        problems = list(problems_of(text, args.results))
        if args.extract:
            extract(text, args.extract)
    except (OSError, UnicodeDecodeError, Wrong) as e:
        print(e, file=sys.stderr)
        return 1
    for problem in problems:
        print(problem)
    print(f"{len(problems)} wrong" if problems else f"all right: {text.count('<data')} values, {text.count('<figure')} pictures")
    return 1 if problems else 0
