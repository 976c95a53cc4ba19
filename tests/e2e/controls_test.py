#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Negative controls: with one mechanism switched off the same move must spoil the ledger, each in its own way and
place (faults.py). A judge that never says no is not a judge, and one that says no to anything is none either."""

import sys

import faults
import tap
from load import Bench


def cases(t):
    with Bench(t, "slim-e2e", faults.FAST_FLOW, **faults.LOAD) as bench:
        faults.watch(bench)


if __name__ == "__main__":
    sys.exit(tap.run(cases))
