#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Moves of a large table without traffic. Called by bench/bulk.

      slim-gen, until the table is full; then slim-nat b
         | memif inside     | memif outside
      slim-nat a ---------------------------   (the ports of a and b are joined directly)
      slimd a  <----- veth, TLS ----->  slimd b

The generator opens each session with a packet, as a subscriber would, and ends. Then nat-b takes
its place at the other end of both wires, and the table moves from a to b, back, and so on."""

import argparse
import dataclasses
import json
import os
import signal
import statistics
import sys
import threading
import time

from slimlab import build, leftovers, machine, wait
from slimlab.generator import Generator
from slimlab.lab import HOSTS, PORTS
from slimlab.move import Slimctl
from slimlab.process import Child, CommandFailed, run
from slimlab.settings import Settings
from slimlab.template import write_config

SESSIONS_PER_SUBSCRIBER = 64  # a subscriber has one external address: 252 ports of its bucket
SESSIONS_PER_ADDRESS = 32_000
SUBSCRIBER_BASE = "100.72.0.0"
GENERATOR_MACS = {"inside": "02:00:00:00:01:02", "outside": "02:00:00:00:02:02"}  # as slim-gen has them
SAMPLE_SECONDS = 0.02
PHASES = ("prepare", "copy", "catch-up", "handover", "steer", "trail")


def parse():
    p = argparse.ArgumentParser(prog="bench/bulk")
    p.add_argument("nf", choices=["nat"])
    p.add_argument("--sessions", type=int, default=1_000_000)
    p.add_argument("--workers", type=int, default=1, help="packet threads of each NAT (1)")
    p.add_argument("--runs", type=int, default=6, help="moves, back and forth (6)")
    p.add_argument("--json", metavar="FILE", help="write all numbers there")
    p.add_argument("--name", default="bulk", help="of the lab")
    p.add_argument("--pause", type=float, default=0.5, help="seconds between two moves (0.5)")
    p.add_argument("--wait-for", metavar="FILE", help="before the first move, write the processes' ids there and wait for "
                                                      "a line on standard input (to attach a profiler)")
    p.add_argument("--no-build", action="store_true")
    return p.parse_args()


# ---- what a process costs ----------------------------------------------------------


def cpu_seconds(pid):
    """Of all its threads; the kernel counts nanoseconds."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        except FileNotFoundError:
            pass  # a thread that has ended
    return total / 1e9


def anonymous_bytes(pid):
    """Own memory: without files, and without what the NF shares with its slimd."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("RssAnon:"))


def told_bytes(folder):
    """What a target keeps in files of its runtime folder while a session runs."""
    total = 0
    for entry in os.scandir(folder):
        try:
            total += entry.stat().st_blocks * 512 if entry.name.endswith(".sums") else 0
        except FileNotFoundError:
            pass  # the session has ended
    return total


def wire_bytes(netns, device):
    """Sent and received, with all headers."""
    counts = json.loads(run("ip", "-j", "-s", "link", "show", device, netns=netns))[0]["stats64"]
    return counts["tx"]["bytes"] + counts["rx"]["bytes"]


def nat_of(host):
    return f"nat-{host}"


class Peaks:
    """with Peaks(pids, folders) as p: the largest own memory of each process meanwhile, with the files
    that it keeps in its folder."""

    def __init__(self, pids, folders):
        self.pids = pids
        self.folders = folders
        self.bytes = dict.fromkeys(pids, 0)
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def watch(self):
        while True:
            for name, pid in self.pids.items():
                files = told_bytes(self.folders[name]) if name in self.folders else 0
                self.bytes[name] = max(self.bytes[name], anonymous_bytes(pid) + files)
            if self.over.wait(SAMPLE_SECONDS):
                return


# ---- the lab -------------------------------------------------------------------------


@dataclasses.dataclass
class Size:
    sessions: int
    workers: int

    @property
    def subscribers(self):
        """A multiple of the number of buckets."""
        return max(256, -(-self.sessions // SESSIONS_PER_SUBSCRIBER // 256) * 256)

    @property
    def addresses(self):
        return min(256, max(1, -(-self.sessions // SESSIONS_PER_ADDRESS)))

    @property
    def capacity(self):
        """Sessions of the generator's probes and echoes come on top; workers' shares are never even."""
        return self.sessions + 1024 + (self.sessions // 16 if self.workers > 1 else 0)

    @property
    def nf_megabytes(self):
        tables = self.capacity * 256
        packets = 2 * self.workers * (16384 + 4096 + 4096) * 2560
        return 96 + (tables + packets + self.addresses * 850_000) // (1 << 20)


class Bulk:
    """with Bulk(options) as bulk: NAT a is full and serves, NAT b is empty."""

    def __init__(self, options, say):
        self.options = options
        self.size = Size(options.sessions, options.workers)
        self.settings = Settings(name=options.name, workers=options.workers)
        self.say = say
        self.journal = leftovers.Journal(options.name)
        self.folder = self.journal.make_folder()
        self.pki = f"{self.folder}/pki"
        self.children = {}

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self.start()
        except BaseException:
            for child in self.children.values():
                print(f"---- {child.name}\n{child.tail()}", file=sys.stderr)
            self.journal.close()
            raise
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.journal.close()

    def start(self):
        self.make_hosts()
        for name in HOSTS:
            self.start_slimd(name)
        self.fill()
        self.launch_nf("b", "client", ["--standby"])
        for name in HOSTS:
            wait.until(lambda n=name: self.is_ready(n), f"{nat_of(name)} and its wires",
                       alive=self.children[nat_of(name)].gone)
            wait.until(lambda n=name: self.has_peer(n), f"the peer of slimd {name}")

    def netns(self, name):
        return f"{self.options.name}-{name}"

    def make_hosts(self):
        for name in HOSTS:
            machine.make_netns(self.journal, self.netns(name))
        run("ip", "link", "add", "peer0", "netns", self.netns("a"), "type", "veth",
            "peer", "name", "peer0", "netns", self.netns("b"))
        tool = f"{build.PROJECT}/scripts/slim-pki"
        run(tool, "init", self.pki)
        for host in HOSTS.values():
            machine.set_address(self.netns(host.name), "peer0", f"{host.address}/30")
            run("ip", "link", "set", "peer0", "up", netns=self.netns(host.name))
            run(tool, "issue", self.pki, host.name, host.address)

    def launch(self, name, command, netns=None):
        self.children[name] = Child(self.journal, self.folder, name,
                                    [build.program(command[0]), *command[1:]], netns=netns)
        return self.children[name]

    def config(self, template, path, host, **values):
        return write_config(template, path, folder=self.folder, pki=self.pki, host=host.name,
                            log_level="info", **values)

    def start_slimd(self, name):
        host = HOSTS[name]
        os.makedirs(f"{self.folder}/{name}/state")
        config = self.config("bulk-slimd.yaml", f"{self.folder}/{name}/slimd.yaml", host, address=host.address,
                             other=host.other, other_address=host.other_address)
        child = self.launch(f"slimd-{name}", ["slimd", "--config", config], self.netns(name))
        wait.until(lambda: self.slimctl(name).try_json("version"), child.name, alive=child.gone)

    def slimctl(self, name):
        return Slimctl(build.program("slimctl"), f"unix:{self.folder}/{name}/slimd.sock", "")

    def wire(self, port):
        return f"{self.folder}/{port}.sock"

    def eal(self, name, n_lcores, megabytes, role, macs):
        """Ports are shared-memory wires; the server's end makes the socket."""
        machine.take_hugepages(self.journal, megabytes)
        options = ["--lcores", self.settings.lcores(n_lcores), "--in-memory", "--single-file-segments", "--no-pci",
                   "--no-telemetry", f"--file-prefix={self.options.name}-{name}", "-m", str(megabytes)]
        for number, (port, mac) in enumerate(macs.items()):
            options += ["--vdev", f"net_memif{number},role={role},id=0,socket={self.wire(port)},"
                                  f"socket-abstract=no,mac={mac}"]
        return options

    def launch_nf(self, name, role, options=()):
        host, size = HOSTS[name], self.size
        config = self.config("bulk-nat.yaml", f"{self.folder}/{name}/nat.yaml", host, nf=nat_of(name),
                             workers=size.workers, capacity=size.capacity, last_pool=size.addresses - 1)
        return self.launch(nat_of(name), ["slim-nat", *self.eal(name, size.workers + 1, size.nf_megabytes, role, PORTS),
                                     "--", "--config", config, *options])

    def show_nf(self, name):
        return self.slimctl(name).try_json("nf", "show", nat_of(name)) or {}

    def is_ready(self, name):
        words = self.children[nat_of(name)].output()
        return self.show_nf(name).get("alive") and all(
            words.rfind(f"port {port}: link up") > words.rfind(f"port {port}: link down") for port in PORTS)

    def has_peer(self, name):
        peers = (self.slimctl(name).try_json("peer", "list") or {}).get("peers", [])
        return any(p["state"] == "up" for p in peers)

    def fill(self):
        """The generator is the first at the other end of nat-a's wires."""
        self.say(f"{self.size.sessions:,} sessions of {self.size.subscribers:,} subscribers")
        path, output = f"{self.folder}/gen.sock", f"{self.folder}/gen.json"
        nat = self.launch_nf("a", "server")
        wait.until(lambda: all(os.path.exists(self.wire(port)) for port in PORTS), "the wires of nat-a", alive=nat.gone)
        child = self.launch("slim-gen", ["slim-gen", *self.eal("gen", 1, 192, "client", GENERATOR_MACS), "--",
                                         "--control", path, "--output", output, "--flows", self.size.sessions,
                                         "--subscribers", self.size.subscribers, "--subscriber-base", SUBSCRIBER_BASE,
                                         "--rx-queues", self.size.workers,
                                         "--churn", 0, "--rate", 1000, "--ramp-rate", 150_000])
        generator = Generator(child, path, output)
        generator.connect()
        generator.await_ready()
        generator.finish()
        del self.children["slim-gen"]

    # ---- a move ----------------------------------------------------------------------

    def pids(self):
        return {name: child.pid for name, child in self.children.items()}

    def move(self, source):
        """Moves the table away from a host. Returns its numbers; None when it was not complete."""
        pids, host = self.pids(), HOSTS[source]
        cpu = {name: cpu_seconds(pid) for name, pid in pids.items()}
        sent = wire_bytes(self.netns("a"), "peer0")
        with Peaks(pids, {f"slimd-{name}": f"{self.folder}/{name}" for name in HOSTS}) as peaks:
            status, job = self.slimctl(source).migrate(nat_of(source), host.other)
        result = job.get("result") or {}
        if (status != 0 or job.get("state") != "complete"
                or not result["digest_source"] == result["digest_target"] == result["digest_proof"]):
            print(f"not complete: {job}\n{self.children[f'slimd-{source}'].tail()}", file=sys.stderr)
            return None
        begins = [(p["phase"], int(p["monotonic_ns"]) / 1e9) for p in job["phases"]]
        ends = [at for _, at in begins[1:]] + [begins[-1][1]]
        seconds = dict.fromkeys(PHASES, 0.0)
        for (phase, at), end in zip(begins, ends):
            if phase in seconds:
                seconds[phase] += end - at
        entries, duration = int(result["entries"]), int(result["duration_ns"]) / 1e9
        return {"source": source, "entries": entries, "seconds": duration,
                "sessions_per_second": entries / duration,
                "wire_bytes_per_session": (wire_bytes(self.netns("a"), "peer0") - sent) / entries,
                "rows_bytes_per_session": int(result["snapshot_bytes"]) / entries,
                "handover_us": int(result["handover_ns"]) / 1e3,
                "phase_seconds": seconds,
                "own_megabytes": {role(n, source): peaks.bytes[n] / (1 << 20) for n in pids},
                "cpu_seconds": {role(n, source): cpu_seconds(p) - cpu[n] for n, p in pids.items()}}


def role(name, source):
    """What the process is in this move, whatever host it is on."""
    part = "slimd" if name.startswith("slimd") else "nat"
    return f"{part} source" if name.endswith(source) else f"{part} target"


# ---- the report ----------------------------------------------------------------------------


def head():
    print(f"{'run':>3}  {'':<6} {'entries':>9} {'seconds':>8} {'sessions/s':>11} {'B/session':>9}  "
          + " ".join(f"{p:>8}" for p in PHASES) + f"  {'own MiB':>11}  {'cpu s: slimd':>13} {'nat':>11}")


def line(number, r):
    pair = lambda what, part, digits: " ".join(  # noqa: E731
        f"{r[what][f'{part} {end}']:5.{digits}f}" for end in ("source", "target"))
    print(f"{number:>3}  {r['source']} -> {HOSTS[r['source']].other} {r['entries']:>9,} {r['seconds']:>8.3f} "
          f"{r['sessions_per_second']:>11,.0f} {r['wire_bytes_per_session']:>9.1f}  "
          + " ".join(f"{r['phase_seconds'][p]:>8.3f}" for p in PHASES)
          + f"  {pair('own_megabytes', 'slimd', 1)}  {pair('cpu_seconds', 'slimd', 2):>13} "
            f"{pair('cpu_seconds', 'nat', 2)}", flush=True)


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def summarize(results):
    flat = {
        "sessions/s": [r["sessions_per_second"] for r in results],
        "seconds": [r["seconds"] for r in results],
        "bytes on the wire a session": [r["wire_bytes_per_session"] for r in results],
        **{f"seconds, {p}": [r["phase_seconds"][p] for r in results] for p in PHASES},
        **{f"own MiB, slimd {end}": [r["own_megabytes"][f"slimd {end}"] for r in results]
           for end in ("source", "target")},
        **{f"CPU seconds, {part} {end}": [r["cpu_seconds"][f"{part} {end}"] for r in results]
           for part in ("slimd", "nat") for end in ("source", "target")},
    }
    summary = {what: spread(values) for what, values in flat.items()}
    print(f"\n{'':<30} {'median':>13} {'least':>13} {'most':>13}")
    for what, s in summary.items():
        digits = 0 if what == "sessions/s" else 3 if what.startswith("seconds") else 1 if "MiB" in what or "wire" in what else 2
        print(f"{what:<30} {s['median']:>13,.{digits}f} {s['min']:>13,.{digits}f} {s['max']:>13,.{digits}f}")
    return summary


def measure(options):
    results, source = [], "a"
    with Bulk(options, lambda text: print(f"  {text}", flush=True)) as bulk:
        if options.wait_for:
            with open(options.wait_for, "w", encoding="utf-8") as f:
                json.dump(bulk.pids(), f)
            sys.stdin.readline()
        head()
        for number in range(1, options.runs + 1):
            time.sleep(options.pause)  # let the wiped instance come to rest
            result = bulk.move(source)
            if result is None:
                break
            results.append(result)
            line(number, result)
            source = HOSTS[source].other
    summary = summarize(results) if results else {}
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump({"sessions": options.sessions, "workers": options.workers, "summary": summary,
                       "runs": results}, f, indent=1)
    return 0 if len(results) == options.runs else 1


def main():
    options = parse()
    if not options.no_build and not build.build():
        return 1
    try:
        return measure(options)
    except (machine.MachineTooSmall, leftovers.Busy, build.NotBuilt, wait.DeadlinePassed, CommandFailed) as error:
        print(f"bulk: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
