# SPDX-License-Identifier: Apache-2.0
"""Each packet goes to the other instance, too, while the table is copied (bench/baselines/duplicate)."""

from slimlab.lab import HOSTS

from .slim import Slim

COUNTERS = ("carried_packets", "carried_octets", "carried_rows", "carried_arrived")


class Duplicate(Slim):
    name = "duplicate"
    why = ("What the system before this one was measured against: each packet of the time of the copy is carried to the target, over "
           "the link of the daemons; copy, hold and flip are those of slim.")
    settings = {"variant": "-duplicate"}

    def counted(self):
        """At both hosts together: the source puts, the target takes."""
        counts = dict.fromkeys(COUNTERS, 0)
        for host in HOSTS:
            for row in self.lab.slim_nf(host, "show", "counters")[1]:
                if row["counter"] in counts:
                    counts[row["counter"]] += row["value"]
        return counts

    def move(self, source, *options):
        before = self.counted()
        status, job, figures = super().move(source, *options)
        after = self.counted()
        counts = {key: after[key] - before[key] for key in COUNTERS}
        lost = counts["carried_rows"] - counts.pop("carried_arrived")
        return status, job, {**figures, **counts, "carried_lost_rows": lost}

    def wrong(self, figures):
        lost = figures["carried_lost_rows"]
        return [f"{lost} rows of packets did not reach the target, of {figures['carried_rows']}"] if lost else []
