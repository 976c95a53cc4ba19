# SPDX-License-Identifier: Apache-2.0
"""The demo: a network function moves between two hosts under load. Called by scripts/demo."""

import argparse
import json
import os
import subprocess
import sys
import time

from slimlab import build, generator, leftovers, machine, wait
from slimlab.lab import HOSTS, Lab
from slimlab.roles import ROLES
from slimlab.settings import Settings

FLOWS = {"nat": 100_000, "gateway": 20_000, "pppoe": 4_000}
FAULTS = ("no-hold", "no-flush-round", "no-redirect")  # of slimd and the agents
NO_PATH_SWITCH = "no-path-switch"                       # of the gateway
BEFORE, EACH_MOVE, AFTER = 5, 8, 5  # seconds of the windows of the ledger
REPORT = f"{build.PROJECT}/bench/verdict/slim-report"


def parse():
    p = argparse.ArgumentParser(prog="scripts/demo", description="Moves a NAT (or a mobile gateway, or a PPPoE concentrator) with live sessions "
                                "from host a to host b and back, under load, and judges every packet.")
    p.add_argument("--nf", choices=list(ROLES), default="nat", help="which network function (nat)")
    p.add_argument("--flows", type=int, help="live sessions (nat: 100000, gateway: 20000 subscribers, pppoe: 4000)")
    p.add_argument("--rate", type=int, default=20_000, help="packets a second, each direction (20000)")
    p.add_argument("--churn", type=int, default=500, help="nat: sessions closed and opened a second (500)")
    p.add_argument("--handovers", type=int, default=500,
                   help="gateway: subscribers that change their cell, a second (500)")
    p.add_argument("--logins", type=int, default=50, help="pppoe: subscribers that log in, and as many that log out, a second (50)")
    p.add_argument("--looks", type=int, default=0, help="pppoe: PADIs a second of clients who only look for a concentrator (0)")
    p.add_argument("--moves", type=int, default=2, help="moves, there and back in turn (2)")
    p.add_argument("--workers", type=int, default=1, help="packet threads of each NAT (1: this lab shares its cores)")
    p.add_argument("--max-bandwidth", metavar="R", default="3M",
                   help="of each copy, bytes a second; leaves the cores to the traffic (3M; 0: no limit)")
    p.add_argument("--json", metavar="FILE", help="write the verdict there")
    p.add_argument("--png", metavar="FILE", default="demo.png", help="draw the picture there (demo.png)")
    p.add_argument("--keep", action="store_true", help="leave the lab up until Enter or Ctrl-C, for playing")
    p.add_argument("--no-programs", action="store_true", help="without iperf3, curl, ping and the idle session")
    p.add_argument("--fault", choices=[*FAULTS, NO_PATH_SWITCH],
                   help="switch one mechanism off: the verdict must not be clean")
    p.add_argument("--name", default="slim", help="of the lab; two names, two labs (slim)")
    p.add_argument("--no-build", action="store_true", help="use the build folder as it is")
    options = p.parse_args()
    options.flows = options.flows or FLOWS[options.nf]
    if options.fault == NO_PATH_SWITCH and options.nf != "gateway":
        p.error(f"{NO_PATH_SWITCH} is for --nf gateway")
    return options


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
        self.home = "a"

    def run(self):
        """Returns the generator's result, what the programs saw, and how wrong the NF's counters are."""
        lab, o = self.lab, self.options
        print(f"load: {o.flows} {lab.role.flows_are}, {o.rate} packets/s up and {o.rate} down, "
              f"{lab.role.load_text()}", flush=True)
        lab.start_generator()
        if lab.role.has_programs and not o.no_programs:
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
        generated = lab.generator.finish()
        return generated, tcp, ping, lab.role.usage_error(lab, self.home)

    def move_all(self, began):
        for number in range(1, self.options.moves + 1):
            self.lab.generator.mark(f"move-{number}")
            status, job = self.move(self.home)
            if job.get("state") != "complete":
                return
            self.home = HOSTS[self.home].other
            # Moves are spread over the window, so that each is seen by itself.
            rest = began + number * self.window / self.options.moves - time.monotonic()
            if rest > 0:
                watch_for(rest)

    def move(self, source):
        here, there = self.lab.instance(source), self.lab.instance(HOSTS[source].other)
        fault = ["--fault", self.options.fault] if self.options.fault in FAULTS else []
        print(f"move {len(self.jobs) + 1}: {here} -> {there}", flush=True)
        status, job = self.lab.migrate(source, "--max-bandwidth", self.options.max_bandwidth, *fault)
        self.jobs.append(job if "state" in job else {
            "nf": here, "to_nf": there, "state": "refused", "reasons": [job]})
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
    print(f"  {ctl.program} migrate {lab.instance('a')} --to b")
    print(f"  {ctl.program} steering show")
    if lab.role.has_programs:
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
    settings = Settings(name=options.name, nf=options.nf, flows=options.flows, rate=options.rate,
                        churn=options.churn, handovers=options.handovers, logins=options.logins, looks=options.looks,
                        workers=options.workers, allow_faults=options.fault in FAULTS,
                        follow_subscribers=options.fault != NO_PATH_SWITCH)
    print("lab:", flush=True)
    with Lab(settings, say) as lab:
        lab.await_peers()
        demo = Demo(options, lab)
        try:
            generated, tcp, ping, usage_error = demo.run()
        except Exception:
            print(lab.logs(), file=sys.stderr)
            raise
        status = report(options, lab, demo, generated, tcp, ping, usage_error)
        if options.keep:
            play(lab)
    return status


def report(options, lab, demo, generated, tcp, ping, usage_error):
    """Has slim-report merge all numbers. Returns the exit status."""
    files = {"gen": generated, "jobs": demo.jobs, "tcp": tcp, "ping": ping}
    for name, value in files.items():
        write_json(f"{lab.folder}/result-{name}.json", value)
    source = ["--gen", f"{lab.folder}/result-gen.json", "--jobs", f"{lab.folder}/result-jobs.json"]
    programs = ["--tcp", f"{lab.folder}/result-tcp.json",
                "--ping", f"{lab.folder}/result-ping.json"] if tcp else []
    usage = ["--usage-error-bytes", str(usage_error)] if usage_error is not None else []
    output = ["--output", os.path.abspath(options.json)] if options.json else []
    print(flush=True)
    status = subprocess.run([REPORT, "verdict", *source, *programs, *usage, *output,
                             "--expect-moves", str(options.moves)], check=False).returncode
    for name, text in (tcp or {}).get("notes", {}).items():
        print(f"  {name}: {text}")
    for name in lab.dead():
        print(f"  {name} has ended although nobody asked it to")
        status = status or 1
    if options.png:
        title = f"{lab.role.title} with {options.flows:,} {lab.role.flows_are} moves {options.moves} times"
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
    except generator.NoLedger as error:
        print(f"demo: {error}\n  result: void")
        return generator.VOID
    except (machine.MachineTooSmall, leftovers.Busy, build.NotBuilt, wait.DeadlinePassed) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
