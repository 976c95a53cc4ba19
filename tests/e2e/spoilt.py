# SPDX-License-Identifier: Apache-2.0
"""What a negative control must spoil, and nothing else. A mechanism that is off shows in its own way: who takes any fault for
the right one would not see that something else broke, or that the mechanism does something else than its name says."""

import dataclasses

from slimlab import generator
from slimreport import disturbance

SLACK_NS = 20_000_000  # two bins of the series: where a phase ends for slimd is not where its packets do


@dataclasses.dataclass(frozen=True)
class Spoilt:
    fault: str         # of generator.FAULTS: there must be some of it
    during: tuple = () # phases of the moves in which it must be; (): anywhere
    may: tuple = ()    # other faults that may come with it

    def reasons(self, result, window, jobs=()):
        """Why the window (its name) was not spoilt in this way, each in words; none: it was. `jobs`: the moves in it."""
        counts = generator.ledger(result, window)
        if not counts["sent"]:
            return ["nothing was sent"]
        found = [] if counts[self.fault] else [f"the mechanism was off and no packet was {self.fault}: {counts}"]
        found += [f"{counts[key]} packets {key}, which is not what was switched off"
                  for key in generator.FAULTS if counts[key] and key != self.fault and key not in self.may]
        return found + (self.misplaced(result, window, jobs) if self.during else [])

    def misplaced(self, result, window, jobs):
        spans = [span for job in jobs for span in disturbance.spans(job, self.during)]
        lost = self.fault == "lost"
        places = lost_ns(result, window) if lost else incidents_ns(result, window, self.fault)
        early = SLACK_NS + (slowest_ns(result, window) if lost else 0)
        outside = [at for at in places if not any(first - early <= at <= last + SLACK_NS for first, last in spans)]
        return [f"packets {self.fault} at {at} ns, in none of {', '.join(self.during)}: {spans}" for at in outside[:3]]


def slowest_ns(result, window):
    """From when a packet was due until it came, the longest of the window: a lost one may have been as late where it was
    lost, behind a generator or a switch that stood still."""
    [span] = [w for w in result["windows"] if w["name"] == window]
    return int(1000 * max(span["latency"][way]["max"] for way in ("up", "down")))


def lost_ns(result, window):
    """When packets of the window were due that were lost: middles of the bins of the series."""
    series = result["series"]
    [span] = [w for w in result["windows"] if w["name"] == window]
    middles = [series["start_ns"] + (2 * i + 1) * series["bin_ns"] // 2 for i, n in enumerate(series["lost"]) if n]
    return [at for at in middles if span["start_ns"] <= at < span["end_ns"]]


def incidents_ns(result, window, fault):
    """When packets of the window arrived that were wrong in this way, of the incidents that were written down."""
    number = [w["name"] for w in result["windows"]].index(window)
    return [i["at_ns"] for i in result["incidents"]["first"] if i["window"] == number and fault in i["what"]]
