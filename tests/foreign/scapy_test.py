#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Packets that scapy builds on one side and takes apart on the other: addresses, time to live, every checksum,
ICMP errors with what they quote, fragments in any order."""

import sys

from world import INSIDE_MAC, OUTSIDE_MAC, POOL, World
import tap
from slimlab.process import run
from wire import ICMP, IP, TCP, UDP, Raw, Wire, quoted, rebuilt
from scapy.layers.inet import IPOption, defragment, fragment  # wire quiets scapy first

SUBSCRIBER, PEER, HOP = "100.65.0.7", "198.18.0.9", "198.18.0.1"
PORT, PEER_PORT = 5000, 53
TTL = 61
PAYLOAD = bytes(range(256)) * 12


class Sides:
    """The wire inside, the wire outside, and the mapping of each protocol."""

    def __init__(self, world):
        self.world = world
        self.inside = Wire(world, "client", INSIDE_MAC)
        self.outside = Wire(world, "router", OUTSIDE_MAC)
        self.ports = {}

    def out(self, *packets, n=None):
        """From inside; what comes out outside, whose checksums are right."""
        self.inside.send(*packets)
        return sound(self.outside.take(n or len(packets), lambda p: p.dst == PEER))

    def back(self, *packets, n=None):
        self.outside.send(*packets)
        return sound(self.inside.take(n or len(packets), lambda p: p.dst == SUBSCRIBER))

    def mapped(self, protocol):
        """The external port (or query identifier) of the subscriber's one."""
        if protocol not in self.ports:
            self.ports[protocol] = port_of(self.out(IP(src=SUBSCRIBER, dst=PEER) / message(protocol, PORT))[0])
        return self.ports[protocol]

    def counted(self, name, *packets):
        """Packets from inside that all are dropped by that name. A packet that passes behind them shows that they
        have been handled."""
        self.mapped("udp")
        before = self.world.counters()[name]
        taken = self.out(*packets, IP(src=SUBSCRIBER, dst=PEER) / message("udp", PORT, b"behind"), n=1)
        tap.expect_equal(taken[0][Raw].load, b"behind", "the packet that comes out first")
        tap.expect_equal(self.world.counters()[name] - before, len(packets), name)


def sound(packets):
    for packet in packets:
        tap.expect_equal(bytes(packet).hex(), rebuilt(packet).hex(), f"checksums of {packet.summary()}")
    return packets


def message(protocol, port, payload=b"question"):
    if protocol == "udp":
        return UDP(sport=port, dport=PEER_PORT) / Raw(payload)
    if protocol == "tcp":
        return TCP(sport=port, dport=PEER_PORT, flags="S", seq=7, options=[("MSS", 1460)]) / Raw(payload)
    return ICMP(type=8, id=port, seq=3) / Raw(payload)


def answer(protocol, port, payload=b"answer"):
    if protocol == "udp":
        return UDP(sport=PEER_PORT, dport=port) / Raw(payload)
    if protocol == "tcp":
        return TCP(sport=PEER_PORT, dport=port, flags="SA", seq=9, ack=8) / Raw(payload)
    return ICMP(type=0, id=port, seq=3) / Raw(payload)


def port_of(packet, towards=False):
    if ICMP in packet:
        return packet[ICMP].id
    return packet.payload.dport if towards else packet.payload.sport


def translated(sides, protocol):
    port = sides.mapped(protocol)
    packet = sides.out(IP(src=SUBSCRIBER, dst=PEER, ttl=TTL, tos=0x28) / message(protocol, PORT))[0]
    tap.expect_equal((packet.src, packet.ttl, packet.tos, port_of(packet), packet[Raw].load),
                     (POOL, TTL - 1, 0x28, port, b"question"), "outward")
    packet = sides.back(IP(src=PEER, dst=POOL, ttl=TTL) / answer(protocol, port))[0]
    tap.expect_equal((packet.src, packet.ttl, port_of(packet, True), packet[Raw].load),
                     (PEER, TTL - 1, PORT, b"answer"), "inward")


def no_checksum_stays_none(sides):
    port = sides.mapped("udp")
    packet = sides.out(IP(src=SUBSCRIBER, dst=PEER) / UDP(sport=PORT, dport=PEER_PORT, chksum=0) / Raw(b"none"))[0]
    tap.expect_equal(packet[UDP].chksum, 0, "outward")
    packet = sides.back(IP(src=PEER, dst=POOL) / UDP(sport=PEER_PORT, dport=port, chksum=0) / Raw(b"none"))[0]
    tap.expect_equal(packet[UDP].chksum, 0, "inward")


def cut(packet, size):
    return Raw(bytes(packet)[:20 + size])


def same_quote(seen, sent, size):
    """As the other end sent it, time to live included; of the transport at least what was quoted."""
    seen, sent = bytes(seen), bytes(sent)
    tap.expect_equal(seen[:20 + size].hex(), sent[:20 + size].hex(), "the quoted packet")


def error_inward(sides, protocol, size):
    """A hop outside quotes what it saw; the subscriber sees what it sent, with the time to live of the hop."""
    sides.mapped(protocol)
    sent = IP(src=SUBSCRIBER, dst=PEER, ttl=TTL, id=77, flags="DF") / message(protocol, PORT)
    seen = sides.out(sent)[0]
    error = sides.back(IP(src=HOP, dst=POOL) / ICMP(type=3, code=4, nexthopmtu=1300) / cut(seen, size))[0]
    tap.expect_equal((error.src, error[ICMP].type, error[ICMP].code, error[ICMP].nexthopmtu), (HOP, 3, 4, 1300), "error")
    sent.ttl = TTL - 1
    del sent.chksum
    same_quote(quoted(error), IP(bytes(sent)), size)


def error_outward(sides, protocol, size):
    """The subscriber quotes what it was sent; the peer sees what it sent."""
    port = sides.mapped(protocol)
    sent = IP(src=PEER, dst=POOL, ttl=TTL, id=78, flags="DF") / answer(protocol, port)
    seen = sides.back(sent)[0]
    error = sides.out(IP(src=SUBSCRIBER, dst=PEER) / ICMP(type=3, code=3) / cut(seen, size))[0]
    tap.expect_equal((error.src, error[ICMP].type, error[ICMP].code), (POOL, 3, 3), "error")
    sent.ttl = TTL - 1
    same_quote(quoted(error), IP(bytes(sent)), size)


def pieces(packet, size=800):
    return fragment(IP(bytes(packet)), fragsize=size)


def whole(fragments):
    """Put together by scapy, with the checksum of its transport right."""
    packets = defragment(fragments)
    tap.expect_equal(len(packets), 1, "datagrams")
    packet = IP(bytes(packets[0]))
    return sound([packet])[0]


def fragments_pass(sides, protocol, order):
    port = sides.mapped(protocol)
    parts = order(pieces(IP(src=SUBSCRIBER, dst=PEER, id=900) / message(protocol, PORT, PAYLOAD)))
    packet = whole(sides.out(*parts))
    tap.expect_equal((packet.src, port_of(packet), packet[Raw].load == PAYLOAD), (POOL, port, True), "outward")
    parts = order(pieces(IP(src=PEER, dst=POOL, id=901) / answer(protocol, port, PAYLOAD)))
    packet = whole(sides.back(*parts))
    tap.expect_equal((port_of(packet, True), packet[Raw].load == PAYLOAD), (PORT, True), "inward")


def overlapping_fragments_pass_as_they_are(sides):
    """Nothing is put together here: who gets them decides what an overlap means."""
    parts = pieces(IP(src=SUBSCRIBER, dst=PEER, id=902) / message("udp", PORT, PAYLOAD))
    again = parts[1].copy()
    again[Raw].load = b"x" * len(again[Raw].load)
    seen = sides.out(parts[0], parts[1], again, *parts[2:])
    tap.expect_equal([p.frag for p in seen], [p.frag for p in (parts[0], parts[1], again, *parts[2:])], "offsets")
    tap.expect_equal(len({p.id for p in seen}), 1, "identifications")
    tap.expect_equal(seen[2][Raw].load, again[Raw].load, "the overlapping one")


def tiny_fragments_are_dropped(sides):
    """RFC 1858, RFC 3128: the flags of TCP are in the first fragment, and no later one writes over them."""
    first = IP(src=SUBSCRIBER, dst=PEER, id=903, flags="MF", proto=6) / Raw(bytes(message("tcp", PORT))[:16])
    over = IP(src=SUBSCRIBER, dst=PEER, id=904, frag=1, proto=6) / Raw(bytes(16))
    sides.counted("drop_fragment_header", first, over)


def wrong_checksums_are_dropped(sides):
    sides.counted("drop_ip_checksum", IP(src=SUBSCRIBER, dst=PEER, chksum=1) / message("udp", PORT))


def odd_lengths(sides):
    """A checksum over an odd number of bytes is the one that goes wrong first."""
    for size in range(1, 40):
        sides.out(IP(src=SUBSCRIBER, dst=PEER) / message("udp", PORT, bytes([255]) * size),
                  IP(src=SUBSCRIBER, dst=PEER) / message("tcp", PORT, bytes([255]) * size),
                  IP(src=SUBSCRIBER, dst=PEER) / message("icmp", PORT, bytes([255]) * size))


def options_are_kept(sides):
    packet = sides.out(IP(src=SUBSCRIBER, dst=PEER, options=IPOption(b"\x01\x01\x01\x00")) / message("udp", PORT))[0]
    tap.expect_equal(packet.ihl, 6, "header length")


ORDERS = {"in order": list, "last first": lambda parts: parts[::-1],
          "the first one in the midst": lambda parts: [parts[1], parts[0], *parts[2:]]}


def cases(t):
    with World(t) as world:
        world.start_nat(inside={"routes": [{"prefix": "100.65.0.0/16", "via": "100.64.0.7"}]})
        run("ip", "route", "add", "blackhole", "198.18.0.0/15", netns=world.netns("router"))
        sides = Sides(world)
        for protocol in ("udp", "tcp", "icmp"):
            t.case(f"{protocol} is translated both ways", translated, sides, protocol)
            for size in (8, 28):
                t.case(f"error from outside about {size} bytes of {protocol}", error_inward, sides, protocol, size)
                t.case(f"error from inside about {size} bytes of {protocol}", error_outward, sides, protocol, size)
        t.case("a UDP checksum of zero stays zero", no_checksum_stays_none, sides)
        t.case("odd lengths", odd_lengths, sides)
        t.case("IPv4 options are kept", options_are_kept, sides)
        for name, order in ORDERS.items():
            for protocol in ("udp", "tcp", "icmp"):
                t.case(f"fragments of {protocol}, {name}", fragments_pass, sides, protocol, order)
        t.case("overlapping fragments pass as they are", overlapping_fragments_pass_as_they_are, sides)
        t.case("tiny fragments are dropped", tiny_fragments_are_dropped, sides)
        t.case("a wrong header checksum is dropped", wrong_checksums_are_dropped, sides)
        t.case("the NAT ends well", world.stop_nat)


if __name__ == "__main__":
    sys.exit(tap.run(cases))
