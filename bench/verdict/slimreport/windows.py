# SPDX-License-Identifier: Apache-2.0
"""Windows of a generator's result: sums of their ledgers, merged histograms.

A histogram is a list of [upper bound in ns, count]. The bounds of the same bin are equal in all
windows, but for the last one of each, which is cut at the window's maximum.
"""

import math

from .void import is_named

FAULT_KEYS = ("lost", "duplicated", "reordered", "mistranslated", "wrong_cell")
LEDGER_KEYS = ("sent", "received", *FAULT_KEYS)


class BadInput(Exception):
    """A file does not say what it should. Text for people."""


def select(gen, name):
    """Judged windows called `name`, `name-1`, `name.x` and so on."""
    return [w for w in gen["windows"] if w["judged"] and is_named(w, name)]


def ledger(windows):
    """Their ledgers as one, both directions. None if there is no window. `wrong_cell` only where there
    are cells."""
    if not windows:
        return None
    keys = [key for key in LEDGER_KEYS if all(key in w["sum"] for w in windows)]
    total = {key: sum(w["sum"][key] for w in windows) for key in keys}
    total["max_gap_us"] = max(w["sum"]["max_gap_us"] for w in windows)
    return total


def faults(counts):
    return sum(counts.get(key, 0) for key in FAULT_KEYS)


def duration_s(windows):
    return sum(w["end_ns"] - w["start_ns"] for w in windows) / 1e9


def quantile(bins, permille):
    """As the generator does it: smallest bound that enough values do not exceed; None if empty."""
    n = sum(count for _, count in bins)
    if n == 0:
        return None
    wanted = max(1, math.ceil(n * permille / 1000))
    seen = 0
    for bound, count in sorted(bins):
        seen += count
        if seen >= wanted:
            return bound
    raise AssertionError("counts do not add up")


def merge(histograms):
    merged = {}
    for bins in histograms:
        for bound, count in bins:
            merged[bound] = merged.get(bound, 0) + count
    return sorted([bound, count] for bound, count in merged.items())


def latency_us(windows, what="rtt"):
    """{p50, p99, max} in microseconds; None if nothing was measured."""
    bins = merge(w["hist"][what] for w in windows)
    if not bins:
        return None
    return {"p50": quantile(bins, 500) / 1e3, "p99": quantile(bins, 990) / 1e3, "max": bins[-1][0] / 1e3}
