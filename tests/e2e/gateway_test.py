#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A mobile gateway moves in the middle of handovers. Every downlink packet must come out of the cell
where its subscriber is, and no octet may be counted twice or not at all. The twin whose gateway does not
follow its subscribers must be found out."""

import json
import sys

import tap
from load import Bench, expect, expect_equal
from slimlab import roles
from spoilt import Spoilt

LOAD = {"nf": "gateway", "flows": 4_000, "rate": 5_000, "handovers": 200}
# A subscriber of whom the generator knows nothing: it is the control plane's alone.
TEID, ADDRESS = roles.TEID_GATEWAY | 0x4e0007, "100.78.0.7"
SLOW = ("--max-bandwidth", "100K")  # keeps a move in COPY for seconds


def ask(bench, *words):
    return bench.lab.role.slim_nf(bench.lab, bench.home, *words)


def there_and_back(bench):
    bench.move()
    bench.expect_serving(bench.home)
    bench.move()
    bench.expect_serving(bench.home)


def several_in_a_row(bench):
    for _ in range(4):
        bench.move()


def cell_of(bench):
    rows = ask(bench, "--json", "show", "sessions", "teid", str(TEID)).splitlines()
    return json.loads(rows[0])["cell"] if rows else None


def switched_by_command_in_copy(bench):
    """What the control plane changes while rows are copied is there at the target."""
    ask(bench, "session", "add", str(TEID), "ipv4", ADDRESS, "cell", "10.128.0.1", "cell-teid", "7")
    ctl = bench.lab.slimctl(bench.home)
    process = ctl.start("--json", "migrate", bench.lab.instance(bench.home), "--to", bench.away(), *SLOW)
    tap.wait_for_job(bench.lab, bench.home, lambda j: j["phase"] == "copy")
    ask(bench, "path-switch", str(TEID), "cell", "10.128.0.2", "cell-teid", "8")
    out, err = process.communicate(timeout=120)
    expect_equal(process.returncode, 0, f"exit of the move: {out} {err}")
    bench.home = bench.away()
    expect("10.128.0.2" in str(cell_of(bench)), f"the subscriber is in {cell_of(bench)}")
    ask(bench, "session", "remove", str(TEID))


def usage_is_exact(bench):
    expect_equal(bench.lab.role.usage_error(bench.lab, bench.home), 0, "octets that are counted wrongly")


def cases(t):
    with Bench(t, "slim-e2e", **LOAD) as bench:
        bench.case("moves there and back", there_and_back)
        bench.case("moves several times", several_in_a_row)
        bench.case("a path switch by command while it moves", switched_by_command_in_copy)
        result = bench.judge()
        t.comment(result["cells"])
        # One: of the subscriber whom the control plane moved, and the generator does not know.
        t.case("no end marker came unasked", expect_equal, result["cells"]["stray_end_markers"], 1,
               "end markers that the generator did not wait for")
        t.case("usage counters are exact", usage_is_exact, bench)
    with Bench(t, "slim-e2e", follow_subscribers=False, **LOAD) as bench:
        bench.case("a gateway that does not follow", there_and_back, spoilt=Spoilt("wrong_cell"))
        bench.judge()


if __name__ == "__main__":
    sys.exit(tap.run(cases))
