# SPDX-License-Identifier: Apache-2.0
"""How each mode looks and what it is. One table: a mode has the same colour, marker and dashes in every picture.

Colours are those of Okabe and Ito, which people who see few colours tell apart; markers and dashes say it once more. On a dark
page the same roles have lighter shades.
"""

import dataclasses

SOLID = ()


@dataclasses.dataclass(frozen=True)
class Look:
    colour: str
    dark: str      # the shade on a dark page
    marker: str    # matplotlib's name
    glyph: str     # the same shape as a letter
    dashes: tuple  # lengths on, off, ...; empty: a full line
    width: float = 1.6


@dataclasses.dataclass(frozen=True)
class Mode:
    look: Look
    what: str
    fair: str


TWIN = "slim once more"

MODES = {
    "slim": Mode(
        Look("#0072b2", "#4ea6e6", "o", "●", SOLID, 2.2),
        "State is copied while the source serves. For the hand-over packets wait in a bounded buffer, for about a round trip "
        "and a half.",
        "What is measured, as it is delivered: nothing is switched on for the measurement."),
    "duplicate": Mode(
        Look("#e69f00", "#f2b632", "s", "■", (5, 2)),
        "While the table is copied each packet also goes to the target, over the daemons' link; the target takes it, and does not "
        "process it.",
        "What the ancestor was measured against, and kinder: there both instances processed each packet. The rest is slim's own."),
    "per-packet": Mode(
        Look("#009e73", "#2cc598", "^", "▲", (1.5, 1.5)),
        "While the table is copied each packet is followed by a record of its own, with the counters and times that it changed.",
        "The same sources and the same stream. Kinder than the ancestor was: records travel in slim's batches."),
    "stop-copy": Mode(
        Look("#d55e00", "#f07f2e", "v", "▼", (7, 2, 1.5, 2)),
        "Traffic stops at the perimeter, state is copied, traffic starts at the target.",
        "The copy is slim's own, at full speed, with its digests, and the stop is as short as it can be."),
    "no-hold": Mode(
        Look("#cc79a7", "#e29ac3", "D", "◆", (3, 1.5, 1, 1.5, 1, 1.5)),
        "As slim, without waiting: no hold, no flush round, no redirection of late packets.",
        "The same program with three mechanisms switched off. The difference to slim is what they are worth, and what they "
        "cost."),
    "buffer-at-controller": Mode(
        Look("#56b4e9", "#a5dcff", "P", "✚", (10, 3)),
        "Packets of moving flows go up to the controller while state is copied, and are played back, in order, to the target.",
        "OpenNF's loss-free move. The copy is slim's own; the controller is written for speed: one local connection, large reads "
        "and writes, a large queue."),
    "conntrackd": Mode(
        Look("#010101", "#f2f2f2", "*", "★", (2, 3)),
        "The kernel's connection table, synchronised by conntrackd between two hosts.",
        "What many run without DPDK: its reliable protocol, large buffers, and a table set up as its manual has it for so many "
        "sessions."),
    TWIN: Mode(
        Look("#0072b2", "#4ea6e6", "o", "○", (1, 2), 1.1),
        "The A/A row: the same program at the same point once more, in turns with the first.",
        "What it differs by from itself is noise, and no other difference within that is one."),
}

# What an NF does in the campaign overhead: not modes, but drawn beside each other as modes are.
STATES = {
    "bare": Look("#010101", "#f2f2f2", "*", "★", SOLID),
    "idle": Look("#009e73", "#2cc598", "^", "▲", (1.5, 1.5)),
    "tracking": Look("#0072b2", "#4ea6e6", "o", "●", SOLID, 2.2),
    "moving": Look("#d55e00", "#f07f2e", "v", "▼", (7, 2, 1.5, 2)),
}


def name_of(run):
    """The mode that a run is drawn as."""
    return TWIN if run.twin else run.mode


def look(mode):
    return MODES[mode].look


def slug(name):
    return name.replace(" ", "-")
