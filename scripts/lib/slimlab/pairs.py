# SPDX-License-Identifier: Apache-2.0
"""The lab without a switch: pairs of NATs with full tables, one of each pair on host a and one on b.

      slim-gen, until the table is full; then nat1-b
         | memif inside     | memif outside
      nat1-a -----------------------------   (the ports of a pair are joined directly)
      nat2-a ... nat2-b
      slimd a  <----- veth, TLS ----->  slimd b      (through a slow link: link.py)

The generator opens each session with a packet, as a subscriber would, and ends. Then the standby NAT takes
its place at the other end of both wires."""

import dataclasses
import os
import signal
import sys

from . import build, leftovers, link, machine, wait
from .generator import Generator
from .lab import HOSTS, PORTS
from .move import Slimctl
from .process import Child, run
from .settings import Settings
from .template import write_config

SESSIONS_PER_SUBSCRIBER = 64  # a subscriber has one external address: 252 ports of its bucket
SESSIONS_PER_ADDRESS = 32_000
MAX_HOLD_US = 10_000        # slimd's own default
SLOW_HOLD_US = 500_000      # through a link: END comes behind what waits for its rate
SUBSCRIBER_BASE = "100.72.0.0"
GENERATOR_MACS = {"inside": "02:00:00:00:01:02", "outside": "02:00:00:00:02:02"}  # as slim-gen has them


def nat_of(pair, host):
    return f"nat{pair}-{host}"


@dataclasses.dataclass
class Size:
    sessions: int
    workers: int

    @property
    def subscribers(self):
        """A multiple of the number of buckets."""
        return max(256, -(-self.sessions // SESSIONS_PER_SUBSCRIBER // 256) * 256)

    @property
    def addresses(self):
        return min(256, max(1, -(-self.sessions // SESSIONS_PER_ADDRESS)))

    @property
    def capacity(self):
        """Sessions of the generator's probes and echoes come on top; workers' shares are never even."""
        return self.sessions + 1024 + (self.sessions // 16 if self.workers > 1 else 0)

    @property
    def nf_megabytes(self):
        tables = self.capacity * 256
        packets = 2 * self.workers * (16384 + 4096 + 4096) * 2560
        return 96 + (tables + packets + self.addresses * 850_000) // (1 << 20)


class Pairs:
    """with Pairs(name, sizes) as pairs: NATs 1, 2, ... of host a are full and serve, those of host b are empty."""

    def __init__(self, name, sizes, say, link_mbit=0, link_delay_ms=0):
        self.name = name
        self.sizes = dict(enumerate(sizes, 1))
        self.settings = Settings(name=name, workers=max(size.workers for size in sizes), link_mbit=link_mbit,
                                 link_delay_ms=link_delay_ms)
        self.say = say
        self.journal = leftovers.Journal(name)
        self.folder = self.journal.make_folder()
        self.pki = f"{self.folder}/pki"
        self.children = {}
        self.link = self.link_program = None

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self.start()
        except BaseException:
            print(self.logs(), file=sys.stderr)
            self.journal.close()
            raise
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.journal.close()

    def logs(self, lines=12):
        """The last words of everything, for a failure's report."""
        return "\n".join(f"---- {child.name}\n{child.tail(lines)}" for child in (*self.children.values(), self.link_program)
                         if child)

    def start(self):
        self.make_hosts()
        self.start_link()
        for name in HOSTS:
            self.start_slimd(name)
        for pair in self.sizes:
            self.fill(pair)
            self.launch_nf(pair, "b", "client", ["--standby"])
            for name in HOSTS:  # huge pages are counted free until a program has taken its own
                wait.until(lambda p=pair, n=name: self.is_ready(p, n), f"{nat_of(pair, name)} and its wires",
                           alive=self.children[nat_of(pair, name)].gone)
        for name in HOSTS:
            wait.until(lambda n=name: self.has_peer(n), f"the peer of slimd {name}")

    def netns(self, name):
        return f"{self.name}-{name}"

    def make_hosts(self):
        for name in HOSTS:
            machine.make_netns(self.journal, self.netns(name))
        run("ip", "link", "add", "peer0", "netns", self.netns("a"), "type", "veth",
            "peer", "name", "peer0", "netns", self.netns("b"))
        tool = f"{build.PROJECT}/scripts/slim-pki"
        run(tool, "init", self.pki)
        for host in HOSTS.values():
            machine.set_address(self.netns(host.name), "peer0", f"{host.address}/30")
            run("ip", "link", "set", "peer0", "up", netns=self.netns(host.name))
            run(tool, "issue", self.pki, host.name, host.address)

    def launch(self, name, command, netns=None):
        self.children[name] = Child(self.journal, self.folder, name,
                                    [build.program(command[0]), *command[1:]], netns=netns)
        return self.children[name]

    def config(self, template, path, host, **values):
        return write_config(template, path, folder=self.folder, pki=self.pki, host=host.name,
                            log_level="info", **values)

    def start_link(self):
        """Between the daemons, if it was asked for."""
        if link.is_wanted(self.settings):
            place = HOSTS[link.PLACE]
            self.link_program, self.link = link.start(self.settings, self.journal, self.folder, build.program("slim-link"),
                                                      self.netns(place.name), place)

    def start_slimd(self, name):
        host = HOSTS[name]
        os.makedirs(f"{self.folder}/{name}/state", exist_ok=True)
        config = self.config("pairs-slimd.yaml", f"{self.folder}/{name}/slimd.yaml", host, address=host.address,
                             other=host.other, peer_address=link.peer_address(self.settings, host),
                             max_hold_us=SLOW_HOLD_US if link.is_wanted(self.settings) else MAX_HOLD_US)
        child = self.launch(f"slimd-{name}", ["slimd", "--config", config], self.netns(name))
        wait.until(lambda: self.slimctl(name).try_json("version"), child.name, alive=child.gone)

    def slimctl(self, name):
        return Slimctl(build.program("slimctl"), f"unix:{self.folder}/{name}/slimd.sock", "")

    def wire(self, pair, port):
        return f"{self.folder}/{port}{pair}.sock"

    def eal(self, name, n_lcores, megabytes, wires, role, macs):
        """Ports are shared-memory wires (port name: socket); the server's end makes the socket."""
        machine.take_hugepages(self.journal, megabytes)
        options = ["--lcores", self.settings.lcores(n_lcores), "--in-memory", "--single-file-segments", "--no-pci",
                   "--no-telemetry", f"--file-prefix={self.name}-{name}", "-m", str(megabytes)]
        for number, (port, mac) in enumerate(macs.items()):
            options += ["--vdev", f"net_memif{number},role={role},id=0,socket={wires[port]},"
                                  f"socket-abstract=no,mac={mac}"]
        return options

    def wires(self, pair):
        return {port: self.wire(pair, port) for port in PORTS}

    def launch_nf(self, pair, name, role, options=()):
        host, size, nf = HOSTS[name], self.sizes[pair], nat_of(pair, name)
        config = self.config("pairs-nat.yaml", f"{self.folder}/{name}/{nf}.yaml", host, nf=nf, service=f"nat{pair}",
                             workers=size.workers, capacity=size.capacity, last_pool=size.addresses - 1)
        eal = self.eal(nf, size.workers + 1, size.nf_megabytes, self.wires(pair), role, PORTS)
        return self.launch(nf, ["slim-nat", *eal, "--", "--config", config, *options])

    def show_nf(self, pair, name):
        return self.slimctl(name).try_json("nf", "show", nat_of(pair, name)) or {}

    def is_ready(self, pair, name):
        words = self.children[nat_of(pair, name)].output()
        return self.show_nf(pair, name).get("alive") and all(
            words.rfind(f"port {port}: link up") > words.rfind(f"port {port}: link down") for port in PORTS)

    def has_peer(self, name):
        peers = (self.slimctl(name).try_json("peer", "list") or {}).get("peers", [])
        return any(p["state"] == "up" for p in peers)

    def fill(self, pair):
        """The generator is the first at the other end of the serving NAT's wires."""
        size, wires = self.sizes[pair], self.wires(pair)
        self.say(f"{nat_of(pair, 'a')}: {size.sessions:,} sessions of {size.subscribers:,} subscribers")
        path, output = f"{self.folder}/gen.sock", f"{self.folder}/gen.json"
        nat = self.launch_nf(pair, "a", "server")
        wait.until(lambda: all(os.path.exists(wire) for wire in wires.values()), f"the wires of {nat.name}",
                   alive=nat.gone)
        child = self.launch("slim-gen", ["slim-gen", *self.eal("gen", 1, 192, wires, "client", GENERATOR_MACS), "--",
                                         "--control", path, "--output", output, "--flows", size.sessions,
                                         "--subscribers", size.subscribers, "--subscriber-base", SUBSCRIBER_BASE,
                                         "--rx-queues", size.workers,
                                         "--churn", 0, "--rate", 1000, "--ramp-rate", 150_000])
        generator = Generator(child, path, output)
        generator.connect()
        generator.await_ready()
        generator.finish()
        del self.children["slim-gen"]

    def pids(self):
        return {name: child.pid for name, child in self.children.items()}
