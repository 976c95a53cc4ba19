#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Cleans up after one lab, should it die. Its standard input ends when the lab does, however that ends; a lab that
ended as it should has removed its journal.

    reaper.py NAME FOLDER MARK
"""

import os
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/.."))

from slimlab import leftovers  # noqa: E402 (the path comes first)


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    leftovers.reap(*sys.argv[1:])


if __name__ == "__main__":
    main()
