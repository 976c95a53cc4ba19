# SPDX-License-Identifier: Apache-2.0
"""A link with a rate and a delay between the two daemons (slim-link, bench/link), and its control socket.

    namespace a                         namespace b
    slimd a  --dials-->  10.77.0.2:7443 slim-link ---> 10.77.0.2:7441  slimd b
    slimd a  <--------------------------slim-link <--- 10.77.0.2:7444  <--dials--  slimd b

One slim-link in b's namespace, on two more ports of b's address: both directions of dialling share its two lines. slimd
believes a certificate by the name of the host in it, whatever address was dialled, so nothing else changes. The veth pair
carries what it carried before."""

import json

from .control_line import ControlLine
from .process import Child

PEER_PORT = 7441
FORTH_PORT = 7443  # where slimd a dials
BACK_PORT = 7444   # where slimd b dials
PLACE = "b"        # the host beside whose daemon it runs


class Link(ControlLine):
    """Client of a slim-link's control socket."""

    def __init__(self, path, gone=lambda: None, seconds=30):
        super().__init__(path, "slim-link", gone, seconds)

    def set(self, rate=None, delay_ms=None):
        """`rate`: bits a second, 0: no limit. What is None stays."""
        words = [f"{name}={value}" for name, value in (("rate", rate), ("delay-ms", delay_ms)) if value is not None]
        self.ask(" ".join(["set", *words]))

    def cut(self):
        """Connections stand still, in both directions, until mend()."""
        self.ask("cut")

    def mend(self):
        self.ask("mend")

    def stats(self):
        """`forth`: from a to b, `back`: from b to a; each with the octets that came out, what waits for the rate, the most
        that ever waited, and what is on its way."""
        return json.loads(self.ask("stats"))


def is_wanted(settings):
    return bool(settings.link_mbit or settings.link_delay_ms)


def peer_address(settings, host):
    """Where a host's slimd dials the other one."""
    if not is_wanted(settings):
        return f"{host.other_address}:{PEER_PORT}"
    if host.name == PLACE:
        return f"{host.address}:{BACK_PORT}"
    return f"{host.other_address}:{FORTH_PORT}"


def start(settings, journal, folder, program, netns, place):
    """`place`: the host in whose namespace `netns` it runs. Returns (the program, its Link)."""
    path = f"{folder}/link.sock"
    child = Child(journal, folder, "slim-link",
                  [program, "--listen", f"{place.address}:{FORTH_PORT}", "--to", f"{place.address}:{PEER_PORT}",
                   "--back-listen", f"{place.address}:{BACK_PORT}", "--back-to", f"{place.other_address}:{PEER_PORT}",
                   "--rate", f"{settings.link_mbit}M", "--delay-ms", settings.link_delay_ms, "--control", path],
                  netns=netns, nice=settings.daemon_nice)
    return child, Link(path, child.gone)
