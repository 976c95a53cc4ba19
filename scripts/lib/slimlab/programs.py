# SPDX-License-Identifier: Apache-2.0
"""Real programs as clients and servers on both sides of the NF: iperf3 up and down, ping, a
download with curl, and a TCP session that speaks once a second.

They run until stop() and then tell what they saw. Rates are modest: two cores carry the switch,
the NFs, the generator and these."""

import json
import os
import re
import signal

from . import download, wait
from .process import Child, run

HERE = os.path.dirname(os.path.realpath(__file__))
PYTHON = "/usr/bin/python3"
SEGMENT = 1448
WINDOW = "96K"  # less than a veth socket holds, so that a burst is never lost before the switch


class Programs:
    def __init__(self, journal, folder, client_netns, server_netns, server_address,
                 megabit=8, ping_every=0.05, idle_every=1.0):
        self.journal = journal
        self.folder = folder
        self.client_netns = client_netns
        self.server_netns = server_netns
        self.address = server_address
        self.megabit = megabit
        self.ping_every = ping_every
        self.idle_every = idle_every
        self.servers = []
        self.clients = {}
        self.download_size = 0

    def _server(self, name, command, port):
        child = Child(self.journal, self.folder, name, command, netns=self.server_netns)
        self.servers.append(child)
        wait.until(lambda: f":{port} " in run("ss", "-Hltn", netns=self.server_netns), name,
                   alive=child.gone)

    def _client(self, name, command):
        self.clients[name] = Child(self.journal, self.folder, name, command, netns=self.client_netns)

    def await_path(self, seconds=20):
        """The NF answers and translates: one ping has come back."""
        def answered():
            try:
                run("ping", "-c", "1", "-W", "1", self.address, netns=self.client_netns)
                return True
            except Exception:  # not yet
                return False
        wait.until(answered, f"a ping from {self.client_netns} to {self.address}", seconds)

    def start(self, seconds):
        """Starts everything; `seconds` is how long it will run at least."""
        self._server("iperf3-up-server", ["iperf3", "-s", "-p", "5201", "-B", self.address], 5201)
        self._server("iperf3-down-server", ["iperf3", "-s", "-p", "5202", "-B", self.address], 5202)
        self._server("web-server", [PYTHON, f"{HERE}/download.py", self.address, "8080"], 8080)
        self._server("talk-server", [PYTHON, f"{HERE}/talk.py", "serve", self.address, "7007"], 7007)
        self.await_path()
        # A stopped iperf3 writes no report, so it gets a time and is waited for.
        common = ["-t", str(int(seconds)), "-b", f"{self.megabit}M", "-w", WINDOW, "-M", str(SEGMENT), "-J"]
        self._client("iperf3-up", ["iperf3", "-c", self.address, "-p", "5201", *common])
        self._client("iperf3-down", ["iperf3", "-c", self.address, "-p", "5202", "-R", *common])
        rate = self.megabit * 1_000_000 // 8
        self.download_size = int(rate * seconds)
        self._client("curl", ["curl", "--silent", "--show-error", "--limit-rate", str(rate),
                              "--output", f"{self.folder}/download", "--write-out",
                              "%{http_code} %{size_download} %{num_connects}\n",
                              f"http://{self.address}:8080/bytes/{self.download_size}"])
        self._client("ping", ["ping", "-i", str(self.ping_every), "-D", self.address])
        self._client("talk", [PYTHON, f"{HERE}/talk.py", "speak", self.address, "7007",
                              str(self.idle_every)])
        wait.until(lambda: "ready" in self.clients["talk"].output(), "the idle session",
                   alive=self.clients["talk"].gone)
        wait.until(lambda: "bytes from" in self.clients["ping"].output(), "the first echo",
                   alive=self.clients["ping"].gone)

    def broken(self):
        """Names of programs that have ended badly so far."""
        return [name for name, child in self.clients.items()
                if child.popen.poll() not in (None, 0)]

    def finish(self, seconds):
        """Waits for the transfers, ends the others. Returns (tcp, ping) for the verdict."""
        ended = {}
        for name in ("iperf3-up", "iperf3-down", "curl"):
            ended[name] = self.clients[name].finish(seconds)
        ended["talk"] = self.clients["talk"].stop(sig=signal.SIGTERM)
        ended["ping"] = self.clients["ping"].stop(sig=signal.SIGINT)
        for server in self.servers:
            server.stop(5)
        return self._tcp(ended), self._ping()

    def _tcp(self, ended):
        transferred, retransmits, broken, notes = 0, 0, 0, {}
        for name in ("iperf3-up", "iperf3-down"):
            report = self._iperf_report(name)
            end = report.get("end", {})
            transferred += end.get("sum_received", {}).get("bytes", 0)
            retransmits += end.get("sum_sent", {}).get("retransmits", 0) or 0
            if ended[name] != 0 or "error" in report:
                broken += 1
                notes[name] = report.get("error", f"exit {ended[name]}")
        problem = self._curl_problem(ended["curl"])
        if problem:
            broken += 1
            notes["curl"] = problem
        else:
            transferred += self.download_size
        talk = json.loads(self.clients["talk"].output().strip().splitlines()[-1])
        transferred += talk["bytes"]
        if ended["talk"] != 0 or talk["broken"]:
            broken += 1
            notes["talk"] = talk["broken"]
        return {"bytes": transferred, "retransmits": retransmits, "connections": 4,
                "connections_broken": broken, "idle_lines": talk["lines"], "notes": notes}

    def _iperf_report(self, name):
        text = self.clients[name].output()
        try:
            return json.loads(text[text.index("{"):])
        except ValueError:
            return {"error": f"no report: {text[-300:]}"}

    def _curl_problem(self, status):
        """None when the page came whole and unharmed over one connection."""
        said = self.clients["curl"].output().strip()
        if status != 0:
            return f"exit {status}: {said[-300:]}"
        path = f"{self.folder}/download"
        total = download.hashlib.sha256()
        with open(path, "rb") as f:
            while block := f.read(1 << 20):
                total.update(block)
        os.unlink(path)
        if total.hexdigest() != download.digest(self.download_size):
            return "the page that arrived is not the page that was sent"
        return None

    def _ping(self):
        text = self.clients["ping"].output()
        match = re.search(r"(\d+) packets transmitted, (\d+) received(?:, \+(\d+) duplicates)?", text)
        sent, received = int(match[1]), int(match[2])
        # The last echo may have been on its way when ping was told to stop.
        in_flight = 1 if sent - received == 1 and not self._answered(text, sent) else 0
        return {"sent": sent - in_flight, "lost": sent - received - in_flight,
                "duplicates": int(match[3] or 0)}

    @staticmethod
    def _answered(text, sequence):
        return f"icmp_seq={sequence} " in text
