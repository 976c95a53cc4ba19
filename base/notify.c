/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#define FEEDS_AN_INTERVAL 3u

struct notify {
	struct event *feed; /* NULL: no watchdog */
	struct timeval every;
	struct sockaddr_un address;
	socklen_t size; /* 0: nobody listens */
	int fd;
};

/* Loses the word when the socket is full or gone: a daemon does not wait for its keeper. */
static void
say(const struct notify *notify, const char *word)
{
	if (notify->size != 0)
		(void)!sendto(notify->fd, word, strlen(word), MSG_DONTWAIT | MSG_NOSIGNAL,
			      (const struct sockaddr *)&notify->address, notify->size);
}

static void
on_feed(evutil_socket_t fd, short what, void *ctx)
{
	const struct notify *notify = ctx;

	(void)fd;
	(void)what;
	say(notify, "WATCHDOG=1");
}

/* A path, or with '@' in front a name of the abstract kind. */
static int
find_socket(struct notify *notify)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t length = name != NULL ? strlen(name) : 0;

	if (length == 0)
		return 0;
	if ((name[0] != '/' && name[0] != '@') || length < 2 ||
	    length >= sizeof(notify->address.sun_path))
		return -EINVAL;
	notify->address.sun_family = AF_UNIX;
	memcpy(notify->address.sun_path, name, length);
	if (name[0] == '@')
		notify->address.sun_path[0] = '\0';
	notify->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return notify->fd >= 0 ? 0 : -errno;
}

/* Microseconds; 0: systemd does not watch, or watches another process. */
static uint64_t
watchdog_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (usec == NULL || (pid != NULL && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(usec, NULL, 10);
}

static int
find_watchdog(struct notify *notify, struct event_base *base)
{
	uint64_t every = watchdog_interval() / FEEDS_AN_INTERVAL;

	if (every == 0 || notify->size == 0)
		return 0;
	notify->every = (struct timeval){.tv_sec = (time_t)(every / 1000000u),
					 .tv_usec = (suseconds_t)(every % 1000000u)};
	notify->feed = event_new(base, -1, EV_PERSIST, on_feed, notify);
	return notify->feed != NULL ? 0 : -ENOMEM;
}

static void
notify_free(struct notify *notify)
{
	if (notify->feed != NULL)
		event_free(notify->feed);
	if (notify->fd >= 0)
		close(notify->fd);
	free(notify);
}

int
notify_create(struct event_base *base, struct notify **ret_notify)
{
	struct notify *notify = calloc(1, sizeof(*notify));
	int rc;

	if (notify == NULL)
		return -ENOMEM;
	notify->fd = -1;
	rc = find_socket(notify);
	if (rc == 0)
		rc = find_watchdog(notify, base);
	if (rc < 0) {
		notify_free(notify);
		return rc;
	}
	*ret_notify = notify;
	return 0;
}

void
notify_ready(struct notify *notify)
{
	say(notify, "READY=1");
	if (notify->feed != NULL)
		event_add(notify->feed, &notify->every);
}

void
notify_destroy(struct notify *notify)
{
	if (notify == NULL)
		return;
	say(notify, "STOPPING=1");
	notify_free(notify);
}
