# SPDX-License-Identifier: Apache-2.0
"""A private Open vSwitch with DPDK: own folder, own sockets, nothing shared with a system one.

It runs in a network namespace of its own: a userspace datapath makes tap devices (ovs-netdev, and
one with the name of each bridge), and two switches in one namespace would fight for them."""

import glob
import os

from . import wait
from .process import Child, run

VSWITCHD = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
MAC_TABLE = 131_072  # of a learning bridge: each subscriber has a MAC address


class Switch:
    """`folder` becomes OVS_RUNDIR and the rest. `megabytes` is the memory of its DPDK."""

    def __init__(self, journal, folder, netns, megabytes, pmd_cpu=0, max_sleep_us=50, nice=0):
        self.journal = journal
        self.folder = folder
        self.netns = netns
        self.megabytes = megabytes
        self.pmd_cpu = pmd_cpu
        self.max_sleep_us = max_sleep_us
        self.nice = nice
        self.env = {key: folder for key in
                    ("OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR", "OVS_SYSCONFDIR")}
        self.database = f"unix:{folder}/db.sock"
        self.ovsdb = None
        self.vswitchd = None

    # ---- life ---------------------------------------------------------------

    def start(self):
        os.makedirs(self.folder, exist_ok=True)
        run("ovsdb-tool", "create", f"{self.folder}/conf.db", SCHEMA)
        self.ovsdb = Child(self.journal, self.folder, "ovsdb-server",
                           ["ovsdb-server", f"--remote=punix:{self.folder}/db.sock",
                            f"--unixctl={self.folder}/ovsdb.ctl", f"{self.folder}/conf.db"],
                           env=self.env)
        wait.until(lambda: os.path.exists(f"{self.folder}/db.sock"), "ovsdb-server's socket",
                   alive=self.ovsdb.gone)
        self.vsctl("--no-wait", "init")
        mask = hex(1 << self.pmd_cpu)
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".",
                   "other_config:dpdk-init=true",
                   "other_config:dpdk-lcore-mask=0x3",
                   f"other_config:pmd-cpu-mask={mask}",
                   f"other_config:dpdk-socket-mem={self.megabytes}",
                   f"other_config:dpdk-socket-limit={self.megabytes}",
                   "other_config:userspace-tso-enable=false",
                   # A shared pool is sized by trial, at the first link of a port: each trial that fails takes all
                   # memory for a moment, and the next port's link finds none for its rings.
                   "other_config:per-port-memory=true",
                   f"other_config:pmd-maxsleep={self.max_sleep_us}",
                   'other_config:dpdk-extra="--in-memory --no-telemetry --no-pci"')
        self.start_vswitchd()

    def start_vswitchd(self):
        self.vswitchd = Child(self.journal, self.folder, "ovs-vswitchd",
                              [VSWITCHD, self.database, f"--unixctl={self.control_path()}",
                               "-vconsole:warn", "-vsyslog:off", "-vfile:off"], netns=self.netns, env=self.env,
                              nice=self.nice)
        wait.until(self._initialised, "Open vSwitch with DPDK", alive=self.vswitchd.gone, every=0.1)

    def _initialised(self):
        return self.vsctl("--no-wait", "get", "Open_vSwitch", ".", "dpdk_initialized").strip() == "true"

    def control_path(self):
        return f"{self.folder}/ovs-vswitchd.ctl"

    def restart_vswitchd(self, kill=True):
        """The switch dies and comes back with its ports, but without flow rules."""
        if kill:
            self.vswitchd.kill()
        else:
            self.vswitchd.stop()
        for path in glob.glob(f"{self.folder}/*.mgmt") + glob.glob(f"{self.folder}/*.snoop"):
            os.unlink(path)
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", "dpdk_initialized=false")
        self.start_vswitchd()

    # ---- commands -----------------------------------------------------------

    def vsctl(self, *args):
        return run("ovs-vsctl", f"--db={self.database}", "--timeout=30", *args, env=self.env)

    def appctl(self, *args):
        return run("ovs-appctl", "-t", self.control_path(), *args, env=self.env)

    def ofctl(self, command, bridge, *args):
        return run("ovs-ofctl", "-O", "OpenFlow14", command, f"unix:{self.management_path(bridge)}", *args,
                   env=self.env)

    def management_path(self, bridge):
        return f"{self.folder}/{bridge}.mgmt"

    # ---- bridges and ports --------------------------------------------------

    def add_bridge(self, name, learning):
        """A learning bridge forwards by itself; the other kind drops until a controller speaks."""
        self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev",
                   f"fail_mode={'standalone' if learning else 'secure'}",
                   "protocols=OpenFlow10,OpenFlow13,OpenFlow14,OpenFlow15",
                   "other_config:disable-in-band=true", f"other_config:mac-table-size={MAC_TABLE}")
        wait.until(lambda: os.path.exists(self.management_path(name)), f"bridge {name}",
                   alive=self.vswitchd.gone)

    def add_patch(self, bridge, port, peer_bridge, peer_port):
        for b, p, q in ((bridge, port, peer_port), (peer_bridge, peer_port, port)):
            self.vsctl("add-port", b, p, "--", "set", "interface", p, "type=patch",
                       f"options:peer={q}")

    def add_vhost(self, bridge, port, socket):
        """The switch connects to `socket`, where the NF's virtio_user port listens, once a second."""
        self.vsctl("add-port", bridge, port, "--", "set", "interface", port,
                   "type=dpdkvhostuserclient", f"options:vhost-server-path={socket}")

    def add_device(self, bridge, device):
        self.vsctl("add-port", bridge, device)

    def link_is_up(self, port):
        return self.vsctl("get", "interface", port, "link_state").strip() == "up"

    def await_link(self, port, up=True, alive=None):
        wait.until(lambda: self.link_is_up(port) == up,
                   f"port {port} {'up' if up else 'down'}", every=0.05, alive=alive)

    def statistics(self, port):
        """Counters of a port as a dictionary."""
        text = self.vsctl("get", "interface", port, "statistics").strip().strip("{}")
        return {k.strip(): int(v) for k, v in (item.split("=") for item in text.split(",") if item)}

    def stop(self):
        if self.vswitchd:
            self.vswitchd.stop(5)
        if self.ovsdb:
            self.ovsdb.stop(5)
