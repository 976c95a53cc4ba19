# SPDX-License-Identifier: Apache-2.0
"""Packets of the moving flows go up to the controller while the state is copied, and are played back to the target."""

import json
import re
import time

from slimlab import machine, wait
from slimlab.control_line import ControlLine
from slimlab.process import Child

from .mode import BRIDGE, PERIMETER, Mode, other, ways_to

ANSWER_SECONDS = 60
QUEUE = 512              # packets that Open vSwitch lets wait for the connection; its own limit
SOCKET_BUFFER = 8 << 20  # octets in the socket before that queue begins
RELEASED = re.compile(r"released (\d+) packets, (\d+) dropped (\d+)$")


class BufferAtController(Mode):
    name = "buffer-at-controller"
    why = ("OpenNF's loss-free move: nothing reaches an instance while state is copied, and nothing is thrown away; "
           "all of it goes through the controller instead.")

    def __init__(self, lab, max_packets="1Mi", max_octets="1Gi"):
        super().__init__(lab)
        self.limits = ["--max-packets", max_packets, "--max-octets", max_octets]
        self.path = f"{lab.folder}/buffer.sock"
        self.child = None
        self.line = None

    def before(self):
        lab = self.lab
        # A socket has its size from the day it is made.
        machine.set_sysctl(lab.journal, "net.core.wmem_default", SOCKET_BUFFER)
        lab.switch.vsctl("set", "bridge", BRIDGE, f"other_config:controller-queue-size={QUEUE}")
        self.child = Child(lab.journal, lab.folder, "slim-buffer",
                           [lab.program("slim-buffer"), "--bridge", f"unix:{lab.switch.management_path(BRIDGE)}",
                            "--control", self.path, "--switch-control", lab.switch.control_path(), *self.limits],
                           nice=lab.settings.daemon_nice)
        self.line = ControlLine(self.path, "slim-buffer", self.child.gone)
        wait.until(lambda: self.status()["state"] == "idle", "slim-buffer's switch", alive=self.child.gone)

    def ask(self, command):
        return self.line.ask(command, ANSWER_SECONDS)

    def status(self):
        return json.loads(self.ask("status"))

    def hold(self):
        """Returns the time when the rules stood, CLOCK_MONOTONIC nanoseconds."""
        return int(self.ask(f"hold {','.join(PERIMETER.values())}").split()[1])

    def release(self, host):
        """To the NF at that host. (packets played, packets dropped, time when the last one was)."""
        ways = ",".join(f"{port}={out}" for port, out in ways_to(host).items())
        return tuple(int(word) for word in RELEASED.match(self.ask(f"release {ways}")).groups())

    def overflows(self):
        """Packets that the switch had no room for on their way up."""
        return sum(int(total) for total in re.findall(r"^(?:packet_in_overflow|rconn_overflow) .*total: (\d+)$",
                                                      self.lab.switch.appctl("coverage/show"), re.M))

    def move(self, source, *options):
        overflows = self.overflows()
        held = self.hold()
        status, job = {}, {}
        try:
            status, job = self.lab.migrate(source, *options)
        finally:
            # Of a move that did not come about the source has the traffic.
            asked = time.monotonic_ns()
            played, dropped, released = self.release(other(source) if job.get("state") == "complete" else source)
        seen = self.status()
        return status, job, {"held_packets": seen["most_packets"], "held_octets": seen["most_octets"],
                             "taken_packets": seen["taken"], "played_packets": played, "dropped_packets": dropped,
                             "gave_up": seen["gave_up"],
                             "switch_dropped_packets": self.overflows() - overflows,
                             "held_ms": (asked - held) / 1e6, "release_asked_ns": asked, "released_ns": released}

    def close(self):
        if self.line:
            self.line.close()
        if self.child:
            self.child.stop()
        self.line = self.child = None
