/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit of the bench: what bounds its memory and its names.
 */
#ifndef SLIM_BENCH_JUDGE_LIMITS_H
#define SLIM_BENCH_JUDGE_LIMITS_H

#define JUDGE_MAX_FLOWS (1u << 24) /* flow slots of one ledger */
#define JUDGE_MAX_WINDOWS 2048u    /* named stretches of time of one run */
#define JUDGE_NAME_SIZE 32u        /* name of a window, with its final NUL */
#define JUDGE_HISTORY_BITS 256u    /* sequence numbers remembered per flow and direction */
#define JUDGE_MAX_INCIDENTS 256u   /* troubles written down one by one; the rest is only counted */
#define JUDGE_SERIES_DEPTH 512u    /* bins of the time series that still take late samples */
#define JUDGE_SERIES_MAX_BINS (1u << 23) /* bins of one time series */

#endif
