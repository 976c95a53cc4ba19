# SPDX-License-Identifier: Apache-2.0
"""The campaigns of the benchmark suite, which bench/run runs: what is varied, and how each run is measured.

A run is one mode at one point, once: a line of raw data (runs.py, store.py). Runs that can share a lab are a batch: the
lab is made once, and the modes take turns in it in random order, so what else the machine does falls on all of them."""

import os
import sys

sys.path.insert(0, os.path.realpath(f"{os.path.dirname(os.path.realpath(__file__))}/../../../bench/baselines"))


def all_campaigns():
    """In the order in which they are run."""
    # pylint: disable=import-outside-toplevel
    from . import ancestor, anatomy, churn, disturbance, failure, link, overhead, size
    return (ancestor.Ancestor(), size.Size(), churn.Churn(), anatomy.Anatomy(), disturbance.Disturbance(), overhead.Overhead(),
            failure.Failure(), link.Link())
