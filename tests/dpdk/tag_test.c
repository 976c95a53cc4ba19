/* SPDX-License-Identifier: Apache-2.0 */
/* The redirect tag on packets of every kind: shared, without room, in pieces, with a tag of their
 * own that the NIC took off. No packet may be changed but for the tag, and none may leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"
#include "tag.h"

static struct rte_mbuf *
new_packet(uint16_t size)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(harness_pool());
	uint8_t *bytes = (uint8_t *)rte_pktmbuf_append(m, size);

	for (uint16_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)i;
	return m;
}

/* Does the packet hold the bytes 0, 1, 2.. with `tag` after the addresses? */
static void
check_bytes(const struct rte_mbuf *m, uint16_t size, const uint8_t *tag, uint32_t tag_size)
{
	uint8_t bytes[2048];

	assert_int_equal(rte_pktmbuf_pkt_len(m), size + tag_size);
	memcpy(bytes, rte_pktmbuf_read(m, 0, size + tag_size, bytes), size + tag_size);
	for (uint32_t i = 0; i < size; i++)
		assert_int_equal(bytes[i < 12 ? i : i + tag_size], (uint8_t)i);
	assert_memory_equal(bytes + 12, tag, tag_size);
}

static const uint8_t tag[] = {0x81, 0x00, 0x0f, 0xa1};

static void
push_and_pop(struct rte_mbuf *m, uint16_t size)
{
	assert_true(slim_tag_push(harness_pool(), &m, 4001));
	check_bytes(m, size, tag, 4);
	slim_tag_pop(m, false);
	check_bytes(m, size, NULL, 0);
	rte_pktmbuf_free(m);
	assert_int_equal(rte_mempool_in_use_count(harness_pool()), 0);
}

static void
plain_packet(void **state)
{
	(void)state;
	push_and_pop(new_packet(60), 60);
}

static void
packet_without_room_in_front(void **state)
{
	struct rte_mbuf *m = new_packet(60);

	(void)state;
	rte_pktmbuf_prepend(m, rte_pktmbuf_headroom(m));
	memmove(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod_offset(m, void *, m->data_len - 60),
		60);
	rte_pktmbuf_trim(m, (uint16_t)(m->data_len - 60));
	push_and_pop(m, 60);
}

static void
packet_that_somebody_else_holds(void **state)
{
	struct rte_mbuf *m = new_packet(60), *clone, *pushed;

	(void)state;
	rte_mbuf_refcnt_update(m, 1);
	pushed = m;
	assert_true(slim_tag_push(harness_pool(), &pushed, 4001));
	assert_ptr_not_equal(pushed, m);
	check_bytes(pushed, 60, tag, 4);
	check_bytes(m, 60, NULL, 0); /* theirs is as it was */
	rte_pktmbuf_free(pushed);

	clone = rte_pktmbuf_clone(m, harness_pool());
	pushed = clone;
	assert_true(slim_tag_push(harness_pool(), &pushed, 4001));
	check_bytes(m, 60, NULL, 0);
	rte_pktmbuf_free(pushed);
	rte_pktmbuf_free(m);
	assert_int_equal(rte_mempool_in_use_count(harness_pool()), 0);
}

static void
packet_in_pieces(void **state)
{
	struct rte_mbuf *head = new_packet(10), *tail = new_packet(50);
	uint8_t *bytes = rte_pktmbuf_mtod(tail, uint8_t *);

	(void)state;
	for (uint8_t i = 0; i < 50; i++)
		bytes[i] = (uint8_t)(10 + i);
	assert_int_equal(rte_pktmbuf_chain(head, tail), 0);
	push_and_pop(head, 60);
}

/* The NIC took the packet's own tag off: it goes back inside ours, and comes off again at a
 * target whose NIC has taken ours off. */
static void
packet_with_a_tag_in_the_descriptor(void **state)
{
	static const uint8_t both[] = {0x81, 0x00, 0x0f, 0xa1, 0x81, 0x00, 0x20, 0x07};
	struct rte_mbuf *m = new_packet(60);

	(void)state;
	m->ol_flags = RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_VLAN;
	m->vlan_tci = 0x2007;
	assert_true(slim_tag_push(harness_pool(), &m, 4001));
	check_bytes(m, 60, both, 8);
	assert_true((m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0);
	slim_tag_pop(m, false);
	m->ol_flags = RTE_MBUF_F_RX_VLAN_STRIPPED;
	slim_tag_pop(m, true);
	check_bytes(m, 60, NULL, 0);
	assert_int_equal(m->vlan_tci, 0x2007);
	assert_true((m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0);
	rte_pktmbuf_free(m);
}

static void
no_memory_for_a_copy_keeps_the_packet(void **state)
{
	struct rte_mbuf *m = new_packet(60), *before = m, *all[65536];
	unsigned int n = 0;

	(void)state;
	rte_mbuf_refcnt_update(m, 1);
	while ((all[n] = rte_pktmbuf_alloc(harness_pool())) != NULL)
		n++;
	assert_false(slim_tag_push(harness_pool(), &m, 4001));
	assert_ptr_equal(m, before);
	check_bytes(m, 60, NULL, 0);
	rte_pktmbuf_free_bulk(all, n);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(m);
	assert_int_equal(rte_mempool_in_use_count(harness_pool()), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_packet),
		cmocka_unit_test(packet_without_room_in_front),
		cmocka_unit_test(packet_that_somebody_else_holds),
		cmocka_unit_test(packet_in_pieces),
		cmocka_unit_test(packet_with_a_tag_in_the_descriptor),
		cmocka_unit_test(no_memory_for_a_copy_keeps_the_packet),
	};

	harness_start_eal();
	return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
