/* SPDX-License-Identifier: Apache-2.0 */
#include "forecast.h"

#include <string.h>

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define PERIOD_NS (50 * MS) /* a busy time without end is cut */
#define PERIOD_BYTES 4096u  /* less says how long a trip is, not what the path carries */
#define FRESH_NS (100 * MS) /* an older answer says nothing about now */
#define PAUSE_NS (5 * MS)   /* between an answer and the next question; */
#define REST_NS (20 * MS)   /* where trips are alike: four of them are fresh all the same */
#define QUEUE_NS (100 * MS) /* that may be queued while much is copied */

void
forecast_init(struct forecast *f)
{
	memset(f, 0, sizeof(*f));
}

/* ---- the rate ------------------------------------------------------------------------ */

static uint64_t
rate_of(struct forecast_period period)
{
	/* In microseconds: a product of bytes and a second would not fit for long. */
	return period.ns >= 1000 ? period.bytes * (SECOND / 1000) / (period.ns / 1000)
				 : period.bytes * SECOND / (period.ns + 1);
}

static void
end_period(struct forecast *f, uint64_t now_ns)
{
	struct forecast_period period = {.bytes = f->busy_bytes, .ns = now_ns - f->busy_ns};

	if (period.bytes >= PERIOD_BYTES)
		f->periods[f->n_periods++ % FORECAST_PERIODS] = period;
	else if (rate_of(period) > rate_of(f->small))
		f->small = period;
	f->busy_ns = now_ns;
	f->busy_bytes = 0;
}

void
forecast_sent(struct forecast *f, uint64_t now_ns, uint64_t bytes)
{
	if (f->in_flight == 0) {
		f->busy_ns = now_ns;
		f->busy_bytes = 0;
	}
	f->in_flight += bytes;
}

void
forecast_delivered(struct forecast *f, uint64_t now_ns, uint64_t bytes)
{
	if (bytes > f->in_flight)
		bytes = f->in_flight;
	f->in_flight -= bytes;
	f->busy_bytes += bytes;
	if (f->in_flight == 0 || now_ns - f->busy_ns >= PERIOD_NS)
		end_period(f, now_ns);
}

void
forecast_forget(struct forecast *f)
{
	f->in_flight = 0;
	f->asked_ns = 0;
}

uint64_t
forecast_rate(const struct forecast *f)
{
	uint32_t n = f->n_periods < FORECAST_PERIODS ? f->n_periods : FORECAST_PERIODS;
	struct forecast_period all = {0};

	for (uint32_t i = 0; i < n; i++) {
		all.bytes += f->periods[i].bytes;
		all.ns += f->periods[i].ns;
	}
	return rate_of(n > 0 ? all : f->small);
}

/* ---- the trip ------------------------------------------------------------------------- */

static uint64_t
worst_trip_ns(const struct forecast *f)
{
	uint32_t n = f->n_trips < FORECAST_TRIPS ? f->n_trips : FORECAST_TRIPS;
	uint64_t worst = 1;

	for (uint32_t i = 0; i < n; i++)
		if (f->trips_ns[i] > worst)
			worst = f->trips_ns[i];
	return worst;
}

/* A trip that was queued is forgotten soon; where none was, questions would only be traffic. */
static uint64_t
pause_ns(const struct forecast *f)
{
	bool are_alike =
		f->n_trips >= FORECAST_TRIPS && worst_trip_ns(f) <= f->least_trip_ns + PAUSE_NS;

	return are_alike ? REST_NS : PAUSE_NS;
}

bool
forecast_wants_question(const struct forecast *f, uint64_t now_ns)
{
	return f->asked_ns == 0 && (f->answered_ns == 0 || now_ns - f->answered_ns >= pause_ns(f));
}

void
forecast_asked(struct forecast *f, uint64_t now_ns)
{
	f->asked_ns = now_ns;
}

void
forecast_answered(struct forecast *f, uint64_t now_ns)
{
	uint64_t trip_ns = now_ns - f->asked_ns;

	if (f->asked_ns == 0)
		return;
	f->trips_ns[f->n_trips++ % FORECAST_TRIPS] = trip_ns;
	if (f->least_trip_ns == 0 || trip_ns < f->least_trip_ns)
		f->least_trip_ns = trip_ns;
	f->answered_ns = now_ns;
	f->asked_ns = 0;
}

uint64_t
forecast_trip_ns(const struct forecast *f, uint64_t now_ns)
{
	uint64_t worst = worst_trip_ns(f);

	if (f->answered_ns == 0 || now_ns - f->answered_ns > FRESH_NS)
		return 0;
	if (f->asked_ns != 0 && now_ns - f->asked_ns > worst)
		worst = now_ns - f->asked_ns;
	return worst;
}

uint64_t
forecast_distance_ns(const struct forecast *f)
{
	return f->least_trip_ns;
}

uint64_t
forecast_hold_ns(const struct forecast *f, uint64_t now_ns, uint64_t bytes)
{
	uint64_t trip_ns = forecast_trip_ns(f, now_ns), rate = forecast_rate(f);

	if (trip_ns == 0)
		return 0;
	if (rate == 0)
		return bytes == 0 ? trip_ns : 0;
	return trip_ns + bytes * (SECOND / 1000) / rate * 1000;
}

uint64_t
forecast_window(const struct forecast *f, uint64_t least, uint64_t most)
{
	uint64_t rate = forecast_rate(f), window;

	if (rate == 0)
		return most;
	window = rate / 1000 * ((QUEUE_NS + 2 * f->least_trip_ns) / MS);
	if (window < least)
		return least;
	return window < most ? window : most;
}
