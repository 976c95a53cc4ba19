#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Daemons and NFs are killed, jobs are cancelled. Traffic must not notice, and after a restart
the next move must complete."""

import subprocess
import sys

import tap
from load import Bench, expect, expect_equal
from slimlab import wait

SLOW = ("--max-bandwidth", "40K")  # keeps a move in COPY for seconds


def start_slow_move(bench):
    """A move that has reached COPY and will stay there. Returns slimctl's process."""
    ctl = bench.lab.slimctl(bench.home)
    process = ctl.start("--json", "migrate", f"nat-{bench.home}", "--to", bench.away(), *SLOW)
    tap.wait_for_job(bench.lab, bench.home, lambda j: j["phase"] == "copy")
    return process


def end_of(process):
    try:
        process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode


def restart_slimd(bench, host):
    bench.lab.slimd[host].kill()
    bench.lab.start_slimd(host)
    wait.until(lambda: bench.lab.nf_is_alive(host), f"the NF comes back to slimd {host}", 15)
    bench.lab.await_peers()


def restart_ofctld(bench):
    bench.lab.ofctld.kill()
    bench.lab.start_ofctld()


def idle_slimd(bench, host):
    restart_slimd(bench, host)
    bench.expect_serving(bench.home)


def idle_ofctld(bench):
    restart_ofctld(bench)
    shown = bench.lab.slimctl("a").json("steering", "show")
    service = next(s for s in shown["services"] if s["service"] == "nat")
    expect_equal(service["instance"], f"nat-{bench.home}", "serving instance after the restart")


def copy_slimd(bench, host):
    """slimd is killed while rows are copied: the source serves on, the target ends up empty."""
    process = start_slow_move(bench)
    restart_slimd(bench, host)
    expect(end_of(process) != 0, "a move whose daemon was killed did not fail")
    bench.expect_serving(bench.home)


def copy_ofctld(bench):
    """The controller is killed while rows are copied. The move may wait for it or give up."""
    process = start_slow_move(bench)
    restart_ofctld(bench)
    tap.cancel_jobs(bench.lab, bench.home)
    end_of(process)
    bench.expect_serving(bench.home)


def cancel_in_copy(bench):
    process = start_slow_move(bench)
    tap.cancel_jobs(bench.lab, bench.home)
    expect(end_of(process) != 0, "a cancelled move ended as if it had succeeded")
    job = tap.last_job(bench.lab, bench.home)
    expect_equal(job["state"], "cancelled", "state of the job")
    bench.expect_serving(bench.home)


def peer_gone(bench):
    """The other host's daemon is not there at all."""
    host = bench.away()
    bench.lab.slimd[host].kill()
    status, job = bench.lab.migrate(bench.home)
    expect(status != 0, f"moved to a host without slimd: {job}")
    bench.lab.start_slimd(host)
    wait.until(lambda: bench.lab.nf_is_alive(host), f"the NF comes back to slimd {host}", 15)
    bench.lab.await_peers()
    bench.expect_serving(bench.home)


def target_nf_gone(bench):
    """The target NF dies while rows are copied; a new one takes its place."""
    host = bench.away()
    process = start_slow_move(bench)
    bench.lab.nf[host].kill()
    expect(end_of(process) != 0, "a move whose target died did not fail")
    wait.until(lambda: (bench.lab.show_nf(bench.home) or {}).get("mode") == "pass", "the source serves", 15)
    bench.lab.start_nf(host, active=False)
    bench.expect_serving(bench.home)


def next_move(bench):
    bench.move()


def source_nf_gone(bench):
    """The source NF dies while rows are copied: the state is lost with it, and the job says so."""
    process = start_slow_move(bench)
    bench.lab.nf[bench.home].kill()
    expect(end_of(process) != 0, "a move whose source died did not fail")
    job = tap.last_job(bench.lab, bench.home)
    expect("NF_LOST" in str(job["reasons"]), f"reasons: {job['reasons']}")


def cases(t):
    with Bench(t, "slim-e2e") as bench:
        for host in ("a", "b"):
            bench.case(f"kill -9 of slimd {host} while nothing moves", idle_slimd, host)
        bench.case("kill -9 of slim-ofctld while nothing moves", idle_ofctld)
        bench.case("the next move completes", next_move)
        for role in ("source", "target"):
            host = bench.home if role == "source" else bench.away()
            bench.case(f"kill -9 of the {role}'s slimd in copy", copy_slimd, host)
            bench.case(f"the next move completes, after the {role}'s slimd", next_move)
        bench.case("kill -9 of slim-ofctld in copy", copy_ofctld)
        bench.case("the next move completes, after slim-ofctld", next_move)
        bench.case("cancel in copy", cancel_in_copy)
        bench.case("the peer is gone", peer_gone)
        bench.case("the target NF dies in copy", target_nf_gone)
        bench.case("the next move completes, after all that", next_move)
        bench.judge()
    with Bench(t, "slim-e2e") as bench:
        bench.case("the source NF dies in copy", source_nf_gone, spoilt=None)


if __name__ == "__main__":
    sys.exit(tap.run(cases))
