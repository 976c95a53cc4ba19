# SPDX-License-Identifier: Apache-2.0
"""Client of a control socket: one command a line, one line of answer, which begins with "error" if there is one."""

import socket

from . import wait


class Refused(wait.DeadlinePassed):
    """The program said no, or nothing."""


class ControlLine:
    """`name`: of the program. `gone`: None while it runs, else its last words. `error`: what is raised when it says no."""

    def __init__(self, path, name, gone=lambda: None, seconds=30, error=Refused):
        self.path = path
        self.name = name
        self.gone = gone
        self.error = error
        self.socket = wait.until(self._try_connect, f"{name}'s control socket", seconds, alive=gone)
        self.stream = self.socket.makefile("rw", encoding="utf-8", newline="\n")

    def _try_connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            s.connect(self.path)
        except OSError:
            s.close()
            return None
        return s

    def ask(self, command, seconds=30):
        self.socket.settimeout(seconds)
        self.stream.write(command + "\n")
        self.stream.flush()
        answer = self.stream.readline().strip()
        if not answer or answer.startswith("error"):
            raise self.error(f"{self.name}, asked to '{command}', said '{answer}' {self.gone() or ''}")
        return answer

    def close(self):
        self.stream.close()
        self.socket.close()
