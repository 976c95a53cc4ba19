/* SPDX-License-Identifier: Apache-2.0 */
#include "register.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKOFF_MIN_NS UINT64_C(100000000)
#define BACKOFF_MAX_NS UINT64_C(1000000000)
#define ANSWER_NS UINT64_C(5000000000)
#define LOOK_NS UINT64_C(1000000) /* between two looks at the connection */

static void
link_down(struct slim_agent *agent, uint64_t now_ns)
{
	if (agent->fd >= 0)
		close(agent->fd);
	agent->fd = -1;
	agent->link = AGENT_LINK_DOWN;
	agent->retry_ns = now_ns + agent->backoff_ns;
	agent->backoff_ns *= 2;
	if (agent->backoff_ns > BACKOFF_MAX_NS)
		agent->backoff_ns = BACKOFF_MAX_NS;
}

static int
dial(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(addr.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

static bool
send_hello(int fd, struct memory_export *export)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * SLIM_MAX_RANGES)];
		struct cmsghdr align;
	} control;
	size_t fds_size = sizeof(int) * export->hello.n_fds;
	struct iovec iov = {.iov_base = &export->hello, .iov_len = sizeof(export->hello)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(fds_size),
	};
	struct cmsghdr *cmsg;

	memset(&control, 0, sizeof(control));
	cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(fds_size);
	memcpy(CMSG_DATA(cmsg), export->fds, fds_size);
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof(export->hello);
}

static void
link_ask(struct slim_agent *agent, uint64_t now_ns)
{
	if (now_ns < agent->retry_ns)
		return;
	agent->fd = dial(agent->socket);
	if (agent->fd < 0 || !send_hello(agent->fd, &agent->export)) {
		link_down(agent, now_ns);
		return;
	}
	agent->link = AGENT_LINK_ASKED;
	agent->retry_ns = now_ns + ANSWER_NS;
}

static void
read_answer(struct slim_agent *agent, uint64_t now_ns)
{
	struct slim_reg_reply reply;
	ssize_t n = recv(agent->fd, &reply, sizeof(reply), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR) && now_ns < agent->retry_ns)
		return;
	if (n != (ssize_t)sizeof(reply) || reply.magic != SLIM_REG_MAGIC || reply.error > 0) {
		link_down(agent, now_ns);
		return;
	}
	agent->refusal = reply.error;
	if (reply.error != 0) {
		link_down(agent, now_ns);
		return;
	}
	agent->link = AGENT_LINK_ACCEPTED;
	agent->backoff_ns = BACKOFF_MIN_NS;
	agent->retry_ns = now_ns;
}

static void
watch_link(struct slim_agent *agent, uint64_t now_ns)
{
	char byte;
	ssize_t n;

	if (now_ns < agent->retry_ns)
		return;
	agent->retry_ns = now_ns + LOOK_NS;
	n = recv(agent->fd, &byte, 1, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		link_down(agent, now_ns);
}

int
slim_register_poll(struct slim_agent *agent, uint64_t now_ns)
{
	switch (agent->link) {
	case AGENT_LINK_DOWN:
		link_ask(agent, now_ns);
		break;
	case AGENT_LINK_ASKED:
		read_answer(agent, now_ns);
		break;
	case AGENT_LINK_ACCEPTED:
		watch_link(agent, now_ns);
		break;
	}
	return agent->link == AGENT_LINK_ACCEPTED ? 1 : agent->refusal;
}

void
slim_register_close(struct slim_agent *agent)
{
	if (agent->fd >= 0)
		close(agent->fd);
	agent->fd = -1;
	agent->link = AGENT_LINK_DOWN;
}
