#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""FreeRADIUS decides about log-ins and keeps accounts while the concentrator moves. Of each session it is told one start and
one stop, by whichever host it ended at, and the packets in its records are those that came through, none twice and none left
out. The twin that is killed must be found out."""

import collections
import sys

import tap
from load import Bench, expect, expect_equal
from slimlab import freeradius, roles, wait

LOAD = {"nf": "pppoe", "flows": 1_000, "rate": 4_000, "churn": 0, "logins": 50, "workers": 1, "radius": True}
MOVES = 4
WAYS = {"up": "Input", "down": "Output"}  # of slim-gen and of RFC 2866


class Accounts:
    """What the server was told, and who is on line."""

    def __init__(self, lab, home):
        self.by_kind = collections.defaultdict(dict)
        self.doubled = []
        for record in freeradius.records(f"{lab.folder}/radius"):
            kind, number = record["Acct-Status-Type"], record["Acct-Session-Id"]
            if number in self.by_kind[kind]:
                self.doubled.append(f"{kind} of {number}")
            self.by_kind[kind][number] = record
        status, rows = lab.slim_nf(home, "show", "sessions")
        expect_equal(status, 0, f"exit status of slim-nf: {rows}")
        self.live = [row for row in rows if row.get("ipcp") == "Opened"]

    def open(self):
        """Users whose session has begun and has not ended."""
        started, stopped = self.by_kind["Start"], self.by_kind["Stop"]
        return sorted(started[number]["User-Name"] for number in started.keys() - stopped.keys())

    def on_line(self):
        return sorted(row["user"] for row in self.live)

    def total(self, way, unit):
        """Packets or octets of all sessions, the ended ones and the others."""
        ended = sum(int(r[f"Acct-{WAYS[way]}-{unit}"]) for r in self.by_kind["Stop"].values())
        return ended + sum(int(row[f"{'bytes' if unit == 'Octets' else 'packets'}_{way}"]) for row in self.live)


def moves(bench):
    for _ in range(MOVES):
        bench.move()


def settled(lab, home):
    """When the last record has arrived; a session may end in between."""
    accounts = Accounts(lab, home)

    def fit():
        nonlocal accounts
        accounts = Accounts(lab, home)
        return accounts.open() == accounts.on_line()
    try:
        wait.until(fit, "a record of each session", 30, every=0.5)
    except wait.DeadlinePassed:
        pass  # the cases tell
    return accounts


def killed(bench):
    """Its sessions are gone, and nobody told of their ends."""
    lab = bench.lab
    lab.nf[bench.home].kill()
    lab.start_nf(bench.home, active=True)
    accounts = Accounts(lab, bench.home)
    expect_equal(accounts.on_line(), [], "users on line")
    expect(len(accounts.open()) >= LOAD["flows"], f"{len(accounts.open())} accounts are open")


def cases(t):
    with Bench(t, "slim-e2e", **LOAD) as bench:
        bench.case(f"{MOVES} moves while subscribers log in and out", moves)
        result = bench.judge()
        seen = result["subscribers"]
        t.case("subscribers came and went", expect, min(seen["up"], seen["ended"]) > 50, f"{seen}")
        for key in ("sessions_dropped", "negotiations_failed"):
            t.case(f"no {key.replace('_', ' ')}", expect_equal, seen[key], 0, key)
        accounts = settled(bench.lab, bench.home)
        t.comment({kind: len(records) for kind, records in accounts.by_kind.items()})
        t.case("who is on line has an open account, and nobody else", expect_equal, accounts.open(), accounts.on_line(), "accounts")
        t.case("no record is there twice", expect_equal, accounts.doubled, [], "records that are there twice")
        lost = accounts.by_kind["Stop"].keys() - accounts.by_kind["Start"].keys()
        t.case("each stop has its start", expect_equal, lost, set(), "stops without a start")
        hosts = {record["Packet-Src-IP-Address"] for record in accounts.by_kind["Stop"].values()}
        t.case("sessions ended at both hosts", expect_equal, hosts, set(roles.RADIUS_CLIENTS), "who told of stops")
        for way in WAYS:
            received = sum(window[way]["received"] for window in result["windows"])
            t.case(f"each packet {way} is in the accounts", expect_equal, accounts.total(way, "Packets"), received, "packets")
        t.case("a concentrator that was killed is found out", killed, bench)


if __name__ == "__main__":
    sys.exit(tap.run(cases, tools=("ovsdb-server", "freeradius")))
