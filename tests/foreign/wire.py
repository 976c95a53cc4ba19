# SPDX-License-Identifier: Apache-2.0
"""One end of a wire, for packets that scapy builds and reads. The kernel of that place sees them as well;
it says nothing to addresses that are not its own."""

import logging
import select
import socket
import time

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.inet import ICMP, IP, TCP, UDP, ICMPerror, IPerror, TCPerror, UDPerror  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Padding, Raw  # noqa: E402

ETH_P_ALL = 3
PACKET_OUTGOING = 4


def without_padding(packet):
    """A short frame is filled up: that is none of the packet, and nobody quotes it."""
    if Padding in packet:
        packet[Padding].underlayer.remove_payload()
    return packet


class Wire:
    def __init__(self, world, place, to_mac, device="eth0"):
        self.to_mac = to_mac
        with world.inside_of(place):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.socket.bind((device, ETH_P_ALL))
        self.mac = ":".join(f"{byte:02x}" for byte in self.socket.getsockname()[4])

    def close(self):
        self.socket.close()

    def send(self, *packets):
        """As scapy builds them: what they leave open (lengths, checksums) is put right."""
        for packet in packets:
            self.socket.send(bytes(Ether(src=self.mac, dst=self.to_mac) / packet))

    def take(self, n, wanted, seconds=3.0):
        """The next n IPv4 packets that are wanted. What does not come in time is an error."""
        taken, end = [], time.monotonic() + seconds
        while len(taken) < n:
            ready, _, _ = select.select([self.socket], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{len(taken)} of {n} packets came: {taken}")
            frame, address = self.socket.recvfrom(65536)
            packet = without_padding(Ether(frame))
            if address[2] != PACKET_OUTGOING and IP in packet and wanted(packet[IP]):
                taken.append(packet[IP])
        return taken


def rebuilt(packet):
    """The same packet with every checksum computed by scapy, but those that were not sent. A fragment has none of
    its own but that of its header."""
    packet = packet.copy()
    if packet.flags.MF or packet.frag:
        del packet.chksum
        return bytes(packet)
    for layer in (IP, TCP, ICMP, IPerror):
        if layer in packet:
            del packet[layer].chksum
    if UDP in packet and packet[UDP].chksum != 0:
        del packet[UDP].chksum
    return bytes(packet)


def quoted(error):
    """The packet that an ICMP error is about, as a packet of its own."""
    return IP(bytes(error[ICMP].payload))
