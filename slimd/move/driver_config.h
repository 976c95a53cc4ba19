/* SPDX-License-Identifier: Apache-2.0 */
/* What the driver is given, and the words that it and its moves share. */
#ifndef SLIMD_MOVE_DRIVER_CONFIG_H
#define SLIMD_MOVE_DRIVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller.h"
#include "nf_registry.h"
#include "peer.h"
#include "session.h"

struct outside;

struct driver_config {
	struct outside *outside;
	const char *host;
	const char *state_dir;   /* for the journals */
	const char *runtime_dir; /* for what only a restart needs, on tmpfs; NULL: none */
	struct nf_registry *nfs;
	struct peer_set *peers;
	struct controller *controller; /* NULL: no address is configured */
	bool steering_none;            /* moves without a controller are wanted (tests) */
	bool allow_faults;
	bool compress;                /* default of a move: lz4 */
	uint64_t max_bandwidth;       /* default of a move, bytes a second; 0: no limit */
	struct session_limits limits; /* defaults of a move */
};

/* X(NAME, "name"): what a peer said out of turn, by the kind of its frame; FLOOD: more at once than makes
 * sense. */
#define DRIVER_PROTOCOL_ERRORS(X) \
	X(BEGIN, "begin")         \
	X(ROWS, "rows")           \
	X(END, "end")             \
	X(FINISH, "finish")       \
	X(TRAIL_END, "trail_end") \
	X(FLOOD, "flood")         \
	X(OTHER, "other")

enum driver_protocol_error {
#define X(NAME, name) DRIVER_ERROR_##NAME,
	DRIVER_PROTOCOL_ERRORS(X)
#undef X
		DRIVER_N_ERRORS
};

const char *driver_protocol_error_name(enum driver_protocol_error error);

#endif
