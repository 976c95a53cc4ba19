# SPDX-License-Identifier: Apache-2.0
"""Series over time, aligned at the beginning of the move."""

from . import modes, statistics, style
from .draw_lines import facets, finish_row, present, title_keys, words


def three(settings):
    """The least, the middle one and the greatest."""
    ordered = sorted(settings)
    return sorted({ordered[0], ordered[len(ordered) // 2], ordered[-1]})


def aligned(run, key):
    """{bin since the move began: value}; a round trip of zero is a bin in which nothing came back."""
    series = run.series
    begin, step = (series.get("move_s") or [0])[0], series["bin_ms"] / 1000
    return {round((t - begin) / step): v for t, v in zip(series["time_s"], series.get(key, ()))
            if v is not None and (v > 0 or not key.startswith("rtt"))}


def median_series(runs, key):
    """([seconds], [median over the runs])"""
    step = runs[0].series["bin_ms"] / 1000
    bins = {}
    for run in runs:
        for at, value in aligned(run, key).items():
            bins.setdefault(at, []).append(value)
    return [at * step for at in sorted(bins)], [statistics.median(bins[at]) for at in sorted(bins)]


def length_of(runs):
    """Seconds that the median run moved."""
    return statistics.median([run.series["move_s"][1] - run.series["move_s"][0] for run in runs
                              if None not in (run.series.get("move_s") or [None])])


def draw_bars(axis, by_mode):
    """How long each mode moved, at the foot."""
    for n, (name, runs) in enumerate(by_mode.items()):
        length = length_of(runs)
        if length is not None:
            axis.plot([0, length], [0.03 + 0.035 * n] * 2, transform=axis.get_xaxis_transform(), color=modes.look(name).colour,
                      lw=2.4,
                      solid_capstyle="butt", zorder=2)


def draw_column(axes, plan, runs):
    by_mode = {name: [run for run in runs if modes.name_of(run) == name] for name in present(runs)}
    for axis, row in zip(axes, plan.rows):
        for name, of_mode in by_mode.items():
            look = modes.look(name)
            axis.plot(*median_series(of_mode, row.figure), color=look.colour, lw=look.width * 0.75, ls=style.dashes(look),
                      zorder=3)
        axis.axvline(0, color=style.QUIET, lw=0.8, zorder=1)
    return by_mode


def draw_one(plan, facet, runs, keys):
    rates = three({run.point[plan.rates] for run in runs})
    names = [name for name in present(runs) if name != modes.TWIN]
    figure, axes, top = style.figure(len(plan.rows), len(rates), 1.5, style.legend_rows(names), sharex=True, sharey=True)
    handles = style.mode_handles(names)
    for handle in handles:
        handle.set_marker("")
    style.legend(top, handles)
    for c, rate in enumerate(rates):
        column = [axes[r][c] for r in range(len(plan.rows))]
        by_mode = draw_column(column, plan, [run for run in runs if run.point[plan.rates] == rate and not run.twin])
        column[0].set_title(f"{words(facet, keys)}, {rate:g} {plan.unit}")
        column[-1].set_xlabel("s since the move began")
        for r, row in enumerate(plan.rows):
            column[r].set_ylabel(row.label if c == 0 else "")
            column[r].tick_params(labelbottom=r == len(plan.rows) - 1, labelleft=c == 0)
        draw_bars(column[0], by_mode)
    for r, row in enumerate(plan.rows):
        finish_row(axes[r][0], row)
    low, high = axes[0][0].get_ylim()
    axes[0][0].set_ylim(low / (high / low) ** 0.35)  # room for the bars
    return figure


def draw(plan, runs):
    runs = [run for run in runs if run.series and run.result not in ("void", "error")]
    found = facets(runs, plan.rates)
    keys = title_keys(found)
    return [draw_one(plan, facet, [run for run in runs if all(run.point[k] == v for k, v in facet.items())], keys)
            for facet in found]
