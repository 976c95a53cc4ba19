# SPDX-License-Identifier: Apache-2.0
"""The verdict: one dictionary that says whether a run of moves was perfect, and what it cost.

`result` is "complete" only if everything that was measured is: every move complete with equal
digests, no packet lost, duplicated, reordered, mistranslated or in a wrong cell in any judged window,
no octet counted twice or not at all by the network function, no PPPoE session dropped and no log-in failed, no TCP connection broken, no ping
lost. It is "void" if the run says nothing (void.py), whatever else was seen. Else it is "failed". `reasons` says why,
those of a void run first.

What was not measured (no real programs ran) is null and does not count; what must be there
(windows of moves and of the control, as many moves as expected) does.

A move's `prepare_ms` and `steer_ms` are the times that its job spent in these phases, `disturbed_ms` is
what users of the network felt of it (disturbance.py), and `noise_ms_per_s` is how much of that the
machine does by itself in each second without a move.
"""

import re
import statistics

from . import disturbance, void, windows
from .windows import BadInput

# Our key, key of slim.v1.MoveResult, divisor.
MOVE_FIELDS = (
    ("entries", "entries", None),
    ("snapshot_bytes", "snapshot_bytes", None),
    ("delta_bytes", "delta_bytes", None),
    ("duration_ms", "duration_ns", 1e6),
    ("handover_us", "handover_ns", 1e3),
    ("hold_us_p50", "hold_p50_ns", 1e3),
    ("hold_us_max", "hold_max_ns", 1e3),
    ("held_packets", "held_packets", None),
    ("flush_wait_us_p50", "flush_wait_p50_ns", 1e3),
    ("flush_wait_us_max", "flush_wait_max_ns", 1e3),
    ("flush_rounds", "flush_rounds", None),
    ("redirected_packets", "redirected_packets", None),
    ("digest_source", "digest_source", None),
    ("digest_target", "digest_target", None),
)


def move(job, series, before_us):
    """One entry of `moves` from a job as slimctl prints it, and the time series. `before_us`: median round
    trip before the moves. What was not seen is None."""
    result = job.get("result") or {}
    entry = {"from": job["nf"], "to": job["to_nf"], "result": job["state"]}
    for key, field, divisor in MOVE_FIELDS:
        value = result.get(field, "" if key.startswith("digest") else 0)
        entry[key] = value if divisor is None else round(int(value) / divisor, 3)
    for phase in ("prepare", "steer"):
        spent = disturbance.phase_ns(job, phase)
        entry[f"{phase}_ms"] = None if spent is None else round(spent / 1e6, 3)
    entry["disturbed_ms"] = disturbance.disturbed_ms(series, disturbance.around(job), before_us)
    return entry


def move_reasons(number, entry, job):
    """What is wrong with a move."""
    name = f"move {number} ({entry['from']} to {entry['to']})"
    result = job.get("result") or {}
    reasons = []
    if entry["result"] != "complete":
        texts = "; ".join(r.get("text", "") for r in job.get("reasons") or [])
        reasons.append(f"{name} is {entry['result']}{': ' + texts if texts else ''}")
        return reasons
    if not entry["digest_source"] or entry["digest_source"] != entry["digest_target"]:
        reasons.append(f"{name}: digests differ: {entry['digest_source'] or 'none'} and "
                       f"{entry['digest_target'] or 'none'}")
    proof = result.get("digest_proof")
    if proof and proof != entry["digest_source"]:
        reasons.append(f"{name}: the proof's digest is another one: {proof}")
    for field in ("hold_overflow", "queue_overflow"):
        if result.get(field, 0):
            reasons.append(f"{name}: {result[field]} packets dropped ({field})")
    return reasons


def ledger_reasons(name, counts):
    return [f"{name}: {counts[key]} packets {key}" for key in windows.FAULT_KEYS if (counts or {}).get(key)]


def other_reasons(gen, named):
    """Faults in judged windows that have none of our names."""
    reasons = []
    for window in gen["windows"]:
        if window["judged"] and window not in named:
            counts = windows.ledger([window])
            reasons += [f"{window['name']}: {counts[key]} packets {key}"
                        for key in windows.FAULT_KEYS if counts.get(key)]
    return reasons


def read_ping(text):
    """{sent, lost} from ping's last lines."""
    found = re.search(r"(\d+) packets transmitted, (\d+) (?:packets )?received", text)
    if not found:
        raise BadInput("no summary line of ping")
    sent, received = int(found[1]), int(found[2])
    return {"sent": sent, "lost": sent - received}


def read_tcp(report):
    """{bytes, retransmits, connections_broken} from such a dictionary or a report of iperf3."""
    if "connections_broken" in report:
        return {key: report.get(key, 0) for key in ("bytes", "retransmits", "connections_broken")}
    if "end" not in report and "error" not in report:
        raise BadInput("neither a summary of TCP connections nor a report of iperf3")
    end = report.get("end", {})
    return {"bytes": end.get("sum_received", {}).get("bytes", 0),
            "retransmits": end.get("sum_sent", {}).get("retransmits") or 0,
            "connections_broken": 1 if "error" in report else 0}


def sum_tcp(reports):
    parts = [read_tcp(r) for r in reports]
    if not parts:
        return None
    return {key: sum(p[key] for p in parts) for key in parts[0]}


def program_reasons(tcp, ping):
    reasons = []
    if tcp and tcp["connections_broken"]:
        reasons.append(f"{tcp['connections_broken']} TCP connections broken")
    if ping and ping["lost"]:
        reasons.append(f"{ping['lost']} of {ping['sent']} pings lost")
    if ping and not ping["sent"]:
        reasons.append("no ping was sent")
    return reasons


def usage_reasons(error):
    return [f"{error} octets counted twice or not at all by the network function"] if error else []


SUBSCRIBER_FAULTS = {"sessions_dropped": "sessions of subscribers ended without their doing",
                     "negotiations_failed": "log-ins of subscribers did not come up"}


def subscriber_reasons(subscribers):
    """`subscribers`: what slim-gen says of those of a PPPoE concentrator, or None."""
    if subscribers is None:
        return []
    reasons = [f"{subscribers[key]} {text}" for key, text in SUBSCRIBER_FAULTS.items() if subscribers[key]]
    return reasons if subscribers["up"] else [*reasons, "no subscriber logged in"]


def median_before_us(gen):
    """Median round trip before the moves; None if there was no such window."""
    before = windows.latency_us(windows.select(gen, "before"))
    return before["p50"] if before else None


def judge(gen, jobs, tcp=None, ping=None, expect_moves=None, usage_error=None):
    """Merges all. `usage_error`: octets that the network function's own counters are wrong by, or None.
    `tcp`: {bytes, retransmits, connections_broken} or None; `ping`: {sent, lost} or None; `expect_moves`: how
    many there must be; None: at least one."""
    moving, control = windows.select(gen, "move"), windows.select(gen, "control")
    before_us = median_before_us(gen)
    verdict = {"result": None, "moves": [move(job, gen["series"], before_us) for job in jobs],
               "ledger": windows.ledger(moving), "control": windows.ledger(control),
               "latency_us": {"before": windows.latency_us(windows.select(gen, "before")),
                              "during": windows.latency_us(moving),
                              "after": windows.latency_us(windows.select(gen, "after"))},
               "noise_ms_per_s": disturbance.noise_ms_per_s(gen["series"], control, before_us),
               "tcp": tcp, "ping": ping}
    subscribers = gen.get("subscribers")
    if subscribers is not None:
        verdict["subscribers"] = {"logins": subscribers["up"], "logouts": subscribers["ended"],
                                  **{key: subscribers[key] for key in SUBSCRIBER_FAULTS}}
    if gen.get("config", {}).get("role") in ("nat", "pppoe"):  # no cells
        for counts in filter(None, (verdict["ledger"], verdict["control"])):
            counts.pop("wrong_cell", None)
    if usage_error is not None and verdict["ledger"] is not None:
        verdict["ledger"]["usage_error_bytes"] = usage_error
    nothing = void.reasons(gen, jobs, ("move", "control"))
    reasons = other_reasons(gen, moving + control) + usage_reasons(usage_error)
    reasons += subscriber_reasons(subscribers)
    if not jobs:
        reasons.append("no move")
    elif expect_moves is not None and len(jobs) != expect_moves:
        reasons.append(f"{len(jobs)} moves instead of {expect_moves}")
    for number, (entry, job) in enumerate(zip(verdict["moves"], jobs), 1):
        reasons += move_reasons(number, entry, job)
    reasons += ledger_reasons("move", verdict["ledger"]) + ledger_reasons("control", verdict["control"])
    reasons += program_reasons(tcp, ping)
    verdict["result"] = "void" if nothing else "failed" if reasons else "complete"
    verdict["reasons"] = nothing + reasons
    return verdict


def ratios(verdict):
    """Median hand-over and median wait for a flush round, in round trips before the move."""
    before = verdict["latency_us"]["before"]
    moves = [m for m in verdict["moves"] if m["result"] == "complete"]
    if not before or not moves or not before["p50"]:
        return None
    return {"round_trip_us": before["p50"],
            "handover": statistics.median(m["handover_us"] for m in moves) / before["p50"],
            "flush_wait": statistics.median(m["flush_wait_us_p50"] for m in moves) / before["p50"]}
