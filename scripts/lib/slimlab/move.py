# SPDX-License-Identifier: Apache-2.0
"""slimctl, as a program would use it: --json and exit status."""

import json
import os
import subprocess

from .process import before_exec


class Refused(Exception):
    """slimctl said no. `status` is its exit status."""

    def __init__(self, command, status, text):
        super().__init__(f"{' '.join(command)}: exit {status}: {text}")
        self.status = status
        self.text = text


class Slimctl:
    """Speaks to one slimd and to slim-ofctld."""

    def __init__(self, program, server, steering, nice=0):
        self.program = program
        self.nice = nice
        self.environment = {"SLIM_SERVER": server, "SLIM_STEERING": steering}

    def _popen(self, args):
        return subprocess.Popen(self.command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, text=True, preexec_fn=before_exec(self.nice),
                                start_new_session=True, env={**os.environ, **self.environment})

    def command(self, *args):
        return [self.program, *(str(a) for a in args)]

    def start(self, *args):
        """Starts it without waiting, for moves that are disturbed half-way."""
        return self._popen(args)

    def call(self, *args, seconds=30):
        """Returns (exit status, standard output, standard error)."""
        process = self._popen(args)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return process.returncode, out, err

    def run(self, *args, seconds=30):
        status, out, err = self.call(*args, seconds=seconds)
        if status != 0:
            raise Refused(self.command(*args), status, (err or out).strip())
        return out

    def json(self, *args, seconds=30):
        return json.loads(self.run("--json", *args, seconds=seconds))

    def json_rows(self, *args, seconds=120):
        """Of a command that prints an object a line."""
        return [json.loads(line) for line in self.run("--json", *args, seconds=seconds).splitlines()]

    def try_json(self, *args):
        """None when the daemon is not there or says no."""
        try:
            return self.json(*args)
        except (Refused, ValueError):
            return None

    def migrate(self, nf, to, *options, seconds=120):
        """Returns (exit status, job as a dictionary, or None when there is no job)."""
        status, out, err = self.call("--json", "migrate", nf, "--to", to, *options, seconds=seconds)
        try:
            return status, json.loads(out.strip().splitlines()[-1])
        except (ValueError, IndexError):
            return status, {"text": (err or out).strip()}
