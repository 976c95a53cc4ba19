# SPDX-License-Identifier: Apache-2.0
"""A record of the row for every packet, while the table is copied (bench/baselines/per_packet)."""

from .slim import Slim


class PerPacket(Slim):
    name = "per-packet"
    why = ("What a packet changes is sent with it, counters and times included, as the system before this one did; copy, hold and "
           "flip are those of slim, so only the number of records differs.")
    settings = {"variant": "-per-packet"}
