/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit of slim, in one place. A number that bounds memory, a loop or a
 * message stands here and nowhere else, so that "memory is bounded" can be
 * read off one page. Sizes are bytes unless the name says otherwise.
 */
#ifndef SLIM_PROTO_LIMITS_H
#define SLIM_PROTO_LIMITS_H

#define SLIM_N_BUCKETS 256u                   /* fixed by the design, not a tunable */
#define SLIM_MAX_WORKERS 16u                  /* packet lcores of one NF */
#define SLIM_MAX_PORTS 8u                     /* data ports of one NF */
#define SLIM_MAX_TABLES 8u                    /* state tables of one NF */
#define SLIM_MAX_FIELDS 32u                   /* fields of one table */
#define SLIM_MAX_ZONES (2u + SLIM_MAX_TABLES) /* memory zones an NF shares: info, control, slabs */
#define SLIM_MAX_RANGES 64u                   /* file ranges of all zones of an NF */
#define SLIM_NAME_SIZE 32u                    /* any name, with its final NUL */
#define SLIM_IDENTITY_SIZE 128u               /* configuration fingerprint text, with NUL */

#define SLIM_MAX_SLOT_SIZE 1024u          /* header and payload of one slot */
#define SLIM_MAX_CAPACITY (1u << 26)      /* slots of one table */
#define SLIM_INSTALL_RING_SIZE (1u << 20) /* bytes, per worker, a power of two */
#define SLIM_PENDING_SLOTS 512u           /* changed slots remembered within one burst */
#define SLIM_INSTALL_BUDGET 256u          /* rows a worker applies in one poll */
#define SLIM_WIPE_BUDGET 1024u            /* slots a worker wipes in one poll */
#define SLIM_WIPE_LOOKS 8192u             /* slots it looks at for that */

#define SLIM_HOLD_CAPACITY_DEFAULT 16384u /* packets, per worker and port */
#define SLIM_RELEASE_BURST 64u            /* packets released in one receive call */
#define SLIM_PACE_FROM 256u               /* a longer queue is released at a pace */
#define SLIM_PACE_FACTOR 4u               /* times the rate at which it filled */
#define SLIM_PACE_MAX_GAP_NS 10000u       /* but never slower than a packet in that time */

#define SLIM_PEER_FRAME_MAX (1u << 20) /* one frame of the peer stream, body only */
#define SLIM_BATCH_ROWS 2048u          /* rows of one peer frame */
#define SLIM_PEER_WINDOW (8u << 20)    /* bytes in flight without an Ack */
#define SLIM_WINDOW_ROWS 65536u        /* rows in flight without an Ack, however narrow */
#define SLIM_ROUND_ROWS 16384u         /* rows sent, and put, in one round of a daemon */
#define SLIM_MAX_NFS 64u               /* NFs of one slimd */
#define SLIM_MAX_PEERS 64u             /* peers of one slimd */
#define SLIM_MAX_SESSIONS 64u          /* sessions of one slimd, one per NF */
#define SLIM_MAX_REASONS 16u           /* reasons of one refusal */
#define SLIM_REASON_SIZE 192u          /* one reason, with its final NUL */
#define SLIM_JOB_KEY_SIZE 128u         /* idempotency key of a job, with its final NUL */

#endif
