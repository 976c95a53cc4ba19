# SPDX-License-Identifier: Apache-2.0
"""What the lab takes from the machine: huge pages, network namespaces, veth pairs."""

import contextlib
import os

from . import shared
from .process import run

PAGE_KB = 2048
ROOM_TRIES = 5
SPARE_MB = 64  # what else on the machine may take in the meantime
PAGES = f"/sys/kernel/mm/hugepages/hugepages-{PAGE_KB}kB"


class MachineTooSmall(Exception):
    """The machine lacks something the lab needs; the text says what."""


def _free_pages():
    return _read("free_hugepages") - _read("resv_hugepages")


def _make_room():
    """After a build the kernel's caches fill the memory, and what of them cannot be moved is spread over all of
    it. Both files ask the kernel to do what it does by itself when it is in need; nothing is lost by it."""
    os.sync()  # what is dirty is not dropped
    for file, value in (("drop_caches", 3), ("compact_memory", 1)):
        with contextlib.suppress(OSError):  # a kernel that cannot: the pages are missing then, which is said
            shared.write_text(f"/proc/sys/vm/{file}", value)


def _read(name):
    with open(f"{PAGES}/{name}", encoding="ascii") as f:
        return int(f.read())


def take_hugepages(journal, megabytes):
    """Makes sure that so much memory is free in huge pages of 2 MB. What had to be added is
    given back when the journal is undone."""
    with journal.shared() as record:
        _take_hugepages(record, journal.name, megabytes)


def _take_hugepages(record, lab, megabytes):
    if not os.path.isdir(PAGES):
        raise MachineTooSmall("this kernel has no huge pages of 2 MB")
    need = (megabytes + SPARE_MB) * 1024 // PAGE_KB
    found_all = True
    for _ in range(ROOM_TRIES):
        free = _free_pages()
        if free >= need:
            return
        # Pages of a program that is still dying take from what the pool is given: then more is needed. Where
        # the kernel did not find what it was asked for, it is asked for the same once more.
        if not found_all:
            _make_room()
        found_all = record.ask_pages(lab, PAGES, need - free if found_all else 0)
    free = _free_pages()
    if free < need:
        raise MachineTooSmall(f"{megabytes} MB of huge pages are needed, the kernel found only "
                              f"{free * PAGE_KB // 1024} MB: not enough free memory in one piece")


def set_sysctl(journal, name, value):
    """Until the journal is undone."""
    with journal.shared() as record:
        record.ask_setting(journal.name, f"/proc/sys/{name.replace('.', '/')}", value)


def schedule_fairly(journal):
    """Every thread by itself. Where the kernel groups processes by session (autogroup), nice values count
    only within a session, and on two cores the switch as a group was seen to wait 117 ms for the workers of
    the NFs, which sleep and wake all the time."""
    if os.path.exists("/proc/sys/kernel/sched_autogroup_enabled"):
        set_sysctl(journal, "kernel.sched_autogroup_enabled", 0)


def make_netns(journal, name):
    journal.note("netns", name=name)
    run("ip", "netns", "add", name)
    run("ip", "link", "set", "lo", "up", netns=name)


def make_veth(first, first_netns, second, second_netns):
    """A veth pair between two namespaces, with which it goes away. Checksums are computed for
    real: the packets leave the kernel for a userspace switch."""
    run("ip", "link", "add", first, "netns", first_netns, "type", "veth",
        "peer", "name", second, "netns", second_netns)
    for end, netns in ((first, first_netns), (second, second_netns)):
        run("ethtool", "-K", end, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off",
            netns=netns)
        run("ip", "link", "set", end, "up", netns=netns)


def set_address(netns, device, address, mac=None):
    if mac:
        run("ip", "link", "set", device, "address", mac, netns=netns)
    run("ip", "address", "add", address, "dev", device, netns=netns)


def add_route(netns, prefix, via):
    run("ip", "route", "add", prefix, "via", via, netns=netns)
