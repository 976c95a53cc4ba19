/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What slimd tells Prometheus.
 *
 *	slim_build_info{version,host}          1
 *	slim_nf_alive{nf,service}              0, 1
 *	slim_table_entries{nf,table}, slim_table_capacity{nf,table}
 *	slim_gate_NAME_total{nf}               one for each counter of the gate (slim_shm.h)
 *	slim_jobs{state}                       jobs that are remembered
 *	slim_peer_up{peer}                     1: each connection that is configured stands: the one that
 *	                                       we dial; of a peer without an address the one it dialled
 *
 * One thread: that of the event loop.
 */
#ifndef SLIMD_API_METRICS_H
#define SLIMD_API_METRICS_H

#include "daemon.h"
#include "exporter.h"

/* The whole text; `ctx` is the struct daemon. */
exporter_print_fn metrics_print;

#endif
