#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What coturn says of the NAT: its client behind it and its server with two addresses outside find out
by STUN how it maps, filters and hairpins (RFC 5780, RFC 4787)."""

import sys

from world import CLIENT, POOL, SERVER, SERVER_2, World
import tap

FILTERING = {
    "endpoint-independent": "NAT with Endpoint Independent Filtering!",
    "address-dependent": "NAT with Address Dependent Filtering!",
    "address-and-port-dependent": "NAT with Address and Port Dependent Filtering!",
}
MAPPING = "NAT with Endpoint Independent Mapping!"
HAIRPINNING = "Received a request (maybe a successful hairpinning)"


def start_server(world):
    server = world.start("server", ["turnserver", "-n", "-S", "--listening-ip", SERVER, "--listening-ip", SERVER_2,
                                    "--no-cli", "--no-tcp", "--no-tls", "--no-dtls", "--log-file", "stdout",
                                    "--pidfile", f"{world.folder}/turnserver.pid", "--userdb", f"{world.folder}/turndb"])
    for port in (3478, 3479):
        world.await_port("server", port, server, "-lun")


def discover(world, option, words):
    status, said = world.call("client", "turnutils_natdiscovery", option, "-L", CLIENT, SERVER)
    tap.expect(words in said, f"'{words}' is not in: {said}")
    tap.expect(f"UDP reflexive addr: {POOL}:" in said, f"not by the pool: {said}")
    tap.expect_equal(status, 0, f"exit status: {said}")


def hairpins(world):
    before = world.counters()["hairpinned"]
    discover(world, "-H", HAIRPINNING)
    tap.expect(world.counters()["hairpinned"] > before, "the NAT counted no packet that turned back")


def cases(t):
    with World(t) as world:
        start_server(world)
        world.start_nat()
        t.case("hairpinning", hairpins, world)
        for filtering, words in FILTERING.items():
            world.start_nat(filtering=filtering)
            t.case(f"mapping of a NAT with {filtering} filtering", discover, world, "-m", MAPPING)
            t.case(f"filtering of a NAT with {filtering} filtering", discover, world, "-f", words)
        t.case("the NAT ends well", world.stop_nat)


if __name__ == "__main__":
    sys.exit(tap.run(cases, ("turnserver", "turnutils_natdiscovery", "ethtool")))
