# SPDX-License-Identifier: Apache-2.0
"""The lab: a private switch, two hosts and real programs on one machine.

Read in this order: wait (events with deadlines), leftovers (what must be undone) with shared (what labs
have in common) and reaper (should the lab be killed), process (children), machine (huge pages, namespaces), switch (Open vSwitch), plan (addresses and files),
lab (all of it together), programs (iperf3, curl, ping and friends), move (slimctl).
"""
