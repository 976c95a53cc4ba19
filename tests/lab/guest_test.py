#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a guest's console says is told by command, however its words come in pieces; and a guest that ends says why."""

import os
import socket
import sys
import threading
import unittest

sys.path.insert(0, os.path.realpath(f"{os.path.dirname(__file__)}/../../scripts/lib"))

from slimlab import guest, wait  # noqa: E402

SAID, STATUS = "one\ntwo\n", 130


class Machine:
    """The other end. `pieces`: what it says to each command, {} for the command's number; each piece is sent once the one
    before it was looked at in vain."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.looks = 0
        self.ended = None
        self.near, self.far = socket.socketpair()
        self.console = guest.Console(self.near, self.gone)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def gone(self):
        """Asked each time that somebody has looked for an answer and found none."""
        self.looks += 1
        return self.ended

    def say(self, text):
        """Returns whether it was looked at, and more was waited for."""
        length = len(self.console.output) + len(text)
        self.far.sendall(text.encode())
        wait.until(lambda: len(self.console.output) == length, "the words at the other end")
        looks = self.looks
        return lambda: self.looks >= looks + 2

    def serve(self):
        with self.far.makefile("r") as lines:
            for number, _ in enumerate(lines, 1):
                for piece in self.pieces[:-1]:
                    wait.until(self.say(piece.format(number)), "looks for an answer")
                self.far.sendall(self.pieces[-1].format(number).encode())

    def close(self):
        self.far.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.far.close()
        self.console.reader.join()


class Answers(unittest.TestCase):
    # Killed by: an answer that is over before its line is (a status that is cut; an end of line that begins the next answer).
    def test_in_pieces(self):
        text = f"{SAID}done {{}}:{STATUS}\n"
        cuts = [i for i in range(1, len(text)) if text[i - 1] != "{" and text[i] != "}"]
        for at in cuts:
            machine = Machine(text[:at], text[at:])
            for _ in range(2):
                self.assertEqual(machine.console.run("any", 10), (STATUS, SAID), f"cut at {at}")
            machine.close()
            machine.near.close()

    # Killed by: last words without those of the console; an end that is taken for silence.
    def test_the_end(self):
        machine = Machine("")
        self.addCleanup(machine.near.close)
        machine.say("panic: no init\n")
        machine.close()
        machine.ended = "guest ended with 0"
        with self.assertRaisesRegex(guest.Ended, "guest ended with 0(.|\n)*panic: no init"):
            machine.console.run("any", 10)


if __name__ == "__main__":
    unittest.main()
