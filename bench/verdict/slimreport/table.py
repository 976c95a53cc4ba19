# SPDX-License-Identifier: Apache-2.0
"""The verdict as text for people."""

from . import verdict as verdicts
from .disturbance import LIMIT


def number(value):
    """12345.6 as 12,346; small ones keep a digit."""
    if value is None:
        return "-"
    if isinstance(value, float) and abs(value) < 100 and value != int(value):
        return f"{value:.1f}"
    return f"{round(value):,}"


def size(value):
    """Bytes with a unit."""
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def grid(titles, rows):
    """Lines of a table: the first column to the left, the others to the right."""
    widths = [max(len(str(line[i])) for line in [titles, *rows]) for i in range(len(titles))]
    lines = []
    for line in [titles, *rows]:
        cells = [str(c).ljust(w) if i == 0 else str(c).rjust(w)
                 for i, (c, w) in enumerate(zip(line, widths))]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def move_lines(moves):
    titles = ["move"] + [str(i) for i in range(1, len(moves) + 1)]
    rows = [["from, to", *(f"{m['from']} > {m['to']}" for m in moves)],
            ["result", *(m["result"] for m in moves)],
            ["sessions moved", *(number(m["entries"]) for m in moves)],
            ["snapshot, deltas", *(f"{size(m['snapshot_bytes'])}, {size(m['delta_bytes'])}" for m in moves)],
            ["whole move, ms", *(number(m["duration_ms"]) for m in moves)],
            ["hand-over, us", *(number(m["handover_us"]) for m in moves)],
            ["held packets", *(number(m["held_packets"]) for m in moves)],
            ["  their wait p50, max, us", *(f"{number(m['hold_us_p50'])}, {number(m['hold_us_max'])}"
                                            for m in moves)],
            ["redirected packets", *(number(m["redirected_packets"]) for m in moves)],
            ["flush rounds", *(number(m["flush_rounds"]) for m in moves)],
            ["  wait p50, max, us", *(f"{number(m['flush_wait_us_p50'])}, {number(m['flush_wait_us_max'])}"
                                      for m in moves)],
            ["switch prepared, steered, ms", *(f"{number(m['prepare_ms'])}, {number(m['steer_ms'])}" for m in moves)],
            ["disturbed, ms", *(number(m["disturbed_ms"]) for m in moves)],
            ["digests", *("equal" if m["digest_source"] and m["digest_source"] == m["digest_target"]
                          else "DIFFER" for m in moves)]]
    return grid(titles, rows)


def block_lines(moves):
    """As many moves beside each other as fit; many moves become their spread."""
    if len(moves) > 6:
        return spread_lines(moves)
    lines = []
    for first in range(0, len(moves), 3):
        lines += move_lines(moves[first:first + 3]) + [""]
    return lines


def spread_lines(moves):
    def spread(key):
        values = sorted(m[key] for m in moves if m[key] is not None) or [None]
        return [number(values[0]), number(values[len(values) // 2]), number(values[-1])]

    good = sum(m["result"] == "complete" for m in moves)
    rows = [[text, *spread(key)] for text, key in
            (("sessions moved", "entries"), ("whole move, ms", "duration_ms"),
             ("hand-over, us", "handover_us"), ("held packets", "held_packets"),
             ("wait in the hold, max, us", "hold_us_max"), ("redirected packets", "redirected_packets"),
             ("flush wait p50, us", "flush_wait_us_p50"), ("flush wait max, us", "flush_wait_us_max"),
             ("switch prepared, ms", "prepare_ms"), ("switch steered, ms", "steer_ms"),
             ("disturbed, ms", "disturbed_ms"))]
    return [f"  {good} of {len(moves)} moves complete", ""] + grid(["", "least", "median", "most"], rows) + [""]


LEDGER_TITLES = {"sent": "sent", "received": "received", "lost": "lost", "duplicated": "duplicated",
                 "reordered": "reordered", "mistranslated": "mistranslated", "wrong_cell": "wrong cell",
                 "max_gap_us": "longest gap, us"}


def ledger_lines(verdict):
    ledgers = [(name, verdict[key]) for name, key in (("during moves", "ledger"), ("control", "control"))
               if verdict[key]]
    keys = [key for key in LEDGER_TITLES if all(key in counts for _, counts in ledgers)]
    rows = [[name, *(number(counts[key]) for key in keys)] for name, counts in ledgers]
    lines = grid(["packets", *(LEDGER_TITLES[key] for key in keys)], rows)
    usage = (verdict["ledger"] or {}).get("usage_error_bytes")
    return lines + ([f"  octets counted twice or not at all: {number(usage)}"] if usage is not None else [])


def latency_lines(verdict):
    rows = [[name, *(number(values[key]) for key in ("p50", "p99", "max"))]
            for name, values in verdict["latency_us"].items() if values]
    return grid(["round trip, us", "p50", "p99", "max"], rows)


def program_lines(verdict):
    lines = []
    tcp, ping, subscribers = verdict["tcp"], verdict["ping"], verdict.get("subscribers")
    if subscribers:
        lines.append(f"  subscribers: {number(subscribers['logins'])} log-ins, {number(subscribers['logouts'])} log-outs, "
                     f"{number(subscribers['negotiations_failed'])} that failed, "
                     f"{number(subscribers['sessions_dropped'])} sessions dropped")
    if tcp:
        lines.append(f"  TCP: {size(tcp['bytes'])} carried, {number(tcp['retransmits'])} segments sent "
                     f"again, {tcp['connections_broken']} connections broken")
    if ping:
        lines.append(f"  ping: {number(ping['sent'])} sent, {number(ping['lost'])} lost")
    return [*lines, ""] if lines else []


def ratio_lines(verdict):
    r = verdicts.ratios(verdict)
    if not r:
        return []
    return [f"  in round trips before the move ({number(r['round_trip_us'])} us): "
            f"hand-over {r['handover']:.1f}, flush wait {r['flush_wait']:.1f} (medians)",
            f"  disturbed: bins of the series with a median above {LIMIT} round trips; without a move "
            f"{number(verdict['noise_ms_per_s'])} ms in each second", ""]


def lines(verdict):
    out = [""]
    if verdict["moves"]:
        out += block_lines(verdict["moves"])
    out += [*ledger_lines(verdict), "", *latency_lines(verdict), "", *ratio_lines(verdict),
            *program_lines(verdict)]
    out += [f"  - {reason}" for reason in verdict["reasons"]]
    return out + [f"  result: {verdict['result']}"]
