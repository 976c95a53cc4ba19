/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a unix stream socket, one command a line, one line of answer.
 * Never waits. The owner polls for lines and answers them when it likes; a client's
 * next line is read once the last one was answered.
 */
#ifndef SLIM_BENCH_CONTROL_H
#define SLIM_BENCH_CONTROL_H

#define CONTROL_MAX_CLIENTS 8
#define CONTROL_LINE_SIZE 128

struct control;

/* Listens at `path` (an old socket there is removed), mode 0600. 0 or negative errno. */
int control_open(const char *path, struct control **ret_control);
void control_close(struct control *c);

/* Next line, without its end; `line` has CONTROL_LINE_SIZE bytes. Returns the client
 * (0 .. CONTROL_MAX_CLIENTS-1) that must be answered, or -1: no line. */
int control_poll(struct control *c, char *line);

/* Answers with `text` and a newline. A client that does not read loses its connection. */
void control_answer(struct control *c, int client, const char *text);

#endif
