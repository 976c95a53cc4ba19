#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is read of PPP's control packets is built by scapy, and what is written is taken apart by scapy and by tshark: two
readers of RFC 1661, 1332, 1334, 1994 and 5072 that share nothing with the concentrator. Prints TAP.

    ppp_scapy_test.py PPP_PLAY

Each test names what kills it: mostly one octet of a head."""

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import traceback

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.layers.ppp import (PPP, PPP_CHAP, PPP_CHAP_ChallengeResponse, PPP_IPCP, PPP_IPCP_Option,  # noqa: E402
                              PPP_IPCP_Option_DNS1, PPP_IPCP_Option_DNS2, PPP_IPCP_Option_IPAddress,
                              PPP_IPCP_Option_NBNS1, PPP_LCP, PPP_LCP_Auth_Protocol_Option, PPP_LCP_Configure, PPP_LCP_Echo,
                              PPP_LCP_Magic_Number_Option, PPP_LCP_MRU_Option, PPP_LCP_Option,
                              PPP_LCP_Protocol_Reject, PPP_LCP_Quality_Protocol_Option, PPP_LCP_Terminate,
                              PPP_PAP_Request, PPP_PAP_Response, PPPoE)
from scapy.packet import Raw  # noqa: E402
from scapy.utils import wrpcap  # noqa: E402

LCP, PAP, CHAP, IPCP, IPV6CP = 0xC021, 0xC023, 0xC223, 0x8021, 0x8057
CLIENT_MAC, AC_MAC = "02:00:00:00:00:07", "02:00:00:00:01:01"
MAGIC = 0xDEADBEEF
VALUE = bytes(range(0x20, 0x30))


class Play:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.written = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(10) == 0, "the program ended badly"
        self.process.stdout.close()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer, f"no answer to {line}"
        return answer

    def write(self, protocol, code, identifier, what):
        """The packet in its frame, as scapy reads it. To build it anew changes no octet."""
        octets = bytes.fromhex(self.ask(f"write {protocol:#x} {code} {identifier} {what}"))
        self.written.append(octets)
        packet = PPP(octets)
        assert bytes(packet) == octets and packet.proto == protocol, packet.show(dump=True)
        return packet.payload

    def read(self, packet, padding=b""):
        """What is said of a packet of scapy's."""
        frame = bytes(PPP() / packet)
        protocol, rest = int.from_bytes(frame[:2], "big"), frame[2:]
        return self.ask(f"read {protocol:#x} {(rest + padding).hex()}").split()

    def same(self, packet, protocol, what):
        """Scapy builds octet for octet what is written here."""
        packet = PPP() / packet
        ours = self.ask(f"write {protocol:#x} {packet.payload.code} {packet.payload.id} {what}")
        assert bytes(packet).hex() == ours, f"{bytes(packet).hex()} and {ours}"
        self.written.append(bytes.fromhex(ours))


def text(octets):
    return f"{len(octets)}:{octets.hex()}"


def pairs(packet):
    return [(option.type, bytes(option)[2:]) for option in packet.options]


# ---- LCP -----------------------------------------------------------------------------------------------


def lcp_options():
    return [PPP_LCP_MRU_Option(max_recv_unit=1492), PPP_LCP_Auth_Protocol_Option(auth_protocol=CHAP, algorithm=5),
            PPP_LCP_Magic_Number_Option(magic_number=MAGIC)]


def lcp_configure_is_read(p):
    """Killed by: an option's type or length in another place, a code or identifier of another octet."""
    for code in (1, 2, 3, 4):
        packet = PPP_LCP_Configure(code=code, id=40 + code, options=lcp_options())
        for padding in (b"", b"\0" * 26):
            assert p.read(packet, padding) == [str(code), str(40 + code), "1=05d4", "3=c22305", "5=deadbeef"]
    pap = PPP_LCP_Auth_Protocol_Option(auth_protocol=PAP)
    quality = PPP_LCP_Quality_Protocol_Option(data=b"\0\0\0\x0a")
    flags = [PPP_LCP_Option(type=7, data=b""), PPP_LCP_Option(type=8, data=b"")]
    assert p.read(PPP_LCP_Configure(id=9, options=[pap, quality, *flags])) == \
        ["1", "9", "3=c023", "4=c0250000000a", "7=", "8="]
    assert p.read(PPP_LCP_Configure(id=255, options=[])) == ["1", "255"]


def lcp_configure_is_written(p):
    """Killed by: a length without the head, of the option or of the packet."""
    for code in (1, 2, 3, 4):
        p.same(PPP_LCP_Configure(code=code, id=7, options=lcp_options()), LCP, "options 1=05d4 3=c22305 5=deadbeef")
    packet = p.write(LCP, 1, 8, "options 1=05d4 3=c023 5=00000001")
    assert isinstance(packet, PPP_LCP_Configure) and (packet.code, packet.id, packet.len) == (1, 8, 18)
    mru, auth, magic = packet.options
    assert (mru.max_recv_unit, auth.auth_protocol, magic.magic_number) == (1492, PAP, 1)
    packet = p.write(LCP, 4, 9, "options 7 8")
    assert pairs(packet) == [(7, b""), (8, b"")] and packet.len == 8


def lcp_terminate(p):
    for code in (5, 6):
        p.same(PPP_LCP_Terminate(code=code, id=3, data=b"bye"), LCP, f"data {b'bye'.hex()}")
        assert p.read(PPP_LCP_Terminate(code=code, id=3, data=b"bye")) == [str(code), "3", text(b"bye"), "0:"]
        packet = p.write(LCP, code, 4, "data -")
        assert isinstance(packet, PPP_LCP_Terminate) and (packet.len, packet.data) == (4, b"")


def lcp_rejects(p):
    """Killed by: the rejected protocol behind the rejected packet, or the head that is left out of it."""
    bad = bytes(PPP_LCP(code=77, id=5, data=b"what"))
    packet = p.write(LCP, 7, 10, f"data {bad.hex()}")
    assert packet.code == 7 and bytes(packet.rejected_packet) == bad
    bad = bytes(PPP_IPCP(id=6, options=[PPP_IPCP_Option_IPAddress()]))
    packet = p.write(LCP, 8, 11, f"data 8021{bad.hex()}")
    assert isinstance(packet, PPP_LCP_Protocol_Reject)
    assert packet.rejected_protocol == IPCP and bytes(packet.rejected_information) == bad
    built = PPP_LCP_Protocol_Reject(id=12, rejected_protocol=IPV6CP, rejected_information=Raw(bad))
    assert p.read(built) == ["8", "12", text(b"\x80\x57" + bad), "0:"]


def lcp_echo(p):
    for code in (9, 10):
        p.same(PPP_LCP_Echo(code=code, id=200, magic_number=MAGIC, data=b"x"), LCP, f"data {MAGIC:08x}78")
        assert p.read(PPP_LCP_Echo(code=code, id=200, magic_number=MAGIC))[2] == "4:deadbeef"
    packet = p.write(LCP, 10, 1, f"data {MAGIC:08x}")
    assert isinstance(packet, PPP_LCP_Echo) and (packet.magic_number, packet.data, packet.len) == (MAGIC, b"", 8)


# ---- PAP, CHAP -----------------------------------------------------------------------------------------


def pap_request(p):
    """Killed by: a length of a text that is off by one."""
    for user, password in ((b"ann@slim.test", b"secret"), (b"a", b""), (b"u" * 255, b"p" * 255)):
        built = PPP_PAP_Request(id=1, username=user, password=password)
        assert p.read(built) == ["1", "1", text(user), text(password)]
        p.same(built, PAP, f"pap-request {user.decode()} {password.decode() or '-'}")


def pap_answer(p):
    for code in (2, 3):
        for message in (b"Login-incorrect", b""):
            built = PPP_PAP_Response(code=code, id=2, message=message)
            assert p.read(built) == [str(code), "2", text(message), "0:"]
            p.same(built, PAP, f"pap-answer {message.decode() or '-'}")


def chap_value(p):
    for code, name in ((1, b"slim"), (2, b"ann@slim.test"), (1, b"")):
        built = PPP_CHAP_ChallengeResponse(code=code, id=99, value=VALUE, optional_name=name)
        assert p.read(built) == [str(code), "99", text(VALUE), text(name)]
        octets = bytes(PPP(proto=CHAP) / built)
        packet = p.write(CHAP, code, 99, f"value {VALUE.hex()} {name.decode() or '-'}")
        assert isinstance(packet, PPP_CHAP_ChallengeResponse) and p.written[-1] == octets
        assert (packet.value, packet.optional_name) == (VALUE, name)


def chap_message(p):
    for code in (3, 4):
        packet = p.write(CHAP, code, 99, f"data {b'Welcome'.hex()}")
        assert isinstance(packet, PPP_CHAP) and (packet.code, packet.data) == (code, b"Welcome")


def chap_digest(p):
    """RFC 1994 section 4.1, by Python's hashlib. Killed by: another order."""
    for identifier, secret in ((0, b"secret"), (255, b"s" * 200)):
        expected = hashlib.md5(bytes([identifier]) + secret + VALUE).hexdigest()
        assert p.ask(f"digest {identifier} {secret.decode()} {VALUE.hex()}") == expected


# ---- IPCP, IPV6CP --------------------------------------------------------------------------------------


def ipcp(p):
    """Killed by: a type of RFC 1877 of another number."""
    options = [PPP_IPCP_Option_IPAddress(data="100.64.3.7"), PPP_IPCP_Option_DNS1(data="192.0.2.53"),
               PPP_IPCP_Option_DNS2(data="192.0.2.54")]
    digits = ["3=64400307", "129=c0000235", "131=c0000236"]
    for code in (1, 2, 3):
        built = PPP_IPCP(code=code, id=code, options=options)
        assert p.read(built) == [str(code), str(code), *digits]
        p.same(built, IPCP, "options " + " ".join(digits))
    compression = PPP_IPCP_Option(type=2, data=b"\x00\x2d\x0f\x01")
    reject = PPP_IPCP(code=4, id=9, options=[compression, PPP_IPCP_Option_NBNS1(data="0.0.0.0")])
    assert p.read(reject) == ["4", "9", "2=002d0f01", "130=00000000"]
    p.same(reject, IPCP, "options 2=002d0f01 130=00000000")
    packet = p.write(IPCP, 3, 5, "options 3=64400307")
    assert packet.options[0].data == "100.64.3.7"
    for code in (5, 6):
        assert p.write(IPCP, code, 5, "data -").len == 4


def ipv6cp(p):
    """scapy knows no IPV6CP; its packets have the shape of IPCP's. tshark sees more, below."""
    for code in (1, 2, 3, 4):
        octets = p.ask(f"write {IPV6CP:#x} {code} 6 options 1=020000fffe000007")
        p.written.append(bytes.fromhex(octets))
        packet = PPP_IPCP(p.written[-1][2:])
        assert (packet.code, packet.id, packet.len) == (code, 6, 14)
        assert pairs(packet) == [(1, bytes.fromhex("020000fffe000007"))]
    for code in (5, 6):
        p.written.append(bytes.fromhex(p.ask(f"write {IPV6CP:#x} {code} 7 data -")))


# ---- what lies -----------------------------------------------------------------------------------------


def lies_are_refused(p):
    """Lengths that scapy writes as it is told. Killed by: a bound that is off by one."""
    good = PPP_LCP_Configure(id=1, options=lcp_options())
    size = len(bytes(good))
    for length in (0, 3, size + 1, 0xFFFF):
        assert p.read(PPP_LCP_Configure(id=1, len=length, options=lcp_options())) == ["refused"]
    for length in range(4, size):
        said = p.read(PPP_LCP_Configure(id=1, len=length, options=lcp_options()))
        assert (said[-1] == "refused") == (length not in (4, 8, 13)), f"{length}: {said}"
    assert p.read(PPP_PAP_Request(id=1, username=b"ann", username_len=9, password=b"pw"))[-1] == "refused"
    assert p.read(PPP_PAP_Request(id=1, username=b"ann", password=b"pw", passwd_len=3))[-1] == "refused"
    assert p.read(PPP_PAP_Response(code=2, id=1, message=b"hi", msg_len=3))[-1] == "refused"
    for value_size in (0, 21):
        lie = PPP_CHAP_ChallengeResponse(id=1, value=VALUE, value_size=value_size, optional_name=b"slim")
        octets = bytes(lie)
        assert len(octets) == 25 and p.ask(f"read {CHAP:#x} {octets.hex()}").split()[-1] == "refused"


TESTS = [
    lcp_configure_is_read, lcp_configure_is_written, lcp_terminate, lcp_rejects, lcp_echo,
    pap_request, pap_answer, chap_value, chap_message, chap_digest, ipcp, ipv6cp, lies_are_refused,
]


def dissect(written):
    """tshark finds nothing malformed in what was written, and sees each kind of message."""
    frames = [Ether(src=AC_MAC, dst=CLIENT_MAC, type=0x8864) / PPPoE(sessionid=7, len=len(w)) / Raw(w) for w in written]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "ppp.pcap")
        wrpcap(path, frames)

        def tshark(*options):
            return subprocess.run(["tshark", "-n", "-r", path, *options], check=True, capture_output=True, text=True).stdout

        bad = tshark("-Y", "_ws.malformed or _ws.expert.severity >= 0x600000")
        seen = tshark("-T", "fields", "-E", "occurrence=f", "-e", "ppp.protocol", "-e", "ppp.code", "-e", "pap.code",
                      "-e", "chap.code", "-e", "ipv6cp.opt.interface_identifier")
    assert not bad, bad
    kinds = set()
    for line in seen.splitlines():
        protocol, code, pap, chap, identifier = line.split("\t")
        kinds.add((int(protocol, 16), int(code or pap or chap)))
        if int(protocol, 16) == IPV6CP and int(code) < 5:
            assert identifier.endswith("020000fffe000007"), line
    expected = {(LCP, code) for code in range(1, 11)} | {(PAP, code) for code in (1, 2, 3)} | \
        {(CHAP, code) for code in (1, 2, 3, 4)} | {(protocol, code) for protocol in (IPCP, IPV6CP) for code in range(1, 7)}
    assert kinds == expected, f"missing: {sorted(expected - kinds)}, more: {sorted(kinds - expected)}"


def main():
    failed, written = 0, []

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
        with Play(sys.argv[1]) as program:
            test(program)
            written.extend(program.written)

    for n, test in enumerate(TESTS, 1):
        check(n, test.__name__, lambda t=test: play(t))
    check(len(TESTS) + 1, "tshark_finds_nothing_malformed", lambda: dissect(written))
    print(f"1..{len(TESTS) + 1}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
