# SPDX-License-Identifier: Apache-2.0
"""Campaign 1: the evaluation of the system before this one. NAT and gateway with few connections and much other state, at
rising data rates: what of the traffic is in time, in which mode?"""

import dataclasses

from .loaded import Load, LoadedCampaign

EXTRA_OCTETS = 20 << 20  # of state beside that of the connections
SESSION_OCTETS = {"nat": 61, "gateway": 96}  # of one, in a copy
FLOWS = {"nat": 128, "gateway": 256}
STEADY = {"slim": 2, "duplicate": 2, "per-packet": 2}  # seconds; the other modes send what slim sends, or nothing
ALL = tuple(range(25, 451, 25))
RATES = {"quick": {"nat": {512: (20, 60), 1400: (150,)}, "gateway": {512: (60,)}},
         "full": {nf: {octets: ALL for octets in (512, 1400)} for nf in FLOWS}}
QUICK_DUPLICATE = {"nf": "nat", "octets": 512}


class Ancestor(LoadedCampaign):
    name = "ancestor"
    asks = "How much traffic can a move stand before it is felt, in each mode?"
    keys = ("nf", "octets", "mbit", "flows")
    lab_seconds = 20
    run_seconds = 8

    def points(self, scale):
        return [{"nf": nf, "octets": octets, "mbit": mbit, "flows": FLOWS[nf]} for nf, sizes in RATES[scale].items()
                for octets, rates in sizes.items() for mbit in rates]

    def modes(self, point):
        return ("slim", "duplicate", "per-packet", "stop-copy", "no-hold", "buffer-at-controller")

    def plan(self, scale):
        """duplicate has a lab of its own, which a quick look has no time for at each point."""
        return [run for run in super().plan(scale)
                if scale != "quick" or run.mode != "duplicate" or QUICK_DUPLICATE.items() <= dict(run.point).items()]

    def repeats(self, scale):
        return {"quick": 1, "full": 10}[scale]

    def lab_of(self, point, _mode):
        return point["nf"]

    def settings(self, point):
        nf = point["nf"]
        return {"nf": nf, "flows": point["flows"], "idle": EXTRA_OCTETS // SESSION_OCTETS[nf], "udp_timeout_s": 3600}

    def load(self, point):
        """A data rate, each way, of frames of that size. Each subscriber changes its cell every two seconds, as it was."""
        rate = round(point["mbit"] * 1e6 / 8 / point["octets"])
        changes = ("--handovers", point["flows"] // 2) if point["nf"] == "gateway" else ()
        return Load(("--flows", point["flows"], "--rate", rate, "--size", point["octets"], "--ramp-rate", 1000, *changes),
                    point["octets"])

    def load_of(self, run):
        return dataclasses.replace(self.load(dict(run.point)), steady_s=STEADY.get(run.mode, 0))
