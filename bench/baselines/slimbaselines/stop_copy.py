# SPDX-License-Identifier: Apache-2.0
"""Traffic is stopped at the switch, the state is copied, and traffic goes on."""

import time

from slimlab.process import run

from .mode import BRIDGE, PERIMETER, PRIORITY, Mode

COOKIE = "0x53544f5000000000"  # what begins with 0x534c belongs to slim-ofctld, which would take it away


class StopCopy(Mode):
    name = "stop-copy"
    why = "Nothing changes while it is copied, so nothing can be wrong with the copy; every packet of that time is lost."

    def stop(self):
        """Both ports with one bundle. That the flow cache follows is not waited for: it does within milliseconds, and what a late
        packet changes is copied like anything else. Waiting would only make the stop longer."""
        rules = "".join(f"cookie={COOKIE},priority={PRIORITY},in_port={port},actions=drop\n" for port in PERIMETER.values())
        switch = self.lab.switch
        run("ovs-ofctl", "-O", "OpenFlow14", "--bundle", "add-flows", f"unix:{switch.management_path(BRIDGE)}", "-",
            env=switch.env, input_text=rules)

    def go(self):
        """Traffic takes the rules of slim-ofctld again."""
        self.lab.switch.ofctl("del-flows", BRIDGE, f"cookie={COOKIE}/-1")

    def move(self, source, *options):
        asked = time.monotonic_ns()
        self.stop()
        stopped = time.monotonic_ns()
        try:
            status, job = self.lab.migrate(source, *options)
        finally:
            going = time.monotonic_ns()
            self.go()
        gone = time.monotonic_ns()
        return status, job, {"stopped_ms": (going - stopped) / 1e6, "stop_asked_ns": asked, "gone_ns": gone}

    def close(self):
        self.go()
