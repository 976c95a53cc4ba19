# SPDX-License-Identifier: Apache-2.0
"""What came of a campaign in a sentence or two. Nothing is said of what was not measured."""

from . import modes
from .tables import condition, setting
from .text import data, number

SLIM = {"mode": "slim", "twin": False}


def have(runs, **conditions):
    return [run for run in runs if run.mode == "slim" and not run.twin
            and all(run.point.get(k) == v for k, v in conditions.items())]


def middle(sheet, figure, **where):
    return sheet.stat("median", f"figures.{figure}", **where)


def listed(parts):
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def of_modes(sheet, campaign, figure, runs, unit):
    """slim 20 ms, no-hold 30 ms and stop-copy 2 s: medians of all points."""
    parts = []
    for name in modes.MODES:
        if name != modes.TWIN and any(modes.name_of(run) == name for run in runs):
            value = middle(sheet, figure, **condition(campaign, name, {}))
            if value.value is not None:
                parts.append(f"{name} {data(value)} {unit}")
    return listed(parts) if parts else ""


def reaches(sheet, campaign, key, runs, unit):
    """slim to 450 Mbit/s and stop-copy not everywhere: the least of the other settings."""
    parts = []
    facets = [dict(t) for t in {tuple((k, v) for k, v in run.point.items() if k != key): None for run in runs}]
    for name in modes.MODES:
        if name == modes.TWIN or not any(modes.name_of(run) == name for run in runs):
            continue
        found = [sheet.reach(key, "figures.lost", 0, **condition(campaign, name, facet)) for facet in facets]
        if any(value.value is None for value in found):
            parts.append(f"{name} not everywhere")
        else:
            parts.append(f"{name} to {data(min(found, key=lambda v: v.value))} {unit}")
    return listed(parts)


def ancestor(sheet, runs):
    said = reaches(sheet, "ancestor", "mbit", runs, "Mbit/s")
    return f"Complete and without a lost packet, with every packet size and function: {said}."


def size(sheet, runs):
    slim = have(runs)
    if not slim:
        return ""
    most = max(run.point["sessions"] for run in slim)
    where = {"campaign": "size", **SLIM, "sessions": most}
    speed = middle(sheet, "sessions_per_s", **where)
    took = middle(sheet, "duration_s", **where)
    if took.value is None:
        return ""
    return (f"slim moves a table of {setting(sheet, 'size', 'sessions', most)} sessions in {data(took)} s, "
            f"{data(speed)} sessions a second (medians of all runs of that size).")


def churn(sheet, runs):
    return f"Complete and without a lost packet: {reaches(sheet, 'churn', 'new_per_s', runs, 'new sessions a second')}."


def anatomy(sheet, runs):
    where = {"campaign": "anatomy", **SLIM}
    trips, hold = middle(sheet, "hold_in_rtt_p50", **where), sheet.stat("quantile:0.5", "lists.hold_us", **where)
    if trips.value is None or hold.value is None:
        return ""
    tail = sheet.stat("quantile:0.99", "lists.hold_us", **where)
    return (f"The median hold of slim takes {data(hold)} µs, and of a hundred holds ninety-nine take at most {data(tail)} µs; "
            f"in round trips the median run has {data(trips)}.")


def disturbance(sheet, runs):
    said = of_modes(sheet, "disturbance", "disturbed_ms", runs, "ms")
    return f"Disturbed time, medians over all settings: {said}." if said else ""


def overhead(sheet, runs):
    """Instructions, where there are some, and packets a second, as parts of what the bare loop has."""
    said = []
    for what, figure in (("instructions a packet", "instructions_ratio_to_bare"), ("packets a second", "ratio_to_bare")):
        parts = []
        for state in ("idle", "tracking", "moving"):
            value = middle(sheet, figure, campaign="overhead", **SLIM, state=state)
            if value.value is not None:
                parts.append(f"{state} {data(value, number(value.value, 4))}")
        if parts:
            said.append(f"{what} {listed(parts)}")
    return f"Of the bare loop's, medians over all cases: {'; '.join(said)}." if said else ""


def failure(sheet, runs):
    parts = []
    for what in dict.fromkeys(run.point["what"] for run in runs):
        value = sheet.stat("median", "figures.gap_ms", campaign="failure", **SLIM, what=what)
        if value.value is not None:
            parts.append(f"{what} {data(value)} ms")
    return f"The longest gap, medians: {listed(parts)}." if parts else ""


def link(sheet, runs):
    where = {"campaign": "link", **SLIM}
    kept = sheet.total("figures.kept", **where)
    return f"Of {data(sheet.count(**where))} runs of slim {data(kept)} kept the budget of the hold." if have(runs) else ""


LEADS = {"ancestor": ancestor, "size": size, "churn": churn, "anatomy": anatomy, "disturbance": disturbance, "overhead": overhead,
         "failure": failure, "link": link}
