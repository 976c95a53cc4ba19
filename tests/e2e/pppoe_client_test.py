#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A PPPoE client that nobody here wrote, and a server that nobody here wrote: Debian's kernel and pppd in a small virtual machine
log in, FreeRADIUS decides and keeps accounts, and the concentrator between them moves to another host and back. The client keeps
its address, its session id, and its TCP connection; then the server ends its session. Before all that rp-pppoe's own program
looks for concentrators.

      guest (pppd) -- tap0 -- br0 -- eth0 (client's namespace) ... as in slimlab/lab.py
"""

import re
import subprocess
import sys

import tap
from load import check_result
from slimlab import freeradius, guest, roles, talk, wait
from slimlab.lab import HOSTS, Lab
from slimlab.process import Child, in_namespace, run
from slimlab.settings import Settings
from tap import expect, expect_equal

SERVER, PORT = "203.0.113.10", 7000
POOL = "100.65.0.0/16"
USER = "alice"
LINES_A_MOVE = 20  # of the connection, that must come back after a move


class World:
    def __init__(self, lab):
        self.lab = lab
        self.home = "a"
        self.guest = None

    def start(self):
        lab, ns = self.lab, self.lab.netns("client")
        run("ip", "address", "flush", "dev", "eth0", netns=ns)
        run("ip", "link", "add", "br0", "type", "bridge", netns=ns)
        run("ip", "tuntap", "add", "tap0", "mode", "tap", netns=ns)
        for device in ("eth0", "tap0"):
            run("ip", "link", "set", device, "master", "br0", "up", netns=ns)
        run("ip", "link", "set", "br0", "up", netns=ns)
        run("ip", "route", "add", POOL, "via", "203.0.113.1", netns=lab.netns("server"))
        Child(lab.journal, lab.folder, "echo", ["/usr/bin/python3", talk.__file__, "serve", SERVER, PORT],
              netns=lab.netns("server"))
        kernel, image = guest.build(lab.folder, {})
        self.guest = guest.Guest(lab.journal, lab.folder, kernel, image, ns, "tap0", "02:00:00:00:05:01")

    def dial(self, user, secret):
        # Its own echoes: it hangs up by itself when three are not answered. A session of its own: at its end it signals all of
        # its process group, which would be the guest's first process.
        return (f"setsid pppd plugin pppoe.so nic-eth0 user {user} password {secret} noauth nodefaultroute nodetach noipdefault "
                "lcp-echo-interval 1 lcp-echo-failure 3 +ipv6 logfile /tmp/ppp.log")

    def said(self, command):
        return self.guest.run(command)[1]

    def address(self):
        found = re.search(r"inet (\S+) peer", self.said("ip address show ppp0 2>/dev/null"))
        return found[1] if found else None

    def session_id(self):
        found = re.search(r"^([0-9A-F]{8}) ", self.said("cat /proc/net/pppoe"), re.M)
        return found[1] if found else None

    def sessions(self):
        status, rows = self.lab.slim_nf(self.home, "show", "sessions")
        expect_equal(status, 0, "exit status of slim-nf")
        return [row for row in rows if "user" in row]

    def accounts(self):
        """What the server was told of the user's sessions: (what, attributes)."""
        return [(r["Acct-Status-Type"], r) for r in freeradius.records(f"{self.lab.folder}/radius") if r["User-Name"] == USER]

    def disconnect(self, host):
        """The server asks a host's instance to end the user's session. Returns what radclient says."""
        done = subprocess.run(in_namespace(self.lab.netns("a"), [
            "radclient", "-x", "-r", "1", "-t", "10", f"{HOSTS[host].address}:{freeradius.DISCONNECT}", "disconnect",
            freeradius.SECRET]), input=f'User-Name = "{USER}"\n', capture_output=True, text=True, timeout=60, check=False)
        return done.stdout + done.stderr

    def echoed(self):
        return len(self.said("cat /tmp/echo").splitlines())

    def move(self):
        status, job = self.lab.migrate(self.home)
        expect_equal((status, job.get("state")), (0, "complete"), f"the move from {self.home}: {job}")
        self.home = HOSTS[self.home].other
        check_result(job["result"])


def concentrator_is_found(world):
    """rp-pppoe looks for concentrators, as a technician would."""
    said = subprocess.run(in_namespace(world.lab.netns("client"), ["pppoe", "-I", "br0", "-A", "-t", "2"]),
                          capture_output=True, text=True, timeout=60, check=False)
    expect("Access-Concentrator: slim" in said.stdout, f"it found: {said.stdout}{said.stderr}")


def wrong_password(world):
    status, _ = world.guest.run(world.dial(USER, "wrong") + " maxfail 1 >/dev/null 2>&1", 90)
    expect_equal(status, 19, "exit status of pppd (19: we failed to authenticate ourselves)")
    expect_equal(world.sessions(), [], "sessions that are left")


def logs_in(world):
    world.guest.start(world.dial(USER, roles.PPPOE_USERS[USER]) + " >/dev/null 2>&1; echo $? >/tmp/ended")
    wait.until(world.address, "pppd has an address", 60)
    row, = world.sessions()
    expect_equal((row["user"], row["address"]), (USER, world.address()), "user and address of the session")
    world.said(f"ip route add {SERVER}/32 dev ppp0")
    status, said = world.guest.run(f"ping -c 3 -w 20 {SERVER}")
    expect_equal(status, 0, f"ping says {said}")


def connection_begins(world):
    world.guest.start("i=0; while true; do echo $i; i=$((i+1)); usleep 100000; done | "
                      f"nc {SERVER} {PORT} >/tmp/echo; echo over >/tmp/over")
    wait.until(lambda: world.echoed() > 3, "lines come back", 30)


def moves(world):
    """Nothing is noticed: same address, same session, same connection, and pppd's echoes are answered by the other host."""
    before = world.address(), world.session_id()
    lines = world.echoed()
    world.move()
    wait.until(lambda: world.echoed() >= lines + LINES_A_MOVE, "lines come back after the move", 60)
    expect_equal((world.address(), world.session_id()), before, "address and session id")
    expect_equal(world.said("ls /tmp/over /tmp/ended 2>/dev/null"), "", "what has ended")
    expect_equal(world.said("sed '$d' /tmp/echo | awk '$0 != NR - 1' | head"), "",
                 "whole lines that are not as they were sent")
    expect_equal(world.said("grep -c 'LCP terminated\\|No response' /tmp/ppp.log").strip(), "0", "what pppd has noticed")
    row, = world.sessions()
    expect_equal(row["user"], USER, "the session at the other host")
    expect_equal([what for what, _ in world.accounts()], ["Start"], "what the server was told")


def server_ends_the_session(world):
    """Only the instance that serves does as it is told, and the account has one start and one stop."""
    said = world.disconnect(HOSTS[world.home].other)
    expect("Disconnect-NAK" in said and "Session-Context-Not-Found" not in said, f"the standby says {said}")
    expect_equal(world.said("ls /tmp/ended 2>/dev/null"), "", "what has ended")
    row, = world.sessions()
    expect("Disconnect-ACK" in (said := world.disconnect(world.home)), f"the serving instance says {said}")
    wait.until(lambda: world.said("cat /tmp/ended 2>/dev/null"), "pppd's end", 60)
    expect_equal(world.said("grep -c 'LCP terminated by peer' /tmp/ppp.log").strip(), "1", "what pppd has noticed")
    wait.until(lambda: len(world.accounts()) > 1, "the stop", 30)
    (_, start), (what, stop) = world.accounts()
    expect_equal((what, stop["Acct-Terminate-Cause"]), ("Stop", "Admin-Reset"), "the account's end")
    expect_equal(stop["Acct-Session-Id"], start["Acct-Session-Id"], "the account")
    for way in ("Input", "Output"):
        expect(int(stop[f"Acct-{way}-Packets"]) > 2 * LINES_A_MOVE, f"{way} packets of {stop}")
    expect(int(stop["Acct-Input-Packets"]) >= int(row["packets_up"]), f"packets of {stop}, before: {row}")


def cases(t):
    with Lab(Settings(name="slim-e2e", nf="pppoe", flows=100, workers=1, radius=True)) as lab:
        t.lab = lab
        lab.await_peers()
        world = World(lab)
        try:
            world.start()
        except guest.NotHere as reason:
            t.skip("a real client", str(reason))
            return
        t.case("rp-pppoe finds the concentrator", concentrator_is_found, world)
        t.case("pppd with a wrong password is refused", wrong_password, world)
        t.case("pppd logs in", logs_in, world)
        t.case("a TCP connection begins", connection_begins, world)
        t.case("its concentrator moves", moves, world)
        t.case("and back", moves, world)
        t.case("the server ends the session", server_ends_the_session, world)
        t.lab = None


if __name__ == "__main__":
    sys.exit(tap.run(cases, tools=("ovsdb-server", "freeradius", "pppoe", *guest.TOOLS)))
