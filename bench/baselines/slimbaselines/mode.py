# SPDX-License-Identifier: Apache-2.0
"""What all ways to move have in common."""

from slimlab.lab import HOSTS, PORTS, switch_port

BRIDGE = "br-slim"
PERIMETER = {"inside": "pin", "outside": "pout"}  # where the traffic of the NF's ports enters br-slim
PRIORITY = 60_000                                  # above all rules of slim-ofctld


class Mode:
    """One way to move the NF of a lab from host to host. Each move goes away from `source`.

    `settings`: what the lab must be set up with (slimlab.settings.Settings)."""

    name = ""
    why = ""  # one sentence
    settings = {}

    def __init__(self, lab):
        self.lab = lab

    def before(self):
        """Once, after the generator is ready."""

    def move(self, source, *options):
        """(exit status, job as slimctl gives it, extra figures: names with their units, and numbers). `options`: of
        slimctl migrate."""
        raise NotImplementedError

    def wrong(self, _figures):
        """What of the mode itself went wrong in a move with these extra figures, whatever the ledger says. Texts."""
        return []

    def close(self):
        """Undoes what before() and move() made. More than once does no harm."""


def ways_to(host):
    """Of each perimeter port the port of the NF at that host."""
    return {PERIMETER[port]: switch_port(host, port) for port in PORTS}


def other(source):
    return HOSTS[source].other
