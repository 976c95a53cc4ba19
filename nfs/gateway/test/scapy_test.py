#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the gateway takes is built by scapy, and what it sends is taken apart by scapy and by
tshark: two readers of TS 29.281 that share nothing with the gateway. Prints TAP.

    scapy_test.py GATEWAY_PLAY

Each test names what kills it: mostly one octet of a header."""

import logging
import os
import subprocess
import sys
import tempfile
import traceback

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.contrib import gtp  # noqa: E402
from scapy.layers.inet import ICMP, IP, UDP  # noqa: E402
from scapy.layers.inet6 import (ICMPv6MLReport2, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr,  # noqa: E402
                                ICMPv6NDOptSrcLLAddr, ICMPv6PacketTooBig, IPv6, IPv6ExtHdrHopByHop, RouterAlert)
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Padding, Raw  # noqa: E402
from scapy.utils import wrpcap  # noqa: E402

ACCESS_MAC, CORE_MAC, PEER_MAC = "02:00:00:00:01:01", "02:00:00:00:02:01", "02:aa:00:00:00:09"
GATEWAY, CELL, CELL_2 = "192.0.2.1", "192.0.2.11", "192.0.2.12"
SUBSCRIBER, SERVER = "100.64.3.7", "203.0.113.10"
TEID, CELL_TEID = 0x00010007, 0x0000A001
UPLINK, DOWNLINK = 1, 0


def without_padding(frame):
    """What stands behind the packet fills a short frame up, with zeros."""
    assert len(frame) >= 60, f"a frame of {len(frame)} octets"
    if Padding in frame:
        assert len(frame) == 60 and not any(frame[Padding].load), frame.show(dump=True)
        frame[Padding].underlayer.remove_payload()
    return frame


class Gateway:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(10) == 0, "the gateway ended badly"
        self.process.stdout.close()

    def _do(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answers = []
        while True:
            answer = self.process.stdout.readline().strip()
            assert answer, "the gateway is gone"
            if answer == "done":
                return answers
            answers.append(answer)

    def _frames(self, answers, side):
        frames = [Ether(bytes.fromhex(a.split()[1])) for a in answers if a.startswith(side + " ")]
        self.seen += [frame.copy() for frame in frames]
        return [without_padding(frame) for frame in frames]

    def ask(self, command):
        answers = self._do("ask " + command)
        assert answers[0] == "ok", f"{command}: {answers[0]}"
        return self._frames(answers, "access")

    def access(self, payload, cell=CELL, sport=2152):
        """A GTP-U message from a cell; returns what left on both sides."""
        frame = Ether(src=PEER_MAC, dst=ACCESS_MAC) / IP(src=cell, dst=GATEWAY) / UDP(sport=sport, dport=2152) / payload
        self.seen.append(Ether(bytes(frame)))
        answers = self._do("access " + bytes(frame).hex())
        return self._frames(answers, "access"), self._frames(answers, "core")

    def core(self, packet):
        answers = self._do("core " + bytes(Ether(src=PEER_MAC, dst=CORE_MAC) / packet).hex())
        return self._frames(answers, "access")


def inner():
    return IP(src=SUBSCRIBER, dst=SERVER) / UDP(sport=5000, dport=9999) / Raw(b"question")


def answer_packet():
    return IP(src=SERVER, dst=SUBSCRIBER) / UDP(sport=9999, dport=5000) / Raw(b"answer")


def comes_out(gateway, message):
    """The inner packet leaves to the core as it was, one hop older."""
    _, core = gateway.access(message)
    assert len(core) == 1, f"{len(core)} packets left"
    out = core[0][IP]
    expected = IP(bytes(inner()))
    expected.ttl -= 1
    del expected.chksum
    assert bytes(out) == bytes(expected), out.show(dump=True)


def one(frames):
    assert len(frames) == 1, f"{len(frames)} frames left"
    return frames[0]


def tunnel(frame, cell, teid):
    """Checks the outer headers and returns the GTP-U header as scapy sees it."""
    assert (frame[IP].src, frame[IP].dst) == (GATEWAY, cell)
    assert frame[UDP].dport == 2152 and frame[UDP].len == len(frame[UDP])
    header = frame[gtp.GTP_U_Header]
    assert header.version == 1 and header.PT == 1
    assert header.length == len(header) - 8
    assert header.teid == teid, hex(header.teid)
    return header


# ---- in ------------------------------------------------------------------------------------------


def plain_g_pdu_is_taken(g):
    comes_out(g, gtp.GTP_U_Header(gtp_type=255, teid=TEID) / inner())


def sequence_number_is_passed_over(g):
    comes_out(g, gtp.GTP_U_Header(gtp_type=255, teid=TEID, S=1, seq=77) / inner())


def n_pdu_number_is_passed_over(g):
    comes_out(g, gtp.GTP_U_Header(gtp_type=255, teid=TEID, PN=1, npdu=7) / inner())


def uplink_container_is_taken(g):
    comes_out(g, gtp.GTP_U_Header(gtp_type=255, teid=TEID, E=1, next_ex=0x85) /
              gtp.GTPPDUSessionContainer(type=UPLINK, QFI=9) / inner())


def long_container_is_taken(g):
    comes_out(g, gtp.GTP_U_Header(gtp_type=255, teid=TEID, E=1, S=1, seq=3, next_ex=0x85) /
              gtp.GTPPDUSessionContainer(type=UPLINK, QFI=9, QMP=1, dlSendTimeRpt=1, dlRecvTime=2, ulSendTime=3,
                                         dlDelayInd=1, dlDelayRslt=4, SNP=1, UlQFISeqNum=5) / inner())


def udp_port_header_is_passed_over(g):
    """Type 0x40: comprehension not required."""
    comes_out(g, gtp.GTP_U_Header(gtp_type=255, teid=TEID, E=1, next_ex=0x40) /
              Raw(bytes(gtp.GTP_UDPPort_ExtensionHeader(udp_port=2152))) / inner())


def pdcp_number_must_be_understood(g):
    """Type 0xC0: the sender is told what is, and the packet is dropped."""
    access, core = g.access(gtp.GTP_U_Header(gtp_type=255, teid=TEID, E=1, S=1, seq=99, next_ex=0xC0) /
                            Raw(bytes(gtp.GTP_PDCP_PDU_ExtensionHeader(pdcp_pdu=1))) / inner())
    assert not core
    header = tunnel(one(access), CELL, 0)
    assert header.gtp_type == 31 and header.S == 1 and header.seq == 99
    # Scapy reads a length of two octets here; by section 8.5 it is one. tshark does, see below.
    assert bytes(header.payload) == bytes([141, 1, 0x85])


def downlink_container_is_refused(g):
    access, core = g.access(gtp.GTP_U_Header(gtp_type=255, teid=TEID, E=1, next_ex=0x85) /
                            gtp.GTPPDUSessionContainer(type=DOWNLINK, QFI=9) / inner())
    assert not access and not core


def end_marker_from_a_cell_is_taken(g):
    access, core = g.access(gtp.GTP_U_Header(gtp_type=254, teid=TEID, length=0))
    assert not access and not core


# ---- out ---------------------------------------------------------------------------------------------


def g_pdu_is_sent(g):
    frame = one(g.core(answer_packet()))
    header = tunnel(frame, CELL, CELL_TEID)
    assert header.gtp_type == 255 and header.E == header.S == header.PN == 0
    packet = header.payload
    assert isinstance(packet, IP) and packet.ttl == 63 and packet.dst == SUBSCRIBER
    assert packet[Raw].load == b"answer"


def container_is_sent(g):
    g.ask("session modify 0x10007 qfi 9")
    header = tunnel(one(g.core(answer_packet())), CELL, CELL_TEID)
    container = header[gtp.GTPPDUSessionContainer]
    assert container.ExtHdrLen == 1 and container.type == DOWNLINK and container.QFI == 9
    assert container.QMP == container.SNP == container.PPP == container.RQI == 0
    assert container.NextExtHdr == 0
    assert container[IP].dst == SUBSCRIBER and container[Raw].load == b"answer"


def end_marker_is_sent_first(g):
    g.core(answer_packet())
    marker = one(g.ask("path-switch 0x10007 cell 192.0.2.12 cell-teid 0xb002"))
    header = tunnel(marker, CELL, CELL_TEID)
    assert header.gtp_type == 254 and header.length == 0
    assert tunnel(one(g.core(answer_packet())), CELL_2, 0xB002).gtp_type == 255


def echo_is_answered(g):
    access, _ = g.access(gtp.GTP_U_Header(gtp_type=1, teid=0, S=1, seq=1234) / gtp.GTPEchoRequest(), sport=40000)
    frame = one(access)
    assert frame[UDP].dport == 40000 and frame[UDP].sport == 2152
    frame[UDP].dport = 2152
    header = tunnel(Ether(bytes(frame)), CELL, 0)
    assert header.gtp_type == 2 and header.seq == 1234
    assert header[gtp.IE_Recovery].restart_counter == 9


def error_indication_is_sent(g):
    access, core = g.access(gtp.GTP_U_Header(gtp_type=255, teid=0x00FF0007) / inner())
    assert not core
    header = tunnel(one(access), CELL, 0)
    assert header.gtp_type == 26 and header.S == 1
    assert header[gtp.IE_TEIDI].TEIDI == 0x00FF0007
    assert header[gtp.IE_GSNAddress].ipv4_address == GATEWAY


def ping_is_answered(g):
    packet = IP(src="203.0.113.9", dst="203.0.113.1") / ICMP(id=7, seq=1) / Raw(b"x" * 30)
    answers = g._do("core " + bytes(Ether(src=PEER_MAC, dst=CORE_MAC) / packet).hex())
    reply = one(g._frames(answers, "core"))
    assert reply[ICMP].type == 0 and reply[ICMP].id == 7
    received = reply[IP].chksum, reply[ICMP].chksum
    del reply[IP].chksum, reply[ICMP].chksum
    rebuilt = Ether(bytes(reply))
    assert (rebuilt[IP].chksum, rebuilt[ICMP].chksum) == received


# ---- IPv6 --------------------------------------------------------------------------------------------


OWN_6, ROUTER_6, GROUP_MAC = "2001:db8:ffff::1", "2001:db8:ffff::2", "33:33:ff:00:00:01"
SUBSCRIBER_6 = "2001:db8:0:7::1234"


def core_frames(g, frame):
    return g._frames(g._do("core " + bytes(frame).hex()), "core")


def advertisement(target=ROUTER_6, hop_limit=255, mac="02:aa:00:00:00:22", **fields):
    return Ether(src=PEER_MAC, dst=CORE_MAC) / IPv6(src=ROUTER_6, dst=OWN_6, hlim=hop_limit) / \
        ICMPv6ND_NA(tgt=target, R=1, S=1, O=1, **fields) / ICMPv6NDOptDstLLAddr(lladdr=mac)


def with_ipv6(g):
    g.ask(f"session modify {TEID} ipv6 2001:db8:0:7::/64")
    solicitation = [f for f in g._frames(g._do("wait 1000"), "core") if ICMPv6ND_NS in f]
    core_frames(g, advertisement())
    g._do("wait 1")
    return one(solicitation)


def uplink_6():
    return gtp.GTP_U_Header(gtp_type=255, teid=TEID) / \
        IPv6(src=SUBSCRIBER_6, dst="2600::1", hlim=64) / UDP(sport=5000, dport=9999) / Raw(b"question")


def right_checksum(frame, layer):
    received = frame[layer].cksum
    del frame[layer].cksum
    assert Ether(bytes(frame))[layer].cksum == received, hex(received)


def router_is_asked_for(g):
    """Killed by: another group, hop limit or checksum."""
    frame = with_ipv6(g)
    assert frame.dst == "33:33:ff:00:00:02" and frame.src == CORE_MAC
    assert (frame[IPv6].src, frame[IPv6].dst, frame[IPv6].hlim) == (OWN_6, "ff02::1:ff00:2", 255)
    assert frame[ICMPv6ND_NS].tgt == ROUTER_6
    assert frame[ICMPv6NDOptSrcLLAddr].lladdr == CORE_MAC
    right_checksum(frame, ICMPv6ND_NS)


def group_is_reported(g):
    """Killed by: another group, a source address, no router alert, a wrong checksum."""
    frame = one([f for f in g._frames(g._do("wait 1000"), "core") if ICMPv6MLReport2 in f])
    assert frame.dst == "33:33:00:00:00:16" and (frame[IPv6].src, frame[IPv6].dst, frame[IPv6].hlim) == ("::", "ff02::16", 1)
    assert [type(option) for option in frame[IPv6ExtHdrHopByHop].options][:1] == [RouterAlert]
    record = one(frame[ICMPv6MLReport2].records)
    assert (record.rtype, record.dst, record.sources) == (4, "ff02::1:ff00:1", [])
    right_checksum(frame, ICMPv6MLReport2)


def uplink_goes_to_the_router(g):
    with_ipv6(g)
    _, core = g.access(uplink_6())
    frame = one(core)
    assert frame.dst == "02:aa:00:00:00:22" and frame.src == CORE_MAC and frame.type == 0x86DD
    assert frame[IPv6].src == SUBSCRIBER_6 and frame[IPv6].hlim == 63
    assert frame[Raw].load == b"question"


def downlink_goes_to_the_prefix(g):
    g.ask(f"session modify {TEID} ipv6 2001:db8:0:7::/64 qfi 5")
    packet = IPv6(src="2600::1", dst="2001:db8:0:7:a:b:c:d") / UDP(sport=1, dport=9999) / Raw(b"answer")
    header = tunnel(one(g.core(packet)), CELL, CELL_TEID)
    assert header[IPv6].dst == "2001:db8:0:7:a:b:c:d" and header[IPv6].hlim == 63
    assert header[gtp.GTPPDUSessionContainer].QFI == 5


def nobody_else_is_the_router(g):
    """Killed by: taking an advertisement that came over a router, is of another, or is damaged."""
    g.ask(f"session modify {TEID} ipv6 2001:db8:0:7::/64")
    for bad in (advertisement(hop_limit=254), advertisement(target="2001:db8:ffff::3"),
                advertisement(cksum=0x1234), advertisement(code=1), advertisement(mac="03:00:00:00:00:01")):
        core_frames(g, bad)
        g._do("wait 1")
        access, core = g.access(uplink_6())
        assert not access and not core


def own_address_is_told(g):
    ask = Ether(src=PEER_MAC, dst=GROUP_MAC) / IPv6(src=ROUTER_6, dst="ff02::1:ff00:1", hlim=255) / \
        ICMPv6ND_NS(tgt=OWN_6) / ICMPv6NDOptSrcLLAddr(lladdr=PEER_MAC)
    frame = one(core_frames(g, ask))
    assert frame.dst == PEER_MAC and frame[IPv6].dst == ROUTER_6 and frame[IPv6].hlim == 255
    told = frame[ICMPv6ND_NA]
    assert (told.tgt, told.S, told.O, told.R) == (OWN_6, 1, 1, 0)
    assert frame[ICMPv6NDOptDstLLAddr].lladdr == CORE_MAC
    right_checksum(frame, ICMPv6ND_NA)
    probe = Ether(src=PEER_MAC, dst=GROUP_MAC) / IPv6(src="::", dst="ff02::1:ff00:1", hlim=255) / ICMPv6ND_NS(tgt=OWN_6)
    frame = one(core_frames(g, probe))
    assert frame[IPv6].dst == "ff02::1" and frame[ICMPv6ND_NA].S == 0
    assert not core_frames(g, ask.__class__(bytes(ask).replace(b"\x3a\xff", b"\x3a\xfe", 1)))


# ---- what is too long ----------------------------------------------------------------------------------


def long_answer(size, **fields):
    payload = Raw((bytes(range(250)) * 8)[:size - 28])
    return IP(bytes(IP(src=SERVER, dst=SUBSCRIBER, **fields) / UDP(sport=9999, dport=5000) / payload))


def what_fits_is_sent_whole(g):
    """1500 octets less 20 of IPv4, 8 of UDP and 8 of GTP-U. Killed by: a limit that is off by one."""
    frame = one(g.core(long_answer(1464, flags="DF")))
    assert frame[IP].len == 1500
    tunnel(frame, CELL, CELL_TEID)


def too_long_is_told(g):
    answers = g._do("core " + bytes(Ether(src=PEER_MAC, dst=CORE_MAC) / long_answer(1465, flags="DF")).hex())
    assert not g._frames(answers, "access")
    error = one(g._frames(answers, "core"))
    assert (error[IP].src, error[IP].dst) == ("203.0.113.1", SERVER)
    assert (error[ICMP].type, error[ICMP].code, error[ICMP].nexthopmtu) == (3, 4, 1464)
    assert error[IP].len == 576
    received = error[ICMP].chksum
    del error[ICMP].chksum
    assert Ether(bytes(error))[ICMP].chksum == received


def too_long_is_cut(g):
    """Each piece in a tunnel packet of its own, in order. Killed by: losing one, or one too long."""
    packet = long_answer(1900, id=77)
    frames = g.core(packet)
    assert len(frames) == 2 and all(f[IP].len <= 1500 for f in frames)
    pieces = [tunnel(f, CELL, CELL_TEID).payload for f in frames]
    assert [p.frag * 8 for p in pieces] == [0, len(bytes(pieces[0])) - 20]
    assert [p.flags.MF for p in pieces] == [True, False] and {p.id for p in pieces} == {77}
    assert b"".join(bytes(p)[20:] for p in pieces) == bytes(packet)[20:]


def too_long_is_told_ipv6(g):
    with_ipv6(g)
    packet = IPv6(src="2600::1", dst=SUBSCRIBER_6) / UDP(sport=1, dport=9999) / Raw(b"x" * 1417)
    answers = g._do("core " + bytes(Ether(src=PEER_MAC, dst=CORE_MAC) / packet).hex())
    error = one(g._frames(answers, "core"))
    assert (error[IPv6].src, error[IPv6].dst, error[IPv6].plen) == (OWN_6, "2600::1", 1240)
    assert error[ICMPv6PacketTooBig].mtu == 1464
    right_checksum(error, ICMPv6PacketTooBig)


def time_exceeded_is_told_both_ways(g):
    packet = IP(src=SERVER, dst=SUBSCRIBER, ttl=1) / UDP(sport=9999, dport=5000)
    answers = g._do("core " + bytes(Ether(src=PEER_MAC, dst=CORE_MAC) / packet).hex())
    error = one(g._frames(answers, "core"))
    assert (error[IP].dst, error[ICMP].type, error[ICMP].code) == (SERVER, 11, 0)
    packet = IP(src=SUBSCRIBER, dst=SERVER, ttl=1) / UDP(sport=5000, dport=9999)
    access, core = g.access(gtp.GTP_U_Header(gtp_type=255, teid=TEID) / packet)
    assert not core
    error = tunnel(one(access), CELL, CELL_TEID).payload
    assert (error.src, error.dst, error[ICMP].type) == ("203.0.113.1", SUBSCRIBER, 11)
    # Never about an error.
    packet = IP(src=SERVER, dst=SUBSCRIBER, ttl=1) / ICMP(type=3, code=1) / IP(src=SUBSCRIBER, dst=SERVER)
    assert not g._do("core " + bytes(Ether(src=PEER_MAC, dst=CORE_MAC) / packet).hex())


def foreign_sources_are_dropped(g):
    with_ipv6(g)
    packet = IPv6(src="2001:db8:0:107::1", dst="2600::1") / UDP(sport=5000, dport=9999)
    access, core = g.access(gtp.GTP_U_Header(gtp_type=255, teid=TEID) / packet)
    assert not access and not core


TESTS = [
    plain_g_pdu_is_taken, sequence_number_is_passed_over, n_pdu_number_is_passed_over,
    uplink_container_is_taken, long_container_is_taken, udp_port_header_is_passed_over,
    pdcp_number_must_be_understood, downlink_container_is_refused, end_marker_from_a_cell_is_taken,
    g_pdu_is_sent, container_is_sent, end_marker_is_sent_first, echo_is_answered,
    error_indication_is_sent, ping_is_answered,
    router_is_asked_for, group_is_reported, uplink_goes_to_the_router, downlink_goes_to_the_prefix, nobody_else_is_the_router,
    own_address_is_told, what_fits_is_sent_whole, too_long_is_told, too_long_is_cut, too_long_is_told_ipv6,
    time_exceeded_is_told_both_ways, foreign_sources_are_dropped,
]


def dissect(frames):
    """tshark finds nothing malformed in what the gateway sent, and sees the messages that it must."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "gateway.pcap")
        wrpcap(path, frames)
        command = ["tshark", "-r", path, "-o", "gtp.dissect_tpdu_as:TPDU Heuristic"]
        bad = subprocess.run([*command, "-Y", "_ws.malformed or _ws.unreassembled or _ws.expert.severity==error"],
                             check=True, capture_output=True, text=True).stdout
        types = subprocess.run([*command, "-Y", "gtp", "-T", "fields", "-e", "gtp.message"],
                               check=True, capture_output=True, text=True).stdout.split()
    assert not bad, bad
    for name, number in (("echo response", 2), ("error indication", 26),
                         ("supported extension headers", 31), ("end marker", 254), ("G-PDU", 255)):
        assert str(number) in types or f"0x{number:02x}" in types, f"no {name} in {sorted(set(types))}"


def main():
    failed, sent = 0, []

    def check(number, name, function):
        nonlocal failed
        try:
            function()
            print(f"ok {number} - {name}")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {name}")
            print("# " + traceback.format_exc().replace("\n", "\n# "))

    def play(test):
        with Gateway(sys.argv[1]) as gateway:
            gateway.ask(f"session add {TEID} ipv4 {SUBSCRIBER} cell {CELL} cell-teid {CELL_TEID}")
            gateway.seen.clear()
            test(gateway)
            sent.extend(f for f in gateway.seen if f.src == ACCESS_MAC)

    for n, test in enumerate(TESTS, 1):
        check(n, test.__name__, lambda t=test: play(t))
    check(len(TESTS) + 1, "tshark_finds_nothing_malformed", lambda: dissect(sent))
    print(f"1..{len(TESTS) + 1}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
