# SPDX-License-Identifier: Apache-2.0
"""The picture of a run: latency, rate and loss over time, with the phases of each move behind
them; and each hand-over once more from nearby."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402 (the backend comes first)
from matplotlib.patches import Patch  # noqa: E402
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter  # noqa: E402

from . import disturbance, verdict, void  # noqa: E402

PHASE_COLOURS = {
    "preflight": "#d9d9d9", "prepare": "#c6dbef", "copy": "#9ecae1", "catch-up": "#6baed6",
    "handover": "#e6550d", "steer": "#fdd0a2", "trail": "#c7e9c0",
}
INK, ACCENT, MAXIMUM, BAD = "#222222", "#08519c", "#9a9a9a", "#cb181d"
MAX_ZOOMS = 4
MAX_POINTS = 700  # of a curve over the whole run; more than the picture has room for is only noise
RATE_STEP_S = 0.05
ZOOM_BEFORE_S, ZOOM_AFTER_S = 0.25, 0.75
STYLE = {"font.size": 15, "axes.titlesize": 16, "axes.labelsize": 15, "legend.fontsize": 14,
         "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#888888",
         "axes.grid": True, "grid.color": "#e6e6e6", "font.family": "DejaVu Sans"}


def phase_spans(job):
    """[(phase, start_ns, end_ns)] on CLOCK_MONOTONIC."""
    phases = job.get("phases") or []
    if not phases:
        return []
    ends = [p["monotonic_ns"] for p in phases[1:]]
    last = phases[-1]["monotonic_ns"]
    if job.get("elapsed_ns"):
        last = max(last, phases[0]["monotonic_ns"] + job["elapsed_ns"])
    return [(p["phase"], p["monotonic_ns"], end) for p, end in zip(phases, [*ends, last])
            if p["phase"] in PHASE_COLOURS]


class Series:
    """Columns of the time series, in seconds since the first judged window's beginning."""

    def __init__(self, gen):
        s = gen["series"]
        self.zero_ns = gen["ready_ns"] or s["start_ns"]
        self.bin_s = s["bin_ns"] / 1e9
        self.all = s  # as slim-gen wrote it
        first = max(0, (self.zero_ns - s["start_ns"]) // s["bin_ns"])
        # What was sent in the last bins is in drain: an incomplete bin is no dip of the rate.
        last = max(first, max((i for i, n in enumerate(s["sent"]) if n), default=0))
        self.time = [(s["start_ns"] + i * s["bin_ns"] - self.zero_ns) / 1e9 for i in range(first, last)]
        self.columns = {key: values[first:last] for key, values in s.items() if isinstance(values, list)}

    def seconds(self, ns):
        return (ns - self.zero_ns) / 1e9

    def thinned(self, key, step, how):
        """The column with `step` bins made one."""
        values = self.columns[key]
        return [how(values[i:i + step]) for i in range(0, len(values) - step + 1, step)]

    def thin_time(self, step):
        return [self.time[i] for i in range(0, len(self.time) - step + 1, step)]

    def between(self, start_s, end_s):
        return [i for i, t in enumerate(self.time) if start_s <= t <= end_s]


def present(values):
    """Zero stands for a bin without a sample."""
    return [v if v > 0 else float("nan") for v in values]


def median(values):
    values = sorted(v for v in values if v > 0)
    return values[len(values) // 2] if values else 0


def shade(axis, series, spans):
    for phase, start, end in spans:
        axis.axvspan(series.seconds(start), max(series.seconds(end), series.seconds(start) + 1e-4),
                     color=PHASE_COLOURS[phase], alpha=0.6, lw=0, zorder=0)
        if phase == "handover":
            axis.axvline(series.seconds(start), color=PHASE_COLOURS[phase], lw=1.2, zorder=1)


def draw_latency(axis, series, step):
    time = series.thin_time(step)
    axis.plot(time, present(series.thinned("latency_max_us", step, max)), color=MAXIMUM, lw=0.9,
              label="slowest packet, one way")
    axis.plot(time, present(series.thinned("rtt_p50_us", step, median)), color=ACCENT, lw=1.8,
              label="median round trip")
    axis.set_yscale("log")
    plain_numbers(axis)
    axis.set_ylabel("latency, µs")
    axis.legend(loc="upper right", ncols=2, frameon=True, framealpha=0.9, edgecolor="none")


def draw_rate(axis, series, step):
    step = max(step, round(RATE_STEP_S / series.bin_s))
    time, width = series.thin_time(step), step * series.bin_s
    axis.plot(time, [n / width / 1e3 for n in series.thinned("sent", step, sum)], color=INK, lw=1.0,
              label="sent")
    axis.plot(time, [n / width / 1e3 for n in series.thinned("received", step, sum)], color=ACCENT, lw=1.4,
              alpha=0.8, label="received")
    axis.set_ylabel("1000 packets/s")
    axis.set_ylim(bottom=0)
    axis.legend(loc="lower right", ncols=2, frameon=True, framealpha=0.9, edgecolor="none")


def draw_loss(axis, series, _):
    lost = [(t, n) for t, n in zip(series.time, series.columns["lost"]) if n]
    # A bin is thinner than a pixel: lines, not bars.
    axis.vlines([t for t, _ in lost], 0, [n for _, n in lost], color=BAD, lw=3)
    axis.set_ylabel("lost / 10 ms" if series.bin_s == 0.01 else "lost packets")
    axis.set_ylim(0, max([1, *(n for _, n in lost)]) * 1.15)
    axis.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    text = f"{sum(n for _, n in lost):,} lost" if lost else "none lost"
    axis.text(0.995, 0.82, text, transform=axis.transAxes, ha="right", va="center",
              color=BAD if lost else "#666666")


def plain_numbers(axis):
    """1,000 and not 10 to the third."""
    axis.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}" if v >= 1 else f"{v:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def mark_disturbed(axis, series, job, before_us, at):
    """The bins that count as disturbed, as a band at the foot; and the limit that makes them so."""
    if not before_us:
        return
    axis.axhline(disturbance.LIMIT * before_us, color=BAD, lw=1, ls=":")
    span = disturbance.around(job)
    for i in (disturbance.disturbed_bins(series.all, *span, before_us) or []) if span else []:
        left = (series.seconds(series.all["start_ns"] + i * series.all["bin_ns"]) - at) * 1e3
        axis.axvspan(left, left + series.bin_s * 1e3, ymax=0.04, color=BAD, lw=0)


def zoom_title(number, job, entry):
    def ms(key):
        return "-" if entry[key] is None else f"{entry[key]:,.0f}"

    return (f"move {number}: {job['nf']} to {job['to_nf']}, hand-over {entry['handover_us']:,.0f} µs\n"
            f"prepare {ms('prepare_ms')} ms, steer {ms('steer_ms')} ms, disturbed {ms('disturbed_ms')} ms")


def draw_zoom(axis, series, number, job, spans, before_us):
    """The second around a hand-over, every bin."""
    start = next(s for phase, s, _ in spans if phase == "handover")
    at = series.seconds(start)
    bins = series.between(at - ZOOM_BEFORE_S, at + ZOOM_AFTER_S)
    time = [(series.time[i] - at) * 1e3 for i in bins]
    for phase, begin, end in spans:
        left, right = ((series.seconds(x) - at) * 1e3 for x in (begin, end))
        axis.axvspan(left, max(right, left + 2), color=PHASE_COLOURS[phase], alpha=0.6, lw=0, zorder=0)
    axis.step(time, present([series.columns["latency_max_us"][i] for i in bins]), where="post",
              color=MAXIMUM, lw=1.3)
    axis.step(time, present([series.columns["rtt_p50_us"][i] for i in bins]), where="post", color=ACCENT,
              lw=2)
    axis.set_yscale("log")
    plain_numbers(axis)
    axis.set_xlim(-ZOOM_BEFORE_S * 1e3, ZOOM_AFTER_S * 1e3)
    mark_disturbed(axis, series, job, before_us, at)
    axis.set_title(zoom_title(number, job, verdict.move(job, series.all, before_us)), loc="left", fontsize=15)
    axis.set_xlabel("milliseconds since the hand-over began")


def summary(gen, jobs):
    total = gen["total"]
    keys = ["lost", "duplicated", "reordered", "mistranslated"]
    if gen.get("config", {}).get("role") == "gateway":
        keys.append("wrong_cell")
    faults = ", ".join(f"{total[key]:,} {key.replace('_', ' ')}" for key in keys)
    entries = max(((j.get("result") or {}).get("entries", 0) for j in jobs), default=0)
    moves = f"{len(jobs)} move{'s' * (len(jobs) != 1)}"
    sessions = f" of {entries:,} sessions" if entries else ""
    return f"{moves}{sessions}; {total['sent']:,} packets sent: {faults}"


def headline(gen, jobs):
    """(text, colour): what came of it; of a void run that it is void, and nothing else."""
    nothing = void.reasons(gen, jobs)
    return (f"void: {'; '.join(nothing)}", BAD) if nothing else (summary(gen, jobs), "#555555")


def draw(gen, jobs, path, title):
    series = Series(gen)
    spans = [phase_spans(job) for job in jobs]
    zooms = [(n, job, s) for n, (job, s) in enumerate(zip(jobs, spans), 1)
             if any(phase == "handover" for phase, *_ in s)][:MAX_ZOOMS]
    step = max(1, len(series.time) // MAX_POINTS)
    heights = [0.55, 3.2, 1.8, 1.1, 0.35] + [2.6] * bool(zooms)
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(16, 14 if zooms else 10.5), layout="constrained")
        rows = figure.add_gridspec(len(heights), 1, height_ratios=heights)
        draw_head(figure.add_subplot(rows[0]), title, *headline(gen, jobs))
        top = figure.add_subplot(rows[1])
        rate = figure.add_subplot(rows[2], sharex=top)
        loss = figure.add_subplot(rows[3], sharex=top)
        for axis, fill in ((top, draw_latency), (rate, draw_rate), (loss, draw_loss)):
            for job_spans in spans:
                shade(axis, series, job_spans)
            fill(axis, series, step)
        for axis in (top, rate):
            axis.tick_params(labelbottom=False)
        loss.set_xlabel("seconds")
        if series.time:
            loss.set_xlim(series.time[0], series.time[-1])
        draw_legend(figure.add_subplot(rows[4]), spans)
        if zooms:
            draw_zooms(figure, rows[5], series, zooms, verdict.median_before_us(gen))
        figure.savefig(path, dpi=110)
        plt.close(figure)


def draw_head(axis, title, text, colour):
    axis.axis("off")
    axis.text(0, 0.95, title, fontsize=22, fontweight="bold", va="top", transform=axis.transAxes)
    axis.text(0, 0.05, text, fontsize=16, color=colour, va="bottom", transform=axis.transAxes)


def draw_zooms(figure, row, series, zooms, before_us):
    first = None
    columns = row.subgridspec(1, len(zooms), wspace=0.06)
    for column, (number, job, spans) in enumerate(zooms):
        axis = figure.add_subplot(columns[column], sharey=first)
        draw_zoom(axis, series, number, job, spans, before_us)
        if first is None:
            axis.set_ylabel("latency, µs")
            first = axis
        else:
            axis.tick_params(labelleft=False)


def draw_legend(axis, spans):
    axis.axis("off")
    used = {phase for job_spans in spans for phase, *_ in job_spans}
    handles = [Patch(color=colour, alpha=0.8, label=phase) for phase, colour in PHASE_COLOURS.items()
               if phase in used]
    if handles:
        handles.append(Patch(color=BAD, alpha=0.8, label=f"disturbed: median above {disturbance.LIMIT} x before"))
        axis.legend(handles=handles, loc="center", ncols=len(handles), frameon=False, title="phases of a move",
                    title_fontsize=15)
