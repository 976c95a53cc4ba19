# SPDX-License-Identifier: Apache-2.0
"""What each campaign asks, and which of its figures stand in a table. Text, and nothing else."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Asked:
    title: str
    question: str
    how: str
    columns: tuple  # (figure, head of the column, unit)
    compare: str    # the figure by which modes are compared
    reach: tuple = ()  # (setting, figure, limit, head): up to where each run is good


ASKED = {
    "ancestor": Asked(
        "The ancestor's evaluation",
        "How much load can a network function carry while it moves, and its users notice nothing?",
        "A constant load in both directions, one move in its middle, and the same again at each rate, packet size and mode. The "
        "research system "
        "that slim descends from was measured this way, so its seven figures are here. State, of data: all that the link between "
        "the daemons carries while everything has been copied and traffic goes on, against the frames of that traffic; changes are "
        "the rows in it, without headers, acknowledgements and heartbeats.",
        (("rtt_ms_mean", "round trip, mean", "ms"), ("rtt_ms_max", "peak", "ms"), ("loss_percent", "lost", "%"),
         ("within_15ms_percent", "within fifteen ms", "% of packets"), ("held_packets", "held", "packets"),
         ("state_mbit", "state", "Mbit/s"),
         ("state_percent_of_data", "state, of data", "%"), ("delta_percent_of_data", "changes, of data", "%"),
         ("duration_s", "move", "s")),
        "rtt_ms_mean", ("mbit", "figures.lost", 0, "Mbit/s without loss")),
    "size": Asked(
        "A large table",
        "How long does a table of so many sessions take to move?",
        "The table is filled, then it moves from one host to the other. Where there is traffic beside it, each packet of it is "
        "accounted for.",
        (("duration_s", "move", "s"), ("sessions_per_s", "speed", "sessions/s"),
         ("wire_octets_per_session", "on the wire", "octets/session"),
         ("slimd_source_mib", "source", "MiB"), ("slimd_target_mib", "target", "MiB"), ("daemon_mib", "conntrackd", "MiB"),
         ("handover_us", "hand-over", "µs")),
        "duration_s"),
    "churn": Asked(
        "New sessions while it moves",
        "From which rate of new sessions on does a copy never catch up, and does slim know it beforehand?",
        "Sessions open and close at a constant rate before, during and after the move. A move that would not end is refused; a "
        "refusal that was right is foreseen.",
        (("duration_s", "move", "s"), ("catchup_s", "catch-up", "s"), ("state_mbit", "state", "Mbit/s"),
         ("handover_us", "hand-over", "µs"),
         ("converged", "converged", "of runs"), ("lost", "lost", "packets")),
        "duration_s", ("new_per_s", "figures.lost", 0, "new sessions/s without loss")),
    "anatomy": Asked(
        "Where the time goes",
        "How near is a hand-over to the least that is possible?",
        "Many moves one after the other, there and back. The floor is one and a half round trips: the source stops and tells "
        "the target, "
        "the target serves and tells the source, and the last packets on the way arrive.",
        (("rtt_us_p50", "round trip", "µs"), ("floor_us", "floor", "µs"), ("hold_us_p50", "hold, median", "µs"),
         ("hold_us_p99", "ninety-ninth percentile", "µs"),
         ("hold_in_rtt_p50", "hold, median", "round trips"), ("lost", "lost", "packets")),
        "hold_us_p50"),
    "disturbance": Asked(
        "What users feel",
        "For how long is the network worse than before, and what makes that longer?",
        "One setting is changed at a time: load, flows, how often the switch looks at its rules, bridges in a row, rules. "
        "The noise is what the machine does by itself, without a move: read the two beside each other.",
        (("disturbed_ms", "disturbed", "ms"), ("noise_ms_per_s", "noise", "ms/s"), ("prepare_ms", "prepare", "ms"),
         ("steer_ms", "steer", "ms"),
         ("handover_us", "hand-over", "µs"), ("added_p99_ms", "added to the tail", "ms"), ("lost", "lost", "packets")),
        "disturbed_ms"),
    "overhead": Asked(
        "What it costs when nothing moves",
        "What does a network function pay for being movable?",
        "The packet loop alone, in memory, without a network: without an agent (bare), with one that has nothing to do (idle), "
        "and with one that tracks each change. "
        "The twin is the same program, started once more.",
        (("mpps", "rate", "million packets/s"), ("ns_per_packet", "time", "ns/packet"),
         ("instructions_per_packet", "instructions", "a packet"),
         ("ratio_to_bare", "rate, of bare", "run by run"), ("instructions_ratio_to_bare", "instructions, of bare", "")),
        "ns_per_packet"),
    "failure": Asked(
        "When something breaks",
        "What does a planned move cost, what does a crash, and what does it cost to start from nothing?",
        "A process is killed at full load, or a move is asked for. The gap is the longest silence of a probe flow that speaks "
        "every millisecond; the gap before is that of the same load when nothing happens.",
        (("gap_ms", "gap", "ms"), ("before_gap_ms", "gap before", "ms"), ("lost", "lost", "packets"),
         ("sessions_kept_percent", "sessions kept", "%")),
        "gap_ms"),
    "link": Asked(
        "Over a slow link",
        "How slow and how long may the link between two hosts be?",
        "The daemons' link has a rate and a delay. The budget of the hold is the same for all; what does not fit is foreseen, "
        "and refused.",
        (("duration_s", "move", "s"), ("handover_ms", "hand-over", "ms"), ("foreseen_ms", "foreseen", "ms"),
         ("kept", "within budget", "of runs"),
         ("lost", "lost", "packets")),
        "handover_ms"),
}
