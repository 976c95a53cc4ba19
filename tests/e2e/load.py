# SPDX-License-Identifier: Apache-2.0
"""A lab with a load, and a ledger that is cut into one window a case."""

import dataclasses

from slimlab import generator, wait
from slimlab.generator import void
from slimlab.lab import HOSTS, Lab
from slimlab.settings import Settings

from tap import expect, expect_equal

FLOWS = 8_000
RATE = 5_000
CHURN = 200


@dataclasses.dataclass
class Window:
    """Of one case. `spoilt`: CLEAN, how its ledger must be spoilt (Spoilt), or None: it is not asked."""
    window: str
    name: str
    spoilt: object
    jobs: list = dataclasses.field(default_factory=list)


CLEAN = "clean"


class Bench:
    """One lab, one run of the generator, many cases. `home` is the host whose NF serves now."""

    def __init__(self, tap, name, generator=(), **settings):
        self.generator_options = generator
        settings = {"flows": FLOWS, "rate": RATE, "churn": CHURN, **settings}
        self.tap = tap
        self.lab = Lab(Settings(name=name, **settings))
        self.home = "a"
        self.windows = []

    def __enter__(self):
        self.lab.__enter__()
        self.tap.lab = self.lab
        try:
            self.lab.await_peers()
            self.lab.start_generator("--ramp-rate", "8000", *self.generator_options)
        except BaseException:
            self.tap.comment(self.lab.logs())
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.tap.lab = None
        self.lab.stop()

    def away(self):
        return HOSTS[self.home].other

    def case(self, name, function, *args, spoilt=CLEAN):
        """A case with its own window of the ledger. `spoilt`: what the ledger must say of it."""
        window = f"case-{len(self.windows) + 1:03}"  # none is the beginning of another
        self.lab.generator.mark(window)
        self.windows.append(Window(window, name, spoilt))
        return self.tap.case(name, function, self, *args)

    def note(self, job):
        """A move of the case that is at work."""
        if self.windows:
            self.windows[-1].jobs.append(job)
        return job

    def move(self, *options, seconds=60):
        """Moves the NF away from where it is; it must succeed. Returns the job."""
        status, job = self.lab.migrate(self.home, *options, seconds=seconds)
        expect_equal((status, job.get("state")), (0, "complete"), f"the move from {self.home}: {job}")
        self.home = self.away()
        check_result(job["result"])
        return self.note(job)

    def await_turns(self):
        """Until each flow had a packet: who ends their way before leaves a run that says nothing. Probes and echoes take three
        tenths of what is sent, and the rest goes to each flow in turn, both ways."""
        flows = self.lab.settings.flows
        wait.until(lambda: self.lab.generator.status()["sent"] >= 4 * flows, "a packet of each flow", 60)

    def expect_serving(self, host):
        """The NF of `host` serves, the other one is closed and empty."""
        lab, other = self.lab, HOSTS[host].other
        wait.until(lambda: (lab.show_nf(host) or {}).get("mode") == "pass", f"nat-{host} serves", 15)
        nf = lab.show_nf(other)
        if nf:
            expect_equal(nf["mode"], "closed", f"mode of nat-{other}")
            expect_equal([t["used"] for t in nf["tables"]], [0] * len(nf["tables"]),
                         f"entries left in nat-{other}")

    def judge(self):
        """Ends the load and asks the ledger about every case, if it can say anything at all."""
        self.lab.generator.mark("end")
        result = self.lab.generator.finish()
        jobs = [job for w in self.windows for job in w.jobs]
        nothing = void.reasons(result, jobs, [w.window for w in self.windows])
        self.tap.void |= bool(nothing)
        self.tap.case("the run says something", expect, not nothing, "; ".join(nothing))
        for w in self.windows:
            if w.spoilt is None:
                continue
            counts = generator.ledger(result, w.window)
            self.tap.comment(f"{w.name}: {counts}")
            if w.spoilt == CLEAN:
                self.tap.case(f"ledger is clean: {w.name}", expect_clean, counts, result)
            else:
                found = w.spoilt.reasons(result, w.window, w.jobs)
                self.tap.case(f"ledger shows what was {w.spoilt.fault}: {w.name}", expect, not found, "; ".join(found))
        return result


def check_result(result):
    expect(int(result["entries"]) > 0, f"nothing was moved: {result}")
    expect_equal(result["digest_target"], result["digest_source"], "digest of the target")
    expect_equal(result["digest_proof"], result["digest_source"], "digest of the full walk")
    expect_equal(int(result.get("hold_overflow", 0)), 0, "packets dropped by a full hold")
    expect_equal(int(result.get("queue_overflow", 0)), 0, "packets dropped by a full queue")


def expect_clean(counts, result):
    expect(counts["sent"] > 0, "nothing was sent")
    expect(generator.faults(counts) == 0, f"{counts}; first incidents: {result['incidents']}")
