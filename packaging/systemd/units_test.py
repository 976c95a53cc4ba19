#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The daemons as systemd sees them: a socket of ours in the place of its own. And the units, by
systemd-analyze where it is installed.

    units_test.py SLIMD SLIM_OFCTLD UNIT_FOLDER
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

SECONDS = 20  # a daemon that says nothing for so long hangs

SLIMD = """host: a
agent_socket: {0}/agent.sock
state_dir: {0}
grpc: {{unix: {0}/slimd.sock}}
"""
OFCTLD = """grpc: {{unix: {0}/ofctld.sock}}
bridges:
  - {{name: br, address: "unix:{0}/br.mgmt"}}
services:
  - name: nat
    cookie: 1
    redirect_vids: {{first: 3000, last: 3007}}
    perimeter:
      - {{name: inside, bridge: br, port: pin}}
    instances:
      - name: a
        ports:
          - {{name: inside, bridge: br, port: a-in}}
"""


class Keeper:
    """A daemon under the eyes of a keeper that asks for a sign of life every 300 ms."""

    def __init__(self, folder, program, config):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{folder}/notify")
        self.socket.settimeout(SECONDS)
        with open(f"{folder}/config.yaml", "w", encoding="utf-8") as f:
            f.write(config.format(folder))
        environment = dict(os.environ, NOTIFY_SOCKET=f"{folder}/notify", WATCHDOG_USEC="300000")
        environment.pop("WATCHDOG_PID", None)
        self.daemon = subprocess.Popen([program, "--config", f"{folder}/config.yaml"], env=environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def hear(self):
        return self.socket.recv(256).decode()

    def hear_until(self, word):
        """The last word before `word`, or None."""
        last = None
        while (said := self.hear()) != word:
            last = said
        return last

    def end(self):
        if self.daemon.poll() is None:
            self.daemon.kill()
        self.daemon.wait()
        self.socket.close()


def lives(program, config):
    with tempfile.TemporaryDirectory(prefix="slim-units-") as folder:
        keeper = Keeper(folder, program, config)
        try:
            assert keeper.hear() == "READY=1", "the first word is not READY=1"
            for _ in range(3):
                assert keeper.hear() == "WATCHDOG=1", "the watchdog is not fed"
            keeper.daemon.send_signal(signal.SIGTERM)
            assert keeper.hear_until("STOPPING=1") in (None, "WATCHDOG=1")
            assert keeper.daemon.wait(SECONDS) == 0, "it did not end well"
        finally:
            keeper.end()


def verified(folder):
    """What systemd-analyze says against the units, but that programs and users are not installed."""
    units = [f"{folder}/{name}" for name in sorted(os.listdir(folder)) if name.endswith(".service")]
    assert len(units) == 4, units
    found = []
    for unit in units:
        name = os.path.basename(unit)
        with tempfile.TemporaryDirectory(prefix="slim-units-") as copy:
            target = f"{copy}/{name.replace('@.', '@a.')}"
            with open(unit, encoding="utf-8") as f:
                lines = ["Exec" + line.split("=", 1)[0][4:] + "=/bin/true\n" if line.startswith("Exec") else line
                         for line in f]
            with open(target, "w", encoding="utf-8") as f:
                f.writelines(lines)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", target], text=True,
                                  capture_output=True, check=False)
            found += [line for line in done.stderr.splitlines() if name.split(".")[0] in line]
    assert not found, "\n".join(found)


def main():
    slimd, ofctld, folder = sys.argv[1:]
    cases = [("slimd says that it is ready, lives and stops", lives, slimd, SLIMD),
             ("slim-ofctld says that it is ready, lives and stops", lives, ofctld, OFCTLD)]
    if shutil.which("systemd-analyze"):
        cases.append(("systemd understands the units", verified, folder))
    failed = 0
    print(f"1..{len(cases)}")
    for n, (name, function, *args) in enumerate(cases, 1):
        try:
            function(*args)
            print(f"ok {n} - {name}")
        except Exception as error:  # the other cases are told too
            failed = 1
            print(f"not ok {n} - {name}\n# {type(error).__name__}: {error}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
