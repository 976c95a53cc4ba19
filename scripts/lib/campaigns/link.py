# SPDX-License-Identifier: Apache-2.0
"""Campaign 8: over a slow or long link between the daemons the hold keeps to its budget, or the move is refused beforehand."""

from .loaded import Load, LoadedCampaign

MIDDLE = (100, 5)
RATES = {"quick": (10,), "full": (1, 2, 5, 10, 50, 1_000, 0)}       # Mbit/s; 0: no limit
DELAYS = {"quick": (10,), "full": (0, 1, 2, 10, 20, 50)}              # milliseconds, one way
FLOWS, PACKETS_PER_SECOND = 5_000, 10_000
BUDGET_MS = 60


class Link(LoadedCampaign):
    name = "link"
    asks = "Does a hold keep to its budget over a slow or long link?"
    keys = ("nf", "mbit", "delay_ms", "flows")
    run_seconds = 5

    def points(self, scale):
        pairs = [MIDDLE, *((rate, MIDDLE[1]) for rate in RATES[scale]), *((MIDDLE[0], delay) for delay in DELAYS[scale])]
        return [{"nf": "nat", "mbit": mbit, "delay_ms": delay, "flows": FLOWS} for mbit, delay in pairs]

    def repeats(self, scale):
        return {"quick": 1, "full": 5}[scale]

    def settings(self, point):
        # A link of its own for each point could be set in a running lab; a new one begins with connections as they are.
        return {"nf": "nat", "flows": FLOWS, "rate": PACKETS_PER_SECOND, "link_mbit": point["mbit"], "link_delay_ms": point["delay_ms"]}

    def load(self, point):
        return Load((), move_options=("--max-hold", f"{BUDGET_MS}ms"))

    def also(self, outcome):
        figures = outcome.figures
        hold = figures.get("handover_ms")
        figures["kept"] = None if not hold else 1 if hold <= BUDGET_MS else 0
        figures["budget_ms"] = BUDGET_MS
        return outcome
