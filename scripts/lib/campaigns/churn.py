# SPDX-License-Identifier: Apache-2.0
"""Campaign 3: how fast may sessions come and change before a copy cannot catch up, and does the move foresee it?"""

from .loaded import Load, LoadedCampaign

NEW = {"quick": (500, 4_000), "full": (500, 1_000, 2_000, 4_000, 8_000, 12_000, 16_000)}
FLOWS = 40_000
PACKETS_PER_SECOND = 20_000
TIMEOUT_S = 20


class Churn(LoadedCampaign):
    name = "churn"
    asks = "How many sessions a second may come and go while a table moves?"
    keys = ("nf", "new_per_s")
    run_seconds = 6

    def points(self, scale):
        return [{"nf": "nat", "new_per_s": n} for n in NEW[scale]]

    def repeats(self, scale):
        return {"quick": 1, "full": 5}[scale]

    def settings(self, point):
        return {"nf": "nat", "flows": FLOWS, "udp_timeout_s": TIMEOUT_S,
                "capacity": 1 << (FLOWS + point["new_per_s"] * (TIMEOUT_S + 40)).bit_length()}

    def load(self, point):
        return Load(("--rate", PACKETS_PER_SECOND, "--churn", point["new_per_s"]))

    def also(self, outcome):
        figures = outcome.figures
        figures["converged"] = 1 if figures.get("handover_ms") else 0
        figures["foreseen"] = None if figures["converged"] else 1 if outcome.result == "refused" else 0
        if figures["converged"]:
            figures["catchup_s"] = round(figures["catchup_ms"] / 1e3, 4)
            figures["handover_us"] = figures["handover_ms"] * 1e3
        return outcome
