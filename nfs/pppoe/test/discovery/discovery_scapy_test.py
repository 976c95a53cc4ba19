#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What clients send in the discovery stage is built by scapy, and what the concentrator answers is taken apart by scapy and
by tshark: two readers of RFC 2516 and RFC 4638 that share nothing with it. Prints TAP.

    discovery_scapy_test.py DISCOVERY_PLAY

Each test names what kills it: mostly one octet of a head or tag."""

import logging
import os
import subprocess
import sys
import tempfile
import traceback

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether  # noqa: E402
from scapy.layers.ppp import PPPoED, PPPoED_Tags, PPPoETag  # noqa: E402
from scapy.packet import Padding, Raw  # noqa: E402
from scapy.utils import wrpcap  # noqa: E402

AC_MAC, CLIENT, CLIENT_2, ALL = "02:00:00:00:01:01", "02:00:00:00:00:07", "02:00:00:00:00:09", "ff:ff:ff:ff:ff:ff"
PADI, PADO, PADR, PADS, PADT = 0x09, 0x07, 0x19, 0x65, 0xA7
SERVICE, AC_NAME, UNIQUE, COOKIE, VENDOR, RELAY, PAYLOAD = 0x101, 0x102, 0x103, 0x104, 0x105, 0x110, 0x120
SERVICE_ERROR, SYSTEM_ERROR = 0x201, 0x202


def tags(*pairs):
    return PPPoED_Tags(tag_list=[PPPoETag(tag_type=t, tag_value=v) for t, v in pairs])


def message(code, *pairs, sessionid=0):
    """With its length, which scapy leaves to who sends."""
    built = tags(*pairs)
    return PPPoED(code=code, sessionid=sessionid, len=len(bytes(built))) / built


def line_ids(circuit, remote):
    """TR-101 section 3.9.2."""
    return (VENDOR, b"\0\0\x0d\xe9" + bytes([1, len(circuit)]) + circuit + bytes([2, len(remote)]) + remote)


class Concentrator:
    def __init__(self, program, n_tags=1):
        self.process = subprocess.Popen([program, str(n_tags)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(10) == 0, "the concentrator ended badly"
        self.process.stdout.close()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answers = []
        while True:
            answer = self.process.stdout.readline().strip()
            assert answer, "the concentrator is gone"
            if answer == "done":
                return answers
            answers.append(answer)

    def say(self, packet, client=CLIENT, vlans=()):
        """All frames that left. To build one anew changes no octet; what is behind the packet is zeros up to 60 octets."""
        to = ALL if packet.code == PADI else AC_MAC
        frame = Ether(src=client, dst=to)
        for layer in vlans:
            frame = frame / layer.copy()
        frame = bytes(frame / packet)
        return self.frames(self.ask("access " + frame.hex()))

    def wait(self, seconds):
        return self.frames(self.ask(f"wait {seconds}"))

    def frames(self, answers):
        """Those of the discovery stage."""
        frames = []
        for answer in answers:
            octets = bytes.fromhex(answer.split()[1])
            taken = Ether(octets)
            if PPPoED not in taken:
                continue
            assert bytes(taken) == octets, taken.show(dump=True)
            self.seen.append(taken.copy())
            if Padding in taken:
                assert len(octets) == 60 and not any(taken[Padding].load), taken.show(dump=True)
            frames.append(taken)
        return frames

    def answer(self, packet, client=CLIENT, vlans=()):
        """The one PPPoE packet that is answered, to who asked, with its tags."""
        (frame,) = self.say(packet, client, vlans)
        assert (frame.src, frame.dst) == (AC_MAC, client)
        got = [(type(layer), layer.vlan) for layer in frame.iterpayloads() if isinstance(layer, (Dot1AD, Dot1Q))]
        assert got == [(type(layer), layer.vlan) for layer in vlans], frame.show(dump=True)
        head = frame[PPPoED]
        assert (head.version, head.type) == (1, 1)
        listed = frame[PPPoED_Tags].tag_list
        assert head.len == sum(4 + len(t.tag_value) for t in listed), frame.show(dump=True)
        return head, [(t.tag_type, t.tag_value) for t in listed]

    def offer(self, client=CLIENT, vlans=(), *more):
        """A PADO's cookie."""
        head, got = self.answer(message(PADI, (SERVICE, b""), *more), client, vlans)
        assert (head.code, head.sessionid) == (PADO, 0)
        return dict(got)[COOKIE]

    def session(self, number):
        return self.ask(f"session {number}")


# ---- offers ----------------------------------------------------------------------------------------------------


def padi_is_answered(c):
    """Killed by: an octet of any head or tag; a tag too many."""
    head, got = c.answer(message(PADI, (SERVICE, b""), (UNIQUE, b"\x01\0\xff")))
    assert (head.code, head.sessionid) == (PADO, 0)
    cookie = dict(got)[COOKIE]
    assert len(cookie) == 20
    assert got == [(AC_NAME, b"ac-1"), (SERVICE, b""), (COOKIE, cookie), (UNIQUE, b"\x01\0\xff"),
                   (SERVICE, b"internet"), (SERVICE, b"voice")]


def service_is_offered_first(c):
    _, got = c.answer(message(PADI, (UNIQUE, b""), (SERVICE, b"voice"), (RELAY, b"r" * 12)))
    assert [v for t, v in got if t == SERVICE] == [b"voice", b"internet"]
    assert (RELAY, b"r" * 12) in got and (UNIQUE, b"") in got
    assert c.say(message(PADI, (SERVICE, b"video"))) == []


def other_tags_are_skipped(c):
    """Tags that scapy knows and a concentrator need not (RFC 5578), and one that nobody knows; what stands behind the end.
    Killed by: an unknown tag that ends the list."""
    _, got = c.answer(message(PADI, (0x106, b"\0\x01\0\x01"), (0x107, b"x" * 10), (0x7F77, b"?"), (SERVICE, b""),
                              (UNIQUE, b"u"), (0, b""), (RELAY, b"behind")))
    assert (UNIQUE, b"u") in got and not [v for t, v in got if t == RELAY]


def cookies_are_of_clients(c):
    """Killed by: a MAC address or VLAN that is not in it."""
    cookies = [c.offer(), c.offer(CLIENT_2), c.offer(CLIENT, (Dot1Q(vlan=7),)), c.offer(CLIENT, (Dot1Q(vlan=8),))]
    assert len({cookie[4:] for cookie in cookies}) == 4
    assert c.offer()[4:] == cookies[0][4:], "time stands still, so it is the same"


# ---- sessions --------------------------------------------------------------------------------------------------


def padr_makes_a_session(c):
    """Killed by: an id of other octets; a tag that is not sent back."""
    asked = message(PADR, (SERVICE, b"internet"), (COOKIE, c.offer()), (UNIQUE, b"host"), (RELAY, b"relay"))
    head, got = c.answer(asked)
    assert head.code == PADS and head.sessionid not in (0, 0xFFFF)
    assert got == [(SERVICE, b"internet"), (UNIQUE, b"host"), (RELAY, b"relay")]
    assert c.session(head.sessionid) == [f'session {CLIENT.upper()} 0 0 0 "" ""']
    again, got_again = c.answer(asked)
    assert (again.sessionid, got_again) == (head.sessionid, got)


def lines_have_tags(c, vlans=(Dot1Q(vlan=4094),)):
    cookie = c.offer(CLIENT, vlans)
    head, _ = c.answer(message(PADR, (SERVICE, b""), (COOKIE, cookie)), CLIENT, vlans)
    numbers = [layer.vlan for layer in vlans] + [0]
    assert c.session(head.sessionid) == [f'session {CLIENT.upper()} {numbers[0]} {numbers[1]} 0 "" ""']
    assert c.say(message(PADT, sessionid=head.sessionid)) == []
    assert c.session(head.sessionid), "no PADT of another VLAN ends it"
    assert c.say(message(PADT, sessionid=head.sessionid), CLIENT, vlans) == []
    assert c.session(head.sessionid) == []


def line_ids_are_kept(c):
    """Killed by: a sub-option's type or length in another place."""
    ids = line_ids(b"node eth 1/2:3", b"subscriber 7")
    head, got = c.answer(message(PADR, ids, (SERVICE, b""), (COOKIE, c.offer(CLIENT, (), ids))))
    assert c.session(head.sessionid) == [f'session {CLIENT.upper()} 0 0 0 "node eth 1/2:3" "subscriber 7"']
    assert VENDOR not in dict(got)


def max_payload_is_agreed_on(c):
    """RFC 4638 section 4. Killed by: octets exchanged; a value of 1492 and less sent back."""
    for n, (asked, right) in enumerate([(1500, 1500), (1493, 1493), (1492, 0), (9000, 1500)]):
        client = f"02:00:00:00:01:{n:02x}"
        tag = (PAYLOAD, asked.to_bytes(2, "big"))
        expected = [right.to_bytes(2, "big")] if right else []
        _, offered = c.answer(message(PADI, (SERVICE, b""), tag), client)
        assert [v for t, v in offered if t == PAYLOAD] == expected
        head, got = c.answer(message(PADR, (SERVICE, b""), (COOKIE, dict(offered)[COOKIE]), tag), client)
        assert [v for t, v in got if t == PAYLOAD] == expected
        assert c.session(head.sessionid) == [f'session {client.upper()} 0 0 {right} "" ""']


def padt_ends_a_session(c):
    head, _ = c.answer(message(PADR, (SERVICE, b""), (COOKIE, c.offer())))
    assert c.say(message(PADT, sessionid=head.sessionid), CLIENT_2) == []
    assert c.session(head.sessionid)
    assert c.say(message(PADT, (0x203, b"bye"), sessionid=head.sessionid)) == []
    assert c.session(head.sessionid) == []


def padt_is_sent(c):
    """A client that says nothing: in the end the concentrator gives up. Killed by: another id; a tag."""
    vlans = (Dot1Q(vlan=9),)
    head, _ = c.answer(message(PADR, (SERVICE, b""), (COOKIE, c.offer(CLIENT, vlans))), CLIENT, vlans)
    (frame,) = c.wait(60)
    assert (frame.src, frame.dst, frame[Dot1Q].vlan) == (AC_MAC, CLIENT, 9)
    padt = frame[PPPoED]
    assert (padt.version, padt.type, padt.code, padt.sessionid) == (1, 1, PADT, head.sessionid)
    assert padt.len == 0 or PPPoED_Tags in padt
    assert c.session(head.sessionid) == []


# ---- refusals --------------------------------------------------------------------------------------------------


def another_service_is_refused(c):
    head, got = c.answer(message(PADR, (SERVICE, b"video"), (COOKIE, c.offer()), (UNIQUE, b"u"), (RELAY, b"r")))
    assert (head.code, head.sessionid) == (PADS, 0)
    assert got == [(SERVICE_ERROR, b"no such service"), (UNIQUE, b"u"), (RELAY, b"r")]


def too_many_sessions_are_refused(c):
    for vlan in (1, 2):
        vlans = (Dot1Q(vlan=vlan),)
        head, _ = c.answer(message(PADR, (SERVICE, b""), (COOKIE, c.offer(CLIENT, vlans))), CLIENT, vlans)
        assert head.sessionid
    head, got = c.answer(message(PADR, (SERVICE, b""), (COOKIE, c.offer()), (UNIQUE, b"u")))
    assert (head.code, head.sessionid) == (PADS, 0)
    assert got == [(SYSTEM_ERROR, b"too many sessions"), (UNIQUE, b"u")]


def forged_cookies_get_silence(c):
    cookie = c.offer()
    for forged in (b"", cookie[:-1], cookie + b"\0", bytes(20), cookie[:-1] + bytes([cookie[-1] ^ 1])):
        assert c.say(message(PADR, (SERVICE, b""), (COOKIE, forged))) == []
    assert c.say(message(PADR, (SERVICE, b""), (COOKIE, cookie)), CLIENT_2) == []


def lies_get_silence(c):
    """Lengths that scapy writes as it is told. Killed by: a bound that is off by one."""
    good = bytes(tags((SERVICE, b"internet"), (UNIQUE, b"u")))
    assert c.say(PPPoED(len=len(good)) / Raw(good))
    for length in (1, 3, 5, 11, 13, len(good) - 1, len(good) + 1 + 46, 0xFFFF):
        assert c.say(PPPoED(len=length) / Raw(good)) == [], length
    for lie in (7, 9, 0xFFFF):
        lied = PPPoED_Tags(tag_list=[PPPoETag(tag_type=UNIQUE, tag_value=b"u"),
                                     PPPoETag(tag_type=SERVICE, tag_len=lie, tag_value=b"internet")])
        assert c.say(PPPoED(len=len(bytes(lied))) / lied) == [], lie
    for version, kind in ((0, 1), (2, 1), (1, 0), (1, 2)):
        assert c.say(PPPoED(version=version, type=kind, len=len(good)) / Raw(good)) == []


TESTS = [
    padi_is_answered, service_is_offered_first, other_tags_are_skipped, cookies_are_of_clients, padr_makes_a_session,
    lines_have_tags, line_ids_are_kept, max_payload_is_agreed_on, padt_ends_a_session, padt_is_sent, another_service_is_refused,
    too_many_sessions_are_refused, forged_cookies_get_silence, lies_get_silence,
]


def dissect(frames):
    """tshark finds nothing malformed in what was sent, and reads the tags as they are meant."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "discovery.pcap")
        wrpcap(path, frames)

        def tshark(*options):
            return subprocess.run(["tshark", "-n", "-r", path, *options], check=True, capture_output=True, text=True).stdout

        bad = tshark("-Y", "_ws.malformed or _ws.expert.severity >= 0x600000")
        seen = tshark("-T", "fields", "-e", "pppoe.code", "-e", "pppoed.tags.ac_name", "-e", "pppoed.tags.service_name",
                      "-e", "pppoed.tags.max_payload", "-e", "pppoed.tags.service_name_error",
                      "-e", "pppoed.tags.ac_system_error")
    assert not bad, bad
    rows = [row.split("\t") for row in seen.splitlines()]
    assert len(rows) == len(frames)
    assert {int(row[0], 16) for row in rows} == {PADO, PADS, PADT}
    assert all(row[1] == "ac-1" for row in rows if int(row[0], 16) == PADO), seen
    assert any(row[2].endswith("internet,voice") for row in rows), seen
    assert "05dc" in {row[3] for row in rows}, seen
    assert "no such service" in {row[4] for row in rows} and "too many sessions" in {row[5] for row in rows}, seen


def main():
    failed, seen = 0, []

    def check(number, name, function):
        nonlocal failed
        try:
            function()
            print(f"ok {number} - {name}")
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {name}")
            print("# " + traceback.format_exc().replace("\n", "\n# "))

    def play(test, n_tags=1):
        with Concentrator(sys.argv[1], n_tags) as c:
            test(c)
            seen.extend(c.seen)

    for n, test in enumerate(TESTS, 1):
        check(n, test.__name__, lambda t=test: play(t))
    n = len(TESTS)
    two = (Dot1AD(vlan=100), Dot1Q(vlan=200))
    check(n + 1, "lines_have_two_tags", lambda: play(lambda c: lines_have_tags_of(c, two), 2))
    check(n + 2, "tshark_finds_nothing_malformed", lambda: dissect(seen))
    print(f"1..{n + 2}")
    return 1 if failed else 0


def lines_have_tags_of(c, vlans):
    """Killed by: the two exchanged, or their types."""
    lines_have_tags(c, vlans)


if __name__ == "__main__":
    sys.exit(main())
