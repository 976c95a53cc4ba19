/* SPDX-License-Identifier: Apache-2.0 */
/* In which line of a YAML file does "services[0].instances[1].name" stand? */
#ifndef OFCTL_IO_YAML_LINE_H
#define OFCTL_IO_YAML_LINE_H

/* The line (from 1) of the value, or of the innermost part of the path that is there; 0 when the
 * file cannot be read. */
unsigned yaml_line_find(const char *file, const char *path);

#endif
