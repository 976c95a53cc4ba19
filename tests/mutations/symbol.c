/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a table name their guards and actions by address; people want names. */
#include "symbol.h"

#include <dlfcn.h>
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct image {
	const ElfW(Sym) * symbols;
	size_t n;
	const char *names;
};

static const char *
map_program(void)
{
	struct stat st;
	void *map;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		err(2, "/proc/self/exe");
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		err(2, "/proc/self/exe");
	close(fd);
	return map;
}

static struct image
open_image(void)
{
	const char *file = map_program();
	const ElfW(Ehdr) *head = (const void *)file;
	const ElfW(Shdr) *sections = (const void *)(file + head->e_shoff);

	for (unsigned i = 0; i < head->e_shnum; i++) {
		const ElfW(Shdr) *s = &sections[i];

		if (s->sh_type == SHT_SYMTAB)
			return (struct image){.symbols = (const void *)(file + s->sh_offset),
					      .n = s->sh_size / s->sh_entsize,
					      .names = file + sections[s->sh_link].sh_offset};
	}
	errx(2, "the program is stripped: rows would have no names");
}

const char *
symbol_name(const void *function)
{
	static struct image image;
	Dl_info info;

	if (image.symbols == NULL)
		image = open_image();
	if (dladdr(&image, &info) == 0)
		errx(2, "dladdr");
	for (size_t i = 0; i < image.n; i++) {
		const ElfW(Sym) *s = &image.symbols[i];

		if (ELF64_ST_TYPE(s->st_info) == STT_FUNC &&
		    (uintptr_t)info.dli_fbase + s->st_value == (uintptr_t)function)
			return image.names + s->st_name;
	}
	return "?";
}
