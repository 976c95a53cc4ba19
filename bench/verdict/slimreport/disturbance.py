# SPDX-License-Identifier: Apache-2.0
"""What users of the network feel of a move: bins of the time series around it whose median round trip is
above LIMIT times the median before. A bin of which half or more is lost counts too: what came through in time is not all of it."""

LIMIT = 1.5
LOST = 0.5  # of what was sent in a bin
AROUND_NS = 100_000_000  # before a move's first phase and after its end


def spans(job, names):
    """(first, last) nanosecond of each time that a job was in one of these phases."""
    phases = job.get("phases") or []
    ends = [p["monotonic_ns"] for p in phases[1:]] + ([end_ns(job)] if phases else [])
    return [(int(p["monotonic_ns"]), int(end)) for p, end in zip(phases, ends) if p["phase"] in names]


def phase_ns(job, name):
    """How long a job was in a phase, in all; None if it never was."""
    found = spans(job, (name,))
    return sum(last - first for first, last in found) if found else None


def end_ns(job):
    """When it ended, CLOCK_MONOTONIC: its last phase, or its beginning and how long it took."""
    phases = job["phases"]
    return max(int(phases[-1]["monotonic_ns"]), int(phases[0]["monotonic_ns"]) + int(job.get("elapsed_ns") or 0))


def around(job):
    """(first, last) nanosecond in which a move can be felt; None if it has no phases."""
    if not job.get("phases"):
        return None
    return int(job["phases"][0]["monotonic_ns"]) - AROUND_NS, end_ns(job) + AROUND_NS


def disturbed_bins(series, first_ns, last_ns, before_us):
    """Numbers of the disturbed bins that overlap the span. None: the span is not in the series, or there is
    no median before to compare with."""
    start, width, n = series["start_ns"], series["bin_ns"], len(series["sent"])
    first, last = (int(first_ns) - start) // width, (int(last_ns) - start) // width
    if not before_us or first < 0 or last >= n:
        return None
    return [i for i in range(first, last + 1) if is_disturbed(series, i, before_us)]


def is_disturbed(series, i, before_us):
    sent = series["sent"][i]
    return series["rtt_p50_us"][i] > LIMIT * before_us or (sent > 0 and series["lost"][i] >= LOST * sent)


def disturbed_ms(series, span, before_us):
    """Disturbed time within a span (first, last); None where it cannot be known."""
    bins = disturbed_bins(series, *span, before_us) if span else None
    return None if bins is None else round(len(bins) * series["bin_ns"] / 1e6, 3)


def noise_ms_per_s(series, windows, before_us):
    """The same figure of windows in which nothing moves, for each second: what the machine does by itself."""
    times = [disturbed_ms(series, (w["start_ns"], w["end_ns"] - 1), before_us) for w in windows]
    seconds = sum(w["end_ns"] - w["start_ns"] for w in windows) / 1e9
    return round(sum(times) / seconds, 3) if times and None not in times and seconds > 0 else None
