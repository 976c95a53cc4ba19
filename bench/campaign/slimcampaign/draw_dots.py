# SPDX-License-Identifier: Apache-2.0
"""Figures beside each other: a row for each point, a panel for each figure, a mark for each mode or state."""

import textwrap

from matplotlib.lines import Line2D

from . import modes, statistics, style
from .draw_lines import plot_all, present, title_keys, varying, words


def groups(plan, runs):
    """[(name, how it looks, its runs)]: the modes, or what has colours."""
    if not plan.by:
        return [(name, modes.look(name), [run for run in runs if modes.name_of(run) == name]) for name in present(runs)]
    runs = [run for run in runs if not run.twin]
    have = {run.point[plan.by] for run in runs}
    known = [name for name in modes.STATES if name in have] + sorted(have - set(modes.STATES))
    return [(name, modes.STATES.get(name, modes.STATES["bare"]), [run for run in runs if run.point[plan.by] == name])
            for name in known]


def rows_of(plan, runs):
    """Distinct points without what has colours."""
    found = []
    for run in runs:
        point = {key: value for key, value in run.point.items() if key != plan.by}
        if point not in found:
            found.append(point)
    return found


def is_of(run, point):
    return all(run.point[key] == value for key, value in point.items())


def draw_group(axis, row, points, group, aside):
    name, look, runs = group
    middles, failed, at_foot = [], [], []
    for y, point in enumerate(points):
        here = [(run, run.figure(row.figure)) for run in runs if is_of(run, point)]
        values = [v for _, v in here if v is not None]
        if values:
            axis.plot([min(values), max(values)], [y + aside] * 2, color=look.colour, lw=1.2, alpha=0.6, zorder=3)
            middles.append((statistics.median(values), y + aside))
        for run, value in here:
            if run.result == "failed":
                foot = value is None or row.scale == "log" and value <= 0
                (at_foot if foot else failed).append((value, y + aside))
    plot_all(axis, middles, **{**style.line_of(look, name == modes.TWIN), "ls": "none"})
    plot_all(axis, failed, **style.CROSS)
    if at_foot:
        style.left_cross(axis, [y for _, y in at_foot])


def handles_of(plan, listed, runs):
    if not plan.by:
        return style.mode_handles([name for name, *_ in listed], runs)
    lines = [Line2D([], [], label=name, **{**style.line_of(look), "ls": "none"}) for name, look, _ in listed]
    return lines + style.fault_handles(runs)


def labels_of(points):
    """Each point in words. Where many settings vary, one at a time, the first point is told in full, and of the others what
    differs."""
    keys = title_keys(points)
    if len(varying(points)) < 3:
        return [textwrap.fill(words(point, keys), 26) for point in points]
    base = points[0]
    other = [[key for key in point if point[key] != base[key]] for point in points]
    return [textwrap.fill(words(point, keys if not differ or len(differ) > 2 else differ), 26)
            for point, differ in zip(points, other)]


def finish(axis, row, points):
    axis.set_xlabel(row.label)
    percent = "%" in row.label and row.scale == "linear"
    style.scale(axis.xaxis, "share" if percent else row.scale, row.least)
    if row.figure == "ratio_to_bare":
        axis.axvline(1, color=style.QUIET, lw=1, ls=(0, (4, 3)), zorder=1)
    elif row.scale == "linear" and not percent:
        axis.set_xlim(0, axis.xaxis.get_data_interval()[1] * 1.08)
    axis.set_ylim(len(points) - 0.5, -0.5)
    for y in range(1, len(points)):
        axis.axhline(y - 0.5, color=style.GRID, lw=0.8)
    axis.grid(False, axis="y")
    axis.tick_params(axis="y", length=0)


def draw(plan, runs):
    figures = [row for row in plan.figures if any(run.figure(row.figure) is not None for run in runs)]
    listed, points = groups(plan, runs), rows_of(plan, runs)
    if not figures or not points:
        return []
    handles = handles_of(plan, listed, runs)
    height = max(1.4, len(points) * (0.16 * len(listed) + 0.14) + 0.5)
    labels = labels_of(points)
    left = 0.3 + 0.068 * max(len(line) for label in labels for line in label.split("\n"))
    figure, axes, top = style.figure(1, len(figures), height, style.legend_rows(handles), left, gap=0.3, bottom=0.64)
    style.legend(top, handles)
    step = 0.8 / max(1, len(listed))
    for column, (axis, row) in enumerate(zip(axes[0], figures)):
        for n, group in enumerate(listed):
            draw_group(axis, row, points, group, (n - (len(listed) - 1) / 2) * step)
        finish(axis, row, points)
        axis.set_yticks(range(len(points)), labels if column == 0 else [""] * len(points))
    return [figure]
