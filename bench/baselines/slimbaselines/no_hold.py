# SPDX-License-Identifier: Apache-2.0
"""Copy, then flip: nobody holds a packet, redirects one, or asks whether one is still on its way."""

from .mode import Mode

FAULTS = ("no-hold", "no-flush-round", "no-redirect")


class NoHold(Mode):
    name = "no-hold"
    why = ("The state is copied under traffic and the rules are turned over, as fast as can be; what is on its way "
           "meanwhile is its own affair.")
    settings = {"allow_faults": True}

    def move(self, source, *options):
        faults = [word for fault in FAULTS for word in ("--fault", fault)]
        status, job = self.lab.migrate(source, *faults, *options)
        return status, job, {}
