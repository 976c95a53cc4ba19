# SPDX-License-Identifier: Apache-2.0
"""A small virtual machine with a kernel that speaks PPP: Debian's own, with busybox and pppd, in software emulation.

It is built from Debian's packages (the kernel's is fetched, not installed) and boots from memory within some ten
seconds. Its only disk is its memory; its console takes commands, one a line, and says what they say; its network card is a tap
device in a namespace."""

import glob
import os
import re
import shutil
import socket
import stat
import subprocess
import threading

from . import wait
from .process import Child, run

TOOLS = ("qemu-system-x86_64", "pppd", "busybox")
MODULES = ("failover", "net_failover", "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev",
           "virtio_pci", "virtio_net", "slhc", "ppp_generic", "pppox", "pppoe")  # in the order in which they load
FOLDERS = ("bin", "sbin", "dev", "proc", "sys", "tmp", "etc/ppp", "lib/modules", "usr/sbin", "var/run", "run")
# The first process never ends: the kernel would panic. And what does the commands is no interactive shell: busybox's takes a read
# that was interrupted by the end of a child for the end of its input.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for m in {modules}; do insmod /lib/modules/$m.ko; done
ip link set lo up; ip link set eth0 up
stty -echo
export PS1= PATH=/bin:/sbin:/usr/sbin
echo the guest is up
while true; do sh -c 'while IFS= read -r line; do eval "$line"; done'; done
"""
BOOT_SECONDS = 120
MEMORY_MB = 192


class NotHere(Exception):
    """A program or package is missing; the text says which."""


class Ended(Exception):
    """The machine is no more; the text says what it said last."""


# ---- the image ---------------------------------------------------------------------------------------


def entry(name, mode, data=b"", device=(0, 0)):
    """Of a cpio archive of the kind "newc"."""
    name = name.encode() + b"\0"
    head = b"070701" + b"".join(b"%08x" % v for v in (
        0, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0))
    out = head + name
    out += b"\0" * (-len(out) % 4)
    return out + data + b"\0" * (-len(data) % 4)


class Image:
    def __init__(self):
        self.parts = []
        self.seen = set()

    def folder(self, name):
        for i in range(1, len(name.split("/")) + 1):
            part = "/".join(name.split("/")[:i])
            if part and part not in self.seen:
                self.seen.add(part)
                self.parts.append(entry(part, stat.S_IFDIR | 0o755))

    def file(self, name, data, mode=0o755):
        self.folder(os.path.dirname(name))
        if name not in self.seen:
            self.seen.add(name)
            self.parts.append(entry(name, stat.S_IFREG | mode, data))

    def copy(self, path):
        """A program or library of this machine, with the libraries that it needs."""
        with open(path, "rb") as f:
            self.file(path.lstrip("/"), f.read())
        listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"(/\S+) \(0x", listed):
            if library.lstrip("/") not in self.seen:
                self.copy(library)

    def write(self, path):
        with open(path, "wb") as f:
            f.writelines(self.parts)
            f.write(entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1)))
            f.write(entry("TRAILER!!!", 0))


def fetch_kernel(folder):
    """Debian's kernel, unpacked below the folder: (path of vmlinuz, {module: path})."""
    shown = run("apt-cache", "depends", "linux-image-amd64")
    found = re.search(r"Depends: (linux-image-\S+)", shown)
    if not found:
        raise NotHere("the package linux-image-amd64 is not known to apt")
    done = subprocess.run(["apt-get", "-q", "download", found[1]], cwd=folder, capture_output=True, text=True, check=False,
                          timeout=300)
    packages = glob.glob(f"{folder}/linux-image-*.deb")
    if done.returncode != 0 or not packages:
        raise NotHere(f"{found[1]} cannot be fetched: {done.stderr.strip()[-300:]}")
    run("dpkg-deb", "-x", packages[0], f"{folder}/kernel", seconds=300)
    os.unlink(packages[0])
    modules = {}
    for path in glob.glob(f"{folder}/kernel/lib/modules/**/*.ko", recursive=True):
        modules[os.path.basename(path)[:-3]] = path
    return glob.glob(f"{folder}/kernel/boot/vmlinuz-*")[0], modules


def build(folder, files):
    """Kernel and image in the folder; `files`: what else is in the image, path: text. Returns their paths."""
    kernel, modules = fetch_kernel(folder)
    image = Image()
    for name in FOLDERS:
        image.folder(name)
    image.copy(shutil.which("pppd"))
    for plugin in glob.glob("/usr/lib/pppd/*/pppoe.so"):
        image.copy(plugin)
    with open(shutil.which("busybox"), "rb") as f:
        image.file("bin/busybox", f.read())
    for name in MODULES:
        if name in modules:
            with open(modules[name], "rb") as f:
                image.file(f"lib/modules/{name}.ko", f.read())
    for path, text in files.items():
        image.file(path, text.encode(), 0o600)
    image.file("init", INIT.format(modules=" ".join(m for m in MODULES if m in modules)).encode())
    path = f"{folder}/guest.cpio"
    image.write(path)
    small = f"{folder}/vmlinuz"
    shutil.copy(kernel, small)
    shutil.rmtree(f"{folder}/kernel")
    return small, path


# ---- its console -----------------------------------------------------------------------------------------


class Console:
    """The other end takes commands, one a line, and says what they say. `gone`: None while the machine runs, else why not."""

    def __init__(self, stream, gone):
        self.stream = stream
        self.gone = gone
        self.output = ""
        self.number = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                data = self.stream.recv(65536)
            except ConnectionResetError:  # it has ended with words of ours unread
                return
            if not data:
                return
            self.output += data.decode(errors="replace").replace("\r", "")

    def run(self, command, seconds=30):
        """What a command says, and its exit status."""
        self.number += 1
        mark = f"done {self.number}:"
        at = len(self.output)
        # The mark is not in what is written, so an echo of it is not taken for the end.
        try:
            self.stream.sendall(f"{command}; echo done\" {self.number}:$?\"\n".encode())
        except OSError as error:
            raise Ended(f"{error}; {self.last_words()}") from error
        # With the end of its line: the next command's answer begins behind it.
        answer = wait.until(lambda: re.match(f"(.*?)^{mark}(\\d+)\n", self.output[at:], re.M | re.S), f"the guest: {command}",
                            seconds, alive=self.last_words)
        return int(answer[2]), answer[1]

    def last_words(self):
        """None while it runs; else what it said last: a kernel that panics says why on its console."""
        gone = self.gone()
        if gone is None:
            return None
        self.reader.join(10)
        return f"{gone}\nand on its console:\n{self.output[-4000:]}"


# ---- the machine -----------------------------------------------------------------------------------------


class Guest:
    """A running one, in a namespace, with its card at a tap device there that exists."""

    def __init__(self, journal, folder, kernel, image, netns, tap, mac):
        path = f"{folder}/guest.console"
        self.child = Child(journal, folder, "guest", [
            "qemu-system-x86_64", "-accel", "tcg", "-m", MEMORY_MB, "-nodefaults", "-no-reboot", "-display", "none",
            "-kernel", kernel, "-initrd", image, "-append", "console=ttyS0 quiet panic=-1",
            "-chardev", f"socket,id=console,path={path},server=on,wait=off", "-serial", "chardev:console",
            "-netdev", f"tap,id=net,ifname={tap},script=no,downscript=no",
            "-device", f"virtio-net-pci,netdev=net,mac={mac},romfile="], netns=netns)
        wait.until(lambda: os.path.exists(path), "the guest's console", alive=self.child.gone)
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(path)
        self.console = Console(stream, self.child.gone)
        wait.until(lambda: "the guest is up" in self.console.output, "the guest's shell", BOOT_SECONDS,
                   alive=self.console.last_words)

    def run(self, command, seconds=30):
        """What a command says, and its exit status."""
        return self.console.run(command, seconds)

    def start(self, command):
        """In the guest's background."""
        return self.run(f"({command}) & true")
