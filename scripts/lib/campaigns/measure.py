# SPDX-License-Identifier: Apache-2.0
"""Figures of one run out of what the generator, the daemon and the kernel counted. Everything is of one window of the ledger,
which begins with the move and ends a while after it, and of the window before it, in which nothing moved."""

import bisect
import json

from slimlab import generator
from slimlab.process import run

from slimreport import disturbance, windows

LIMITS_MS = (15, 20, 30, 50)
SERIES_BINS = 10  # of 10 ms each: a line of a series stands for a tenth of a second


def wire_octets(netns, device="peer0"):
    """Sent and received by the host's link to its peer, with all headers."""
    counts = json.loads(run("ip", "-j", "-s", "link", "show", device, netns=netns))[0]["stats64"]
    return counts["tx"]["bytes"] + counts["rx"]["bytes"]


def ms(ns):
    return round(ns / 1e6, 4)


def histogram(window, *what):
    return windows.merge(window["hist"][name] for name in what)


def mean_ns(bins):
    """Of values that are known up to the bin they are in: its middle."""
    total, n, below = 0.0, 0, 0
    for bound, count in bins:
        # Bins are narrow where values are: the one below is not always there, and then nothing is known of its width.
        low = below if bound <= 2 * below else bound
        total += (low + bound) / 2 * count
        n += count
        below = bound
    return total / n if n else None


def within_percent(window, limit_ms):
    """Packets that arrived within the limit, of all that were sent: what is lost is not in time."""
    bins = histogram(window, "up", "down")
    bounds = [bound for bound, _ in bins]
    arrived = sum(count for _, count in bins[:bisect.bisect_right(bounds, limit_ms * 1e6)])
    return round(100 * arrived / window["sum"]["sent"], 5) if window["sum"]["sent"] else None


def window_of(generated, name):
    return next(w for w in generated["windows"] if w["name"] == name)


def quantile_ms(window, permille, *what):
    value = windows.quantile(histogram(window, *what), permille)
    return None if value is None else ms(value)


def round_trips(window, before):
    bins, mean = histogram(window, "rtt"), mean_ns(histogram(window, "rtt"))
    return {"rtt_ms_mean": None if mean is None else ms(mean), "rtt_ms_p50": quantile_ms(window, 500, "rtt"),
            "rtt_ms_p99": quantile_ms(window, 990, "rtt"), "rtt_ms_max": ms(bins[-1][0]) if bins else None,
            "before_rtt_ms_p50": quantile_ms(before, 500, "rtt")}


def added_p99_ms(window, before):
    """One way: the slowest packet but a hundredth, above the usual one before."""
    slow, usual = quantile_ms(window, 990, "up", "down"), quantile_ms(before, 500, "up", "down")
    return None if None in (slow, usual) else round(slow - usual, 4)


def packets(window):
    """The ledger's."""
    counts = window["sum"]
    lost = counts["lost"]
    return {"sent": counts["sent"], "lost": lost, "duplicated": counts["duplicated"], "reordered": counts["reordered"],
            "mistranslated": counts["mistranslated"], "wrong_cell": counts.get("wrong_cell", 0),
            "loss_percent": round(100 * lost / counts["sent"], 5) if counts["sent"] else None,
            **{f"within_{limit}ms_percent": within_percent(window, limit) for limit in LIMITS_MS}}


def of_load(generated, name, name_before):
    """What users of the network saw."""
    window, before = window_of(generated, name), window_of(generated, name_before)
    return {**round_trips(window, before), **packets(window), "added_p99_ms": added_p99_ms(window, before),
            "max_gap_ms": round(window["sum"]["max_gap_us"] / 1e3, 4)}


def of_job(job, frame_octets):
    """What the move says of itself. Empty where there is none."""
    result = job.get("result") or {}
    if not result:
        return {}
    duration = int(result.get("duration_ns", 0)) / 1e9
    held = int(result.get("held_packets", 0)) + int(result.get("queued_packets", 0))
    spent = {phase: disturbance.phase_ns(job, phase) for phase in ("prepare", "copy", "catch-up", "steer", "trail")}
    return {"duration_s": round(duration, 4), "handover_ms": ms(int(result.get("handover_ns", 0))),
            "entries": int(result.get("entries", 0)), "held_packets": held, "held_octets": held * frame_octets,
            "redirected_packets": int(result.get("redirected_packets", 0)),
            "snapshot_octets": int(result.get("snapshot_bytes", 0)), "delta_octets": int(result.get("delta_bytes", 0)),
            **{f"{phase.replace('-', '')}_ms": None if ns is None else ms(ns) for phase, ns in spent.items()}}


def of_steady(window, link_octets, seconds, job, frame_octets):
    """Of a catch-up that went on and on (steady.py), against the data of the same time, both ways.

    `state_percent_of_data`: all that the daemons' link carried: changed rows, acknowledgements, questions about the round trip,
    heartbeats, with TLS and all headers. `delta_percent_of_data`: the changed rows alone, as slimd counts them."""
    data_per_s = window["sum"]["sent"] * frame_octets * 1e9 / (window["end_ns"] - window["start_ns"])
    catch_up_s = disturbance.phase_ns(job, "catch-up") / 1e9
    delta_per_s = int(job["result"].get("delta_bytes", 0)) / catch_up_s

    def percent(octets_per_s):
        return round(100 * octets_per_s / data_per_s, 5) if data_per_s else None

    return {"steady_s": round(seconds, 4), "steady_data_octets_per_s": round(data_per_s),
            "steady_link_octets_per_s": round(link_octets / seconds), "steady_delta_octets_per_s": round(delta_per_s),
            "state_percent_of_data": percent(link_octets / seconds), "delta_percent_of_data": percent(delta_per_s)}


def disturbed(generated, job, name_before):
    """Time in which round trips were longer around the move, and how much of that the machine does by itself."""
    before = window_of(generated, name_before)
    usual = windows.latency_us([before])
    if not usual:
        return {"disturbed_ms": None, "noise_ms_per_s": None}
    felt = disturbance.disturbed_ms(generated["series"], disturbance.around(job), usual["p50"])
    return {"disturbed_ms": felt, "noise_ms_per_s": disturbance.noise_ms_per_s(generated["series"], [before], usual["p50"])}


def series(generated, first_ns, last_ns, move_ns):
    """Of a span of the run, in tenths of a second from its begin. `move_ns`: when the move began and ended."""
    s = generated["series"]
    width = s["bin_ns"] * SERIES_BINS
    first = max(0, (first_ns - s["start_ns"]) // s["bin_ns"])
    last = min(len(s["sent"]), (last_ns - s["start_ns"]) // s["bin_ns"])
    parts = [range(i, i + SERIES_BINS) for i in range(first, last - SERIES_BINS + 1, SERIES_BINS)]
    start = s["start_ns"] + first * s["bin_ns"]

    def median(values):
        values = sorted(v for v in values if v > 0)
        return values[len(values) // 2] if values else 0

    return {"bin_ms": width / 1e6, "time_s": [round(n * width / 1e9, 3) for n in range(len(parts))],
            "rtt_ms_p50": [round(median([s["rtt_p50_us"][i] for i in part]) / 1e3, 4) for part in parts],
            "rtt_ms_max": [round(max(s["rtt_max_us"][i] for i in part) / 1e3, 4) for part in parts],
            "sent": [sum(s["sent"][i] for i in part) for part in parts],
            "lost": [sum(s["lost"][i] for i in part) for part in parts],
            "move_s": [round((ns - start) / 1e9, 4) for ns in move_ns]}


def faults(window):
    return generator.faults({key: window["sum"].get(key, 0) for key in generator.FAULTS})
