# SPDX-License-Identifier: Apache-2.0
"""The demo: a NAT moves between two hosts under load. Called by scripts/demo."""

import argparse
import json
import os
import subprocess
import sys
import time

from slimlab import build, leftovers, machine, wait
from slimlab.lab import HOSTS, Lab
from slimlab.settings import Settings

FAULTS = ("no-hold", "no-flush-round", "no-redirect")
BEFORE, EACH_MOVE, AFTER = 5, 8, 5  # seconds of the windows of the ledger
REPORT = f"{build.PROJECT}/bench/report/slim-report"


def parse():
    p = argparse.ArgumentParser(prog="scripts/demo", description="Moves a NAT with live sessions from host a to host b "
                                "and back, under load, and judges every packet.")
    p.add_argument("--nf", choices=["nat"], default="nat", help="which network function (nat)")
    p.add_argument("--flows", type=int, default=100_000, help="live sessions (100000)")
    p.add_argument("--rate", type=int, default=20_000, help="packets a second, each direction (20000)")
    p.add_argument("--churn", type=int, default=500, help="sessions closed and opened a second (500)")
    p.add_argument("--moves", type=int, default=2, help="moves, there and back in turn (2)")
    p.add_argument("--workers", type=int, default=1, help="packet threads of each NAT (1: this lab shares its cores)")
    p.add_argument("--max-bandwidth", metavar="R", default="16M",
                   help="of each copy, bytes a second; leaves the cores to the traffic (16M; 0: no limit)")
    p.add_argument("--json", metavar="FILE", help="write the verdict there")
    p.add_argument("--png", metavar="FILE", default="demo.png", help="draw the picture there (demo.png)")
    p.add_argument("--keep", action="store_true", help="leave the lab up until Enter or Ctrl-C, for playing")
    p.add_argument("--no-programs", action="store_true", help="without iperf3, curl, ping and the idle session")
    p.add_argument("--fault", choices=FAULTS, help="switch one mechanism off: the verdict must not be clean")
    p.add_argument("--name", default="slim", help="of the lab; two names, two labs (slim)")
    p.add_argument("--no-build", action="store_true", help="use the build folder as it is")
    return p.parse_args()


def say(text):
    print(f"  {text}", flush=True)


def watch_for(seconds):
    """Lets the traffic run for a part of the measurement."""
    time.sleep(seconds)


class Demo:
    def __init__(self, options, lab):
        self.options = options
        self.lab = lab
        self.jobs = []
        self.window = EACH_MOVE * options.moves

    def run(self):
        """Returns the generator's result, and what the programs saw."""
        lab, o = self.lab, self.options
        print(f"load: {o.flows} sessions, {o.rate} packets/s up and {o.rate} down, "
              f"{o.churn} sessions close and open each second", flush=True)
        lab.start_generator()
        if not o.no_programs:
            say("iperf3 up and down, curl, ping, an idle TCP session")
            lab.start_programs(2 * self.window + BEFORE + AFTER)
        print(f"control: {self.window} s without a move", flush=True)
        lab.generator.mark("control")
        watch_for(self.window)
        lab.generator.mark("before")
        watch_for(BEFORE)
        began = time.monotonic()
        self.move_all(began)
        overtime = time.monotonic() - began - self.window
        if overtime > 0:  # the control is as long as the moves were
            lab.generator.mark("control-2")
            watch_for(overtime)
        lab.generator.mark("after")
        watch_for(AFTER)
        tcp, ping = lab.programs.finish(60 + 2 * self.window) if lab.programs else (None, None)
        return lab.generator.finish(), tcp, ping

    def move_all(self, began):
        source = "a"
        for number in range(1, self.options.moves + 1):
            self.lab.generator.mark(f"move-{number}")
            status, job = self.move(source)
            if job.get("state") != "complete":
                return
            source = HOSTS[source].other
            # Moves are spread over the window, so that each is seen by itself.
            rest = began + number * self.window / self.options.moves - time.monotonic()
            if rest > 0:
                watch_for(rest)

    def move(self, source):
        host = HOSTS[source]
        fault = ["--fault", self.options.fault] if self.options.fault else []
        print(f"move {len(self.jobs) + 1}: {host.nf} -> nat-{host.other}", flush=True)
        status, job = self.lab.migrate(source, "--max-bandwidth", self.options.max_bandwidth, *fault)
        self.jobs.append(job if "state" in job else {
            "nf": host.nf, "to_nf": f"nat-{host.other}", "state": "refused", "reasons": [job]})
        result = job.get("result") or {}
        say(f"{job.get('state', job)}: {result.get('entries', 0)} entries, "
            f"handover {int(result.get('handover_ns', 0)) / 1000:.0f} us")
        return status, job


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(value, f, indent=1)
        f.write("\n")


def play(lab):
    """The lab stays up; tells how to use it."""
    ctl = lab.slimctl("a")
    print("\nThe lab is up. In another shell:")
    for name, value in ctl.environment.items():
        print(f"  export {name}={value}")
    print(f"  {ctl.program} nf list")
    print(f"  {ctl.program} migrate nat-a --to b")
    print(f"  {ctl.program} steering show")
    print(f"  ip netns exec {lab.netns('client')} ping 203.0.113.10")
    print(f"  logs and configurations: {lab.folder}")
    print("Enter or Ctrl-C takes it down.", flush=True)
    try:
        input()
    except EOFError:
        wait.until(lambda: False, "the end", seconds=86400, every=1.0)
    except KeyboardInterrupt:
        pass


def show(options):
    settings = Settings(name=options.name, flows=options.flows, rate=options.rate, churn=options.churn,
                        workers=options.workers, allow_faults=bool(options.fault))
    print("lab:", flush=True)
    with Lab(settings, say) as lab:
        lab.await_peers()
        demo = Demo(options, lab)
        try:
            generated, tcp, ping = demo.run()
        except Exception:
            print(lab.logs(), file=sys.stderr)
            raise
        status = report(options, lab, demo, generated, tcp, ping)
        if options.keep:
            play(lab)
    return status


def report(options, lab, demo, generated, tcp, ping):
    """Has slim-report merge all numbers. Returns the exit status."""
    files = {"gen": generated, "jobs": demo.jobs, "tcp": tcp, "ping": ping}
    for name, value in files.items():
        write_json(f"{lab.folder}/result-{name}.json", value)
    source = ["--gen", f"{lab.folder}/result-gen.json", "--jobs", f"{lab.folder}/result-jobs.json"]
    programs = ["--tcp", f"{lab.folder}/result-tcp.json",
                "--ping", f"{lab.folder}/result-ping.json"] if tcp else []
    output = ["--output", os.path.abspath(options.json)] if options.json else []
    print(flush=True)
    status = subprocess.run([REPORT, "verdict", *source, *programs, *output,
                             "--expect-moves", str(options.moves)], check=False).returncode
    for name, text in (tcp or {}).get("notes", {}).items():
        print(f"  {name}: {text}")
    for name in lab.dead():
        print(f"  {name} has ended although nobody asked it to")
        status = 1
    if options.png:
        title = f"{options.nf.upper()} with {options.flows:,} sessions moves {options.moves} times"
        subprocess.run([REPORT, "plot", *source, "--title", title,
                        "--output", os.path.abspath(options.png)], check=False)
    return status


def main():
    options = parse()
    if not options.no_build:
        print(f"build: {build.folder()}", flush=True)
        if not build.build():
            return 1
    try:
        return show(options)
    except (machine.MachineTooSmall, leftovers.Busy, build.NotBuilt, wait.DeadlinePassed) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
