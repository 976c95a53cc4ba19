# SPDX-License-Identifier: Apache-2.0
"""A private Open vSwitch without DPDK, and ports whose other end the test holds."""

import os
import socket
import struct
import subprocess
import time

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
VSWITCHD = "/usr/sbin/ovs-vswitchd"
ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
TP_STATUS_VLAN_VALID = 1 << 4


def run(*command, env=None, check=True):
    done = subprocess.run([str(c) for c in command], env={**os.environ, **(env or {})}, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stdout.strip()}")
    return done.stdout


def until(condition, what, seconds=15.0):
    """The first true value of condition(); an error when it does not come in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)


class Program:
    """A running program with its log."""

    def __init__(self, log, *command, env=None):
        self.log = log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen([str(c) for c in command], stdout=out, stderr=out,
                                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def stop(self):
        self.popen.terminate()
        return self.popen.wait(10)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()


class Switch:
    def __init__(self, folder, *options):
        self.folder = folder
        self.options = options
        self.env = {k: folder for k in ("OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR", "OVS_SYSCONFDIR")}
        os.makedirs(folder)
        run("ovsdb-tool", "create", f"{folder}/conf.db", SCHEMA)
        self.database = Program(f"{folder}/ovsdb-server.log", "ovsdb-server", f"{folder}/conf.db",
                                f"--remote=punix:{folder}/db.sock", f"--unixctl={folder}/ovsdb.ctl",
                                "--private-key=db:Open_vSwitch,SSL,private_key", env=self.env)
        until(lambda: os.path.exists(f"{folder}/db.sock"), "ovsdb-server")
        self.vsctl("--no-wait", "init")
        self.daemon = None
        self.start()

    def start(self):
        self.daemon = Program(f"{self.folder}/ovs-vswitchd.log", VSWITCHD,
                              f"unix:{self.folder}/db.sock", f"--unixctl={self.control}",
                              f"--pidfile={self.folder}/ovs-vswitchd.pid",
                              "-vconsole:info", "-vsyslog:off", *self.options, env=self.env)
        until(lambda: "true" in run("ovs-appctl", "-t", self.control, "version", env=self.env, check=False)
              or os.path.exists(self.control), "ovs-vswitchd")

    @property
    def control(self):
        return f"{self.folder}/ovs-vswitchd.ctl"

    def vsctl(self, *args):
        return run("ovs-vsctl", f"--db=unix:{self.folder}/db.sock", "--timeout=20", *args, env=self.env)

    def add_bridge(self, name):
        self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev",
                   "fail_mode=secure", "protocols=OpenFlow14", "other_config:disable-in-band=true")

    def add_device(self, bridge, device):
        self.vsctl("add-port", bridge, device)

    def add_patch(self, bridge, *ports):
        """Ports without anything behind them: they have names and numbers, after a while."""
        words = ["--no-wait"]
        for port in ports:
            words += ["--", "add-port", bridge, port, "--", "set", "interface", port, "type=patch",
                      f"options:peer={port}-x"]
        self.vsctl(*words)

    def address(self, bridge):
        return f"unix:{self.folder}/{bridge}.mgmt"

    def flows(self, bridge, stats=False):
        """The rules as text lines, sorted, without what changes by itself."""
        text = run("ovs-ofctl", "-O", "OpenFlow14", "--names", "dump-flows", *([] if stats else ["--no-stats"]),
                   self.address(bridge), env=self.env)
        return sorted(line.strip().replace('"', "") for line in text.splitlines() if "priority=" in line)

    def ofctl(self, verb, bridge, *args):
        return run("ovs-ofctl", "-O", "OpenFlow14", verb, self.address(bridge), *args, env=self.env)

    def kill(self):
        self.daemon.kill()

    def stop(self):
        self.daemon.kill()
        self.database.kill()


def make_pair(name):
    """A veth pair: `name` for the switch, `name`-x for the test."""
    run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}-x")
    for end in (name, f"{name}-x"):
        with open(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6", "w", encoding="ascii") as f:
            f.write("1")
        run("ip", "link", "set", end, "up")


def frame(payload, tags=(), eth_type=0x0800):
    """An Ethernet frame; the first tag is the outermost."""
    head = bytes.fromhex("020000000202") + bytes.fromhex("020000000101")
    for vid in tags:
        head += struct.pack("!HH", 0x8100, vid)
    return (head + struct.pack("!H", eth_type) + payload).ljust(64, b"\0")


class Port:
    """The test's end of a pair: sends and receives whole frames, tags included."""

    def __init__(self, name):
        make_pair(name)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind((f"{name}-x", ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)

    def send(self, data):
        self.socket.send(data)

    def receive(self, seconds):
        """(tags, type, payload) of the next frame, None if none comes in time."""
        self.socket.settimeout(seconds)
        try:
            data, ancillary, _, _ = self.socket.recvmsg(2048, 256)
        except (socket.timeout, BlockingIOError):
            return None
        tags = []
        # The kernel takes the outermost tag off and tells it beside the frame.
        for level, kind, value in ancillary:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", value[:20])
                if status & TP_STATUS_VLAN_VALID:
                    tags.append(tci & 0xfff)
        at = 12
        while data[at:at + 2] == b"\x81\x00":
            tags.append(struct.unpack("!H", data[at + 2:at + 4])[0] & 0xfff)
            at += 4
        return tuple(tags), struct.unpack("!H", data[at:at + 2])[0], data[at + 2:].rstrip(b"\0")
