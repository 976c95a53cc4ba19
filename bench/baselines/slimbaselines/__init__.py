# SPDX-License-Identifier: Apache-2.0
"""Opponents of slim's move: other ways to move the same state, with the same lab and the same judge."""

from .buffer_at_controller import BufferAtController
from .duplicate import Duplicate
from .no_hold import NoHold
from .per_packet import PerPacket
from .slim import Slim
from .stop_copy import StopCopy

# In the order of what they do against loss and reordering: nothing, less, all.
MODES = {mode.name: mode for mode in (NoHold, StopCopy, BufferAtController, Duplicate, PerPacket, Slim)}
