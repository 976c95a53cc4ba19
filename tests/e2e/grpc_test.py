#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A client in another language moves an NF: over the unix socket, and over TCP with TLS."""

import json
import os
import sys

import tap
from load import Bench, check_result, expect, expect_equal
from slimlab.lab import HOSTS
from slimlab.process import CommandFailed, run

CLIENT = os.path.realpath(f"{os.path.dirname(__file__)}/grpc_client.py")


def ask(bench, host, *args, tls=False):
    lab = bench.lab
    address = f"unix:{lab.folder}/{host}/slimd.sock"
    options = []
    if tls:
        address = f"{HOSTS[host].address}:7442"
        options = ["--ca", f"{lab.pki}/ca.pem", "--cert", f"{lab.pki}/{HOSTS[host].other}.pem",
                   "--key", f"{lab.pki}/{HOSTS[host].other}.key"]
    out = run("/usr/bin/python3", CLIENT, address, *args, *options, netns=lab.netns(HOSTS[host].other),
              env={"https_proxy": "", "http_proxy": "", "GRPC_VERBOSITY": "ERROR"}, seconds=120)
    return json.loads(out.strip().splitlines()[-1])


def lists(bench, tls):
    said = ask(bench, "a", tls=tls)
    expect_equal([nf["name"] for nf in said["nfs"]], ["nat-a"], "NFs of host a")
    expect(said["version"]["version"], "no version")


def tells_why(bench):
    try:
        ask(bench, "a", "nobody")
    except CommandFailed as refusal:
        expect("NOT_FOUND REASON_UNKNOWN_NF: " in str(refusal), str(refusal))
    else:
        expect(False, "an NF that is not there was shown")


def moves(bench, tls):
    source = bench.home
    said = ask(bench, source, bench.lab.instance(source), HOSTS[source].other, tls=tls)
    bench.home = HOSTS[source].other
    expect_equal(said["job"]["state"], "JOB_COMPLETE", "state of the job")
    expect(said["updates"] > 1 and said["phases"][-1] == "done", f"progress: {said['phases']}")
    check_result(said["job"]["result"])
    bench.expect_serving(bench.home)


def cases(t):
    with Bench(t, "slim-e2e") as bench:
        bench.case("a Python client lists NFs", lists, False)
        bench.case("a Python client lists NFs over TLS", lists, True)
        bench.case("a Python client reads why a call is refused", tells_why)
        bench.case("a Python client moves an NF and follows it", moves, False)
        bench.case("a Python client moves it back over TLS", moves, True)
        bench.judge()


if __name__ == "__main__":
    sys.exit(tap.run(cases))
