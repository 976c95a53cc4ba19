#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small web server whose only page is as long as the path says: GET /bytes/N answers N bytes
of a fixed pattern, so that a client can check them.

    download.py ADDRESS PORT
"""

import hashlib
import http.server
import sys

BLOCK = bytes(range(256)) * 256


def pattern(size):
    """The page of that size, in blocks."""
    while size > 0:
        yield BLOCK[:size]
        size -= len(BLOCK)


def digest(size):
    total = hashlib.sha256()
    for block in pattern(size):
        total.update(block)
    return total.hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        head, _, number = self.path.rpartition("/")
        if head != "/bytes" or not number.isdigit():
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", number)
        self.end_headers()
        for block in pattern(int(number)):
            self.wfile.write(block)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
    print("ready", flush=True)
    server.serve_forever()
