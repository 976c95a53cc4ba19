/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics for Prometheus (text format 0.0.4): GET /metrics over HTTP, without TLS; listen on
 * loopback or behind a proxy.
 *
 *	slim_build_info{version,host}          1
 *	slim_nf_alive{nf,service}              0, 1
 *	slim_table_entries{nf,table}, slim_table_capacity{nf,table}
 *	slim_gate_NAME_total{nf}               one for each counter of the gate (slim_shm.h)
 *	slim_jobs{state}                       jobs that are remembered
 *	slim_peer_up{peer}                     0, 1
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_IO_METRICS_H
#define SLIMD_IO_METRICS_H

#include "daemon.h"

struct evbuffer;
struct metrics;

/* `address`: host:port or [v6]:port, numbers only; port 0 takes a free one. `daemon` is kept. -EINVAL,
 * -EADDRNOTAVAIL, -ENOMEM. */
int metrics_create(struct daemon *daemon, const char *address, struct metrics **ret_metrics);
void metrics_destroy(struct metrics *metrics);

/* The port it listens on. */
int metrics_port(const struct metrics *metrics);

/* The whole text. */
void metrics_print(const struct daemon *daemon, struct evbuffer *out);

#endif
