# SPDX-License-Identifier: Apache-2.0
"""A number and where it comes from: each value that a page shows is made here, with the expression that it is the value of.

    median figures.duration_s campaign=size mode=slim twin=false nf=nat sessions=1000000

The words behind the name are conditions: campaign, mode, twin, result, repeat, order, or a setting of the point. Runs that are
void or in error count for `count` and `field`, and for nothing else. check.py reads the expressions, with code of its own.
"""

import dataclasses
import datetime
import json
import shlex

from . import data, statistics

ATTRIBUTES = ("campaign", "mode", "twin", "result", "repeat", "order", "machine")


@dataclasses.dataclass(frozen=True)
class Value:
    value: object  # a number, a text, or None: nothing is known
    of: str


def plain(value):
    """A scalar as an expression has it."""
    return value if isinstance(value, str) else json.dumps(value)


def words(conditions):
    return " ".join(f"{key}={shlex.quote(plain(value))}" for key, value in conditions.items())


def settings_of(run):
    """All that a condition may ask, as an expression has it."""
    return {**{key: plain(value) for key, value in run.point.items()}, **{key: plain(getattr(run, key)) for key in ATTRIBUTES}}


class Sheet:
    """All values of one set of results."""

    def __init__(self, results):
        self.results = results
        self.found = {(): [(run, settings_of(run)) for run in results.runs]}

    def among(self, asked):
        """The runs of these conditions, from those of all but the last, which are remembered: a page asks the same again and
        again."""
        if asked not in self.found:
            key, value = asked[-1]
            self.found[asked] = [(run, has) for run, has in self.among(asked[:-1]) if has.get(key) == value]
        return self.found[asked]

    def runs(self, **conditions):
        return [run for run, _ in self.among(tuple((key, plain(value)) for key, value in conditions.items()))]

    def samples(self, name, **conditions):
        """The figure of each run that has it, or all samples of a list: `name` is figures.X or lists.X."""
        kind, _, key = name.partition(".")
        runs = self.runs(**conditions)
        if kind == "lists":
            return [v for run in runs if run.result in data.MEASURED for v in run.lists.get(key, ())]
        return [v for v in (run.figure(key) for run in runs) if v is not None]

    def stat(self, name, figure, **conditions):
        """`name`: mean, median, least, most, interval, or quantile:Q."""
        values = self.samples(figure, **conditions)
        if name.startswith("quantile:"):
            found = statistics.quantile(values, float(name.partition(":")[2]))
        else:
            found = getattr(statistics, name)(values)
        return Value(found, f"{name} {figure} {words(conditions)}")

    def count(self, **conditions):
        return Value(len(self.runs(**conditions)), f"count {words(conditions)}".strip())

    def total(self, field, **conditions):
        """`field`: seconds, or figures.X."""
        values = self.samples(field, **conditions) if "." in field else [getattr(run, field) for run in self.runs(**conditions)]
        return Value(sum(values), f"total {field} {words(conditions)}".strip())

    def ratio(self, figure, **conditions):
        """Of a mode's median to that of slim, at the same point."""
        base = self.samples(figure, **{**conditions, "mode": "slim", "twin": False})
        return Value(statistics.ratio(self.samples(figure, **conditions), base), f"ratio {figure} {words(conditions)}")

    def spread(self, figure, **conditions):
        """The A/A row: by what factor slim differs from itself, pair by pair of the same point and repeat."""
        key, pairs = figure.partition(".")[2], {}
        for run in self.runs(**{**conditions, "mode": "slim"}):
            if run.figure(key) is not None:
                pairs.setdefault((tuple(run.point.values()), run.repeat), {})[run.twin] = run.figure(key)
        both = [(pair[True], pair[False]) for pair in pairs.values() if len(pair) == 2]
        return Value(statistics.spread(both), f"spread {figure} {words(conditions)}")

    def verdict(self, figure, **conditions):
        """Beside the A/A row of the point; of the whole campaign if the point has none."""
        point = {key: value for key, value in conditions.items() if key not in ATTRIBUTES}
        aa = self.spread(figure, campaign=conditions["campaign"], **point).value
        if aa is None:
            aa = self.spread(figure, campaign=conditions["campaign"]).value
        return Value(statistics.verdict(self.ratio(figure, **conditions).value, aa), f"verdict {figure} {words(conditions)}")

    def reach(self, key, figure, limit, **conditions):
        """The greatest setting `key` up to which every run is complete, and has the figure at most at the limit."""
        good = None
        of = {}
        for run in self.runs(**conditions):
            of.setdefault(run.point[key], []).append(run)
        name = figure.partition(".")[2]
        for setting in sorted(of):
            said = [run for run in of[setting] if run.result not in ("void", "error")]
            if not said or any(run.result != "complete" or run.figure(name) is None or run.figure(name) > limit for run in said):
                break
            good = setting
        return Value(good, f"reach {key} {figure} {plain(limit)} {words(conditions)}")

    def setting(self, key, value, **conditions):
        """A label of a row: it is among the settings that the runs have."""
        return Value(value, f"setting {key} {words({**conditions, key: value})}")

    def field(self, name, run):
        """An attribute of one run."""
        value = getattr(run, name)
        return Value("; ".join(value) if isinstance(value, list) else value,
                     f"field {name} order={run.order} campaign={run.campaign}")

    def machine(self, key, field):
        return Value(self.results.machines[key].get(field), f"machine {shlex.quote(key)} {field}")

    def date(self, name):
        """Of the first or the last run, in UTC; `name`: least or most."""
        at = getattr(statistics, name)([run.began_unix for run in self.results.runs])
        return Value(datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d"), f"date {name}")
