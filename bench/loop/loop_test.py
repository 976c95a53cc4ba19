#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The loops with the agent in a sanitizer's build: the same bytes come out whatever the agent does, and nothing is dropped. The bare
loops, and what is counted and timed, are for builds that are measured (micro_test.py). Prints TAP.

    loop_test.py NF
"""

import os
import sys
import types

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.realpath(f"{os.path.dirname(__file__)}/../../scripts/lib"))

import micro  # noqa: E402

HARDEST = {"nat": {"new": True}, "gateway": {"change": 1}, "pppoe": {"new": True}}  # as in micro_test.py
SESSIONS, PACKETS = 1000, 20_000


def forwarded(nf, variant, load):
    """What a loop says of one run."""
    options = types.SimpleNamespace(**{"nf": nf, "change": micro.CHANGE[nf], "inbound": 50, "burst": 32, "new": False, "huge": False,
                                       "driver": False, **load})
    with micro.Loop(options, variant, SESSIONS, PACKETS) as loop:
        loop.wait_ready()
        return loop.run()


def main():
    nf, failed = sys.argv[1], False
    loads = {"the usual mix": {}, "the hardest load": HARDEST[nf], "ports that allocate, copy and free": {"driver": True}}
    for number, (name, load) in enumerate(loads.items(), 1):
        problems = []
        try:
            micro.check_alike([forwarded(nf, variant, load) for variant in ("idle", "tracking")])
        except micro.Failed as error:
            problems = [str(error)]
        print(f"{'not ok' if problems else 'ok'} {number} - {name}", *(f"#   {p}" for p in problems), sep="\n", flush=True)
        failed |= bool(problems)
    print(f"1..{len(loads)}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
