# SPDX-License-Identifier: Apache-2.0
"""A small internet around one slim-nat, for programs of others.

    client               nat (slim-nat)              router              server
    100.64.0.7 --- 100.64.0.1  203.0.113.1 --- 203.0.113.2  192.0.2.1 --- 192.0.2.10, .11

Four network namespaces. The NAT runs in one of its own, without huge pages and without slimd; its
ports are tap devices, whose other ends are eth0 of client and router. (Not af_packet: with it the
kernel puts fragments together before DPDK sees them.) The others are the kernel's: its stacks, its
ARP, its router, its checksums."""

import contextlib
import copy
import ctypes
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.realpath(f"{os.path.dirname(__file__)}/../../scripts/lib"))
sys.path.insert(0, os.path.realpath(f"{os.path.dirname(__file__)}/../e2e"))

from slimlab import build, leftovers, machine, wait  # noqa: E402
from slimlab.process import Child, in_namespace, run  # noqa: E402

CLIENT, NAT_INSIDE = "100.64.0.7", "100.64.0.1"
NAT_OUTSIDE, ROUTER = "203.0.113.1", "203.0.113.2"
SERVER, SERVER_2 = "192.0.2.10", "192.0.2.11"
POOL = "198.51.100.9"
CLIENT_MAC, ROUTER_MAC = "02:00:00:00:01:07", "02:00:00:00:02:02"
INSIDE_MAC, OUTSIDE_MAC = "02:00:00:00:01:01", "02:00:00:00:02:01"
PLACES = ("client", "nat", "router", "server")

CONFIG = {
    "instance": "nat", "service": "nat", "workers": 1, "capacity": 4096, "hold_capacity": 256,
    "inside": {"name": "inside", "port": 0, "address": f"{NAT_INSIDE}/16", "mac": INSIDE_MAC},
    "outside": {"name": "outside", "port": 1, "address": f"{NAT_OUTSIDE}/24", "mac": OUTSIDE_MAC,
                "routes": [{"prefix": "0.0.0.0/0", "via": ROUTER}]},
    "pool": {"addresses": [POOL]},
    "idle": {"spin": 0, "sleep_us": 50},
}


_LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def merged(config, changes):
    """The configuration with changes; a change of a part keeps the rest of the part."""
    config = copy.deepcopy(config)
    for key, value in changes.items():
        config[key] = merged(config[key], value) if isinstance(config.get(key), dict) else value
    return config


class World:
    """with World(tap) as world: ... Everything is undone at the end, however it ends. A failed case shows the
    logs of what runs in it."""

    def __init__(self, tap, name="slim-foreign"):
        self.tap = tap
        self.name = name
        self.journal = leftovers.Journal(name)
        self.folder = self.journal.make_folder()
        self.children = []
        self.nat = None
        self.n_nats = 0

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self._make_networks()
        except BaseException:
            self.stop()
            raise
        self.tap.lab = self
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.tap.lab = None
        for child in self.children:
            child.kill()
        self.journal.close()

    def logs(self):
        return "".join(f"--- {c.name}\n{c.tail()}" for c in self.children)

    def netns(self, place):
        return f"{self.name}-{place}"

    def _make_networks(self):
        ns = self.netns
        for place in PLACES:
            machine.make_netns(self.journal, ns(place))
            # No kernel sends anything here that nobody asked for.
            run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                "net.ipv6.conf.default.disable_ipv6=1", netns=ns(place))
        machine.make_veth("eth1", ns("router"), "eth0", ns("server"))
        machine.set_address(ns("router"), "eth1", "192.0.2.1/24")
        machine.set_address(ns("server"), "eth0", f"{SERVER}/24")
        machine.set_address(ns("server"), "eth0", f"{SERVER_2}/24")
        machine.add_route(ns("server"), "default", "192.0.2.1")
        run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0", netns=ns("router"))
        # As many port unreachables as traceroute asks for.
        run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", netns=ns("server"))

    def start_nat(self, **changes):
        """Starts the NAT, or a new one with another configuration in place of the one that runs."""
        self.stop_nat()
        self.n_nats += 1
        path = f"{self.folder}/nat.yaml"
        with open(path, "w", encoding="utf-8") as f:
            json.dump(merged(CONFIG, {"control_socket": f"{self.folder}/nf.sock", **changes}), f)
        self.nat = self.start(
            "nat", [build.program("slim-nat"), "--no-huge", "-m", "256", "--no-pci", "--no-telemetry",
                    "--lcores", "(0-1)@(0-1)", "--file-prefix", self.name,
                    "--vdev", "net_tap0,iface=inside", "--vdev", "net_tap1,iface=outside",
                    "--", "--config", path], name=f"nat-{self.n_nats}")
        wait.until(lambda: "active, " in self.nat.output(), "slim-nat", alive=self.nat.gone)
        self._attach("client", "inside", f"{CLIENT}/16", CLIENT_MAC)
        self._attach("router", "outside", f"{ROUTER}/24", ROUTER_MAC)
        machine.add_route(self.netns("client"), "default", NAT_INSIDE)
        machine.add_route(self.netns("router"), "198.51.100.0/24", NAT_OUTSIDE)

    def _attach(self, place, tap, address, mac):
        """The kernel's end of a port becomes eth0 of a place; it goes away with the NAT."""
        run("ip", "link", "set", tap, "netns", self.netns(place), "name", "eth0", netns=self.netns("nat"))
        machine.set_address(self.netns(place), "eth0", address, mac)
        run("ip", "link", "set", "eth0", "up", netns=self.netns(place))

    def stop_nat(self):
        """Its exit status must be 0: a sanitizer may have something to say."""
        if not self.nat:
            return
        nat, self.nat = self.nat, None
        status = nat.stop()
        if status != 0:
            raise wait.DeadlinePassed(f"slim-nat ended with {status}:\n{nat.output()}")

    def counters(self):
        """What the NAT counted."""
        said = run(build.program("slim-nf"), "--socket", f"{self.folder}/nf.sock", "--json", "show", "counters")
        rows = [json.loads(line) for line in said.splitlines()]
        return {row["counter"]: row["value"] for row in rows}

    def start(self, place, command, name=None):
        child = Child(self.journal, self.folder, name or os.path.basename(command[0]), command,
                      netns=self.netns(place))
        self.children.append(child)
        return child

    def call(self, place, *command, seconds=20):
        """Runs a program to its end: its exit status, and what it said."""
        done = subprocess.run(in_namespace(self.netns(place), [str(c) for c in command]),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds,
                              stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout

    def await_port(self, place, port, child, kind="-ltn"):
        """Until the program listens."""
        wait.until(lambda: f":{port} " in run("ss", "-H", kind, netns=self.netns(place)),
                   f"port {port} in {place}", alive=child.gone)

    @contextlib.contextmanager
    def inside_of(self, place):
        """The calling thread is in the namespace: sockets made meanwhile belong to it."""
        with open("/proc/self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.netns(place)}", "rb") as there:
            enter(there)
            try:
                yield
            finally:
                enter(home)


def enter(namespace):
    if _LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
