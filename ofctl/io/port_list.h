/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of one switch, as it has told them: by name and by number. */
#ifndef OFCTL_IO_PORT_LIST_H
#define OFCTL_IO_PORT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "openflow.h"

#define PORT_LIST_MAX 8192u

struct port_list {
	struct of_port *ports; /* PORT_LIST_MAX */
	unsigned n;
	bool sorted; /* by name */
};

/* 0 or -ENOMEM. */
int port_list_init(struct port_list *list);
void port_list_fini(struct port_list *list);

void port_list_clear(struct port_list *list);
/* A port with the same number is replaced. False: too many. */
bool port_list_put(struct port_list *list, const struct of_port *port);
void port_list_remove(struct port_list *list, uint32_t number);

/* Number of a port that can be used in rules, 0: there is none of this name. */
uint32_t port_list_find(struct port_list *list, const char *name);
bool port_list_has(const struct port_list *list, uint32_t number);
/* The switch's own port, which Open vSwitch calls as the bridge; NULL: none. */
const char *port_list_local(const struct port_list *list);

#endif
