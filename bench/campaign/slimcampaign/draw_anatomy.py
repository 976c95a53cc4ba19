# SPDX-License-Identifier: Apache-2.0
"""Of a hand-over: its parts beside each other, and how long all holds took."""

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import modes, statistics, style
from .draw_lines import present, title_keys, words

PART = "part_us:"
# Parts come one after the other, so neighbours differ: dark and light in turns.
SHADES = ("#0072b2", "#56b4e9", "#009e73", "#f0e442", "#e69f00", "#d55e00", "#cc79a7", "#999999")
HATCHES = ("", "///", "...", "xxx")


def points_of(runs):
    found = []
    for run in runs:
        if run.point not in found:
            found.append(run.point)
    return found


def median_of(runs, figure):
    return statistics.median([v for v in (run.figure(figure) for run in runs) if v is not None])


def parts_of(runs):
    """Names in the order in which runs have them."""
    return list(dict.fromkeys(key for run in runs for key in run.figures if key.startswith(PART)))


def bar_colours(names):
    return {name: (SHADES[n % len(SHADES)], HATCHES[n // len(SHADES) % len(HATCHES)]) for n, name in enumerate(names)}


def draw_bar(axis, y, runs, colours):
    left = 0
    for name, (colour, hatch) in colours.items():
        width = median_of(runs, name) or 0
        axis.barh(y, width, left=left, height=0.55, color=colour, hatch=hatch, edgecolor=style.INK, lw=0.4, zorder=3)
        left += width
    floor = median_of(runs, "floor_us")
    if floor is not None:
        axis.plot([floor] * 2, [y - 0.42, y + 0.42], color=style.INK, lw=1.6, ls=(0, (3, 2)), zorder=5)


def part_words(name):
    who, _, what = name.removeprefix(PART).partition(": ")
    return f"{who}: {what}" if what else who


def draw_stack(plan, runs):
    runs = [run for run in runs if run.mode == "slim" and not run.twin]
    names = parts_of(runs)
    points = [point for point in points_of(runs) if any(run.point == point and run.figures.get(n) is not None for run in runs
                                                        for n in names)]
    if not points:
        return []
    colours = bar_colours(names)
    handles = [Patch(facecolor=c, hatch=h, edgecolor=style.INK, lw=0.4, label=part_words(n)) for n, (c, h) in colours.items()]
    handles.append(Line2D([], [], color=style.INK, lw=1.6, ls=(0, (3, 2)), label="floor: 1.5 round trips"))
    keys = title_keys(points)
    labels = [words(point, keys) for point in points]
    left = 0.3 + 0.075 * max(map(len, labels))
    figure, axes, top = style.figure(1, 1, 0.2 + 0.45 * len(points), style.legend_rows(handles, 3), left, widest=style.WIDTH)
    axis = axes[0][0]
    top.legend(handles=handles, loc="center left", ncols=min(3, len(handles)), borderaxespad=0, columnspacing=2.0,
               handlelength=1.6)
    for y, point in enumerate(points):
        draw_bar(axis, y, [run for run in runs if run.point == point], colours)
    axis.set_yticks(range(len(points)), labels)
    axis.set_ylim(len(points) - 0.4, -0.6)
    axis.set_xlabel("µs since the hand-over began")
    axis.grid(False, axis="y")
    style.scale(axis.xaxis, "linear")
    return [figure]


def draw_steps(axis, runs, plan):
    for name in present(runs):
        values = sorted(v for run in runs if modes.name_of(run) == name for v in run.lists.get(plan.samples, ()))
        look = modes.look(name)
        if values:
            share = [100 * n / len(values) for n in range(1, len(values) + 1)]
            axis.step([values[0], *values], [0, *share], where="post", color=look.colour, lw=look.width * 0.8,
                      ls=style.dashes(look))
    floor = median_of([run for run in runs if run.mode == "slim"], plan.floor)
    if floor is not None:
        axis.axvline(floor, color=style.INK, lw=1.2, ls=(0, (3, 2)))


def draw_curve(plan, runs):
    points = [point for point in points_of(runs) if any(run.point == point and run.lists.get(plan.samples) for run in runs)]
    if not points:
        return []
    names = present(runs)
    columns = 2 if len(points) in (2, 4) else min(3, len(points))
    rows = -(-len(points) // columns)
    handles = style.mode_handles(names, [run for run in runs if run.result == "void"])
    for handle in handles:
        handle.set_marker("")
    figure, axes, top = style.figure(rows, columns, 2.1, style.legend_rows(handles), between=0.75, sharex=True, sharey=True)
    style.legend(top, handles)
    keys = title_keys(points)
    for n, axis in enumerate(axis for row in axes for axis in row):
        if n >= len(points):
            axis.axis("off")
            continue
        here = [run for run in runs if run.point == points[n] and run.result not in ("void", "error")]
        draw_steps(axis, here, plan)
        axis.set_title(words(points[n], keys))
        axis.set_xlabel(plan.label)
        axis.set_ylabel("% of hand-overs" if n % columns == 0 else "")
        axis.tick_params(labelleft=n % columns == 0)
        style.scale(axis.xaxis, "log")
        axis.set_ylim(0, 103)
    return [figure]
