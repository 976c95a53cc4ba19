# SPDX-License-Identifier: Apache-2.0
"""Which pictures there are: for each its campaign, what stands on its axes, and in which words. Tables, and nothing else."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    figure: str
    label: str             # with the unit
    scale: str = "linear"  # linear, log, loss (zero, then a log scale), share (of runs that have a 1)
    beside: str = ""       # a figure that is drawn hollow beside it
    beside_label: str = ""
    least: float = 1       # of the scale loss: from where on it is a log scale


@dataclasses.dataclass(frozen=True)
class Lines:
    """Figures over a setting: a column for each of the other settings, a line for each mode."""
    name: str
    campaign: str
    title: str
    caption: str
    x: str
    x_label: str
    rows: tuple
    x_scale: str = "linear"  # linear, log, or steps: one beside the other
    columns: int = 4         # more become another picture


@dataclasses.dataclass(frozen=True)
class Dots:
    """Figures beside each other: a line of dots for each point."""
    name: str
    campaign: str
    title: str
    caption: str
    figures: tuple   # of Row
    by: str = ""     # the setting that has colours; empty: the mode


@dataclasses.dataclass(frozen=True)
class Time:
    """Series over time, from the beginning of the move."""
    name: str
    campaign: str
    title: str
    caption: str
    rates: str       # the setting of which the least, the middle and the greatest are drawn
    unit: str
    rows: tuple


@dataclasses.dataclass(frozen=True)
class Stack:
    """Where the time of a hand-over goes."""
    name: str
    campaign: str
    title: str
    caption: str


@dataclasses.dataclass(frozen=True)
class Curve:
    """The cumulative distribution of a list."""
    name: str
    campaign: str
    title: str
    caption: str
    samples: str
    label: str
    floor: str  # figure that is drawn as a limit


RATE = {"campaign": "ancestor", "x": "mbit", "x_label": "load, Mbit/s each way"}

PLANS = (
    Lines("ancestor-round-trip", title="Round trip, mean and peak", rows=(
        Row("rtt_ms_mean", "mean, ms", "log"), Row("rtt_ms_max", "peak, ms", "log")),
        caption="Round trips in the window of the move: their mean, and the slowest.", **RATE),
    Lines("ancestor-loss", title="Loss", rows=(Row("loss_percent", "lost, % of packets", "loss", least=0.001),),
          caption="Packets lost in the window of the move. Zero is a line of its own at the foot.", **RATE),
    Lines("ancestor-within", title="Packets in time", rows=tuple(
        Row(f"within_{ms}ms_percent", f"within {ms} ms, %") for ms in (15, 20, 30, 50)),
        caption="The share of packets that arrived within a budget. A lost packet is within none.", **RATE),
    Lines("ancestor-hold", title="Hold buffer", rows=(
        Row("held_packets", "held, packets", "loss"), Row("held_octets", "held, octets", "loss")),
        caption="How much waited in the hold buffer at most.", **RATE),
    Lines("ancestor-state", title="State traffic", rows=(
        Row("state_mbit", "state, Mbit/s", "log"), Row("state_octets", "state, octets", "log")),
        caption="What went from source to target for the move: its rate, and its sum.", **RATE),
    Lines("ancestor-steady", title="State traffic in steady flow", rows=(
        Row("state_percent_of_data", "state, % of data", "log", "delta_percent_of_data", "changed rows"),),
        caption="What the daemons' link carries while all has been copied and traffic goes on, of the octets of that traffic: all of "
                "it, and the changed rows alone.", **RATE),
    Lines("ancestor-duration", title="Duration", rows=(
        Row("duration_s", "move, s", "log"), Row("handover_ms", "hand-over, ms", "log"),
        Row("disturbed_ms", "disturbed, ms", "loss")),
        caption="The whole move, the hand-over in it, and for how long users felt it.", **RATE),
    Time("ancestor-time", "ancestor", "Over time", "Medians of all runs, bin by bin, from the beginning of the move. The bars "
                                                   "at the "
         "foot of the first row say how long each mode moved.", "mbit", "Mbit/s",
         (Row("rtt_ms_p50", "median\nround trip, ms", "log"), Row("rtt_ms_max", "slowest\nround trip, ms", "log"),
          Row("lost", "lost packets\na bin", "loss"))),
    Lines("size-time", "size", "Duration and speed over sessions",
          "How long the whole move takes, and how many sessions move in a second.",
          "sessions", "sessions", (Row("duration_s", "move, s", "log"), Row("sessions_per_s", "sessions/s", "log")), "log"),
    Lines("size-octets", "size", "Octets a session", "On the wire, with all headers and acknowledgements, both ends' together.",
          "sessions", "sessions", (Row("wire_octets_per_session", "octets/session"),), "log"),
    Lines("size-memory", "size", "Memory", "What the daemons have for themselves at most; of conntrackd its own.", "sessions",
          "sessions",
          (Row("slimd_source_mib", "source, MiB", "log", "daemon_mib", "conntrackd"),
           Row("slimd_target_mib", "target, MiB", "log")), "log"),
    Lines("churn", "churn", "New sessions while the table moves",
          "Up to which rate of new sessions a move ends, and what it takes.",
          "new_per_s", "new sessions/s", (
              Row("duration_s", "move, s", "log"), Row("catchup_s", "catch-up, s", "log"),
              Row("state_mbit", "state, Mbit/s", "log"),
              Row("converged", "converged,\n% of runs", "share", "foreseen", "foreseen"),
              Row("handover_us", "hand-over, µs", "log")), "log"),
    Stack("anatomy-parts", "anatomy", "Where the time of a hand-over goes",
          "The parts of the median hand-over in their order. The dashed line is the floor: one and a half round trips."),
    Curve("anatomy-holds", "anatomy", "All holds", "The share of hand-overs whose hold took at most so long, over all moves. "
                                                   "The dashed line is "
          "the floor of one and a half round trips.", "hold_us", "hold, µs", "floor_us"),
    Dots("disturbance", "disturbance", "What users feel", "For how long users feel a move, and what makes it longer.", (
        Row("disturbed_ms", "disturbed, ms", "loss"), Row("handover_us", "hand-over, µs", "log"),
        Row("added_p99_ms", "added to the 99th\npercentile, ms", "loss", least=0.1), Row("lost", "lost, packets", "loss"))),
    Dots("overhead", "overhead", "What the agent costs",
         "The packet loop of a network function without an agent (bare), with one that has nothing to "
         "do (idle), and while it tracks changes.", (
             Row("ns_per_packet", "ns/packet"), Row("instructions_per_packet", "instructions/packet"),
             Row("mpps", "million packets/s"), Row("ratio_to_bare", "of bare")), "state"),
    Dots("failure", "failure", "When something breaks",
         "The longest gap of a flow, what was lost, and how many sessions lived on.", (
        Row("gap_ms", "gap, ms", "log"), Row("lost", "lost, packets", "loss"), Row("sessions_kept_percent", "sessions kept, %"))),
    Lines("link", "link", "Over a slow link", "What a link of limited rate and with delay does to a move; the budget of the "
                                              "hold is the same for all.",
          "mbit", "link, Mbit/s", (
              Row("duration_s", "move, s", "log"), Row("handover_ms", "hand-over, ms", "log", "foreseen_ms", "foreseen"),
              Row("kept", "within budget,\n% of runs", "share")), "steps"),
)
