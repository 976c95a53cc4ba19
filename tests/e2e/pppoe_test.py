#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A PPPoE concentrator moves while subscribers log in and out, and 1,000 PADIs a second come from thousands of others, on lines
without a tag and with two (QinQ, to which a redirected packet adds a third): no session may be dropped, no log-in may fail, no
packet may be lost. The twin whose sessions are ended by an operator must be found out, and so must moves without a hold, or without
redirection."""

import sys

import faults
import tap
from load import Bench, expect, expect_equal

LOAD = {"nf": "pppoe", "flows": 1_000, "rate": 4_000, "churn": 0, "logins": 50, "looks": 1_000, "workers": 1}


def there_and_back(bench):
    bench.move()
    bench.expect_serving(bench.home)
    bench.move()
    bench.expect_serving(bench.home)


def several_in_a_row(bench):
    for _ in range(4):
        bench.move()


def sessions_are_ended(bench):
    bench.await_turns()
    status, rows = bench.lab.slim_nf(bench.home, "clear", "sessions", "all")
    expect_equal(status, 0, f"exit status of slim-nf: {rows}")


def expect_on_line(t, seen, enough):
    t.comment(seen)
    t.case("subscribers came and went", expect, min(seen["up"], seen["ended"]) > enough, f"{seen}")
    # While sessions come the target answers no PADI.
    t.case("most of those who look are answered", expect, seen["offers"] > 0.8 * seen["looks"] > 1000, f"{seen}")
    for key in ("sessions_dropped", "negotiations_failed"):
        t.case(f"no {key.replace('_', ' ')}", expect_equal, seen[key], 0, key)


def cases(t):
    with Bench(t, "slim-e2e", **LOAD) as bench:
        bench.case("moves there and back", there_and_back)
        bench.case("moves several times", several_in_a_row)
        expect_on_line(t, bench.judge()["subscribers"], 100)
    with Bench(t, "slim-e2e", outer_vlan=100, inner_vlan=200, **LOAD) as bench:
        bench.case("moves there and back, with two tags", there_and_back)
        expect_on_line(t, bench.judge()["subscribers"], 20)
    with Bench(t, "slim-e2e", **LOAD) as bench:
        bench.case("an operator ends all sessions", sessions_are_ended, spoilt=None)
        dropped = bench.judge()["subscribers"]["sessions_dropped"]
        t.case("sessions that were ended are seen as dropped", expect, dropped >= LOAD["flows"], f"{dropped} dropped")
    with Bench(t, "slim-e2e", faults.FAST_FLOW, nf="pppoe", logins=10, **faults.LOAD) as bench:
        faults.watch(bench, ("no-hold", "no-redirect"))


if __name__ == "__main__":
    sys.exit(tap.run(cases))
