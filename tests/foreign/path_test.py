#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What traceroute, ping, iperf3 and curl see of a path with a NAT in it: the NAT as a hop, the MTU behind it,
packets in fragments, connections."""

import json
import os
import re
import sys

from world import CLIENT, NAT_INSIDE, ROUTER, SERVER, World
import tap
from slimlab import download
from slimlab.process import run

NAT_MTU, ROUTER_MTU = 1400, 1300
HEADERS = 28  # of an echo: IPv4 and ICMP
PAGE = 300_000
DOWNLOAD = os.path.realpath(download.__file__)


def hops_are_shown(world, *options):
    status, said = world.call("client", "traceroute", "-n", "-m", "5", *options, SERVER)
    hops = re.findall(r"^ *\d+ +(.*)$", said, re.M)
    tap.expect_equal((status, [hop.split()[0] for hop in hops]), (0, [NAT_INSIDE, ROUTER, SERVER]), said)
    tap.expect("*" not in said and "!" not in said, f"a probe without an answer: {said}")


def ping(world, *options, place="client", to=SERVER):
    return world.call(place, "ping", "-n", "-c", "1", "-W", "2", *options, to)


def says_who_needs_fragments(world, mtu, router):
    """One byte too many is told by who stands before the link; what fits is answered."""
    run("ip", "route", "flush", "cache", netns=world.netns("client"))
    _, said = ping(world, "-M", "do", "-s", mtu + 1 - HEADERS)
    tap.expect(f"From {router} icmp_seq=1 Frag needed and DF set (mtu = {mtu})" in said, said)
    status, said = ping(world, "-M", "do", "-s", mtu - HEADERS)
    tap.expect_equal(status, 0, said)


def mtus_are_shown(world):
    run("ip", "route", "flush", "cache", netns=world.netns("client"))
    _, said = world.call("client", "traceroute", "-n", "--mtu", SERVER)
    tap.expect_equal(re.findall(r"F=(\d+)", said), ["1500", str(NAT_MTU), str(ROUTER_MTU)], said)


def inside_mtu_is_told(world):
    """The same from outside: the client opens the way, the server answers with too much."""
    server = world.start("server", [sys.executable, "-u", "-c", TOO_LONG, SERVER], name="too-long")
    world.await_port("server", 9, server, "-lun")
    status, said = world.call("client", sys.executable, "-c", KNOCK, SERVER)
    tap.expect_equal(status, 0, said)
    tap.expect_equal(server.finish(5), 0, server.output())
    tap.expect_equal(server.output().split(), ["refused", "1200"], "path MTU of the server's socket")


# A datagram that is too long, and the path MTU that the kernel learns from what comes back.
TOO_LONG = """
import socket, select, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER: IP_PMTUDISC_DO
s.bind((sys.argv[1], 9))
s.settimeout(5)
s.connect(s.recvfrom(100)[1])
s.send(bytes(1250))
p = select.poll()
p.register(s, 0)
assert p.poll(5000), "nothing came back"
try:
    s.send(bytes(1250))
except OSError:
    print("refused")
print(s.getsockopt(socket.IPPROTO_IP, 14))  # IP_MTU
"""
KNOCK = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"?", (sys.argv[1], 9))
"""


def long_echo_comes_back(world):
    run("ip", "route", "flush", "cache", netns=world.netns("client"))
    before = world.counters()
    status, said = ping(world, "-M", "dont", "-s", "8000")
    tap.expect_equal(status, 0, said)
    tap.expect(f"8008 bytes from {SERVER}" in said, said)
    after = world.counters()
    tap.expect(after["fragmented"] > before["fragmented"], "the NAT cut nothing")


def pings_own_address(world):
    for address in (NAT_INSIDE, "203.0.113.1"):
        status, said = ping(world, to=address)
        tap.expect_equal(status, 0, f"{address}: {said}")


def closed_port_is_told(world):
    """The kernel takes the unreachable for its own: a connected UDP socket fails at once."""
    status, said = world.call("client", sys.executable, "-c", REFUSED, SERVER)
    tap.expect_equal((status, said.strip()), (0, "ConnectionRefusedError"), said)


REFUSED = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((sys.argv[1], 9999))
s.send(b"?")
try:
    s.recv(100)
except OSError as error:
    print(type(error).__name__)
"""


def page_comes_whole(world):
    server = world.start("server", [sys.executable, DOWNLOAD, SERVER, "8080"], name="web-server")
    world.await_port("server", 8080, server)
    path = f"{world.folder}/page"
    status, said = world.call("client", "curl", "--silent", "--show-error", "--output", path,
                              f"http://{SERVER}:8080/bytes/{PAGE}")
    tap.expect_equal(status, 0, said)
    with open(path, "rb") as page:
        tap.expect_equal(download.hashlib.sha256(page.read()).hexdigest(), download.digest(PAGE), "digest of the page")


def iperf_runs(world, *options):
    server = world.start("server", ["iperf3", "-s", "-1", "-p", "5201", "-B", SERVER])
    world.await_port("server", 5201, server)
    status, said = world.call("client", "iperf3", "-c", SERVER, "-p", "5201", "-B", CLIENT, "-n", "1M", "-b", "40M", "-J", *options)
    tap.expect_equal(status, 0, said)
    end = json.loads(said[said.index("{"):])["end"]
    received = end.get("sum_received", end.get("sum"))
    tap.expect(received["bytes"] > 900_000, f"not all arrived: {received}")
    tap.expect_equal(received.get("lost_packets", 0), 0, "lost packets")
    tap.expect_equal(server.finish(5), 0, server.output())


def cases(t):
    with World(t) as world:
        world.start_nat()
        t.case("traceroute with UDP shows every hop", hops_are_shown, world)
        t.case("traceroute with ICMP shows every hop", hops_are_shown, world, "-I")
        t.case("traceroute with TCP shows every hop", hops_are_shown, world, "-T", "-p", "80")
        t.case("ping of the NAT's own addresses", pings_own_address, world)
        t.case("a closed port is told", closed_port_is_told, world)
        t.case("curl gets a page", page_comes_whole, world)
        t.case("iperf3 upward", iperf_runs, world)
        t.case("iperf3 downward", iperf_runs, world, "-R")
        t.case("iperf3 with UDP", iperf_runs, world, "-u", "-l", "1200")
        world.start_nat(outside={"mtu": NAT_MTU})
        t.case("the NAT tells its outside MTU", says_who_needs_fragments, world, NAT_MTU, NAT_INSIDE)
        for place, device in (("router", "eth1"), ("server", "eth0")):
            run("ip", "link", "set", device, "mtu", ROUTER_MTU, netns=world.netns(place))
        t.case("a router behind the NAT tells its MTU", says_who_needs_fragments, world, ROUTER_MTU, ROUTER)
        t.case("traceroute finds both", mtus_are_shown, world)
        t.case("a long echo goes and comes in fragments", long_echo_comes_back, world)
        t.case("iperf3 with UDP in fragments", iperf_runs, world, "-u", "-l", "5000")
        t.case("curl gets a page over a path that narrows", page_comes_whole, world)
        world.start_nat(inside={"mtu": 1200})
        t.case("the NAT tells its inside MTU", inside_mtu_is_told, world)
        t.case("the NAT ends well", world.stop_nat)


if __name__ == "__main__":
    sys.exit(tap.run(cases, ("traceroute", "ping", "iperf3", "curl", "ethtool")))
