# SPDX-License-Identifier: Apache-2.0
"""The whole lab.

      namespace client      slim-gen           slim-gen      namespace server
            |              inside |           | outside            |
            +------ br-in --------+           +-------- br-out ----+
                      | pin                        pout |
                      +------------- br-slim -----------+
                                      |  |
                                  nf-a    nf-b         (vhost-user; roles.py)
                                     |      |
      namespace a: slimd  <----- veth, TLS -----> namespace b: slimd       (through a slow link: link.py)

br-slim belongs to slim-ofctld. br-in and br-out are plain learning bridges: the networks of the
provider, of which slim knows nothing.
"""

import dataclasses
import json
import os
import signal
import subprocess
import sys

from . import build, leftovers, link, machine, wait
from .generator import Generator
from .move import Slimctl
from .process import Child, run
from .programs import Programs
from .roles import ROLES
from .switch import Switch
from .template import write_config

SOCKET_BUFFER = 8 << 20
PORTS = {"inside": "02:00:00:00:01:01", "outside": "02:00:00:00:02:01"}  # of both instances


@dataclasses.dataclass
class Host:
    name: str
    address: str
    other: str
    other_address: str
    active: bool  # its NF serves from the start


HOSTS = {
    "a": Host("a", "10.77.0.1", "b", "10.77.0.2", True),
    "b": Host("b", "10.77.0.2", "a", "10.77.0.1", False),
}


def switch_port(host, port):
    """Name of an NF's port at the switch, whatever the NF: OpenFlow 1.4 has 15 characters for it."""
    return f"nf-{host}-{port}"


class Lab:
    """with Lab(settings) as lab: ... Everything is undone at the end, however it ends."""

    def __init__(self, settings, say=lambda text: None):
        self.settings = settings
        self.role = ROLES[settings.nf](settings)
        self.say = say
        self.journal = leftovers.Journal(settings.name)
        self.folder = self.journal.make_folder()
        self.pki = f"{self.folder}/pki"
        self.slimd = {}
        self.nf = {}
        self.ofctld = None
        self.link = self.link_program = None
        self.generator = None
        self.programs = None
        self.switch = Switch(self.journal, f"{self.folder}/ovs", self.netns("switch"),
                             settings.switch_megabytes(), settings.pmd_cpu, settings.pmd_max_sleep_us,
                             settings.nice)

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self.start()
        except Exception:
            print(self.logs(), file=sys.stderr)
            self.stop()
            raise
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def instance(self, host):
        """Name of a host's NF."""
        return f"{self.role.service}-{host}"

    def netns(self, role):
        return f"{self.settings.name}-{role}"

    # ---- life ---------------------------------------------------------------

    def start(self):
        machine.schedule_fairly(self.journal)
        self.say("hosts a and b, a client and a server")
        self.make_namespaces()
        self.make_pki()
        self.say("Open vSwitch with DPDK")
        self.make_switch()
        self.say("slim-ofctld, slimd a, slimd b")
        self.start_ofctld()
        self.start_link()
        for host in HOSTS:
            self.start_slimd(host)
        self.say(f"{self.role.program} a (active), {self.role.program} b (standby)")
        self.role.before_nfs(self)
        machine.take_hugepages(self.journal, len(HOSTS) * self.settings.nf_megabytes(self.role.slot_bytes))
        for host in HOSTS.values():
            self.launch_nf(host.name, active=host.active)
        for host in HOSTS:
            self.await_nf(host)
        self.steer("a")

    def stop(self):
        """Ends what runs, youngest first, and gives back what was taken."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.journal.close()

    def dead(self):
        """Names of daemons and NFs that have ended although nobody asked them to."""
        children = [*self.slimd.values(), *self.nf.values(), self.ofctld, self.link_program, self.switch.vswitchd]
        return [c.name for c in children if c and not c.running()]

    def make_namespaces(self):
        for role in ("switch", "a", "b", "client", "server"):
            machine.make_netns(self.journal, self.netns(role))
        machine.make_veth("peer0", self.netns("a"), "peer0", self.netns("b"))
        for host in HOSTS.values():
            machine.set_address(self.netns(host.name), "peer0", f"{host.address}/30")
        for role in ("client", "server"):
            machine.make_veth(role, self.netns("switch"), "eth0", self.netns(role))
        machine.set_address(self.netns("client"), "eth0", "100.64.0.10/16", "02:00:00:00:01:10")
        machine.add_route(self.netns("client"), "default", "100.64.0.1")
        machine.set_address(self.netns("server"), "eth0", "203.0.113.10/24", "02:00:00:00:02:10")
        machine.add_route(self.netns("server"), "198.51.100.0/24", "203.0.113.1")

    def make_pki(self):
        tool = f"{build.PROJECT}/scripts/slim-pki"
        run(tool, "init", self.pki)
        for host in HOSTS.values():
            run(tool, "issue", self.pki, host.name, host.address)

    def make_switch(self):
        switch = self.switch
        machine.take_hugepages(self.journal, self.settings.switch_megabytes())
        switch.start()
        switch.add_bridge("br-slim", learning=False)
        for side in ("in", "out"):
            self.make_way(side)
        # The switch reads these two from its main thread, which now and then has other things to do.
        machine.set_sysctl(self.journal, "net.core.rmem_default", SOCKET_BUFFER)
        switch.add_device("br-in", "client")
        switch.add_device("br-out", "server")
        for host in HOSTS:
            for port in PORTS:
                name = switch_port(host, port)
                switch.add_vhost("br-slim", name, self.vhost_socket(name))
        switch.add_vhost("br-in", "gen-inside", self.vhost_socket("gen-inside"))
        switch.add_vhost("br-out", "gen-outside", self.vhost_socket("gen-outside"))

    def make_way(self, side):
        """From br-slim to the network on a side, over as many bridges as there shall be."""
        bridges = [f"br-{side}{n}" for n in range(2, self.settings.bridges + 1)] + [f"br-{side}"]
        near, port = "br-slim", f"p{side}"
        for bridge in bridges:
            self.switch.add_bridge(bridge, learning=True)
            self.switch.add_patch(near, port, bridge, f"{side}-{near}"[:15])
            near, port = bridge, f"{bridge}-far"

    # ---- daemons --------------------------------------------------------------

    def write_config(self, template, path, **values):
        return write_config(template, path, folder=self.folder, pki=self.pki,
                            log_level=self.settings.log_level, **values)

    def program(self, name):
        return build.program(name, self.settings.flavour)

    def start_ofctld(self):
        os.makedirs(f"{self.folder}/ofctld", exist_ok=True)
        config = self.write_config("ofctld.yaml", f"{self.folder}/ofctld.yaml",
                                   service=self.role.service)
        self.ofctld = Child(self.journal, self.folder, "slim-ofctld",
                            [self.program("slim-ofctld"), "--config", config],
                            nice=self.settings.daemon_nice)
        wait.until(self.steering_is_up, "slim-ofctld and its bridge", alive=self.ofctld.gone, every=0.05)

    def steering_is_up(self):
        shown = self.slimctl("a").try_json("steering", "show")
        bridges = (shown or {}).get("bridges", [])
        return bool(bridges) and all(b["state"] == "up" for b in bridges)

    def steer(self, host):
        self.slimctl(host).run("steering", "set", self.role.service, self.instance(host))

    def start_link(self):
        """Between the daemons, if the settings ask for one; it stays when a daemon is started anew."""
        if link.is_wanted(self.settings):
            place = HOSTS[link.PLACE]
            self.link_program, self.link = link.start(self.settings, self.journal, self.folder, self.program("slim-link"),
                                                      self.netns(place.name), place)

    def start_slimd(self, name):
        host = HOSTS[name]
        config = self.write_config("slimd.yaml", f"{self.folder}/{name}/slimd.yaml", host=name,
                                   address=host.address, other=host.other,
                                   peer_address=link.peer_address(self.settings, host))
        os.makedirs(f"{self.folder}/{name}/state", exist_ok=True)
        faults = ["--allow-faults"] if self.settings.allow_faults else []
        child = Child(self.journal, self.folder, f"slimd-{name}",
                      [self.program("slimd"), "--config", config, *faults],
                      netns=self.netns(name), nice=self.settings.daemon_nice)
        self.slimd[name] = child
        wait.until(lambda: self.slimctl(name).try_json("version"), f"slimd {name}", alive=child.gone)

    def slimctl(self, host):
        """slimctl for a host's slimd, and for slim-ofctld."""
        return Slimctl(self.program("slimctl"), f"unix:{self.folder}/{host}/slimd.sock",
                       f"unix:{self.folder}/ofctld.sock")

    # ---- network functions ------------------------------------------------------

    def slim_nf(self, host, *words):
        """Asks a host's NF; returns (exit status, rows)."""
        done = subprocess.run([self.program("slim-nf"), "--socket", f"{self.folder}/{host}/nf.sock",
                               "--json", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, text=True, timeout=30, check=False)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def vhost_socket(self, port):
        return f"{self.folder}/{port}.sock"

    def eal(self, name, n_lcores, megabytes, ports):
        """EAL options of a program with virtio_user ports (name: MAC, or None for any) in the
        lab. A socket of a dead program would make the new one fail, so it is removed."""
        s = self.settings
        options = ["--lcores", s.lcores(n_lcores), "--in-memory", "--single-file-segments", "--no-pci",
                   "--no-telemetry", f"--file-prefix={s.name}-{name}", "-m", str(megabytes)]
        for number, (port, mac) in enumerate(ports.items()):
            path = self.vhost_socket(port)
            if os.path.exists(path):
                os.unlink(path)
            options += ["--vdev", f"net_virtio_user{number},path={path},server=1,"
                                  f"queue_size={s.queue_size},queues={max(1, n_lcores - 1)}"
                        + (f",mac={mac}" if mac else "")]
        return options

    def start_nf(self, name, active):
        machine.take_hugepages(self.journal, self.settings.nf_megabytes(self.role.slot_bytes))
        self.launch_nf(name, active)
        self.await_nf(name)

    def launch_nf(self, name, active):
        s, nf = self.settings, self.instance(name)
        config = self.write_config(self.role.template, f"{self.folder}/{name}/nf.yaml", nf=nf, host=name,
                                   capacity=s.sessions(), workers=s.workers, spin=s.spin, sleep_us=s.sleep_us,
                                   hold_capacity=s.hold_capacity, **self.role.config(self, HOSTS[name]))
        ports = {switch_port(name, port): mac for port, mac in PORTS.items()}
        megabytes = s.nf_megabytes(self.role.slot_bytes)
        child = Child(self.journal, self.folder, nf,
                      [self.program(self.role.program + s.variant), *self.eal(nf, s.workers + 1, megabytes, ports),
                       "--", "--config", config, *([] if active else ["--standby"])],
                      netns=self.netns(name), nice=s.nice)
        self.nf[name] = child

    def await_nf(self, name):
        """Its ports are up at the switch, and its slimd knows it."""
        nf, child = self.instance(name), self.nf[name]
        for port in PORTS:
            self.switch.await_link(switch_port(name, port), alive=child.gone)
        wait.until(lambda: self.nf_is_alive(name), f"{nf} at slimd {name}", alive=child.gone)

    def show_nf(self, name):
        shown = self.slimctl(name).try_json("nf", "show", self.instance(name))
        return shown or None

    def nf_is_alive(self, name):
        nf = self.show_nf(name)
        return bool(nf) and nf.get("alive", False)

    def nf_counter(self, name, counter):
        counters = self.show_nf(name)["counters"]
        return next(int(c["value"]) for c in counters if c["name"] == counter)

    # ---- load -------------------------------------------------------------------

    def start_generator(self, *options):
        s = self.settings
        self.role.prepare(self)
        machine.take_hugepages(self.journal, s.generator_megabytes)
        path, output = f"{self.folder}/gen.sock", f"{self.folder}/gen.json"
        child = Child(self.journal, self.folder, "slim-gen",
                      [self.program("slim-gen"),
                       *self.eal("gen", 1, s.generator_megabytes, dict.fromkeys(("gen-inside", "gen-outside"))), "--",
                       "--control", path, "--output", output, "--ramp-rate", s.ramp_rate(),
                       "--flows", s.flows, "--rate", s.rate, *self.role.generator_options(self.folder),
                       *options], nice=s.nice)
        self.generator = Generator(child, path, output)
        for port in ("gen-inside", "gen-outside"):
            self.switch.await_link(port, alive=child.gone)
        self.generator.connect()
        self.generator.await_ready()

    def start_programs(self, seconds):
        self.programs = Programs(self.journal, self.folder, self.netns("client"), self.netns("server"),
                                 "203.0.113.10")
        self.programs.start(seconds)

    # ---- moves ------------------------------------------------------------------

    def await_peers(self):
        """Both daemons have their connection to each other."""
        for host in HOSTS:
            wait.until(lambda h=host: any(p["state"] == "up" for p in
                                          (self.slimctl(h).try_json("peer", "list") or {}).get("peers", [])),
                       f"the peer connection of slimd {host}", alive=self.slimd[host].gone)

    def migrate(self, source, *options, seconds=120):
        """Moves the NF away from a host. Returns (exit status, job)."""
        host = HOSTS[source]
        return self.slimctl(source).migrate(self.instance(source), host.other, *options, seconds=seconds)

    def logs(self, lines=16):
        """The last words of everything, for a failure's report."""
        out = []
        for child in [*self.slimd.values(), *self.nf.values(), self.ofctld, self.link_program, self.switch.vswitchd]:
            if child:
                words = "".join(line for line in child.tail(200).splitlines(True)
                                if not line.startswith(("EAL:", "vhost_user_", "virtio_user_")))
                out.append(f"---- {child.name}\n" + "".join(words.splitlines(True)[-lines:]))
        return "\n".join(out)
