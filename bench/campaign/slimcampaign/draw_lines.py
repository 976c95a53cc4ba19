# SPDX-License-Identifier: Apache-2.0
"""Figures over a setting. Each dot is a run; the line goes through the medians; a run that failed has a red cross."""

from matplotlib.lines import Line2D

from . import modes, statistics, style

MOST_TICKS = 6  # of settings that stand at the axis, each one
DODGE = 0.012  # of the width of a picture, from mode to mode: dots of the same point are not above each other


def facets(runs, x):
    """Distinct settings besides x, in the order in which they came: [{setting: value}]."""
    found = []
    for run in runs:
        rest = {key: value for key, value in run.point.items() if key != x}
        if rest not in found:
            found.append(rest)
    return found


UNITS = {"octets": "{} octets", "flows": "{} flows", "traffic_pps": "{} packets/s", "sessions": "{} sessions",
         "delay_ms": "{} ms delay",
         "pps": "{} packets/s", "mbit": "{} Mbit/s", "new_per_s": "{} new/s", "workers": "workers: {}", "bridges": "bridges: {}",
         "rules": "rules: {}",
         "max_revalidator_ms": "revalidator: {} ms", "moves": "{} moves", "timed_runs": "{} timed runs", "counted": "{} counted"}
NAMES = {"nat": "NAT", "gateway": "gateway", "pppoe": "PPPoE"}


def words(point, keys=None):
    """A point in words, of these settings only."""
    said = []
    for key, value in point.items():
        if keys is None or key in keys:
            shown = f"{value:,}" if isinstance(value, (int, float)) and not isinstance(value, bool) else NAMES.get(value, value)
            said.append(UNITS.get(key, "{}").format(shown).replace(" ", "\N{NO-BREAK SPACE}"))
    return ", ".join(said)


def varying(points):
    """Settings that are not the same everywhere."""
    return [key for key in (points[0] if points else ()) if len({p[key] for p in points}) > 1]


def title_keys(points):
    """The network function, and what varies; flows go with the network function where they only vary with it."""
    keys = {"nf", *varying(points)}
    if "nf" in keys and len({(p.get("nf"), p.get("flows")) for p in points}) == len({p.get("nf") for p in points}):
        keys.discard("flows")
    return keys


def present(runs):
    """Modes in the order of their table."""
    have = {modes.name_of(run) for run in runs}
    return [name for name in modes.MODES if name in have]


def value_of(run, row):
    value = run.figure(row.figure)
    return value * 100 if value is not None and row.scale == "share" else value


class Across:
    """Where a setting stands on the x axis, and each mode beside it."""

    def __init__(self, plan, runs, names):
        self.kind, self.names = plan.x_scale, names
        self.steps = sorted({run.point[plan.x] for run in runs}, key=lambda v: (v == 0, v))
        self.positive = [v for v in self.steps if v > 0]

    def at(self, setting, name):
        aside = (self.names.index(name) - (len(self.names) - 1) / 2) * DODGE
        if self.kind == "steps":
            return self.steps.index(setting) + aside * len(self.steps)
        if self.kind == "log" and len(self.positive) > 1:
            return max(setting, self.positive[0] / 3) * (self.positive[-1] / self.positive[0]) ** aside
        return setting + aside * (0 if self.kind == "log" else self.steps[-1] - self.steps[0])

    def finish(self, axis):
        if self.kind == "steps":
            axis.set_xticks(range(len(self.steps)), [style.short(v) if v else "no limit" for v in self.steps])
            axis.set_xlim(-0.5, len(self.steps) - 0.5)
        else:
            style.scale(axis.xaxis, self.kind)
            if self.kind == "log" and len(self.steps) <= MOST_TICKS:
                axis.xaxis.set_major_locator(style.FixedLocator(self.steps))


def draw_mode(axis, runs, plan, row, across, name):
    """The line of one mode, its runs, and its failures. Few artists, each of many points: a picture has thousands of runs."""
    look, by_setting = modes.look(name), {}
    for run in runs:
        by_setting.setdefault(run.point[plan.x], []).append(run)
    middles, dots, failed, at_foot = [], [], [], []
    for setting in sorted(by_setting, key=across.steps.index):
        x = across.at(setting, name)
        values = [(run, value_of(run, row)) for run in by_setting[setting]]
        known = [v for _, v in values if v is not None]
        dots += [(x, v) for v in known]
        if known:
            middles.append((x, statistics.mean(known) if row.scale == "share" else statistics.median(known)))
        for run, value in values:
            if run.result == "failed":
                foot = value is None or row.scale == "log" and value <= 0
                (at_foot if foot else failed).append((x, value))
    if row.scale != "share":
        plot_all(axis, dots, color=look.colour, marker=".", ms=3.5, ls="none", alpha=0.55, mew=0, zorder=3)
    plot_all(axis, middles, zorder=4, **style.line_of(look, name == modes.TWIN))
    plot_all(axis, failed, **style.CROSS)
    if at_foot:
        style.foot_cross(axis, [x for x, _ in at_foot])


def plot_all(axis, points, **how):
    if points:
        axis.plot(*zip(*points), **how)


def draw_beside(axis, runs, plan, row, across, name):
    """A second figure, hollow: what was foreseen, or the same of another program."""
    look, by_setting = modes.look(name), {}
    for run in runs:
        value = run.figure(row.beside)
        if value is not None:
            by_setting.setdefault(run.point[plan.x], []).append(value * 100 if row.scale == "share" else value)
    if by_setting:
        middle = statistics.mean if row.scale == "share" else statistics.median
        axis.plot([across.at(s, name) for s in by_setting], [middle(v) for v in by_setting.values()], ls="none",
                  marker=look.marker,
                  ms=10, mfc="none", mec=look.colour, mew=1.0, zorder=5)


def fill(axis, plan, row, runs, across):
    for name in across.names:
        of_mode = [run for run in runs if modes.name_of(run) == name]
        draw_mode(axis, of_mode, plan, row, across, name)
        if row.beside:
            draw_beside(axis, of_mode, plan, row, across, name)


def finish_row(axis, row):
    percent = "%" in row.label and row.scale == "linear"
    style.scale(axis.yaxis, "share" if percent else row.scale, row.least)
    if row.scale == "linear" and not percent:
        axis.set_ylim(bottom=0)


def beside_handles(rows, runs):
    labels = {row.beside_label for row in rows if row.beside_label and row.beside_label != "conntrackd"
              and any(run.figure(row.beside) is not None for run in runs)}
    return [Line2D([], [], ls="none", marker="o", ms=9, mfc="none", mec=style.INK, label=label) for label in sorted(labels)]


def draw(plan, runs):
    """[matplotlib figures], each with at most so many columns as the plan says; none if there is nothing to draw."""
    rows = [row for row in plan.rows if any(run.figure(name) is not None for run in runs for name in (row.figure, row.beside))]
    runs_with = [run for run in runs if run.result == "failed" or any(run.figure(n) is not None for row in rows
                                                                      for n in (row.figure, row.beside))]
    columns = facets(runs_with, plan.x)
    keys = title_keys(columns)
    parts = -(-len(columns) // plan.columns)
    size = -(-len(columns) // parts) if parts else 1
    return [draw_part(plan, rows, columns[i:i + size], keys, runs) for i in range(0, len(columns), size)] if rows else []


def draw_part(plan, rows, columns, keys, runs):
    runs = [run for run in runs if {k: v for k, v in run.point.items() if k != plan.x} in columns]
    names = present(runs)
    across = Across(plan, runs, names)
    handles = style.mode_handles(names, runs) + beside_handles(rows, runs)
    height = 2.4 if len(rows) < 3 else 1.7
    figure, axes, top = style.figure(len(rows), len(columns), height, style.legend_rows(handles), sharex=True, sharey=True)
    style.legend(top, handles)
    for c, facet in enumerate(columns):
        here = [run for run in runs if all(run.point[key] == value for key, value in facet.items())]
        for r, row in enumerate(rows):
            axis = axes[r][c]
            axis.set_ylabel(row.label if c == 0 else "")
            fill(axis, plan, row, here, across)
            axis.tick_params(labelbottom=r == len(rows) - 1, labelleft=c == 0)
        axes[0][c].set_title(words(facet, keys))
        axes[-1][c].set_xlabel(plan.x_label)
    for r, row in enumerate(rows):
        finish_row(axes[r][0], row)
    for c in range(len(columns)):
        across.finish(axes[0][c])
    return figure
