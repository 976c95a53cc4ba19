#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Both sides of a run with mixed traffic, read by tshark with every checksum validated: the NAT adds no warning.
Whatever tshark finds outside and not inside, or the other way round, is the NAT's."""

import collections
import os
import socket
import subprocess
import sys

from world import CLIENT, POOL, ROUTER, SERVER, World
import tap
from slimlab import download
from wire import Ether, Wire
from scapy.utils import wrpcap  # wire quiets scapy first

CHECKS = [part for layer in ("ip", "tcp", "udp") for part in ("-o", f"{layer}.check_checksum:TRUE")]
SIDES = {"client": CLIENT, "router": POOL}
BAD = ("_ws.malformed or ip.checksum.status == 0 or tcp.checksum.status == 0 or udp.checksum.status == 0 "
       "or icmp.checksum.status == 0")

# One question and one answer, short and long.
ECHO = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 7007))
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data, peer)
"""
ASK = """
import socket, sys
for size in (1, 2, 33, 512, 1473, 5000):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.sendto(bytes(size), (sys.argv[1], 7007))
    assert len(s.recv(65536)) == size
"""

TELL = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), (sys.argv[1], 9))
"""
LAST = b"the last packet of the run"
BUFFER = 16 << 20
SO_RCVBUFFORCE = 33
PORT = 7007  # tshark has no dissector for it


class Capture:
    """What the kernel sends and receives at one place, kept in the buffer of a socket until the run is over."""

    def __init__(self, world, place):
        self.path = f"{world.folder}/{place}.pcap"
        self.wire = Wire(world, place, "ff:ff:ff:ff:ff:ff")
        self.wire.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)

    def save(self):
        """All up to the packet that is the last one."""
        frames = [b""]
        self.wire.socket.settimeout(5)
        while LAST not in frames[-1]:
            frames.append(self.wire.socket.recv(65536))
        wrpcap(self.path, [Ether(frame) for frame in frames[1:]])

    def read(self, *options):
        return subprocess.run(["tshark", "-n", "-r", self.path, *CHECKS, *options], check=True, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def findings(self):
        """How often each warning or error of tshark occurs. What it thinks of TCP depends on when a segment passed
        the place of the capture."""
        said = self.read("-Y", "_ws.expert.severity >= 0x600000 and not tcp.analysis.flags",
                         "-T", "fields", "-e", "_ws.expert.message")
        return collections.Counter(said.splitlines())

    def kinds(self):
        """How many packets of each kind there are."""
        said = self.read("-T", "fields", "-e", "ip.src", "-e", "icmp.type", "-e", "ip.flags.mf", "-e", "tcp.port",
                         "-e", "udp.port")
        seen = collections.Counter()
        for line in said.splitlines():
            source, icmp, more, tcp, udp = line.split("\t")
            seen.update({"web": "8080" in tcp, "question": str(PORT) in udp and "," not in icmp, "fragment": "1" in more,
                         "echo": icmp == "8", "echo reply": icmp == "0", "hop": icmp == "11" and source.startswith(ROUTER)})
        return seen


def traffic(world):
    """Web, echoes short and long, questions short and long, a closed port, traceroute."""
    servers = [world.start("server", [sys.executable, os.path.realpath(download.__file__), SERVER, "8080"], name="web"),
               world.start("server", [sys.executable, "-c", ECHO, SERVER], name="echo")]
    world.await_port("server", 8080, servers[0])
    world.await_port("server", PORT, servers[1], "-lun")
    for command in (["curl", "-sS", "-o", "/dev/null", f"http://{SERVER}:8080/bytes/200000"],
                    ["ping", "-n", "-c", "3", "-i", "0.01", SERVER],
                    ["ping", "-n", "-c", "2", "-i", "0.01", "-s", "4000", SERVER],
                    [sys.executable, "-c", ASK, SERVER],
                    ["traceroute", "-n", SERVER]):
        status, said = world.call("client", *command)
        tap.expect_equal(status, 0, f"{command[0]}: {said}")


def ends(world, captures):
    status, said = world.call("client", sys.executable, "-c", TELL, SERVER, LAST.decode())
    tap.expect_equal(status, 0, said)
    for capture in captures.values():
        capture.save()


def both_saw_it(captures):
    """The judge has something to judge: each kind of packet is on both sides, and as often."""
    seen = {place: capture.kinds() for place, capture in captures.items()}
    for kind, n in seen["client"].items():
        tap.expect(n > 0 and n == seen["router"][kind], f"{kind}: {seen}")


def nothing_is_wrong(captures):
    for place, capture in captures.items():
        bad = capture.read("-Y", BAD)
        tap.expect(not bad, f"{place}: {bad}")


def same_findings(captures):
    inside, outside = captures["client"].findings(), captures["router"].findings()
    tap.expect_equal(outside - inside, collections.Counter(), "what tshark finds outside only")
    tap.expect_equal(inside - outside, collections.Counter(), "what tshark finds inside only")


def cases(t):
    with World(t) as world:
        world.start_nat()
        captures = {place: Capture(world, place) for place in SIDES}
        t.case("mixed traffic", traffic, world)
        t.case("the captures end", ends, world, captures)
        t.case("both sides have every kind of packet", both_saw_it, captures)
        t.case("no checksum is wrong, nothing is malformed", nothing_is_wrong, captures)
        t.case("tshark finds the same on both sides", same_findings, captures)
        t.case("the NAT ends well", world.stop_nat)


if __name__ == "__main__":
    sys.exit(tap.run(cases, ("tshark", "curl", "ping", "traceroute")))
