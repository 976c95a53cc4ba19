/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, sockets by path, and the folder of a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "address.h"
#include "local_socket.h"
#include "slice.h"
#include "test_folder.h"

/* ---- addresses ------------------------------------------------------------------------- */

static void
addresses_are_split(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} good[] = {
		{"localhost:80", "localhost", 80},
		{"192.0.2.1:65535", "192.0.2.1", 65535},
		{"[2001:db8::1]:7", "2001:db8::1", 7},
		{"a:0", "a", 0},
	};
	struct address address;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(address_parse(good[i].text, &address));
		assert_string_equal(address.host, good[i].host);
		assert_int_equal(address.port, good[i].port);
		assert_null(address_parse(good[i].text, NULL));
	}
}

static void
what_is_no_address_is_told(void **state)
{
	static const char *const bad[] = {
		"",
		"host",
		":80",
		"host:",
		"host:x",
		"host:80x",
		"host:65536",
		"host:-1",
		"::1:80",
		"[::1:80",
		"2001:db8::1:80",
		"[]:80",
		"host: 80",
		"host:99999999999999999999",
	};
	char long_name[300] = {0};
	struct address address = {.host = "untouched", .port = 9};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(address_parse(bad[i], &address));
	memset(long_name, 'a', 256);
	strcat(long_name, ":80");
	assert_non_null(address_parse(long_name, &address));
	assert_null(address_parse(long_name + 1, NULL)); /* 255 characters fit */
	assert_string_equal(address.host, "untouched");
	assert_int_equal(address.port, 9);
}

static void
numeric_addresses_are_converted(void **state)
{
	struct sockaddr_storage address;
	char text[64];
	int size;

	(void)state;
	assert_int_equal(address_parse_numeric("192.0.2.1:7443", &address, &size), 0);
	assert_int_equal(size, sizeof(struct sockaddr_in));
	assert_int_equal(address_port(&address), 7443);
	inet_ntop(AF_INET, &((struct sockaddr_in *)&address)->sin_addr, text, sizeof(text));
	assert_string_equal(text, "192.0.2.1");
	assert_int_equal(address_parse_numeric("[2001:db8::1]:1", &address, &size), 0);
	assert_int_equal(size, sizeof(struct sockaddr_in6));
	assert_int_equal(address_port(&address), 1);
	inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&address)->sin6_addr, text, sizeof(text));
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(address_parse_numeric("localhost:80", &address, &size), -EINVAL);
	assert_int_equal(address_parse_numeric("[192.0.2.1]:80", &address, &size), -EINVAL);
	assert_int_equal(address_parse_numeric("192.0.2.1", &address, &size), -EINVAL);
}

/* ---- sockets by path ------------------------------------------------------------------- */

struct folder {
	char path[64];
	char socket[80];
};

static int
make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	assert_non_null(folder);
	assert_int_equal(test_folder_make(folder->path, sizeof(folder->path)), 0);
	snprintf(folder->socket, sizeof(folder->socket), "%s/s", folder->path);
	*state = folder;
	return 0;
}

static int
remove_folder(void **state)
{
	struct folder *folder = *state;

	free(folder);
	return 0;
}

static void
it_listens_with_the_mode(void **state)
{
	struct folder *folder = *state;
	mode_t mask = umask(0);
	int fd = local_socket_listen(folder->socket, SOCK_STREAM, 4, 0640), client;
	struct stat status;

	assert_true(fd >= 0);
	assert_int_equal(umask(mask), 0); /* as it was */
	assert_int_equal(stat(folder->socket, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	client = local_socket_connect(folder->socket, SOCK_STREAM);
	assert_true(client >= 0);
	assert_true(fcntl(client, F_GETFL) & O_NONBLOCK && fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC && fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(client);
	close(fd);
}

static void
a_socket_that_was_left_behind_is_replaced(void **state)
{
	struct folder *folder = *state;

	for (int i = 0; i < 3; i++) {
		int fd = local_socket_listen(folder->socket, i == 1 ? SOCK_SEQPACKET : SOCK_STREAM,
					     4, 0660);

		assert_true(fd >= 0);
		close(fd); /* its file stays */
	}
	assert_int_equal(local_socket_connect(folder->socket, SOCK_STREAM), -ECONNREFUSED);
}

static void
a_living_server_keeps_its_socket(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};
	struct folder *folder = *state;

	for (int i = 0; i < 4; i++) {
		int fd = local_socket_listen(folder->socket, types[i / 2], 4, 0660), client;

		assert_true(fd >= 0);
		assert_int_equal(local_socket_listen(folder->socket, types[i % 2], 4, 0660),
				 -EADDRINUSE);
		client = local_socket_connect(folder->socket, types[i / 2]);
		assert_true(client >= 0);
		close(client);
		close(fd);
	}
}

static void
a_server_that_does_not_accept_keeps_its_socket(void **state)
{
	struct folder *folder = *state;
	int fd = local_socket_listen(folder->socket, SOCK_STREAM, 0, 0660), clients[8], n = 0;

	assert_true(fd >= 0);
	while (n < 8 && (clients[n] = local_socket_connect(folder->socket, SOCK_STREAM)) >= 0)
		n++;
	assert_true(n < 8); /* its queue is full */
	assert_int_equal(local_socket_clear(folder->socket), -EADDRINUSE);
	while (n > 0)
		close(clients[--n]);
	close(fd);
}

static void
nothing_but_sockets_is_removed(void **state)
{
	struct folder *folder = *state;
	int fd = open(folder->socket, O_CREAT | O_WRONLY, 0600);

	close(fd);
	assert_int_equal(local_socket_clear(folder->socket), -EEXIST);
	assert_int_equal(local_socket_listen(folder->socket, SOCK_STREAM, 4, 0660), -EEXIST);
	assert_int_equal(access(folder->socket, F_OK), 0);
	unlink(folder->socket);
	assert_int_equal(symlink("/dev/null", folder->socket), 0);
	assert_int_equal(local_socket_clear(folder->socket), -EEXIST);
	unlink(folder->socket);
	assert_int_equal(local_socket_clear(folder->socket), 0);
}

static void
a_path_must_fit(void **state)
{
	char path[200] = {0};
	struct sockaddr_un address = {.sun_path = "untouched"};

	(void)state;
	memset(path, 'p', sizeof(address.sun_path));
	assert_int_equal(local_socket_address(path, &address), -ENAMETOOLONG);
	assert_int_equal(local_socket_listen(path, SOCK_STREAM, 4, 0660), -ENAMETOOLONG);
	assert_int_equal(local_socket_connect(path, SOCK_STREAM), -ENAMETOOLONG);
	assert_int_equal(local_socket_address("", &address), -EINVAL);
	assert_string_equal(address.sun_path, "untouched");
	assert_int_equal(local_socket_address(path + 1, &address), 0);
	assert_string_equal(address.sun_path, path + 1);
}

/* The kernel's own word; before 6.12 it knows no slice of a thread, and says 0. */
static void
a_short_slice_changes_nothing_else(void **state)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t slice_ns, unused[2];
	} before = {0}, after = {0};

	(void)state;
	assert_int_equal(syscall(SYS_sched_getattr, 0, &before, sizeof(before), 0), 0);
	assert_int_equal(slice_request(SLICE_MIN_NS), 0);
	assert_int_equal(syscall(SYS_sched_getattr, 0, &after, sizeof(after), 0), 0);
	assert_int_equal(after.policy, before.policy);
	assert_int_equal(after.nice, before.nice);
	assert_int_equal(after.priority, before.priority);
	assert_int_equal(after.slice_ns, before.slice_ns == 0 ? 0 : SLICE_MIN_NS);
}

/* ---- the folder of a test -------------------------------------------------------------------- */

static int
begin(void **state)
{
	(void)state;
	return test_folder_begin("/tmp", "plain");
}

static int
end(void **state)
{
	(void)state;
	test_folder_end();
	return 0;
}

struct other {
	pid_t pid;
	char folder[64];
	char file[80];
};

/* Another test program, in the midst of a case. Its folder is in ours, where nobody else looks for dead ones. */
static void
start_other(struct other *other)
{
	int pipe_fds[2];

	assert_int_equal(pipe(pipe_fds), 0);
	other->pid = fork();
	if (other->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* where this case fails */
		if (test_folder_begin(test_folder_path(), "other") == 0 &&
		    test_folder_make(other->file, sizeof(other->file)) == 0 &&
		    write(pipe_fds[1], test_folder_path(), sizeof(other->folder)) > 0)
			pause();
		_exit(1);
	}
	assert_int_equal(read(pipe_fds[0], other->folder, sizeof(other->folder)),
			 sizeof(other->folder));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void
kill_other(const struct other *other)
{
	int status;

	kill(other->pid, SIGKILL);
	assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
	assert_true(WIFSIGNALED(status));
}

/* One that begins, and ends as it should. */
static void
run_another(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int error = test_folder_begin(test_folder_path(), "other");

		if (error == 0)
			test_folder_end();
		_exit(error == 0 && access(test_folder_path(), F_OK) < 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
the_folder_of_a_killed_test_goes_with_the_next(void **state)
{
	struct other other;

	(void)state;
	start_other(&other);
	kill_other(&other);
	assert_int_equal(access(other.folder, F_OK), 0);
	run_another();
	assert_int_equal(access(other.folder, F_OK), -1);
}

static void
the_folder_of_a_living_test_stays(void **state)
{
	struct other other;

	(void)state;
	start_other(&other);
	run_another();
	assert_int_equal(access(other.folder, F_OK), 0);
	kill_other(&other);
	run_another();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_split),
		cmocka_unit_test(what_is_no_address_is_told),
		cmocka_unit_test(numeric_addresses_are_converted),
		cmocka_unit_test_setup_teardown(it_listens_with_the_mode, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_socket_that_was_left_behind_is_replaced,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_living_server_keeps_its_socket, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(a_server_that_does_not_accept_keeps_its_socket,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(nothing_but_sockets_is_removed, make_folder,
						remove_folder),
		cmocka_unit_test(a_path_must_fit),
		cmocka_unit_test(a_short_slice_changes_nothing_else),
		cmocka_unit_test(the_folder_of_a_killed_test_goes_with_the_next),
		cmocka_unit_test(the_folder_of_a_living_test_stays),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
