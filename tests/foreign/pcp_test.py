#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients of others ask the NAT for ports: libtorrent by PCP (RFC 6887), and then the world gets in; natpmpc by
NAT-PMP, and is told that it speaks the wrong version."""

import re
import sys

from world import CLIENT, NAT_INSIDE, POOL, World
import tap
from slimlab import wait

PORT = 6881

# A session that asks for its ports, says what it got, and ends them when it leaves.
TORRENT = """
import libtorrent as lt, signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
session = lt.session({"listen_interfaces": sys.argv[1], "enable_natpmp": True, "enable_upnp": False,
                      "enable_dht": False, "enable_lsd": False, "alert_mask": lt.alert.category_t.all_categories})
end = time.monotonic() + 15
seen = set()
while len(seen) < 2 and time.monotonic() < end:
    session.wait_for_alert(1000)
    for alert in session.pop_alerts():
        if isinstance(alert, lt.portmap_alert):
            seen.add(alert.map_protocol)
            print("mapped", alert.map_protocol, alert.external_port, flush=True)
        elif isinstance(alert, (lt.portmap_error_alert, lt.portmap_log_alert)):
            print(alert.message(), flush=True)
if len(seen) == 2:
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})
"""


def tcp_port(torrent):
    return re.search(r"^mapped tcp (\d+)$", torrent.output(), re.M)[1]


def connects(world, torrent):
    """From outside; nobody inside has sent anything there, and the NAT filters by peers."""
    status, _ = world.call("server", "timeout", "1", "bash", "-c", f"exec 3<>/dev/tcp/{POOL}/{tcp_port(torrent)}")
    return status == 0


def gets_ports(world, torrent):
    wait.until(lambda: "ready" in torrent.output(), "two mappings", 20, alive=torrent.gone)
    said = torrent.output()
    tap.expect_equal(len(re.findall(r"<== port map \[ transport: PCP protocol: (?:tcp|udp)", said)), 2, said)


def world_gets_in(world, torrent):
    tap.expect(connects(world, torrent), f"port {tcp_port(torrent)} is closed: {world.counters()}")


def ports_are_given_back(world, torrent):
    before = world.counters()["pcp_granted"]
    torrent.stop()
    tap.expect_equal(world.counters()["pcp_granted"] - before, 2, f"deletions granted: {torrent.output()}")
    tap.expect(not connects(world, torrent), "still open")


def natpmp_is_refused(world):
    status, said = world.call("client", "natpmpc", "-g", NAT_INSIDE)
    tap.expect(status != 0 and "unsupported" in said.lower(), said)
    tap.expect_equal(world.counters()["pcp_refused"], 1, "requests refused")


def cases(t):
    with World(t) as world:
        world.start_nat(filtering="address-and-port-dependent", pcp={"enabled": True})
        t.case("NAT-PMP is refused by its version", natpmp_is_refused, world)
        torrent = world.start("client", ["/usr/bin/python3", "-u", "-c", TORRENT, f"{CLIENT}:{PORT}"], name="libtorrent")
        t.case("libtorrent gets its ports by PCP", gets_ports, world, torrent)
        t.case("the world gets in", world_gets_in, world, torrent)
        t.case("libtorrent gives its ports back", ports_are_given_back, world, torrent)
        t.case("the NAT ends well", world.stop_nat)


if __name__ == "__main__":
    sys.exit(tap.run(cases, ("natpmpc", "bash")))
