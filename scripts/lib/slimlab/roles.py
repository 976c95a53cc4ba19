# SPDX-License-Identifier: Apache-2.0
"""What the lab has to know of each network function that it can move."""

import os

from . import freeradius, wait
from .process import Child, run
from .template import write_private

# What one of the generator's flows is, and what they do.
CELLS, CELL_BASE = 64, (10 << 24) + (128 << 16) + 1             # 10.128.0.1
SUBSCRIBER_BASE = (100 << 24) + (65 << 16)                      # 100.65.0.0
FIXED_FLOWS = 8                                                 # probes and echoes of slim-gen
PPPOE_USERS = {"alice": "wonderland"}                           # beside slim-gen's subscribers
PPPOE_PASSWORD = "secret"                                       # of all of these
RADIUS_ADDRESS = "10.77.0.1"                                    # host a's
RADIUS_CLIENTS = ("10.77.0.1", "10.77.0.2")
VISITORS_A_LOGIN = 8                                            # as in bench/gen/traffic.c
TEID_GATEWAY, TEID_CELL = 0x40000000, 0x80000000                # as in bench/gen/cells.h


def dotted(address):
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


class Nat:
    service = "nat"
    title = "NAT"
    program = "slim-nat"
    template = "nat.yaml"
    flows_are = "sessions"
    slot_bytes = 512     # of memory, with index and all that is derived
    has_programs = True  # iperf3 and the like can speak through it

    def __init__(self, settings):
        self.settings = settings

    def config(self, _lab, _host):
        """What its template has beside the common values, for the instance at a host (lab.Host)."""
        s = self.settings
        return {"last_pool": s.pool_addresses() - 1, "udp_timeout_s": s.udp_timeout_s, "filtering": s.filtering,
                "pcp": str(s.pcp).lower()}

    def generator_options(self, _folder):
        return ["--subscribers", self.settings.subscribers(), "--churn", self.settings.churn]

    def load_text(self):
        return f"{self.settings.churn} sessions close and open each second"

    def before_nfs(self, _lab):
        """Before the first NF starts."""

    def prepare(self, _lab):
        """Before the generator starts."""

    def usage_error(self, _lab, _home):
        """Octets that the NF's own counters have too many or too few; None: it counts none."""
        return None


class Gateway:
    service = "gateway"
    title = "Mobile gateway"
    program = "slim-gateway"
    template = "gateway.yaml"
    flows_are = "subscribers"
    slot_bytes = 640
    has_programs = False

    def __init__(self, settings):
        self.settings = settings
        self.has_sessions = False

    def config(self, _lab, _host):
        return {"follow": str(self.settings.follow_subscribers).lower()}

    def generator_options(self, folder):
        return ["--role", "gateway", "--handovers", self.settings.handovers, "--cells", CELLS,
                "--usage", f"{folder}/gen-usage.txt"]

    def load_text(self):
        return f"{self.settings.handovers} handovers between {CELLS} cells each second"

    def slim_nf(self, lab, home, *words):
        return run(lab.program("slim-nf"), "--socket", f"{lab.folder}/{home}/nf.sock", *words)

    def before_nfs(self, _lab):
        """Nothing."""

    def prepare(self, lab):
        """The control plane's part, once: a session for each subscriber, where slim-gen has him."""
        if self.has_sessions:
            return
        self.has_sessions = True
        path = f"{lab.folder}/sessions.txt"
        with open(path, "w", encoding="utf-8") as f:
            for i in range(self.settings.flows + FIXED_FLOWS + self.settings.idle):
                address = SUBSCRIBER_BASE + i
                f.write(f"session add {TEID_GATEWAY | address & 0xffffff} ipv4 {dotted(address)} "
                        f"cell {dotted(CELL_BASE + i % CELLS)} cell-teid {TEID_CELL + i}\n")
        self.slim_nf(lab, "a", "--batch", path)

    def usage_error(self, lab, home):
        """Sum over all subscribers of the difference to what slim-gen saw come through."""
        seen = {}
        with open(f"{lab.folder}/gen-usage.txt", encoding="utf-8") as f:
            for line in f:
                teid, up, down = map(int, line.split())
                seen[teid] = (up, down)
        wrong = 0
        for row in self.sessions(lab, home):
            up, down = seen.pop(int(row["teid"]), (0, 0))
            wrong += abs(int(row["bytes_up"]) - up) + abs(int(row["bytes_down"]) - down)
        return wrong + sum(up + down for up, down in seen.values())  # of sessions that are gone

    def sessions(self, lab, home):
        return lab.slimctl(home).json_rows("table", "dump", f"{self.service}-{home}", "--table", "session")


class Pppoe:
    service = "pppoe"
    title = "PPPoE concentrator"
    program = "slim-pppoe"
    template = "pppoe.yaml"
    flows_are = "subscribers"
    slot_bytes = 1280
    has_programs = False

    def __init__(self, settings):
        self.settings = settings

    def config(self, lab, host):
        server = f"{{host: {RADIUS_ADDRESS}, secret: {freeradius.SECRET}}}"
        radius = (f"radius: {{servers: [{server}], accounting: [{server}], disconnect: {{listen: {host.address}, "
                  f"clients: [{server}]}}}}")
        return {"chap": str(self.settings.chap).lower(), "vlans": self.vlans(),
                "who_decides": radius if self.settings.radius else f"secrets_file: {lab.folder}/secrets"}

    def generator_options(self, _folder):
        s = self.settings
        return ["--role", "pppoe", "--logins", s.logins, "--looks", s.looks, "--user", "subscriber", "--password", PPPOE_PASSWORD,
                "--outer-vlan", s.outer_vlan, "--inner-vlan", s.inner_vlan]

    def vlans(self):
        """Of the access side, as the concentrator's configuration has them."""
        s = self.settings
        if not s.outer_vlan:
            return "{untagged: true}"
        return f"{{outer: [{s.outer_vlan}], inner: [{s.inner_vlan}]}}" if s.inner_vlan else f"{{outer: [{s.outer_vlan}]}}"

    def load_text(self):
        return f"{self.settings.logins} of them log in and out each second"

    def users(self):
        """Who may log in: as slim-gen calls its subscribers, and whoever a test adds."""
        s = self.settings
        n = s.flows + FIXED_FLOWS + VISITORS_A_LOGIN * s.logins
        return {**{f"subscriber{i}": PPPOE_PASSWORD for i in range(n)}, **PPPOE_USERS}

    def before_nfs(self, lab):
        if self.settings.radius:
            self.start_radius(lab)
        else:
            write_private(f"{lab.folder}/secrets",
                          "".join(f"{user} * {secret} *\n" for user, secret in self.users().items()))

    def start_radius(self, lab):
        """In host a's namespace: host b reaches it over the link between the daemons."""
        folder = f"{lab.folder}/radius"
        os.mkdir(folder)
        users = "".join(f'{user} Cleartext-Password := "{secret}"\n' for user, secret in self.users().items())
        command = freeradius.configure(folder, RADIUS_ADDRESS, RADIUS_CLIENTS, users)
        child = Child(lab.journal, folder, "freeradius", command, netns=lab.netns("a"))
        wait.until(lambda: freeradius.READY in child.output(), "FreeRADIUS", alive=child.gone)

    def prepare(self, _lab):
        """Nothing: subscribers log in by themselves."""

    def usage_error(self, _lab, _home):
        return None


ROLES = {role.service: role for role in (Nat, Gateway, Pppoe)}
