# SPDX-License-Identifier: Apache-2.0
"""Campaign 2: how does a move grow with the table? Without traffic in the lab without a switch (slimlab/pairs.py), where nothing
else is in the way; with traffic in the whole one."""

import dataclasses
import time

import bulk
from slimlab.lab import HOSTS
from slimlab.pairs import Pairs, Size as TableSize

from .conntrackd import Conntrackd
from .loaded import Load, LoadedCampaign
from .runs import SLIM, Outcome, point_text

SIZES = {"quick": (10_000, 100_000, 1_000_000),
         "full": (1_000, 10_000, 100_000, 400_000, 1_000_000, 3_000_000, 10_000_000)}
TRAFFIC = {"quick": (100_000,), "full": (1_000, 10_000, 100_000, 1_000_000)}  # sizes with traffic beside them
CONNTRACKD = (100_000, 400_000)  # sizes at which it is measured, too; to fill its kernel takes longer than all else
PACKETS_PER_SECOND = 5_000
FLOWS = 128


class Size(LoadedCampaign):
    name = "size"
    asks = "What do many sessions cost: time, octets, memory, processor?"
    keys = ("nf", "sessions", "traffic_pps")
    run_seconds = 4

    def points(self, scale):
        def of(sizes, traffic):
            return [{"nf": "nat", "sessions": n, "traffic_pps": traffic} for n in sizes]
        return of(SIZES[scale], 0) + of(TRAFFIC[scale], PACKETS_PER_SECOND)

    def modes(self, point):
        alone = not point["traffic_pps"] and point["sessions"] in CONNTRACKD
        return (SLIM, "conntrackd") if alone else (SLIM,)

    def repeats(self, scale):
        return {"quick": 1, "full": 10}[scale]

    def lab_of(self, point, mode):
        """Each has a lab of its own: an NF that polls beside conntrackd would take a core from it."""
        return f"{mode}, {point_text(point)}"

    def settings(self, point):
        return {"nf": point["nf"], "flows": FLOWS, "idle": point["sessions"], "udp_timeout_s": 3600}

    def load(self, point):
        return Load(("--rate", point["traffic_pps"], "--ramp-rate", 1000))

    def measure(self, batch, emit, say):
        point = dict(batch.runs[0].point)
        if point["traffic_pps"]:
            super().measure(batch, emit, say)
        elif batch.runs[0].mode == SLIM:
            self.measure_alone(point["sessions"], batch, emit, say)
        else:
            measure_conntrackd(point["sessions"], batch, emit, say)

    def also(self, outcome):
        figures = outcome.figures
        if figures.get("duration_s"):
            figures["sessions_per_s"] = round(figures["entries"] / figures["duration_s"])
            figures["wire_octets_per_session"] = round(figures["state_octets"] / figures["entries"], 3)
            figures["handover_us"] = figures["handover_ms"] * 1e3
        return outcome

    @staticmethod
    def measure_alone(sessions, batch, emit, say):
        source = "a"
        with Pairs("bench", [TableSize(sessions, 1)], say) as pairs:
            for run in batch.runs:
                time.sleep(0.5)  # the wiped instance comes to rest
                began, start = time.time(), time.monotonic()
                found = bulk.move(pairs, source)
                outcome = Outcome("failed", ["the move is not complete"], {}) if found is None else of_bulk(found)
                outcome.began, outcome.seconds = began, time.monotonic() - start
                outcome.settings = dataclasses.asdict(pairs.settings)
                emit(run, outcome)
                if found is None:
                    return  # the others are tried with a new lab
                source = HOSTS[source].other


def measure_conntrackd(sessions, batch, emit, say):
    for run in batch.runs:
        began, start = time.time(), time.monotonic()
        with Conntrackd("bench", sessions, say) as lab:
            emit(run, Outcome("complete", [], lab.switch_over(), time.monotonic() - start, began))


def of_bulk(found):
    """What bench/bulk says of a move. `usable_s`: until the target serves."""
    phases = found["phase_seconds"]
    usable = found["seconds"] - phases["steer"] - phases["trail"]
    figures = {"duration_s": found["seconds"], "usable_s": usable, "sessions_per_s": found["sessions_per_second"],
               "copy_sessions_per_s": found["entries"] / phases["copy"] if phases["copy"] else None,
               "wire_octets_per_session": found["wire_bytes_per_session"],
               "row_octets_per_session": found["rows_bytes_per_session"], "copy_s": phases["copy"],
               "catchup_s": phases["catch-up"], "trail_s": phases["trail"], "handover_us": found["handover_us"],
               "entries": found["entries"], "lost": None, "reordered": None}
    for end in ("source", "target"):
        figures[f"slimd_{end}_mib"] = found["own_megabytes"][f"slimd {end}"]
        figures[f"slimd_{end}_cpu_s"] = found["cpu_seconds"][f"slimd {end}"]
        figures[f"nf_{end}_cpu_s"] = found["cpu_seconds"][f"nat {end}"]
    return Outcome("complete", [], {key: round(v, 6) if isinstance(v, float) else v for key, v in figures.items()})
