#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What FreeRADIUS says of the concentrator's RADIUS client: log-ins, records, and sessions that its radclient ends. The server is
Debian's, in the foreground, with a configuration made here and ports of its own; nobody else's is touched."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.realpath(f"{os.path.dirname(__file__)}/../e2e"))
import tap  # noqa: E402
from slimlab import freeradius  # noqa: E402
from slimlab.freeradius import ACCT, AUTH, DISCONNECT, SECRET  # noqa: E402

PLAY = f"{os.environ['SLIM_BUILD_FOLDER']}/nfs/pppoe/test/pppoe_radius_play"
LONG = "x" * 120
WAIT_S = 30

USERS = f"""
alice Cleartext-Password := "wonder"
	Framed-IP-Address = 192.0.2.55,
	Session-Timeout = 3600,
	Idle-Timeout = 600,
	Acct-Interim-Interval = 300,
	Class = "gold",
	Reply-Message = "welcome"

bob Cleartext-Password := "builder"
	Framed-IP-Address = 255.255.255.254

long Cleartext-Password := "{LONG}"

admin Cleartext-Password := "root"
	Service-Type = Administrative-User

DEFAULT Auth-Type := Reject
	Reply-Message = "who is that"
"""


# An address of this process alone: no port needs to be looked for.
HOST = f"127.{128 | os.getpid() >> 16 & 63}.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
NOBODY = 1899  # no server there


class Server:
    """A FreeRADIUS of its own folder."""

    def __init__(self, signs=True):
        self.folder = tempfile.mkdtemp(prefix="slim-radius-")
        self.process = subprocess.Popen(freeradius.configure(self.folder, HOST, ["127.0.0.1"], USERS, signs),
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if freeradius.READY in line:
                return
        raise RuntimeError(f"freeradius does not start: {''.join(self.said)}")

    def read(self, name):
        with open(f"{self.folder}/{name}", encoding="utf-8") as file:
            return file.read()

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=WAIT_S)
        subprocess.run(["rm", "-r", self.folder], check=True)


class Play:
    """The client; each line that it is told is answered by one."""

    def __init__(self, auth, acct="-", disconnect="-", timeout=2, tries=2):
        self.process = subprocess.Popen([PLAY, auth, acct, str(timeout), str(tries), disconnect],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def tell(self, line):
        self.process.stdin.write(f"{line}\n")

    def ask(self, line):
        self.tell(line)
        return self.process.stdout.readline().rstrip("\n")

    def end(self):
        self.process.stdin.close()
        status = self.process.wait(timeout=WAIT_S)
        self.process.stdout.close()
        return status


@contextlib.contextmanager
def playing(*args, **options):
    play = Play(*args, **options)
    try:
        yield play
    finally:
        play.end()


def at(port, secret=SECRET):
    return f"{HOST}:{port}:{secret}"


def logs_in(server):
    with playing(at(AUTH)) as play:
        for kind in ("pap", "chap"):
            tap.expect_equal(play.ask(f"{kind} alice wonder"),
                             "good ipv4=192.0.2.55 session=3600 idle=600 interim=300 class=gold message=welcome", kind)
            tap.expect_equal(play.ask(f"{kind} alice wander").split()[0], "bad", f"{kind}, wrong password")
            tap.expect_equal(play.ask(f"{kind} carol wonder"),
                             "bad ipv4=0.0.0.0 session=0 idle=0 interim=0 class= message=who is that", kind)
            tap.expect(play.ask(f"{kind} bob builder").startswith("good ipv4=0.0.0.0 "), f"{kind}: an address of ours")
            tap.expect_equal(play.ask(f"{kind} long {LONG}").split()[0], "good", f"{kind}, a password of 120 octets")
            tap.expect_equal(play.ask(f"{kind} admin root").split()[0], "bad", f"{kind}: not for PPP")
        for counter in ("radius_forged", "radius_unsigned", "radius_stripped", "radius_malformed", "radius_sent_again"):
            tap.expect_equal(play.ask(f"count {counter}"), "0", counter)


def unsigned():
    server = Server(signs=False)
    try:
        with playing(at(AUTH)) as play:
            tap.expect_equal(play.ask("pap alice wonder").split()[0], "good", "an old server")
            tap.expect_equal(play.ask("chap alice wander").split()[0], "bad", "wrong password")
            tap.expect_equal(play.ask("count radius_unsigned"), "2", "counted")
    finally:
        server.stop()


def tells_of_the_line(server):
    asked = server.read("asked")
    for words in ('Calling-Station-Id = "02-00-00-AA-BB-CC"', 'NAS-Identifier = "ac1"', 'NAS-Port-Type = PPPoEoQinQ',
                   'NAS-Port-Id = "vlan 100.200"',
                  f"ADSL-Agent-Circuit-Id = 0x{b'dslam1 eth 0/1'.hex()}",
                  f"ADSL-Agent-Remote-Id = 0x{b'subscriber7'.hex()}", "Service-Type = Framed-User", "Framed-Protocol = PPP",
                  "Message-Authenticator = 0x"):
        tap.expect(words in asked, f"{words} is not in {asked[:2000]}")


def keeps_accounts(server):
    with playing("-", at(ACCT)) as play:
        for kind in ("start", "interim", "stop"):
            play.ask(f"{kind} 0xabc alice")
        tap.expect_equal(play.ask("await accounting_done 3"), "3", "records")
    records = server.read("detail").strip().split("\n\n")
    tap.expect_equal(len(records), 3, "records in the file")
    for record, status in zip(records, ("Start", "Interim-Update", "Stop")):
        for words in (f"Acct-Status-Type = {status}", 'Acct-Session-Id = "0000000000000ABC"', 'User-Name = "alice"',
                      "Framed-IP-Address = 192.0.2.5", "Class = 0x676f6c64", "NAS-Port = 77", "Acct-Delay-Time = 0"):
            tap.expect(words in record, f"{words} is not in {record}")
    for words in ("Acct-Session-Time = 4321", "Acct-Input-Octets = 1000", "Acct-Input-Gigawords = 3",
                  "Acct-Output-Octets = 2000", "Acct-Output-Gigawords = 5", "Acct-Input-Packets = 11",
                  "Acct-Output-Packets = 22"):
        tap.expect(words not in records[0], f"{words} is in the start")
        tap.expect(words in records[1] and words in records[2], f"{words} is not in {records[2]}")
    tap.expect("Acct-Terminate-Cause = Idle-Timeout" in records[2], records[2])
    tap.expect("Acct-Terminate-Cause" not in records[1], records[1])


def wrong_secret(server):
    """The server does not answer, for our signature is wrong."""
    with playing(at(AUTH, "another"), timeout=1, tries=1) as play:
        tap.expect_equal(play.ask("pap alice wonder").split()[0], "silent", "PAP")
        tap.expect_equal(play.ask("count radius_silent"), "1", "counted")


def dead_server(server):
    """Nobody listens at the first one."""
    with playing(f"{at(NOBODY)},{at(AUTH)}", timeout=1, tries=1) as play:
        begun = time.monotonic()
        tap.expect_equal(play.ask("pap alice wonder").split()[0], "good", "by the second server")
        tap.expect_equal(play.ask("count radius_dead"), "1", "dead servers")
        tap.expect(time.monotonic() - begun >= 1, "the first one was waited for")
        tap.expect_equal(play.ask("pap alice wonder").split()[0], "good", "once more")
        tap.expect_equal(play.ask("count radius_next_server"), "1", "the dead one was not asked again")
    with playing(at(NOBODY), timeout=1, tries=2) as play:
        tap.expect_equal(play.ask("chap alice wonder").split()[0], "silent", "no other server")
        tap.expect_equal(play.ask("count radius_sent_again"), "1", "sent again")


def slow_server(server):
    """Stopped in the middle."""
    with playing(at(AUTH), timeout=1, tries=3) as play:
        server.process.send_signal(19)
        tap.expect_equal(play.ask("pap alice wonder").split()[0], "silent", "while it stands still")
        server.process.send_signal(18)
        tap.expect_equal(play.ask("pap alice wonder").split()[0], "good", "when it goes on")


def late_accounting():
    """The server comes when the record is there already."""
    with playing("-", at(ACCT), timeout=1, tries=1) as play:
        play.ask("start 5 alice")
        play.ask("stop 5 alice")
        tap.expect_equal(play.ask("await accounting_again 1"), "1", "kept")
        server = Server()
        try:
            tap.expect_equal(play.ask("await accounting_done 2"), "2", "taken")
            records = server.read("detail").strip().split("\n\n")
            tap.expect("Acct-Status-Type = Start" in records[0], records[0])
            tap.expect("Acct-Delay-Time = 0" not in records[0], records[0])
            tap.expect("Acct-Status-Type = Stop" in records[1], records[1])
        finally:
            server.stop()


def radclient(attributes, secret=SECRET, kind="disconnect", tries=1):
    """What it says, while the concentrator serves."""
    client = subprocess.Popen(["radclient", "-x", "-r", str(tries), "-t", "1", f"{HOST}:{DISCONNECT}", kind, secret],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    client.stdin.write(attributes)
    client.stdin.close()
    return client


def said(client):
    text = client.stdout.read()
    client.stdout.close()
    client.wait(timeout=WAIT_S)
    return text


def disconnects():
    with playing("-", disconnect=f"{HOST}:{DISCONNECT}:127.0.0.1:{SECRET}") as play:
        play.ask("session 0xabc alice 192.0.2.55")
        client = radclient('User-Name = "carol"\n')
        tap.expect_equal(play.ask("await disconnect_refused 1"), "1", "nobody of this name")
        text = said(client)
        tap.expect("Disconnect-NAK" in text and "Error-Cause = Session-Context-Not-Found" in text, text)
        client = radclient('Filter-Id = "all"\nUser-Name = "alice"\n')
        tap.expect_equal(play.ask("await disconnect_refused 2"), "2", "an attribute that is not known")
        tap.expect("Error-Cause = Unsupported-Attribute" in said(client), "unsupported")
        client = radclient('NAS-Identifier = "ac2"\nUser-Name = "alice"\n')
        tap.expect_equal(play.ask("await disconnect_refused 3"), "3", "another concentrator's")
        tap.expect("Error-Cause = NAS-Identification-Mismatch" in said(client), "another NAS")
        client = radclient('User-Name = "alice"\n', kind="coa")
        tap.expect_equal(play.ask("await disconnect_refused 4"), "4", "a change")
        tap.expect("CoA-NAK" in (text := said(client)), text)
        client = radclient('User-Name = "alice"\nAcct-Session-Id = "0000000000000ABC"\n'
                           'Framed-IP-Address = 192.0.2.55\nNAS-Identifier = "ac1"\n')
        tap.expect_equal(play.ask("ended"), "6", "Admin-Reset")
        tap.expect_equal(play.ask("await disconnect_ended 1"), "1", "ended")
        tap.expect("Disconnect-ACK" in (text := said(client)), text)


def strangers():
    with playing("-", disconnect=f"{HOST}:{DISCONNECT}:127.0.0.1:{SECRET}") as play:
        play.ask("session 0xabc alice 192.0.2.55")
        client = radclient('User-Name = "alice"\n', secret="another", tries=2)
        tap.expect_equal(play.ask("await disconnect_forged 2"), "2", "wrong secret")
        tap.expect("No reply" in (text := said(client)), text)
    with playing("-", disconnect=f"{HOST}:{DISCONNECT}:127.0.0.2:{SECRET}") as play:
        client = radclient('User-Name = "alice"\n')
        tap.expect_equal(play.ask("await disconnect_stranger 1"), "1", "a stranger")
        tap.expect("No reply" in (text := said(client)), text)


def cases(t):
    server = Server()
    try:
        t.case("log-ins by PAP and CHAP, and what the server gives", logs_in, server)
        t.case("the server hears of line and service", tells_of_the_line, server)
        t.case("records of a session, with more than 4 GB", keeps_accounts, server)
        t.case("a wrong secret", wrong_secret, server)
        t.case("a dead server", dead_server, server)
        t.case("a slow server", slow_server, server)
    finally:
        server.stop()
    t.case("a server that does not sign its answers", unsigned)
    t.case("records that wait for a server", late_accounting)
    t.case("radclient ends sessions", disconnects)
    t.case("strangers and wrong secrets end none", strangers)


if __name__ == "__main__":
    sys.exit(tap.run(cases, ("freeradius", "radclient")))
