# SPDX-License-Identifier: Apache-2.0
"""FreeRADIUS as Debian has it, in the foreground: a configuration and users made here, and a file of all that it is told.
Its folder and addresses are its own; no other server of the machine is touched."""

import re

from .template import write_private

SECRET = "testing123"
AUTH, ACCT, DISCONNECT = 1812, 1813, 3799
READY = "Ready to process requests"

# A request is remembered for a second, in case it is sent again: many log in at once.
CONFIG = """
name = radiusd
prefix = /usr
libdir = /usr/lib/freeradius
logdir = {folder}
run_dir = {folder}
raddbdir = {folder}
pidfile = {folder}/radiusd.pid
max_requests = 65536
cleanup_delay = 1
security {{
	allow_vulnerable_openssl = yes
	reject_delay = 0
}}
{clients}
modules {{
	pap {{
	}}
	chap {{
	}}
	files {{
		filename = {folder}/users
	}}
	detail {{
		filename = {folder}/detail
		log_packet_header = yes
	}}
	detail asked {{
		filename = {folder}/asked
	}}
}}
server one {{
	listen {{
		type = auth
		ipaddr = {host}
		port = {auth}
	}}
	listen {{
		type = acct
		ipaddr = {host}
		port = {acct}
	}}
	authorize {{
		asked
		chap
		files
		pap
	}}
	authenticate {{
		Auth-Type PAP {{
			pap
		}}
		Auth-Type CHAP {{
			chap
		}}
	}}
	accounting {{
		detail
	}}
	post-auth {{
		{signature}
		Post-Auth-Type REJECT {{
			{signature}
		}}
	}}
}}
"""
CLIENT = """client {address} {{
	ipaddr = {address}
	secret = {secret}
	require_message_authenticator = yes
}}
"""
# The server of Debian 12 signs its answers when it is told to.
SIGNATURE = "update reply { Message-Authenticator := 0x00 }"


def configure(folder, host, clients, users, signs=True):
    """Files of a server at an address, for clients of these addresses, with a users file of this text. Returns its command;
    it says READY when it is."""
    write_private(f"{folder}/radiusd.conf", CONFIG.format(
        folder=folder, host=host, auth=AUTH, acct=ACCT, signature=SIGNATURE if signs else "",
        clients="".join(CLIENT.format(address=address, secret=SECRET) for address in clients)))
    write_private(f"{folder}/users", users)
    for name in ("dictionary", "asked", "detail"):  # below /dev, as in /dev/shm, the server makes no files
        write_private(f"{folder}/{name}", "")
    return ["freeradius", "-f", "-l", "stdout", "-d", folder]


def records(folder):
    """What it was told, as dicts of attributes, in order."""
    with open(f"{folder}/detail", encoding="utf-8") as f:
        blocks = [block for block in f.read().split("\n\n") if block.strip()]
    return [dict(re.findall(r'^\t(\S+) = "?(.*?)"?$', block, re.M)) for block in blocks]
