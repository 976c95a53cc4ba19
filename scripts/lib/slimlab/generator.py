# SPDX-License-Identifier: Apache-2.0
"""Client of slim-gen's control socket: one command a line, one line of answer."""

import json
import socket

from . import wait


class Generator:
    def __init__(self, child, path):
        self.child = child
        self.path = path
        self.socket = None

    def connect(self, seconds=30):
        def try_once():
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                s.connect(self.path)
            except OSError:
                s.close()
                return None
            return s
        self.socket = wait.until(try_once, "slim-gen's control socket", seconds, alive=self.child.gone)
        self.stream = self.socket.makefile("rw", encoding="utf-8", newline="\n")

    def ask(self, command, seconds=30):
        self.socket.settimeout(seconds)
        self.stream.write(command + "\n")
        self.stream.flush()
        answer = self.stream.readline()
        if not answer:
            raise wait.DeadlinePassed(f"slim-gen did not answer '{command}': {self.child.gone()}")
        return json.loads(answer)
