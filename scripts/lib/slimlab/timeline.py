# SPDX-License-Identifier: Apache-2.0
"""Which component was late in a hand-over. A move's timeline is a list of {"what": "COMPONENT: what it had done",
"at_ns"}; so the time between an entry and the one before it was that component's. It was late by what
it took longer than in the median move."""

import statistics

LAST = "source slimd: TAKEN known"  # what comes behind it holds no packet up


def steps(result):
    """{what: nanoseconds since the entry before it}, in order of time, until TAKEN."""
    found, before = {}, 0
    for entry in sorted(result.get("timeline", []), key=lambda e: int(e["at_ns"])):
        at = int(entry["at_ns"])
        found[entry["what"]] = at - before
        before = at
        if entry["what"] == LAST:
            break
    return found


def medians(results):
    """{what: median of its step} over the moves that have it."""
    seen = {}
    for result in results:
        for what, spent in steps(result).items():
            seen.setdefault(what, []).append(spent)
    return {what: statistics.median(values) for what, values in seen.items()}


def lateness(result, usual):
    """[(nanoseconds beyond the median, what)], the latest first."""
    return sorted(((spent - usual.get(what, 0), what) for what, spent in steps(result).items()), reverse=True)


def component(what):
    return what.partition(": ")[0]


def slowest(results, n=5):
    """[(number of the move from 1, result)], the longest hand-over first."""
    numbered = list(enumerate(results, 1))
    return sorted(numbered, key=lambda pair: -int(pair[1].get("handover_ns", 0)))[:n]


def describe(results, n=5):
    """Lines for people: the median move step by step, and who was late in the slowest."""
    usual, lines = medians(results), ["  the median move, step by step:"]
    for what, spent in usual.items():
        lines.append(f"  {spent / 1e3:>10.1f} us  {what}")
    lines.append(f"  the slowest {min(n, len(results))}, and who was late:")
    for number, result in slowest(results, n):
        late = lateness(result, usual)
        if not late:
            continue
        by, what = late[0]
        lines.append(f"  move {number}: hand-over {int(result['handover_ns']) / 1e3:,.0f} us; late was the {component(what)}, "
                     f"by {by / 1e3:,.0f} us before \"{what.partition(': ')[2]}\"")
        lines += [f"  {spent / 1e3:>10.1f} us  {what}" for what, spent in steps(result).items()]
    return lines


def quantile(values, permille):
    """Smallest value that enough of them do not exceed."""
    values = sorted(values)
    return values[max(0, -(-len(values) * permille // 1000) - 1)]
