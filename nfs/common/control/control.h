/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of an NF: a unix stream socket over which operators look at its state and
 * change it. Served by the main loop, never waits. slim-nf is the client.
 *
 * Protocol, in text. A request is a line of printable ASCII, words with spaces between them, at most
 * NF_LINE_SIZE bytes. Each request is answered, in order, by rows and an end:
 *
 *   show sessions limit 1
 *   {"protocol":"udp","inside":"100.64.3.7:5000","outside":"198.51.100.1:1031", ...}
 *   end ok 1
 *   clear session 100.64.3.7:5000/udp
 *   end not-owner 0 this instance does not own its state now: ...
 *
 * A row is a JSON object; it begins with '{'. The end names the status (status.h), how many rows were
 * written or entries changed, and for all but `ok` a text for people. Requests may follow each other
 * without waiting for answers. `help` lists the commands; it is every NF's.
 *
 * Limits. NF_CLIENTS clients; one more is told so and closed. NF_PIPELINE requests of a client are under
 * way, further ones stay in its socket. NF_OUT_SIZE bytes wait for a client that does not read; then
 * rows are not made any more. A client that takes no answer for NF_IDLE_NS is closed,
 * unless it is the NF that owes it one. A line that is too long ends the connection.
 * Each call does a bounded amount of work for each client.
 */
#ifndef NF_CONTROL_H
#define NF_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "mailbox.h"
#include "slim_limits.h"

#define NF_CLIENTS 8u
#define NF_LINE_SIZE 512u /* with its newline */
#define NF_PIPELINE 128u  /* requests */
#define NF_OUT_SIZE 65536u
#define NF_IDLE_NS UINT64_C(60000000000)

struct nf_control;

struct nf_control_config {
	const char *path;
	const struct nf_command *commands; /* ends with a name NULL; kept */
	void *nf;                          /* for the commands */
	const struct nf_running *running;  /* likewise; kept */
	struct nf_mailbox *mailboxes[SLIM_MAX_WORKERS];
	uint16_t n_workers;
	size_t workspace_size; /* bytes for `step`, of each client; may be 0 */
	/* A job of the NF's own (NF_SENDER_NF) came back. NULL: it puts none. */
	void (*job_done)(void *nf, uint16_t worker, const struct nf_job *job);
};

/* Main thread, all of them. A socket that nobody serves any more is replaced; the new one has mode 0660.
 * -EADDRINUSE: another process serves it; -EEXIST: it is no socket; -ENAMETOOLONG, -ENOMEM, and what
 * bind() says. */
int nf_control_open(const struct nf_control_config *config, struct nf_control **ret_control);

/* Once a round of the main loop; `now_ns` of CLOCK_MONOTONIC. NULL is allowed. */
void nf_control_poll(struct nf_control *control, uint64_t now_ns);

/* Closes all clients and removes the socket, if it still is this one's. NULL is allowed. */
void nf_control_close(struct nf_control *control);

#endif
