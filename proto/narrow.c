/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of narrow numbers. A loop for each number of octets, so that each is a load and a store. */
#include "narrow.h"

#include <string.h>

/* Numbers are copied as they lie in memory, as in row.c. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "codes are little-endian");

#define N_WIDTHS 7u
#define CODE_SHIFT 0u
#define BASE_SHIFT 3u
#define WIDTH_MASK 7u
#define HAS_NONE (1u << 6)
#define RESERVED (1u << 7)

static const uint8_t octets_of[N_WIDTHS] = {0, 1, 2, 3, 4, 6, 8};

/* By the octets that a number needs: the least that has room. */
static const uint8_t width_of[9] = {0, 1, 2, 3, 4, 5, 5, 6, 6};

uint16_t
narrow_piece(uint16_t size)
{
	uint32_t width = N_WIDTHS - 1;

	while (octets_of[width] > size)
		width--;
	return octets_of[width];
}

/* ---- loads and stores ---------------------------------------------------------------- */

/* Three and six octets are two loads: what is copied to a variable in parts and read whole waits for
 * the store. `octets` is known to the compiler. */
static inline uint64_t
load(const uint8_t *at, uint16_t octets)
{
	uint64_t eight;
	uint32_t four;
	uint16_t two;

	switch (octets) {
	case 1:
		return *at;
	case 2:
	case 3:
		memcpy(&two, at, sizeof(two));
		return octets == 2 ? two : two | (uint64_t)at[2] << 16;
	case 4:
		memcpy(&four, at, sizeof(four));
		return four;
	case 6:
		memcpy(&four, at, sizeof(four));
		memcpy(&two, at + sizeof(four), sizeof(two));
		return four | (uint64_t)two << 32;
	default:
		memcpy(&eight, at, sizeof(eight));
		return eight;
	}
}

#define FOR_OCTETS(octets, each) \
	switch (octets) {        \
	case 1:                  \
		each(1);         \
		break;           \
	case 2:                  \
		each(2);         \
		break;           \
	case 3:                  \
		each(3);         \
		break;           \
	case 4:                  \
		each(4);         \
		break;           \
	case 6:                  \
		each(6);         \
		break;           \
	case 8:                  \
		each(8);         \
		break;           \
	default:                 \
		break;           \
	}

void
narrow_load(const uint8_t *from, size_t stride, uint16_t octets, uint32_t n, uint64_t *ret_numbers)
{
#define LOAD(size)                       \
	for (uint32_t i = 0; i < n; i++) \
	ret_numbers[i] = load(from + i * stride, (size))

	if (octets == 0)
		memset(ret_numbers, 0, n * sizeof(*ret_numbers));
	FOR_OCTETS(octets, LOAD)
#undef LOAD
}

void
narrow_store(uint8_t *to, size_t stride, uint16_t octets, uint32_t n, const uint64_t *numbers)
{
#define STORE(size)                      \
	for (uint32_t i = 0; i < n; i++) \
	memcpy(to + i * stride, &numbers[i], (size))

	FOR_OCTETS(octets, STORE)
#undef STORE
}

void
narrow_fill(uint8_t *to, size_t stride, uint16_t octets, uint32_t n, uint64_t number)
{
#define FILL(size)                       \
	for (uint32_t i = 0; i < n; i++) \
	memcpy(to + i * stride, &number, (size))

	FOR_OCTETS(octets, FILL)
#undef FILL
}

bool
narrow_is_constant(const uint8_t *from, size_t stride, uint16_t octets, uint32_t n)
{
#define COMPARE(size)                                         \
	for (uint32_t i = 1; i < n; i++)                      \
		if (load(from + i * stride, (size)) != first) \
	return false

	uint64_t first = 0;

	narrow_load(from, stride, octets, 1, &first);
	FOR_OCTETS(octets, COMPARE)
#undef COMPARE
	return true;
}

/* ---- writing ----------------------------------------------------------------------------- */

struct range {
	uint64_t below; /* one less than the least number that is not 0 */
	uint64_t greatest;
	bool has_zero;
};

/* No branch: one less than 0 is the greatest of all, so it is never the least. */
static struct range
range_of(const uint64_t *numbers, uint32_t n)
{
	uint64_t below = UINT64_MAX, greatest = 0, least = UINT64_MAX;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t number = numbers[i], less = number - 1;

		below = less < below ? less : below;
		greatest = number > greatest ? number : greatest;
		least = number < least ? number : least;
	}
	return (struct range){.below = below, .greatest = greatest, .has_zero = least == 0};
}

static uint32_t
width_for(uint64_t greatest)
{
	uint32_t bits = greatest != 0 ? 64u - (uint32_t)__builtin_clzll(greatest) : 0;

	return width_of[(bits + 7u) / 8u];
}

static void
subtract(uint64_t *numbers, uint32_t n, uint64_t base)
{
	for (uint32_t i = 0; i < n; i++)
		numbers[i] -= base;
}

static void
subtract_from_others(uint64_t *numbers, uint32_t n, uint64_t base)
{
	for (uint32_t i = 0; i < n; i++)
		numbers[i] = numbers[i] != 0 ? numbers[i] - base : 0;
}

static size_t
put(uint8_t *to, uint32_t flags, uint64_t base, uint32_t code_width, const uint64_t *codes,
    uint32_t n)
{
	uint32_t base_width = width_for(base);
	size_t head = 1u + octets_of[base_width];

	to[0] = (uint8_t)(flags | base_width << BASE_SHIFT | code_width << CODE_SHIFT);
	memcpy(to + 1, &base, octets_of[base_width]);
	narrow_store(to + head, octets_of[code_width], octets_of[code_width], n, codes);
	return head + (size_t)n * octets_of[code_width];
}

size_t
narrow_write(uint64_t *numbers, uint32_t n, struct narrow_origin origin, uint8_t *to)
{
	struct range range = range_of(numbers, n);
	uint64_t least = range.below + 1, span = range.greatest - least;

	if (range.greatest == 0) /* nothing but zeros */
		return put(to, HAS_NONE, 0, 0, numbers, n);
	if (!range.has_zero) {
		subtract(numbers, n, least);
		return put(to, 0, least - origin.epoch, width_for(span), numbers, n);
	}
	/* Zero is a number like others: it is the base, if that takes no more octets. */
	if (!origin.has_none && width_for(range.greatest) <= width_for(span + 1))
		return put(to, 0, 0, width_for(range.greatest), numbers, n);
	subtract_from_others(numbers, n, range.below);
	return put(to, HAS_NONE, least - origin.epoch, width_for(span + 1), numbers, n);
}

/* ---- reading ------------------------------------------------------------------------------- */

static const uint8_t *
refuse(const char **ret_why, const char *why)
{
	*ret_why = why;
	return NULL;
}

const uint8_t *
narrow_open(const uint8_t *from, const uint8_t *end, uint32_t n, uint16_t size, struct narrow *ret,
	    const char **ret_why)
{
	uint32_t code_width, base_width;

	if (from == end)
		return refuse(ret_why, "a column is missing");
	code_width = *from >> CODE_SHIFT & WIDTH_MASK;
	base_width = *from >> BASE_SHIFT & WIDTH_MASK;
	if ((*from & RESERVED) != 0 || code_width >= N_WIDTHS || base_width >= N_WIDTHS)
		return refuse(ret_why, "a column's head is of no known form");
	if (octets_of[code_width] > size || octets_of[base_width] > size)
		return refuse(ret_why, "a column is wider than its field");
	ret->has_none = (*from++ & HAS_NONE) != 0;
	if ((size_t)(end - from) < octets_of[base_width] + (uint64_t)n * octets_of[code_width])
		return refuse(ret_why, "a column ends behind the frame");
	ret->base = 0;
	memcpy(&ret->base, from, octets_of[base_width]);
	ret->codes = from + octets_of[base_width];
	ret->octets = octets_of[code_width];
	return ret->codes + (size_t)n * ret->octets;
}

void
narrow_read(const struct narrow *column, uint32_t first, uint32_t n, uint64_t none,
	    uint64_t *ret_numbers)
{
	const uint8_t *codes = column->codes + (size_t)first * column->octets;
	uint64_t base = column->base, one_less = base - 1;

	narrow_load(codes, column->octets, column->octets, n, ret_numbers);
	if (!column->has_none) {
		for (uint32_t i = 0; i < n; i++)
			ret_numbers[i] += base;
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		ret_numbers[i] = ret_numbers[i] != 0 ? ret_numbers[i] + one_less : none;
}
