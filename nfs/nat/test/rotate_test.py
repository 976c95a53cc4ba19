#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The log of a running slim-nat is turned over by SIGHUP, as logrotate does it, while records come: each stands in one
of the files, once. Prints TAP.

    rotate_test.py SLIM_NAT SLIM_NF

Killed by: going on with the old file, a new file that begins anew what the old one has, records in a buffer
that are dropped when the file changes, a SIGHUP that ends the program.
"""

import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

N_FLOWS = 500
N_TURNS = 40
LINE = re.compile(r"[-0-9]{10}T[:0-9]{8}\.\d{3}Z a mapping-(created|removed) (udp \S+) \S+\n")


def checksum(header):
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def frame(i):
    """A UDP packet of the i-th flow, to the NAT's inside port."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0,
                     bytes([100, 64, 1 + i // 200, 2 + i % 200]), bytes([203, 0, 113, 9]))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return bytes.fromhex("0200000001010200000000aa0800") + ip + \
        struct.pack("!HHHH", 1000, 53, 8, 0) + bytes(18)


def write_capture(path):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i in range(N_FLOWS):
            packet = frame(i)
            f.write(struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet)


CONFIGURATION = """instance: a
service: nat
control_socket: {d}/control
inside: {{name: inside, port: 0, address: 100.64.0.1/16, mac: '02:00:00:00:01:01'}}
outside: {{name: outside, port: 1, address: 203.0.113.1/24, mac: '02:00:00:00:02:01'}}
pool: {{first: 198.51.100.0, last: 198.51.100.3}}
log: {{file: {d}/log, blocks: false, sessions: true}}
capacity: 8192
neighbours: 256
hold_capacity: 64
"""


def wait_for(what, condition):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within 30 s")
        os.sched_yield()


def start(program, d):
    """The same packets come for ever, so what is cleared is there again at once."""
    write_capture(f"{d}/in.pcap")
    with open(f"{d}/nat.yaml", "w", encoding="ascii") as f:
        f.write(CONFIGURATION.format(d=d))
    with open(f"{d}/errors", "w", encoding="ascii") as errors:
        return subprocess.Popen(
            [program, "--lcores", "(0-1)@(0-1)", "--no-huge", "-m", "256", "--no-pci", "--no-shconf",
             "--no-telemetry", "--vdev", f"net_pcap0,rx_pcap={d}/in.pcap,infinite_rx=1", "--vdev", "net_null0",
             "--", "--config", f"{d}/nat.yaml"],
            stdout=subprocess.PIPE, stderr=errors, text=True)


def clear(control, d):
    done = subprocess.run([control, "--socket", f"{d}/control", "clear", "all"], check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Clearing(threading.Thread):
    """Clears all the time, so that records come all the time."""

    def __init__(self, control, d):
        super().__init__()
        self.arguments = (control, d)
        self.is_over = False
        self.error = None

    def run(self):
        try:
            while not self.is_over:
                clear(*self.arguments)
        except (AssertionError, OSError) as error:
            self.error = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.join()
        assert self.error is None, self.error


def size_of(path):
    return os.stat(path).st_size


def text_of(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def turn_over(nat, d):
    """Renames and signals while records come; returns the old files. A name that cannot be opened is told, and
    the old file goes on."""
    old = []
    for turn in range(N_TURNS):
        wait_for("records", lambda: size_of(f"{d}/log") > 0)
        old.append(f"{d}/log.{turn}")
        os.rename(f"{d}/log", old[-1])
        if turn == N_TURNS // 2:
            os.mkdir(f"{d}/log")
            nat.send_signal(signal.SIGHUP)
            wait_for("the refusal", lambda: f"log: {d}/log: Is a directory" in text_of(f"{d}/errors"))
            size = size_of(old[-1])
            wait_for("the old file goes on", lambda s=size: size_of(old[-1]) > s)
            os.rmdir(f"{d}/log")
        nat.send_signal(signal.SIGHUP)
        wait_for("a new file", lambda: os.path.isfile(f"{d}/log"))
    return old


def read_all(files):
    """Lines by mapping, in order; each line must be whole."""
    events = {}
    for name in files:
        with open(name, encoding="ascii") as f:
            for line in f:
                match = LINE.fullmatch(line)
                assert match, f"{name}: {line!r}"
                events.setdefault(match[2], []).append(match[1])
    return events


def check(program, control):
    with tempfile.TemporaryDirectory() as d:
        with start(program, d) as nat:
            try:
                wait_for("the control socket", lambda: os.path.exists(f"{d}/control") or nat.poll() is not None)
                with Clearing(control, d):
                    old = turn_over(nat, d)
            finally:
                nat.terminate()
            out, _ = nat.communicate(timeout=30)
        assert nat.returncode == 0, text_of(f"{d}/errors")
        events = read_all([*old, f"{d}/log"])
    counted = dict(re.findall(r"^(\w+) +(\d+)", out, re.M))
    assert "log_lost" not in counted and "log_unwritten" not in counted, out
    for mapping, seen in events.items():
        assert seen == (["created", "removed"] * len(seen))[:len(seen)], f"{mapping}: {seen}"
    n_created = sum(e.count("created") for e in events.values())
    n_removed = sum(e.count("removed") for e in events.values())
    assert n_created == int(counted["mapping_created"]), f"{n_created} lines: {out}"
    assert n_removed == int(counted["mapping_cleared"]), f"{n_removed} lines: {out}"
    assert n_removed >= N_TURNS, out


def main():
    try:
        check(*sys.argv[1:3])
    except AssertionError as error:
        print("not ok 1 - each_record_is_in_one_file_once\n# " + str(error).replace("\n", "\n# "))
        print("1..1")
        return 1
    print("ok 1 - each_record_is_in_one_file_once\n1..1")
    return 0


if __name__ == "__main__":
    sys.exit(main())
