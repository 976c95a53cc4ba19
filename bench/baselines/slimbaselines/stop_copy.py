# SPDX-License-Identifier: Apache-2.0
"""Traffic is stopped at the switch, the state is copied, and traffic goes on."""

import time

from .mode import BRIDGE, PERIMETER, PRIORITY, Mode

COOKIE = "0x53544f5000000000"  # what begins with 0x534c belongs to slim-ofctld, which would take it away


class StopCopy(Mode):
    name = "stop-copy"
    why = "Nothing changes while it is copied, so nothing can be wrong with the copy; every packet of that time is lost."

    def stop(self):
        """Until no packet follows the old rules any more."""
        rules = [f"add cookie={COOKIE},priority={PRIORITY},in_port={port},actions=drop" for port in PERIMETER.values()]
        for rule in rules:
            self.lab.switch.ofctl("add-flow", BRIDGE, rule.removeprefix("add "))
        self.lab.switch.appctl("revalidator/wait")

    def go(self):
        self.lab.switch.ofctl("del-flows", BRIDGE, f"cookie={COOKIE}/-1")

    def move(self, source, *options):
        began = time.monotonic()
        self.stop()
        stopped = time.monotonic()
        try:
            status, job = self.lab.migrate(source, *options)
        finally:
            self.go()
        return status, job, {"stop_ms": (stopped - began) * 1e3, "stopped_ms": (time.monotonic() - stopped) * 1e3}

    def close(self):
        self.go()
