# SPDX-License-Identifier: Apache-2.0
"""Waiting for events. Nothing here sleeps for a time that was guessed: a condition is asked
again and again until it holds or a deadline passes, and a deadline that passes is an error."""

import time


class DeadlinePassed(Exception):
    """What was waited for did not happen in time."""


def until(condition, what, seconds=30.0, every=0.02, alive=None):
    """Returns the first true value of condition(). `alive`, if given, is asked too: when it
    returns a text, waiting makes no sense any more and the text is the reason."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        reason = alive() if alive else None
        if reason:
            raise DeadlinePassed(f"{what}: {reason}")
        if time.monotonic() > end:
            raise DeadlinePassed(f"{what}: not within {seconds:g} s")
        time.sleep(every)
