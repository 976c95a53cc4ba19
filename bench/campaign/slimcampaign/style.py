# SPDX-License-Identifier: Apache-2.0
"""What all pictures have in common: type, grid, legends, marks of failure, and how an axis says its numbers."""

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402 (the backend comes first)
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.ticker import (  # noqa: E402
    FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator, SymmetricalLogLocator)

from . import modes  # noqa: E402

INK, QUIET, GRID, BAD = "#222222", "#767676", "#e4e4e4", "#cb181d"
WIDTH = 9.6  # inches, of each picture
STYLE = {"font.size": 9, "axes.titlesize": 9.5, "axes.labelsize": 9, "legend.fontsize": 9,
         "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": QUIET, "axes.grid": True, "grid.color": GRID,
         "grid.linewidth": 0.8, "axes.axisbelow": True, "text.color": INK, "axes.labelcolor": INK, "axes.titlecolor": INK,
         "xtick.color": QUIET, "ytick.color": QUIET, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
         "font.family": "DejaVu Sans",
         "axes.titlelocation": "left", "svg.fonttype": "none", "svg.hashsalt": "slim", "legend.frameon": False,
         "axes.unicode_minus": False, "legend.handlelength": 3.2, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5}
CROSS = {"marker": "X", "ms": 6.5, "mfc": "none", "mec": BAD, "mew": 1.0, "ls": "none", "zorder": 6}


def dashes(look):
    return (0, look.dashes) if look.dashes else "solid"


def line_of(look, twin=False):
    """How a line of a mode is drawn."""
    return {"color": look.colour, "lw": look.width, "ls": dashes(look), "marker": look.marker, "ms": 6 if look.marker != "*"
            else 8,
            "mfc": "none" if twin else look.colour, "mew": 1.1 if twin else 0.6, "mec": look.colour}


LEFT, RIGHT, BOTTOM, TITLE, GAP, LEGEND = 0.82, 0.12, 0.48, 0.3, 0.16, 0.25  # inches
WIDEST = 6.2  # of a picture in a figure


def figure(rows, columns, height=2.1, legend_rows=1, left=LEFT, gap=GAP, between=0.2, bottom=BOTTOM, widest=WIDEST, sharex=False,
           sharey=False):
    """(figure, axes[row][column], axis of the legend). Everything has its place in inches: the legend a band of its own at the
    top, so
    that it covers nothing; then a line for the titles of columns. `gap`: between columns, `between`: between rows."""
    band = LEGEND * legend_rows + 0.06
    tall = band + TITLE + rows * height + (rows - 1) * between + bottom
    made = plt.figure(figsize=(WIDTH, tall))
    wide = min(widest, (WIDTH - left - RIGHT - gap * (columns - 1)) / columns)
    top = made.add_axes([0.1 / WIDTH, 1 - band / tall, 1 - 0.2 / WIDTH, band / tall])
    top.set_axis_off()
    axes = []
    for row in range(rows):
        axes.append([])
        for column in range(columns):
            low = tall - band - TITLE - (row + 1) * height - row * between
            place = [(left + column * (wide + gap)) / WIDTH, low / tall, wide / WIDTH, height / tall]
            axes[row].append(made.add_axes(place, sharex=axes[0][column] if row and sharex else None,
                                           sharey=axes[row][0] if column and sharey else None, label=f"{row} {column}"))
    return made, axes, top


def add_title(made, text):
    """A band for it is added on top; all else keeps its size."""
    wide, tall = made.get_size_inches()
    new = tall + 0.42
    made.set_size_inches(wide, new)
    for axis in made.axes:
        box = axis.get_position()
        axis.set_position([box.x0, box.y0 * tall / new, box.width, box.height * tall / new])
    made.text(0.1 / wide, 1 - 0.14 / new, text, va="top", fontsize=13, fontweight="bold")


def legend_rows(names, a_row=5):
    return max(1, -(-len(names) // a_row))


def legend(axis, handles, a_row=5):
    if handles:
        axis.legend(handles=handles, loc="center left", ncols=min(a_row, len(handles)), borderaxespad=0, columnspacing=2.0)


def mode_handles(names, runs=()):
    """One for each mode; then what became of runs that are not complete."""
    handles = [Line2D([], [], label="slim once more (A/A)" if name == modes.TWIN else name,
                      **line_of(modes.look(name), name == modes.TWIN)) for name in names]
    return handles + fault_handles(runs)


def fault_handles(runs):
    """A cross for failed runs, and words for those that are not drawn."""
    failed, refused, void = (sum(run.result == result for run in runs) for result in ("failed", "refused", "void"))
    handles = [Line2D([], [], label=f"{failed} failed", **CROSS)] if failed else []
    words = [f"{count} {what}" for count, what in ((refused, "refused"), (void, "void: not drawn")) if count]
    return handles + [Line2D([], [], ls="none", label=text) for text in words]


def foot_cross(axis, xs):
    """Failed runs without a value: at the foot of the picture."""
    axis.plot(xs, [0.03] * len(xs), transform=axis.get_xaxis_transform(), clip_on=False, **CROSS)


def left_cross(axis, ys):
    axis.plot([0.02] * len(ys), ys, transform=axis.get_yaxis_transform(), clip_on=False, **CROSS)


def short(v, _=None):
    """For ticks: 20 k and not 20,000; 2 M for two millions."""
    for size, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(v) >= max(size, 1e4):
            return f"{float(f'{v / size:.3g}'):g}{name}"
    return f"{v:,.0f}" if abs(v) >= 1000 else f"{v:.6g}"


LEAST_SPAN = 6  # between the ends of a log scale: what differs by a few percent looks so


def spanned(low, high):
    """The limits of a log scale, wide enough."""
    wider = max(1, LEAST_SPAN / (high / low)) ** 0.5
    return low / wider, high * wider


def together(base, x):
    """The pictures that share an axis."""
    return (base.get_shared_x_axes() if x else base.get_shared_y_axes()).get_siblings(base)


def highest(base, x):
    """The greatest value that is drawn."""
    return max(other.dataLim.x1 if x else other.dataLim.y1 for other in together(base, x))


def lowest(base, x):
    return min(other.dataLim.x0 if x else other.dataLim.y0 for other in together(base, x))


def scale(axis, kind, least=1):
    """`axis`: XAxis or YAxis, with all that is drawn; kind: linear, log, or loss: zero, then a log scale from `least` on; share:
    a percentage."""
    base = axis.axes
    x = axis is base.xaxis
    set_scale, set_limits = (base.set_xscale, base.set_xlim) if x else (base.set_yscale, base.set_ylim)
    if kind == "loss" and lowest(base, x) > 0:
        kind = "log"  # there is no zero
    if kind == "log":
        set_scale("log")
        low, high = spanned(*(base.get_xlim() if x else base.get_ylim()))
        set_limits(low, high)
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 50 * low else (1,), numticks=6))
        axis.set_minor_locator(NullLocator())
    elif kind == "loss":
        high = max(least, highest(base, x))
        set_scale("symlog", linthresh=least)
        axis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=least))
        set_limits(-0.3 * least, high * 1.8)
    elif kind == "share":
        set_limits(-5, 107)
        axis.set_major_locator(FixedLocator((0, 25, 50, 75, 100)))
    else:
        axis.set_major_locator(MaxNLocator(5 if x else 4))
    axis.set_major_formatter(FuncFormatter(short))
