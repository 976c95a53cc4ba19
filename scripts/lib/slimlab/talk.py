#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A TCP session that is mostly silent: the client says one line every so often and expects it
back. The client prints one JSON line at its end.

    talk.py serve ADDRESS PORT
    talk.py speak ADDRESS PORT SECONDS_BETWEEN   (until SIGTERM)
"""

import json
import signal
import socket
import sys
import threading


def serve(address, port):
    listener = socket.create_server((address, port))
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        with connection:
            while data := connection.recv(4096):
                connection.sendall(data)


def speak(address, port, pause):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    said, broken = 0, None
    try:
        with socket.create_connection((address, port), timeout=10) as connection:
            print("ready", flush=True)
            while not stop.is_set():
                line = f"line {said}\n".encode()
                connection.sendall(line)
                heard = b""
                while len(heard) < len(line):
                    more = connection.recv(4096)
                    if not more:
                        raise ConnectionError("closed by the other end")
                    heard += more
                if heard != line:
                    raise ConnectionError(f"said {line!r}, heard {heard!r}")
                said += 1
                stop.wait(pause)
    except OSError as error:
        broken = str(error)
    print(json.dumps({"lines": said, "bytes": said * 8, "broken": broken}), flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(speak(sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
