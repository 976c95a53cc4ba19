# SPDX-License-Identifier: Apache-2.0
"""Results that nobody measured, for the tests: all campaigns and modes, drawn from a seed, with failures and void runs among
them.

    synthetic.py FOLDER [SEED]
"""

import json
import math
import os
import random
import sys

MACHINE = {"cpu": "a processor of the tests", "cores": 2, "memory_mb": 24105, "kernel": "6.1.0", "os": "Debian 12",
           "dpdk": "22.11.9",
           "ovs": "3.1.0"}
MODES = ("slim", "duplicate", "per-packet", "stop-copy", "no-hold", "buffer-at-controller")
# By what factor a mode is slower than slim, and how much of its packets it loses.
SLOW = {"slim": 1, "duplicate": 2.6, "per-packet": 1.5, "stop-copy": 0.8, "no-hold": 0.98, "buffer-at-controller": 1.7,
        "conntrackd": 9}
STEADY = {"slim": 0.3, "per-packet": 9.0}  # state, in percent of the data
LOSES = {"stop-copy": 3.0, "no-hold": 0.02, "duplicate": 0.4}


class Maker:
    def __init__(self, seed, few):
        self.random = random.Random(seed)
        self.few = few
        self.order = 0
        self.lines = {}

    def about(self, value, width=0.08):
        return value * self.random.lognormvariate(0, width)

    def run(self, campaign, mode, point, repeat, figures, twin=False, **more):
        self.order += 1
        line = {"schema": 1, "campaign": campaign, "mode": mode, "point": point, "repeat": repeat, "twin": twin,
                "seed": self.random.randrange(10**6), "order": self.order, "command": self.command(campaign, mode, point, repeat),
                "commit": "8afa9e5c0b1d2e3f405162738495a6b7c8d9e0f1", "dirty": False, "machine": "a1b2c3",
                "settings": {"nf": "nat", "workers": 1},
                "began_unix": 1764529000.0 + 40 * self.order, "seconds": round(self.about(31), 1), "result": "complete",
                "reasons": [],
                "figures": figures, "lists": {}, **more}
        self.lines.setdefault(campaign, []).append(line)
        return line

    @staticmethod
    def command(campaign, mode, point, repeat):
        settings = ",".join(f"{key}={value}" for key, value in point.items())
        quoted = f"'{settings}'" if " " in settings else settings
        return f"bench/run {campaign} --mode {mode} --point {quoted} --repeat {repeat}"

    def spoil(self, line, result, reason):
        line["result"], line["reasons"] = result, [reason]
        if result in ("void", "error"):
            line["figures"] = {key: None for key in line["figures"]}
        return line


def each(make, modes, points, repeats, twins=True):
    """(mode, twin, point, repeat): slim once more beside it."""
    for point in points[-make.few:] if make.few else points:
        for repeat in range(1, repeats + 1):
            for mode in modes:
                yield mode, False, point, repeat
            if twins:
                yield "slim", True, point, repeat


def ancestor_figures(make, mode, point):
    load = point["mbit"] / (450 if mode != "duplicate" else 150)
    rtt = make.about(0.35 * SLOW[mode] / max(0.08, 1.15 - load))
    lost = make.about(LOSES.get(mode, 0) * load ** 2) if load > 0.3 or mode == "stop-copy" else 0
    sent = int(point["mbit"] * 1e6 / 8 / point["octets"] * 10)
    late = min(100.0, max(0.0, (load - 0.9) * 40 * SLOW[mode]))
    figures = {"rtt_ms_mean": rtt, "rtt_ms_p50": rtt * 0.9, "rtt_ms_p99": rtt * 3, "rtt_ms_max": make.about(rtt * 12, 0.4),
               "before_rtt_ms_p50": 0.3,
               "sent": sent, "lost": int(sent * lost / 100), "duplicated": 0, "reordered": 0, "loss_percent": lost,
               "held_packets": int(make.about(40 * load * SLOW[mode])),
               "held_octets": int(make.about(40 * load * SLOW[mode] * point["octets"])),
               "state_octets": int(make.about(2e6 * SLOW[mode] ** 2)), "state_mbit": make.about(30 * SLOW[mode] ** 2 * load),
               "duration_s": make.about(0.6 * SLOW[mode]), "handover_ms": make.about(0.4 * SLOW[mode]),
               "disturbed_ms": 10.0 * int(4 * SLOW[mode] * load),
               "added_p99_ms": make.about(0.8 * SLOW[mode])}
    if mode in STEADY:
        link = make.about(STEADY[mode] * 50 / point["mbit"])
        figures.update(state_percent_of_data=link, delta_percent_of_data=link * 0.6)
    for ms, share in ((15, 1), (20, 0.7), (30, 0.4), (50, 0.1)):
        figures[f"within_{ms}ms_percent"] = max(0.0, 100 - late * share - lost)
    return figures


def series_of(make, mode, figures):
    time = [round(0.1 * i, 1) for i in range(60)]
    ends = 2 + figures["duration_s"]
    during = [2 <= t < ends for t in time]
    return {"bin_ms": 100, "time_s": time, "move_s": [2.0, ends],
            "rtt_ms_p50": [make.about(figures["rtt_ms_p50"] * (1.5 if d else 1)) for d in during],
            "rtt_ms_max": [make.about(figures["rtt_ms_max"] * (1 if d else 0.2), 0.3) for d in during],
            "lost": [int(make.about(figures["lost"] / 5)) if d else 0 for d in during]}


def ancestor(make, repeats, rates=(50, 150, 250, 350, 450)):
    points = [{"nf": nf, "octets": octets, "mbit": mbit, "flows": 128 if nf == "nat" else 256}
              for nf in ("nat", "gateway") for octets in (512, 1400) for mbit in rates]
    for mode, twin, point, repeat in each(make, MODES, points, repeats):
        figures = ancestor_figures(make, mode, point)
        line = make.run("ancestor", mode, point, repeat, figures, twin, series=series_of(make, mode, figures))
        if figures["lost"]:
            make.spoil(line, "failed", f"{figures['lost']} packets were lost")
        elif mode == "per-packet" and point["mbit"] == rates[-1] and repeat == 1:
            make.spoil(line, "void", "4 packets that were due were not sent")


def size(make, repeats):
    points = [{"nf": nf, "sessions": sessions, "traffic_pps": pps} for nf in ("nat", "gateway") for pps in (0, 20000)
              for sessions in (1000, 10000, 100000, 1000000)]
    for mode, twin, point, repeat in each(make, ("slim", "stop-copy", "conntrackd"), points, repeats):
        seconds = make.about((0.1 + point["sessions"] / 1.4e6) * SLOW[mode])
        figures = {"duration_s": seconds, "sessions_per_s": point["sessions"] / seconds,
                   "copy_sessions_per_s": point["sessions"] / seconds * 1.4,
                   "wire_octets_per_session": make.about(61 if mode != "conntrackd" else 190, 0.01), "copy_s": seconds * 0.6,
                   "catchup_s": seconds * 0.1,
                   "trail_s": seconds * 0.3, "handover_us": make.about(330),
                   "slimd_source_mib": make.about(12 + point["sessions"] / 8e4),
                   "slimd_target_mib": make.about(14 + point["sessions"] / 3e4), "lost": 0, "reordered": 0, "usable_s": None,
                   "daemon_mib": None}
        if mode == "conntrackd":
            figures.update(slimd_source_mib=None, slimd_target_mib=None, daemon_mib=make.about(20 + point["sessions"] / 1e4),
                           usable_s=seconds * 1.1)
        line = make.run("size", mode, point, repeat, figures, twin)
        if mode == "conntrackd" and point["sessions"] == 1000000:
            make.spoil(line, "failed", "12,345 of 1,000,000 sessions are missing")
            figures["duration_s"] = figures["sessions_per_s"] = None


def churn(make, repeats):
    points = [{"nf": nf, "new_per_s": rate} for nf in ("nat", "gateway") for rate in (1000, 10000, 50000, 200000)]
    for mode, twin, point, repeat in each(make, ("slim", "per-packet"), points, repeats):
        ends = point["new_per_s"] < (200000 if mode == "slim" else 50000)
        figures = {"duration_s": make.about(0.8 + point["new_per_s"] / 5e4) if ends else None,
                   "catchup_s": make.about(0.05 + point["new_per_s"] / 1e5),
                   "rounds": None, "converged": int(ends), "foreseen": 1 if mode == "slim" else None,
                   "handover_us": make.about(350) if ends else None,
                   "lost": 0, "state_mbit": make.about(1 + point["new_per_s"] / 1000)}
        line = make.run("churn", mode, point, repeat, figures, twin)
        if not ends:
            make.spoil(line, "refused" if mode == "slim" else "failed", "the copy does not converge")


PARTS = (("source NF: stopped", 9), ("source slimd: knows it", 50), ("source slimd: END sent", 16), ("link: END arrives", 84),
         ("target slimd: digests equal", 55), ("target NF: serves", 36), ("data plane: TAKEN arrives", 104))


def anatomy(make, repeats):
    points = [{"nf": nf, "flows": flows, "pps": 10000} for nf in ("nat", "gateway") for flows in (1000, 100000)]
    for mode, twin, point, repeat in each(make, ("slim", "stop-copy"), points, repeats):
        factor = 1 if mode == "slim" else 900
        holds = [make.about(354 * factor, 0.35) for _ in range(20)]
        trips = [make.about(287, 0.2) for _ in range(20)]
        middle = sorted(trips)[10]
        figures = {"moves": 20, "rtt_us_p50": middle, "hold_us_p50": sorted(holds)[10], "hold_us_p99": max(holds),
                   "hold_us_max": max(holds),
                   "floor_us": 1.5 * middle, "hold_in_rtt_p50": sorted(holds)[10] / middle,
                   "hold_in_rtt_p99": max(holds) / middle,
                   "lost": 0 if mode == "slim" else 900, "reordered": 0}
        if mode == "slim":
            figures.update({f"part_us:{name}": make.about(us, 0.15) for name, us in PARTS})
        line = make.run("anatomy", mode, point, repeat, figures, twin)
        line["lists"] = {"hold_us": holds, "rtt_us": trips}
        if mode == "stop-copy":
            make.spoil(line, "failed", "900 packets were lost")


def disturbance(make, repeats):
    points = [{"nf": "nat", "pps": pps, "flows": flows, "max_revalidator_ms": ms, "bridges": bridges, "rules": rules}
              for pps, flows, ms, bridges, rules in ((10000, 1000, 500, 1, 0), (20000, 1000, 500, 1, 0),
                                                     (10000, 20000, 500, 1, 0),
                                                     (10000, 1000, 50, 1, 0), (10000, 1000, 500, 4, 0),
                                                     (10000, 1000, 500, 1, 10000))]
    for mode, twin, point, repeat in each(make, ("slim", "no-hold", "stop-copy"), points, repeats):
        figures = {"disturbed_ms": 10.0 * make.random.randrange(0, 4) * (20 if mode == "stop-copy" else 1),
                   "noise_ms_per_s": make.about(3),
                   "prepare_ms": make.about(20), "steer_ms": make.about(4),
                   "handover_us": make.about(350 * (900 if mode == "stop-copy" else 1)),
                   "added_p99_ms": make.about(0.5 * SLOW[mode]), "lost": {"slim": 0, "no-hold": 3, "stop-copy": 4000}[mode]}
        line = make.run("disturbance", mode, point, repeat, figures, twin)
        if figures["lost"]:
            make.spoil(line, "failed", f"{figures['lost']} packets were lost")


def overhead(make, repeats):
    points = [{"case": case, "workers": 1, "sessions": sessions, "state": state}
              for case, sessions in (("nat44-h62500-p16-s1000000-udir-64b", 1000000), ("gtpu-h1000-s1000-bidir-64b", 1000))
              for state in ("bare", "idle", "tracking", "moving")]
    for mode, twin, point, repeat in each(make, ("slim",), points, repeats):
        costs = {"bare": 1, "idle": 1.0064, "tracking": 1.0132, "moving": 1.31}[point["state"]]
        ns = make.about(190 * costs, 0.05)
        make.run("overhead", mode, point, repeat, {"mpps": 1000 / ns, "ns_per_packet": ns,
                                                   "instructions_per_packet": 356.8 * costs,
                                                   "ratio_to_bare": costs}, twin)


def failure(make, repeats):
    points = [{"nf": nf, "what": what} for nf in ("nat", "pppoe")
              for what in ("planned move", "source killed", "target killed", "cold restart")]
    gap = {"planned move": 1.1, "source killed": 45, "target killed": 1.2, "cold restart": 4200}
    for mode, twin, point, repeat in each(make, ("slim",), points, repeats, twins=False):
        ms = make.about(gap[point["what"]])
        figures = {"gap_ms": ms, "lost": int(ms * 20) if ms > 10 else 0, "sessions_kept_percent": 0.0
                   if point["what"] == "cold restart" else 100.0}
        make.run("failure", mode, point, repeat, figures, twin)


def link(make, repeats):
    points = [{"nf": "nat", "mbit": mbit, "delay_ms": delay, "flows": 20000} for delay in (0, 5, 20)
              for mbit in (20, 100, 1000, 0)]
    for mode, twin, point, repeat in each(make, ("slim", "stop-copy"), points, repeats):
        rate = point["mbit"] or 10000
        hold = 0.4 + 1.5 * point["delay_ms"] + 3 / math.sqrt(rate)
        figures = {"duration_s": make.about(0.5 + 20000 * 61 * 8 / rate / 1e6), "handover_ms": make.about(hold),
                   "foreseen_ms": make.about(hold * 1.3),
                   "kept": int(hold < 25), "lost": 0}
        if mode == "stop-copy":
            figures.update(handover_ms=figures["duration_s"] * 1000, foreseen_ms=None, kept=0)
        make.run("link", mode, point, repeat, figures, twin)


ALL = (ancestor, size, churn, anatomy, disturbance, overhead, failure, link)


def texts(seed=1, repeats=3, campaigns=ALL, few=0):
    """{name of a file: its text}; `few`: only so many points of each campaign, the last ones"""
    make = Maker(seed, few)
    for campaign in campaigns:
        campaign(make, repeats)
    files = {"machines.json": json.dumps({"a1b2c3": MACHINE}) + "\n"}
    for campaign, lines in make.lines.items():
        files[f"{campaign}.jsonl"] = "".join(json.dumps(line) + "\n" for line in lines)
    return files


def write(folder, files):
    os.makedirs(folder, exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    return folder


if __name__ == "__main__":
    write(sys.argv[1], texts(int(sys.argv[2]) if len(sys.argv) > 2 else 1))
