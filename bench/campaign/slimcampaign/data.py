# SPDX-License-Identifier: Apache-2.0
"""Reads a folder of results: CAMPAIGN.jsonl, one JSON object a line and a line a run, and machines.json."""

import dataclasses
import json
import math
import os

from . import modes

CAMPAIGNS = ("ancestor", "size", "churn", "anatomy", "disturbance", "overhead", "failure", "link")
RESULTS = ("complete", "failed", "refused", "void", "error")
# A void run was not sent its load, and after an error there was no lab: neither says anything about what was measured.
MEASURED = ("complete", "failed", "refused")
MACHINES = "machines.json"
SCHEMA = 1
# What each line must have, and what it must be.
TYPES = {"schema": int, "campaign": str, "mode": str, "point": dict, "repeat": int, "twin": bool, "seed": int, "order": int,
         "command": str, "commit": str, "dirty": bool, "machine": str, "settings": dict, "began_unix": (int, float),
         "seconds": (int, float), "result": str, "reasons": list, "figures": dict}


class BadInput(Exception):
    """Results that cannot be read, in words that name file and line."""


@dataclasses.dataclass(frozen=True)
class Run:
    campaign: str
    mode: str
    point: dict
    repeat: int
    twin: bool
    seed: int
    order: int
    command: str
    commit: str
    dirty: bool
    machine: str
    settings: dict
    began_unix: float
    seconds: float
    result: str
    reasons: list
    figures: dict
    lists: dict
    series: dict

    def figure(self, name):
        """A number; None if the run says nothing, or not about that."""
        return self.figures.get(name) if self.result in MEASURED else None


@dataclasses.dataclass
class Results:
    runs: list = dataclasses.field(default_factory=list)
    machines: dict = dataclasses.field(default_factory=dict)
    notes: list = dataclasses.field(default_factory=list)  # what a reader must be told, in words
    cut: dict = dataclasses.field(default_factory=dict)    # {name of a file: number of its last line, which is cut}
    texts: dict = dataclasses.field(default_factory=dict)  # each file as it is: {name: text}

    def of(self, campaign):
        return [run for run in self.runs if run.campaign == campaign]

    def campaigns(self):
        """Those with data, in their order."""
        have = {run.campaign for run in self.runs}
        return [name for name in CAMPAIGNS if name in have]


def no_constant(name):
    raise ValueError(f"{name} is no number")


def read_json(text):
    return json.loads(text, parse_constant=no_constant)


def problem_of(line, campaign):
    """What is wrong with a line, in words; None if nothing is."""
    if not isinstance(line, dict):
        return "no object"
    for key, kind in TYPES.items():
        if key not in line:
            return f"nothing of '{key}'"
        if not isinstance(line[key], kind) or (isinstance(line[key], bool) and kind is not bool):
            return f"'{key}' is of another type"
    if line["schema"] != SCHEMA:
        return f"schema {line['schema']}; known is {SCHEMA}"
    if line["campaign"] != campaign:
        return f"a run of the campaign '{line['campaign']}' in another one's file"
    if line["mode"] not in modes.MODES or line["mode"] == modes.TWIN:
        return f"unknown mode '{line['mode']}'"
    if line["twin"] and line["mode"] != "slim":
        return "only slim has a twin"
    if line["result"] not in RESULTS:
        return f"unknown result '{line['result']}'"
    return problem_of_numbers(line)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def problem_of_numbers(line):
    for key, value in line["figures"].items():
        if value is not None and not is_number(value):
            return f"figure '{key}' is neither a number nor null"
    for key, value in line["point"].items():
        if not isinstance(value, (str, int, float)):
            return f"setting '{key}' of the point is no scalar"
    for key, values in (line.get("lists") or {}).items():
        if not isinstance(values, list) or not all(is_number(v) for v in values):
            return f"list '{key}' is not of numbers"
    return problem_of_series(line.get("series"))


def problem_of_series(series):
    if series is None:
        return None
    if not isinstance(series, dict):
        return "'series' is of another type"
    columns = {key: values for key, values in series.items() if isinstance(values, list) and key != "move_s"}
    if len({len(values) for values in columns.values()}) > 1:
        return "columns of 'series' have different lengths"
    return None if "time_s" in columns or not columns else "'series' without 'time_s'"


def run_of(line):
    names = {field.name for field in dataclasses.fields(Run)} - {"lists", "series"}
    return Run(**{name: line[name] for name in names}, lists=line.get("lists") or {}, series=line.get("series"))


def read_file(name, text, results):
    """Adds the runs of one file. The last line of an interrupted run may be cut: that is told."""
    campaign = name.removesuffix(".jsonl")
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            content = read_json(line)
        except ValueError as e:
            if number == len(lines):  # nothing ended it
                results.cut[name] = number
                results.notes.append(f"{where}: the last line is cut; the run that wrote it was interrupted and is left out")
                continue
            raise BadInput(f"{where}: {e}") from e
        add(content, campaign, where, results)


def add(content, campaign, where, results):
    problem = problem_of(content, campaign)
    first = next((run for run in results.runs if run.campaign == campaign), None)
    if problem is None and first and first.point.keys() != content["point"].keys():
        problem = f"a point of {', '.join(content['point'])}; the first has {', '.join(first.point)}"
    if problem is None and content["machine"] not in results.machines:
        problem = f"machine '{content['machine']}' is not in {MACHINES}"
    if problem:
        raise BadInput(f"{where}: {problem}")
    results.runs.append(run_of(content))


def read_machines(text):
    try:
        machines = read_json(text)
    except ValueError as e:
        raise BadInput(f"{MACHINES}: {e}") from e
    if not isinstance(machines, dict) or not all(isinstance(m, dict) for m in machines.values()):
        raise BadInput(f"{MACHINES}: not an object of objects")
    return machines


def parse(texts):
    """Results from {name of a file: its text}."""
    if MACHINES not in texts:
        raise BadInput(f"there is no {MACHINES}")
    results = Results(machines=read_machines(texts[MACHINES]), texts=texts)
    for name in (f"{campaign}.jsonl" for campaign in CAMPAIGNS):
        if name in texts:
            read_file(name, texts[name], results)
    if not results.runs:
        raise BadInput("there is no run")
    return results


def read_texts(folder):
    """The files of a folder that hold results."""
    names = [MACHINES, *(f"{campaign}.jsonl" for campaign in CAMPAIGNS)]
    texts = {}
    for name in names:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8", newline="") as f:
                texts[name] = f.read()
    return texts


def read(folder):
    if not os.path.isdir(folder):
        raise BadInput(f"{folder}: no such folder")
    try:
        results = parse(read_texts(folder))
    except (BadInput, OSError, UnicodeDecodeError) as e:
        raise BadInput(f"{folder}: {e}") from e
    strangers = [name for name in sorted(os.listdir(folder)) if name.endswith(".jsonl") and name not in results.texts]
    results.notes += [f"{name}: no campaign has this name; it is left out" for name in strangers]
    return results
