#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a move promises when the target's slimd fails between END and TAKEN: nothing is lost, and traffic stands
still no longer than the budget and 50 ms. On a switch that shares its cores the proof of a fence takes a good part of
those, so the machine is measured first: what it takes to prepare a move, which is one proof too, is granted on top.
A twin with a budget of a second shows that the measuring sees a gap.

    promises_test.py               a few times each
    promises_test.py --times 20    the number of the promise
"""

import os
import signal
import sys
import time

import tap
from load import Bench, expect
from slimlab import generator, wait

MAX_HOLD_MS = 100
FENCE_MS = 50         # beyond the budget: claim, tell, fence
PLAIN_MOVES = 4
TIMES = int(sys.argv[sys.argv.index("--times") + 1]) if "--times" in sys.argv else 2


class Gaps:
    """The longest gap of a window, against what the machine does by itself."""

    def __init__(self, proof_ms):
        self.proof_ms = proof_ms
        self.cases = []

    def note(self, bench, name, limit_ms):
        """Of the window that has just begun."""
        self.cases.append((bench.windows[-1][0], name, limit_ms))

    def judge(self, t, result):
        quiet = generator.ledger(result, "quiet")["max_gap_us"] / 1e3
        t.comment(f"longest gap while nothing happens: {quiet:.1f} ms; slowest proof: {self.proof_ms:.1f} ms")
        for window, name, limit in self.cases:
            gap = generator.ledger(result, window)["max_gap_us"] / 1e3
            t.case(f"gap of {gap:.0f} ms: {name}", expect, gap <= limit + quiet + self.proof_ms,
                   f"{gap:.1f} ms; allowed are {limit} ms and this machine's {quiet:.1f} and {self.proof_ms:.1f} ms")


def await_slimd(bench, host):
    wait.until(lambda: bench.lab.nf_is_alive(host), f"the NF comes back to slimd {host}", 15)
    bench.lab.await_peers()


def revive(bench, host, how):
    if how == "kill-at-end":
        bench.lab.slimd[host].kill()
        bench.lab.start_slimd(host)
    else:
        os.kill(bench.lab.slimd[host].pid, signal.SIGCONT)
    await_slimd(bench, host)


def start_move(bench, *options):
    ctl = bench.lab.slimctl(bench.home)
    return ctl.start("--json", "migrate", bench.lab.instance(bench.home), "--to", bench.away(), *options)


def has_failed(bench, host):
    """Its slimd has died, or stands still."""
    child = bench.lab.slimd[host]
    if not child.running():
        return True
    with open(f"/proc/{child.pid}/stat", encoding="ascii", errors="replace") as f:
        return f.read().rpartition(")")[2].split()[0] == "T"


def target_daemon_fails(bench, how, budget_ms=MAX_HOLD_MS):
    """Between END and TAKEN, exactly. The source serves again, with all that it held, before the other comes back."""
    host = bench.away()
    process = start_move(bench, "--max-hold", f"{budget_ms}ms", "--fault", how)
    wait.until(lambda: has_failed(bench, host), "the target's slimd fails")
    wait.until(lambda: (bench.lab.show_nf(bench.home) or {}).get("mode") == "pass", "the source serves again", 15)
    revive(bench, host, how)
    process.communicate(timeout=60)
    job = tap.last_job(bench.lab, bench.home)
    expect(job["state"] in ("aborted", "timed_out"), f"{job}")
    bench.expect_serving(bench.home)


def after_end(t):
    with Bench(t, "slim-e2e", allow_faults=True) as bench:
        watch_quiet(bench)
        gaps = Gaps(slowest_proof_ms(bench))
        for how in ("kill-at-end", "stop-at-end"):
            for _ in range(TIMES):
                name = f"the target's slimd fails between END and TAKEN ({how})"
                bench.case(name, target_daemon_fails, how)
                gaps.note(bench, name, MAX_HOLD_MS + FENCE_MS)
        bench.case("the same with a budget of a second", target_daemon_fails, "kill-at-end", 1000, clean=None)
        twin = bench.windows[-1][0]
        bench.case("the next move completes", Bench.move)
        result = bench.judge()
        gaps.judge(t, result)
        gap = generator.ledger(result, twin)["max_gap_us"] / 1e3
        t.case("a gap of a second is seen as one", expect, gap > 500, f"{gap} ms")


def slowest_proof_ms(bench):
    """Of moves that nobody disturbs: how long their preparation took."""
    bench.lab.generator.mark("plain")
    spans = []
    for _ in range(PLAIN_MOVES):
        phases = bench.move()["phases"]
        at = [p["phase"] for p in phases].index("prepare")
        spans.append(int(phases[at + 1]["monotonic_ns"]) - int(phases[at]["monotonic_ns"]))
    return max(spans) / 1e6


def watch_quiet(bench):
    bench.lab.generator.mark("quiet")
    time.sleep(2)  # a part of the measurement


def cases(t):
    after_end(t)


if __name__ == "__main__":
    sys.exit(tap.run(cases))
