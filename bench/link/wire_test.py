#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""slim-link, the program: octets, ends and resets come out as they went in, no earlier than rate and delay allow, and not while it
is cut. Times are lower bounds only: a busy machine makes a link slower, never faster. Prints TAP.

    wire_test.py PROGRAM
"""

import contextlib
import os
import random
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
ROOT = os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../..")
sys.path[:0] = [f"{ROOT}/tests/e2e", f"{ROOT}/scripts/lib"]

import tap  # noqa: E402
from slimlab import wait  # noqa: E402
from slimlab.control_line import Refused  # noqa: E402
from slimlab.link import Link  # noqa: E402
from tap import expect, expect_equal  # noqa: E402

PROGRAM = sys.argv[1]
MIB = 1 << 20
RATE, DELAY = 20_000_000, 0.005
BURST = 0.001   # seconds of the rate
SECONDS = 60    # of anything that must come
MOMENT = 0.05   # of something that must not
BUFFER = 128 << 10
SOCKETS = 4 * MIB  # more than the kernel keeps in all buffers of a connection, if the sender's has that size


def time_of(octets, rate=RATE):
    """The least that they take on an idle link."""
    return octets * 8 / rate - BURST + DELAY


class House:
    """A slim-link between a listener, the far end, and whoever dials its port, the near end; and the other way round."""

    def __init__(self, folder, *options):
        self.far, self.near = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        self.far.settimeout(SECONDS)
        self.near.settimeout(SECONDS)
        path = f"{folder}/control"
        self.process = subprocess.Popen(
            [PROGRAM, "--listen", "127.0.0.1:0", "--to", self.address(self.far), "--back-listen", "127.0.0.1:0",
             "--back-to", self.address(self.near), "--control", path, *options], stdout=subprocess.DEVNULL)
        self.link = Link(path, lambda: None if self.process.poll() is None else "it has ended")
        self.made = [self.far, self.near]

    @staticmethod
    def address(listener):
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def dial(self, where="listen"):
        host, port = self.link.stats()[where].rsplit(":", 1)
        return self.keep(socket.create_connection((host, int(port)), SECONDS))

    def keep(self, connection):
        connection.settimeout(SECONDS)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        self.made.append(connection)
        return connection

    def connect(self):
        """(near end, far end) of a connection that the near end dialled."""
        near = self.dial()
        return near, self.keep(self.far.accept()[0])

    def connect_back(self):
        """(near end, far end) of one that the far end dialled."""
        far = self.dial("back_listen")
        return self.keep(self.near.accept()[0]), far

    def close(self):
        for connection in self.made:
            connection.close()
        self.link.close()
        self.process.terminate()
        status = self.process.wait(SECONDS)
        expect_equal(status, 0, "exit status of slim-link")


@contextlib.contextmanager
def house(*options):
    with tempfile.TemporaryDirectory(prefix="slim-link-") as folder:
        made = House(folder, *options)
        try:
            yield made
        finally:
            made.close()


def limited():
    return house("--rate", "20M", "--delay-ms", "5")


def octets(n, seed):
    return random.Random(seed).randbytes(n)


def sending(connection, data):
    """In a thread of its own, until all is taken or the connection is closed."""
    def send():
        with contextlib.suppress(OSError):
            connection.sendall(data)
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def receive(connection, n):
    data = bytearray()
    while len(data) < n:
        more = connection.recv(n - len(data))
        expect(more, f"the end after {len(data)} of {n} octets")
        data += more
    return bytes(data)


def at_least(began, seconds, what, ended=None):
    took = (ended or time.monotonic()) - began
    tap.Tap.comment(f"{what}: {took * 1e3:.1f} ms, at least {seconds * 1e3:.1f}")
    expect(took >= seconds, f"{what} took {took:.4f} s, less than {seconds:.4f}")


def both_ways_at_once():
    """Killed by: half the time in bucket_ready_ns; read_octets that changes one."""
    up, down = octets(MIB, 1), octets(MIB, 2)
    with limited() as h:
        near, far = h.connect()
        began = time.monotonic()
        threads = [sending(near, up), sending(far, down)]
        got = {}
        reader = threading.Thread(target=lambda: got.update(up=receive(far, MIB), up_at=time.monotonic()), daemon=True)
        reader.start()
        got["down"] = receive(near, MIB)
        at_least(began, time_of(MIB), "1 MiB back")
        for thread in (reader, *threads):
            thread.join(SECONDS)
        at_least(began, time_of(MIB), "1 MiB forth", got["up_at"])
        expect(got["up"] == up and got["down"] == down, "other octets than were sent")
        stats = h.link.stats()
        for way in ("forth", "back"):
            expect_equal(stats[way]["octets"], MIB, f"octets {way}")
            expect(0 < stats[way]["most_waited"] <= stats["queue_octets"], f"waited {way}: {stats}")
            expect_equal(stats[way]["waiting"] + stats[way]["on_way"], 0, f"still in it {way}")


def connections_share_the_rate():
    """Also one that was dialled from the other end. Killed by: a rate for each connection; on_dialled_here that takes
    everybody for the near end."""
    part = octets(MIB // 2, 3)
    with limited() as h:
        pairs = [h.connect(), h.connect_back()]
        began = time.monotonic()
        threads = [sending(near, part) for near, _ in pairs]
        got = [None, None]

        def read(i):
            got[i] = receive(pairs[i][1], len(part))
        readers = [threading.Thread(target=read, args=(i,), daemon=True) for i in range(2)]
        for reader in readers:
            reader.start()
        for thread in (*readers, *threads):
            thread.join(SECONDS)
        at_least(began, time_of(MIB), "twice half a MiB")
        expect(got == [part, part], "other octets than were sent")
        expect_equal(h.link.stats()["back"]["octets"], 0, "octets back")


def an_octet_takes_the_delay():
    """Killed by: due_ns without the delay."""
    with limited() as h:
        near, far = h.connect()
        for _ in range(5):
            began = time.monotonic()
            near.sendall(b"?")
            receive(far, 1)
            at_least(began, DELAY, "one way")
            far.sendall(b"!")
            receive(near, 1)
            at_least(began, 2 * DELAY, "there and back")
        h.link.set(delay_ms=20)
        began = time.monotonic()
        near.sendall(b"?")
        receive(far, 1)
        at_least(began, 0.02, "one way, later")


def half_close():
    """Killed by: pass_on that closes the connection with the first end, or tells of none."""
    question, answer = octets(200_000, 4), octets(100_000, 5)
    with limited() as h:
        near, far = h.connect()
        began = time.monotonic()
        near.sendall(question)
        near.shutdown(socket.SHUT_WR)
        expect(receive(far, len(question)) == question, "another question")
        expect_equal(far.recv(1), b"", "behind the question")
        at_least(began, time_of(len(question)), "the question and its end")
        far.sendall(answer)
        expect(receive(near, len(answer)) == answer, "another answer")
        far.shutdown(socket.SHUT_WR)
        expect_equal(near.recv(1), b"", "behind the answer")
        wait.until(lambda: h.link.stats()["connections"] == 0, "the connection is forgotten")


def a_reset_is_a_reset():
    """Killed by: tcp_reset that only closes."""
    with limited() as h:
        for from_near in (True, False):
            ends = h.connect()
            sender, receiver = ends if from_near else reversed(ends)
            sender.sendall(b"last words")
            expect_equal(receive(receiver, 10), b"last words", "before the reset")
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sender.close()
            expect(is_reset(receiver), "the connection ended in order")
            wait.until(lambda: h.link.stats()["connections"] == 0, "the connection is forgotten")


def is_reset(connection):
    try:
        return connection.recv(1) != b""
    except ConnectionResetError:
        return True


def nobody_there():
    """A dial that is refused at the other end. Killed by: lose that tells nobody."""
    with limited() as h:
        h.far.close()
        expect(is_reset(h.dial()), "a refused dial ended in order")
        wait.until(lambda: h.link.stats()["connections"] == 0, "the connection is forgotten")


def cut_and_mend():
    """Killed by: a cut that only stops reading; a mend after which nobody looks."""
    data = octets(MIB // 2, 6)
    with limited() as h:
        near, far = h.connect()
        sender = sending(near, data)
        first = receive(far, 1)
        h.link.cut()
        cut = h.link.stats()
        expect(cut["cut"], "it does not say that it is cut")
        expect(cut["forth"]["octets"] < len(data), "all was through before the cut")
        # What had come out before the cut is read; nothing follows.
        while select.select([far], [], [], MOMENT)[0]:
            first += receive(far, 1)
        expect(len(first) <= cut["forth"]["octets"], f"{len(first)} octets, {cut}")
        expect_equal(h.link.stats()["forth"], cut["forth"], "a cut link's line")
        began = time.monotonic()
        h.link.mend()
        expect(first + receive(far, len(data) - len(first)) == data, "other octets than were sent")
        # What was on its way, and a burst, came at once.
        rest = len(data) - cut["forth"]["octets"] - cut["forth"]["on_way"]
        at_least(began, rest * 8 / RATE - BURST, "the rest")
        sender.join(SECONDS)


def back_pressure():
    """Who is not read, waits; at another rate all comes. Killed by: octets_to_read without the room; wire_set that
    forgets the lines."""
    data = octets(SOCKETS + (64 << 10), 7)
    with house("--rate", "1k", "--queue-octets", "64Ki") as h:
        near, far = h.connect()
        sender = sending(near, data)
        wait.until(lambda: h.link.stats()["forth"]["waiting"] > 48 << 10, "a full queue")
        select.select([far], [], [], MOMENT)
        stats = h.link.stats()["forth"]
        expect(stats["most_waited"] <= 64 << 10, f"more waits than there is room for: {stats}")
        expect(sender.is_alive(), "all was taken")
        h.link.set(rate=0)
        expect(receive(far, len(data)) == data, "other octets than were sent")
        sender.join(SECONDS)


def who_does_not_read_delays_nobody():
    """Killed by: line_take that leaves them on their way; may_read without MAX_ARRIVED."""
    with house("--rate", "0", "--queue-octets", "64Ki") as h:
        (near, _), (other_near, other_far) = h.connect(), h.connect()
        sender = sending(near, octets(SOCKETS // 2, 8))
        wait.until(lambda: h.link.stats()["forth"]["octets"] > MIB // 4, "octets that nobody reads")
        other_near.sendall(b"hello")
        expect_equal(receive(other_far, 5), b"hello", "beside one that is not read")
        sender.join(4 * MOMENT)
        expect(sender.is_alive(), "octets that nobody reads were all taken")


def nonsense():
    """Killed by: order_parse that takes a second word."""
    with limited() as h:
        before = h.link.stats()
        for command in ("", "sever", "set", "set rate", "set rate=fast", "set rate=1M delay-ms=-1", "set queue-octets=1", "cut it"):
            try:
                h.link.ask(command)
            except Refused:
                continue
            raise tap.Failed(f"it takes '{command}'")
        expect_equal(h.link.stats(), before, "after nonsense")


CASES = (both_ways_at_once, connections_share_the_rate, an_octet_takes_the_delay, half_close, a_reset_is_a_reset, nobody_there,
         cut_and_mend, back_pressure, who_does_not_read_delays_nobody, nonsense)


def main():
    t = tap.Tap()
    for case in CASES:
        t.case(case.__name__.replace("_", " "), case)
    return t.end()


if __name__ == "__main__":
    sys.exit(main())
