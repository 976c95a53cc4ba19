#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Moves under load: there and back, many in a row, and what must be refused. The NAT filters by peers,
so that what it permits has to move as well."""

import sys

import tap
from load import Bench, expect, expect_equal

MOVES = 6


def dry_run(bench):
    status, job = bench.lab.migrate("a", "--dry-run")
    expect_equal(status, 0, f"exit status of a dry run: {job}")
    bench.expect_serving("a")


def there(bench):
    bench.move()
    bench.expect_serving("b")


def back(bench):
    bench.move()
    bench.expect_serving("a")


def many(bench):
    for _ in range(MOVES):
        job = bench.move()
        expect(int(job["result"]["handover_ns"]) > 0, "no handover was measured")
    bench.expect_serving("a")


def steering_tells(bench):
    shown = bench.lab.slimctl("a").json("steering", "show")
    service = next(s for s in shown["services"] if s["service"] == "nat")
    expect_equal(service["instance"], f"nat-{bench.home}", "serving instance")
    expect_equal(service.get("sessions", []), [], "sessions at slim-ofctld")


def refused(bench, command, reason):
    status, out, err = bench.lab.slimctl("a").call("--json", *command)
    expect(status != 0, f"was not refused: {out}")
    expect(reason in (out + err), f"'{reason}' is not in: {out} {err}")
    bench.expect_serving("a")


def command_line(bench):
    """The NF that serves shows the mappings that moved to it; the other one has nothing to clear."""
    lab = bench.lab
    status, rows = lab.slim_nf(bench.home, "show", "sessions", "limit", "5")
    expect_equal((status, len(rows)), (0, 5), f"mappings shown: {rows}")
    status, one = lab.slim_nf(bench.home, "show", "sessions", "outside", rows[0]["outside"], "protocol",
                              rows[0]["protocol"])
    expect_equal((status, [r["inside"] for r in one]), (0, [rows[0]["inside"]]), "the same by its outside")
    status, subscribers = lab.slim_nf(bench.home, "show", "subscribers")
    expect(status == 0 and sum(r["sessions"] for r in subscribers) > 1000, f"subscribers: {status}")
    expect_equal(lab.slim_nf(bench.away(), "clear", "all"), (3, []), "clearing where nothing is owned")


def unknown_nf(bench):
    refused(bench, ["migrate", "no-such-nf", "--to", "b"], "UNKNOWN_NF")


def unknown_host(bench):
    refused(bench, ["migrate", "nat-a", "--to", "nowhere"], "UNKNOWN_PEER")


def unknown_target(bench):
    refused(bench, ["migrate", "nat-a", "--to", "b:no-such-nf"], "TARGET_UNKNOWN")


def from_standby(bench):
    status, out, err = bench.lab.slimctl("b").call("--json", "migrate", "nat-b", "--to", "a")
    expect(status != 0 and "SOURCE_STANDBY" in out + err, f"moving a standby: {status} {out} {err}")


def busy(bench):
    """A second move of an NF that is moving is refused; the first goes on."""
    ctl = bench.lab.slimctl("a")
    first = ctl.start("--json", "migrate", "nat-a", "--to", "b", "--max-bandwidth", "40K")
    try:
        tap.wait_for_job(bench.lab, "a", lambda j: j["phase"] == "copy")
        status, out, err = ctl.call("--json", "migrate", "nat-a", "--to", "b")
        expect(status != 0 and "SOURCE_BUSY" in out + err, f"second move: {status} {out} {err}")
        tap.cancel_jobs(bench.lab, "a")
    finally:
        first.communicate(timeout=60)
    bench.expect_serving("a")


def cases(t):
    with Bench(t, "slim-e2e", filtering="address-and-port-dependent", pcp=True) as bench:
        bench.case("a dry run touches nothing", dry_run)
        bench.case("an unknown NF is refused", unknown_nf)
        bench.case("an unknown host is refused", unknown_host)
        bench.case("an unknown target is refused", unknown_target)
        bench.case("moving a standby is refused", from_standby)
        bench.case("a busy source is refused", busy)
        bench.case("a moves to b", there)
        bench.case("steering tells who serves", steering_tells)
        bench.case("the NF's command line shows what moved", command_line)
        bench.case("b moves to a", back)
        bench.case(f"{MOVES} moves in a row", many)
        bench.judge()


if __name__ == "__main__":
    sys.exit(tap.run(cases))
