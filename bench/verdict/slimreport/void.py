# SPDX-License-Identifier: Apache-2.0
"""Does a run say anything? It does not when the load was not the one that was asked for, or when nobody watched: packets that
were never sent are not lost, and what nobody saw is not clean. Such a run is neither complete nor failed: it is void."""

EXIT = 3  # of every program whose verdict is void


def has_no_length(window):
    """A window that began and ended at once, or never ended."""
    return window["end_ns"] <= window["start_ns"]


def is_named(window, name):
    return window["name"] == name or window["name"].startswith((name + "-", name + "."))


def window_reasons(gen, name):
    """Of the windows that must be there by this name."""
    found = [w for w in gen["windows"] if w["judged"] and is_named(w, name)]
    if not found:
        return [f"no window '{name}' in the ledger"]
    if any(has_no_length(w) for w in found):
        return [f"'{name}' took no time"]
    if sum(w["sum"]["sent"] for w in found) == 0:
        return [f"nothing was sent in '{name}'"]
    return []


def job_reasons(gen, jobs):
    """Moves that began before the judge did, or went on after it."""
    judged = [w for w in gen["windows"] if w["judged"]]
    first = min((w["start_ns"] for w in judged), default=0)
    last = max((w["end_ns"] for w in judged), default=0)
    found = []
    for number, job in enumerate(jobs, 1):
        times = [int(p["monotonic_ns"]) for p in job.get("phases") or []]
        if times and min(times) < first:
            found.append(f"the judge was late: move {number} had begun")
        if times and max(times) > last:
            found.append(f"the judge had gone: move {number} went on")
    return found


def reasons(gen, jobs=(), windows=()):
    """Why the run says nothing, each in words; none: it does. `windows`: names of those that must be there. A result
    without its word on this cannot be read (KeyError)."""
    found = [] if gen["state"] == "done" else [f"the generator did not finish: {gen['state']}"]
    found += gen["void"]
    for name in windows:
        found += window_reasons(gen, name)
    return found + job_reasons(gen, jobs)
