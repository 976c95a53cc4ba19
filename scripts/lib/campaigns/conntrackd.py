# SPDX-License-Identifier: Apache-2.0
"""An opponent that many run: Debian's conntrackd, which copies the sessions of the kernel's own NAT from one host to another. Two
namespaces stand for the hosts, with a veth pair for its messages.

      namespace ca: kernel NAT with sessions, conntrackd  <--- veth, UDP (FTFW) --->  conntrackd: namespace cb

It is set up as its manual has it for a large table: reliable protocol (FTFW), large buffers, a hash as large as the table. A
switch-over has two parts: the standby's daemon gets all sessions (a bulk sync), and then puts them into its kernel (commit); only
then can packets use them."""

import json
import re
import time

from slimlab import leftovers, machine, wait
from slimlab.process import Child, CommandFailed, run

LINK, ADDRESSES = "sync0", {"a": "10.79.0.1", "b": "10.79.0.2"}
OTHER = {"a": "b", "b": "a"}
SESSIONS_A_SUBSCRIBER = 256
SESSIONS_AN_ADDRESS = 32_000
TIMEOUT_S = 86_400
SOCKET_BUFFER = 64 << 20
RULES = """table ip slim {{
 chain after {{
  type nat hook postrouting priority 100;
  oifname "out" snat to 198.18.0.0-198.18.0.{last};
 }}
}}
"""
CONFIG = """Sync {{
 Mode FTFW {{
  ResendQueueSize 131072
  PurgeTimeout 86400
  ACKWindowSize 300
 }}
 UDP {{
  IPv4_address {own}
  IPv4_Destination_Address {other}
  Port 3780
  Interface {link}
  SndSocketBuffer {buffer}
  RcvSocketBuffer {buffer}
  Checksum on
 }}
}}
General {{
 Systemd off
 HashSize {hash}
 HashLimit {limit}
 LogFile off
 Syslog off
 LockFile {folder}/{host}.lock
 UNIX {{
  Path {folder}/{host}.ctl
 }}
 NetlinkBufferSize 8388608
 NetlinkBufferSizeMaxGrowth {buffer}
 NetlinkEventsReliable on
}}
"""


class Conntrackd:
    """with Conntrackd(name, sessions, say) as lab: lab.switch_over() gives the figures of one, once."""

    def __init__(self, name, sessions, say):
        self.name = name
        self.sessions = sessions
        self.say = say
        self.journal = leftovers.Journal(name)
        self.folder = self.journal.make_folder()
        self.daemons = {}

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.journal.close()
            raise
        return self

    def __exit__(self, *_):
        self.journal.close()

    def netns(self, host):
        return f"{self.name}-c{host}"

    def start(self):
        for host in ADDRESSES:
            machine.make_netns(self.journal, self.netns(host))
        machine.set_sysctl(self.journal, "net.netfilter.nf_conntrack_max", 2 * self.sessions + 4096)
        for limit in ("rmem_max", "wmem_max"):
            machine.set_sysctl(self.journal, f"net.core.{limit}", SOCKET_BUFFER)
        run("ip", "link", "add", LINK, "netns", self.netns("a"), "type", "veth", "peer", "name", LINK, "netns", self.netns("b"))
        for host, address in ADDRESSES.items():
            machine.set_address(self.netns(host), LINK, f"{address}/30")
            run("ip", "link", "set", LINK, "up", netns=self.netns(host))
            run("nft", "-f", "-", netns=self.netns(host), input_text=RULES.format(last=self.sessions // SESSIONS_AN_ADDRESS))
        self.say(f"the kernel's NAT with {self.sessions:,} sessions")
        self.fill()
        for host in ADDRESSES:
            self.start_daemon(host)
        wait.until(lambda: self.cached("a", "internal") >= self.sessions, "conntrackd to know the kernel's sessions", 120,
                   alive=self.daemons["a"].gone)

    def fill(self):
        """As `conntrack --load-file` takes them: the kernel chooses the ports outside."""
        path = f"{self.folder}/sessions.txt"
        with open(path, "w", encoding="utf-8") as f:
            for i in range(self.sessions):
                subscriber, flow = divmod(i, SESSIONS_A_SUBSCRIBER)
                f.write(f"-I -p udp -s 100.{72 + (subscriber >> 16)}.{subscriber >> 8 & 255}.{subscriber & 255} -d 192.0.2.10 "
                        f"--sport {1024 + flow} --dport 53 -t {TIMEOUT_S} -u SEEN_REPLY,ASSURED "
                        f"--src-nat 198.18.0.{i // SESSIONS_AN_ADDRESS}\n")
        run("conntrack", "--load-file", path, netns=self.netns("a"), seconds=600)
        wait.until(lambda: self.in_kernel("a") >= self.sessions, "the kernel's sessions", 10)

    def start_daemon(self, host):
        path = f"{self.folder}/{host}.conf"
        with open(path, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(own=ADDRESSES[host], other=ADDRESSES[OTHER[host]], link=LINK, buffer=SOCKET_BUFFER,
                                  hash=2 * self.sessions, limit=4 * self.sessions, folder=self.folder, host=host))
        self.daemons[host] = Child(self.journal, self.folder, f"conntrackd-{host}", ["conntrackd", "-C", path], netns=self.netns(host))
        wait.until(lambda: self.cached(host, "internal") is not None, f"conntrackd {host}", alive=self.daemons[host].gone)

    def ask(self, host, option):
        return run("conntrackd", "-C", f"{self.folder}/{host}.conf", option, netns=self.netns(host))

    def cached(self, host, cache):
        """Sessions in a cache of a daemon. `cache`: internal (its kernel's) or external (the other host's). None: it does not
        answer yet."""
        try:
            found = re.search(rf"cache {cache}:\s*current active connections:\s*(\d+)", self.ask(host, "-s"))
        except CommandFailed:
            return None
        return int(found[1]) if found else None

    def in_kernel(self, host):
        return int(run("conntrack", "-C", netns=self.netns(host)))

    def wire_octets(self):
        counts = json.loads(run("ip", "-j", "-s", "link", "show", LINK, netns=self.netns("a")))[0]["stats64"]
        return counts["tx"]["bytes"] + counts["rx"]["bytes"]

    def own_mib(self, host):
        with open(f"/proc/{self.daemons[host].pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) / 1024 for line in f if line.startswith("RssAnon:"))

    def switch_over(self):
        """Host b asks for all sessions and takes them into its kernel."""
        octets, start = self.wire_octets(), time.monotonic()
        self.ask("b", "-n")
        wait.until(lambda: (self.cached("b", "external") or 0) >= self.sessions, "all sessions at the other daemon", 300, every=0.01)
        synced, octets = time.monotonic(), self.wire_octets() - octets
        self.ask("b", "-c")
        wait.until(lambda: self.in_kernel("b") >= self.sessions, "all sessions in the other kernel", 600, every=0.01)
        usable = time.monotonic() - start
        return {"duration_s": round(synced - start, 4), "usable_s": round(usable, 4), "entries": self.sessions,
                "sessions_per_s": round(self.sessions / usable), "wire_octets_per_session": round(octets / self.sessions, 3),
                "daemon_source_mib": round(self.own_mib("a"), 2), "daemon_target_mib": round(self.own_mib("b"), 2)}
