# SPDX-License-Identifier: Apache-2.0
"""Cases of an end-to-end test, printed as TAP. A case is a function; it fails by an exception."""

import os
import shutil
import sys
import time
import traceback

sys.path.insert(0, os.path.realpath(f"{os.path.dirname(__file__)}/../../scripts/lib"))

from slimlab import generator, leftovers, machine, wait  # noqa: E402
from slimlab.generator import VOID  # noqa: E402


class Failed(Exception):
    """What was seen is not what was promised."""


def expect(condition, text):
    if not condition:
        raise Failed(text)


def expect_equal(seen, wanted, what):
    if seen != wanted:
        raise Failed(f"{what}: {seen!r}, should be {wanted!r}")


class Tap:
    def __init__(self):
        self.n = 0
        self.failed = 0
        self.void = False  # a part of it says nothing
        self.lab = None

    def case(self, name, function, *args):
        """Runs one case; true if it passed."""
        began = time.monotonic()
        self.n += 1
        try:
            function(*args)
        except Exception as error:  # a failed case must not hide the others
            self.failed += 1
            print(f"not ok {self.n} - {name}")
            self.comment(f"{type(error).__name__}: {error}")
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)  # what meson shows of a failure
            if not isinstance(error, Failed):
                self.comment(traceback.format_exc())
            if self.lab:
                self.comment(self.lab.logs())
            return False
        print(f"ok {self.n} - {name}", flush=True)
        self.comment(f"{time.monotonic() - began:.1f} s")
        return True

    def skip(self, name, reason):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {reason}", flush=True)

    @staticmethod
    def comment(text):
        for line in str(text).splitlines():
            print(f"# {line}", flush=True)

    def end(self):
        print(f"1..{self.n}", flush=True)
        return VOID if self.void else 1 if self.failed else 0


def missing(tools):
    """Why the lab cannot run here; None when it can."""
    if os.geteuid() != 0:
        return "needs root (namespaces, huge pages)"
    for tool in (*tools, "ip", "nsenter"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    return None


def run(cases, tools=("ovsdb-server",)):
    """`cases`: a function that takes a Tap. `tools`: the programs that it needs. A lab that cannot start is a
    failure, not a skip."""
    reason = missing(tools)
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    tap = Tap()
    try:
        cases(tap)
    except (machine.MachineTooSmall, leftovers.Busy) as error:
        tap.case("the lab starts", raise_, error)
    except generator.NoLedger as error:
        tap.void = True
        tap.case("the run says something", raise_, error)
    except Exception as error:  # the lab itself broke
        tap.case("the lab runs", raise_, error)
    return tap.end()


def raise_(error):
    raise error


def jobs(lab, host):
    shown = lab.slimctl(host).try_json("job", "list") or {}
    return shown.get("jobs", [])


def last_job(lab, host):
    return max(jobs(lab, host), key=lambda j: int(j["started_unix_ns"]))


def wait_for_job(lab, host, condition, seconds=30):
    """Waits until a running job on that host meets the condition, and returns it."""
    return wait.until(
        lambda: next((j for j in jobs(lab, host) if j["state"] == "running" and condition(j)), None),
        f"a job on {host}", seconds, every=0.02)


def cancel_jobs(lab, host):
    for job in jobs(lab, host):
        if job["state"] == "running":
            lab.slimctl(host).call("job", "cancel", job["id"])
