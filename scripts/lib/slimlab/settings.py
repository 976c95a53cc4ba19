# SPDX-License-Identifier: Apache-2.0
"""What a lab looks like. Every number that a bigger machine would change is here."""

import dataclasses
import os

PPPOE_SESSIONS = 65_534  # at most: ids have 16 bits, and two are reserved


@dataclasses.dataclass
class Settings:
    name: str = "slim"          # of the lab; prefix of its namespaces
    flavour: str = "gcc"        # which build folder its programs come from
    nf: str = "nat"             # what moves: nat, gateway or pppoe (roles.py)
    variant: str = ""           # of the program that moves: what its name has behind it (bench/baselines)
    flows: int = 100_000        # live flows of the generator; gateway, pppoe: subscribers
    idle: int = 0               # nat, gateway: sessions beside those of the flows, without traffic
    rate: int = 20_000          # packets a second, each direction
    churn: int = 500            # nat: flows closed and opened a second
    handovers: int = 500        # gateway: subscribers that change their cell, a second
    logins: int = 50            # pppoe: subscribers that log in, and as many that log out, a second
    looks: int = 0              # pppoe: PADIs a second of clients who only look for a concentrator
    outer_vlan: int = 0         # pppoe: of all access lines; 0: no tag
    inner_vlan: int = 0         # 0: one tag only
    chap: bool = True           # pppoe: asked for first; else PAP
    radius: bool = False        # pppoe: FreeRADIUS at host a decides and keeps accounts; else a secrets file
    workers: int = 2            # packet threads of each NF
    udp_timeout_s: int = 120    # a session whose flow was closed stays that long
    capacity: int = 0           # sessions that an NF has room for; 0: enough for flows and churn
    filtering: str = "endpoint-independent"  # of the NAT
    pcp: bool = False           # its PCP server
    follow_subscribers: bool = True  # gateway: an uplink packet from another cell is a handover
    allow_faults: bool = False  # slimd accepts switched-off mechanisms (negative controls)
    link_mbit: int = 0          # between the two daemons, megabits a second each way (link.py); 0: no limit
    link_delay_ms: float = 0    # and one way through it; both 0: nothing is between them
    hold_capacity: int = 8192   # packets that an NF can hold, per worker and port
    spin: int = 32              # empty rounds before a worker of an NF sleeps
    sleep_us: int = 20          # and how long
    log_level: str = "info"

    # Two cores are shared by everything. The switch's polling thread stays on one; the kernel
    # moves the others to where there is room.
    pmd_cpu: int = 0
    pmd_max_sleep_us: int = 50
    # The switch, the NFs and the generator have hosts and cores of their own in real life. Here
    # they and the daemons go before everything else; slimctl runs on somebody's desk.
    nice: int = -10
    daemon_nice: int = -10
    generator_megabytes: int = 192
    bridges: int = 1            # between the perimeter and the instances, on each side: one, and more that only learn
    queue_size: int = 1024      # descriptors of a virtio ring; 256 overflow when cores are shared

    def live_sessions(self):
        """Those of open flows, and of closed ones until their timeout; and those that rest."""
        return self.idle + self.flows + (self.churn * (self.udp_timeout_s + 30) if self.nf == "nat" else 0)

    def sessions(self):
        if self.capacity:
            return self.capacity
        live = self.live_sessions()
        enough = 1 << (live + live // 4 + 1023).bit_length()
        return min(enough, PPPOE_SESSIONS) if self.nf == "pppoe" else enough

    def pool_addresses(self):
        """Half of an address's ports are free: a subscriber has 252 of its bucket at one address."""
        return min(256, max(16, -(-self.live_sessions() // 32_000)))

    def subscribers(self):
        """A multiple of the number of buckets."""
        return max(4096, self.live_sessions() // 64 // 256 * 256)

    def ramp_rate(self):
        """Flows opened a second at the start: the switch on its core carries no more at once."""
        return max(1000, min(self.flows // 5, 40_000))

    def nf_megabytes(self, slot_bytes):
        """Slot and index of each session, ports, packets that are held or queued, and the rest."""
        packets = 2 * len(("inside", "outside")) * self.workers * self.hold_capacity
        peers = 0 if self.filtering == "endpoint-independent" else self.sessions()
        return 96 + self.pool_addresses() + (self.sessions() * slot_bytes + peers * 128 + packets * 2560) // (1 << 20)

    def switch_megabytes(self):
        """A pool of its own for each vhost-user port, as the switch sizes it, and the rest."""
        queues = [self.workers] * 4 + [1] * 2  # of two NFs and the generator, inside and outside
        packets = sum(16384 + n * (2 * 2048 + 32) for n in queues)
        return 64 + packets * 3008 // (1 << 20) // 2 * 2

    def lcores(self, n):
        """EAL's --lcores for n threads that may run on every CPU."""
        cpus = f"(0-{os.cpu_count() - 1})" if os.cpu_count() > 1 else "0"
        return ",".join(f"{i}@{cpus}" for i in range(n))
