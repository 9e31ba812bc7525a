/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>

#include "base/base.h"
#include "wire.h"

static void assert_reason(struct packet p, enum ctq_reason reason)
{
	cr_assert_eq(p.invalid, reason, "reason %d, expected %d", p.invalid, reason);
}

/* -- TCP ---------------------------------------------------------------------------- */

static struct packet tcp(uint8_t flags, const void *options, uint8_t size)
{
	struct wire w = wire_ip4(IPPROTO_TCP);

	wire_tcp(&w, 1024, 80, 0x11223344, 0x55667788, flags, options, size);
	wire_fill(&w, 0, 11);
	wire_finish(&w);
	return wire_parse(&w);
}

Test(tcp, reads_the_header)
{
	struct packet p = tcp(PACKET_TCP_ACK | PACKET_TCP_PSH, NULL, 0);

	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.tuple.src_id, htons(1024));
	cr_assert_eq(p.tuple.dst_id, htons(80));
	cr_assert_eq(p.l4.tcp.seq, 0x11223344);
	cr_assert_eq(p.l4.tcp.ack, 0x55667788);
	cr_assert_eq(p.l4.tcp.window, 1000);
	cr_assert_eq(p.l4.tcp.flags, PACKET_TCP_ACK | PACKET_TCP_PSH);
	cr_assert_eq(p.payload_length, 11);
	cr_assert_not(p.l4.tcp.has_scale || p.l4.tcp.sack_permitted ||
	              p.l4.tcp.has_sack || p.l4.tcp.has_timestamp);
}

/* What Linux sends: MSS, SACK permitted, timestamps, NOP, window scale. */
#define LINUX_SYN_OPTIONS \
	"\x02\x04\x05\xb4\x04\x02\x08\x0a\0\0\0\1\0\0\0\0\x01\x03\x03\x07"

Test(tcp, reads_the_options_of_a_syn)
{
	struct packet p = tcp(PACKET_TCP_SYN, LINUX_SYN_OPTIONS, 20);

	assert_reason(p, CTQ_REASON_NONE);
	cr_assert(p.l4.tcp.has_scale && p.l4.tcp.sack_permitted &&
	          p.l4.tcp.has_timestamp);
	cr_assert_eq(p.l4.tcp.scale, 7);
	cr_assert_eq(p.payload_length, 11);
}

Test(tcp, scale_and_sack_permission_count_on_a_syn_only)
{
	struct packet p = tcp(PACKET_TCP_ACK, LINUX_SYN_OPTIONS, 20);

	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_not(p.l4.tcp.has_scale || p.l4.tcp.sack_permitted);
	cr_assert(p.l4.tcp.has_timestamp);
}

Test(tcp, a_scale_above_14_is_14)
{
	struct packet p = tcp(PACKET_TCP_SYN, "\x03\x03\xff\0", 4);

	cr_assert(p.l4.tcp.has_scale);
	cr_assert_eq(p.l4.tcp.scale, 14);
}

/* The acknowledgement is 0x55667788. */
Test(tcp, the_rightmost_sack_edge_counts)
{
	struct packet p = tcp(PACKET_TCP_ACK,
	                      "\1\1\x05\x1a"
	                      "\x55\x66\x80\x00\x55\x66\x90\x00"
	                      "\x55\x66\xa0\x00\x55\x66\xb0\x00"
	                      "\x55\x66\x78\x00\x55\x66\x79\x00",
	                      28);

	assert_reason(p, CTQ_REASON_NONE);
	cr_assert(p.l4.tcp.has_sack);
	cr_assert_eq(p.l4.tcp.sack_right, 0x5566b000);
}

Test(tcp, a_duplicate_sack_below_the_ack_changes_nothing)
{
	struct packet p =
		tcp(PACKET_TCP_ACK, "\1\1\x05\x0a\x55\x66\0\0\x55\x66\x10\0", 12);

	cr_assert(p.l4.tcp.has_sack);
	cr_assert_eq(p.l4.tcp.sack_right, 0x55667788);
}

Test(tcp, sack_edges_compare_in_sequence_space)
{
	struct wire w = wire_ip4(IPPROTO_TCP);
	struct packet p;

	wire_tcp(&w, 1, 2, 0, 0xffffff00, PACKET_TCP_ACK,
	         "\1\1\x05\x0a\xff\xff\xff\xf0\x00\x00\x00\x10", 12);
	wire_finish(&w);
	p = wire_parse(&w);
	cr_assert_eq(p.l4.tcp.sack_right, 0x10);
}

/* The kernel's tracker stops reading there and does not mind. */
Test(tcp, a_malformed_option_list_ends_at_its_fault)
{
	static const struct {
		const char *bytes;
		bool scale;
	} lists[] = {
		{ "\x03\x03\x07\x08", true },  /* no room for the length */
		{ "\x03\x03\x07\0", true },    /* ends properly */
		{ "\x08\x00\x03\x03", false }, /* length 0 */
		{ "\x08\x01\x03\x03", false }, /* length 1 */
		{ "\x63\x05\x01\x01", false }, /* beyond the header */
		{ "\x63\x04\x01\x01", false }, /* unknown, well formed */
		{ "\x03\x04\x07\x01", false }, /* a scale of the wrong size */
	};
	struct packet p;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(lists); i++) {
		p = tcp(PACKET_TCP_SYN, lists[i].bytes, 4);
		assert_reason(p, CTQ_REASON_NONE);
		cr_assert_eq(p.l4.tcp.has_scale, lists[i].scale, "list %zu", i);
	}
}

Test(tcp, the_data_offset_stays_within_the_segment)
{
	struct wire w = wire_ip4(IPPROTO_TCP);
	uint8_t words;
	struct packet p;

	wire_tcp(&w, 1, 2, 3, 4, PACKET_TCP_ACK, NULL, 0);
	wire_fill(&w, 1, 8);
	wire_finish(&w);
	for (words = 0; words < 16; words++) {
		w.bytes[w.l4 + 12] = (uint8_t)(words << 4);
		p = wire_parse(&w);
		assert_reason(p, words >= 5 && words <= 7 ? CTQ_REASON_NONE
		                                          : CTQ_INVALID_TCP_OFFSET);
		cr_assert(p.has_tuple);
	}
}

/* All 256, against the list of RFC 9293's sensible ones in words. */
Test(tcp, flags_no_host_sends)
{
	static const uint8_t valid[] = {
		PACKET_TCP_SYN,
		PACKET_TCP_SYN | PACKET_TCP_URG,
		PACKET_TCP_SYN | PACKET_TCP_ACK,
		PACKET_TCP_RST,
		PACKET_TCP_RST | PACKET_TCP_ACK,
		PACKET_TCP_FIN | PACKET_TCP_ACK,
		PACKET_TCP_FIN | PACKET_TCP_ACK | PACKET_TCP_URG,
		PACKET_TCP_ACK,
		PACKET_TCP_ACK | PACKET_TCP_URG,
	};
	const unsigned int any = PACKET_TCP_PSH | PACKET_TCP_ECE | PACKET_TCP_CWR;
	unsigned int flags;
	bool good;
	size_t i;

	for (flags = 0; flags < 256; flags++) {
		good = false;
		for (i = 0; i < BASE_ARRAY_LENGTH(valid); i++)
			good |= (flags & ~any) == valid[i];
		assert_reason(tcp((uint8_t)flags, NULL, 0),
		              good ? CTQ_REASON_NONE : CTQ_INVALID_TCP_FLAGS);
	}
}

/* -- UDP, UDP-Lite --------------------------------------------------------------- */

Test(udp, the_length_fits_the_packet)
{
	static const struct {
		uint16_t length;
		enum ctq_reason reason;
	} cases[] = {
		{ 0, CTQ_INVALID_UDP_LENGTH },
		{ 7, CTQ_INVALID_UDP_LENGTH },
		{ 8, CTQ_REASON_NONE },
		{ 17, CTQ_REASON_NONE },
		{ 18, CTQ_REASON_NONE },
		{ 19, CTQ_INVALID_UDP_LENGTH },
		{ 65535, CTQ_INVALID_UDP_LENGTH },
	};
	struct wire w = wire_ip4(IPPROTO_UDP);
	struct packet p;
	size_t i;

	wire_udp(&w, 1024, 53, 10);
	wire_finish(&w);
	for (i = 0; i < BASE_ARRAY_LENGTH(cases); i++) {
		w.bytes[w.l4 + 4] = (uint8_t)(cases[i].length >> 8);
		w.bytes[w.l4 + 5] = (uint8_t)cases[i].length;
		p = wire_parse(&w);
		assert_reason(p, cases[i].reason);
		cr_assert_eq(p.payload_length,
		             cases[i].reason ? 0 : cases[i].length - 8u);
	}
}

Test(udplite, the_coverage_fits_the_packet)
{
	static const struct {
		uint16_t coverage;
		enum ctq_reason reason;
	} cases[] = {
		{ 0, CTQ_REASON_NONE },
		{ 1, CTQ_INVALID_UDPLITE_COVERAGE },
		{ 7, CTQ_INVALID_UDPLITE_COVERAGE },
		{ 8, CTQ_REASON_NONE },
		{ 18, CTQ_REASON_NONE },
		{ 19, CTQ_INVALID_UDPLITE_COVERAGE },
	};
	struct wire w = wire_ip6(IPPROTO_UDPLITE);
	struct packet p;
	size_t i;

	wire_udp(&w, 1024, 53, 10);
	wire_finish(&w);
	for (i = 0; i < BASE_ARRAY_LENGTH(cases); i++) {
		w.bytes[w.l4 + 5] = (uint8_t)cases[i].coverage;
		p = wire_parse(&w);
		assert_reason(p, cases[i].reason);
		cr_assert_eq(p.tuple.dst_id, htons(53));
	}
}

Test(udplite, a_checksum_is_due)
{
	struct wire w = wire_ip4(IPPROTO_UDPLITE);

	wire_udp(&w, 1024, 53, 10);
	wire_finish(&w);
	w.bytes[w.l4 + 6] = w.bytes[w.l4 + 7] = 0;
	assert_reason(wire_parse(&w), CTQ_INVALID_CHECKSUM);
}

/* -- SCTP, DCCP ------------------------------------------------------------------ */

static struct wire sctp(void)
{
	struct wire w = wire_ip4(IPPROTO_SCTP);

	wire_ports(&w, 5000, 6000);
	wire_be32(&w, 0xfeedf00d);
	wire_be32(&w, 0);
	return w;
}

static void chunk(struct wire *w, uint8_t type, uint16_t length)
{
	wire_u8(w, type);
	wire_u8(w, 0x80);
	wire_be16(w, length);
	if (length > 4)
		wire_fill(w, 0x21, ((length + 3u) & ~3u) - 4);
}

Test(sctp, walks_the_chunks)
{
	struct packet_sctp_chunk c;
	struct wire w = sctp();
	struct packet p;
	uint32_t offset;

	chunk(&w, 10, 13); /* COOKIE ECHO, padded */
	chunk(&w, 0, 20);  /* DATA */
	chunk(&w, 192, 4); /* an extension's */
	wire_finish(&w);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.tuple.dst_id, htons(6000));
	cr_assert_eq(p.l4.sctp.vtag, 0xfeedf00d);
	cr_assert_eq(p.l4.sctp.chunks, 1 << 10 | 1 << 0);
	cr_assert_not(p.l4.sctp.cut);

	offset = p.l4.sctp.offset;
	cr_assert(packet_sctp_chunk_next(&p, &offset, &c));
	cr_assert_eq(c.type, 10);
	cr_assert_eq(c.flags, 0x80);
	cr_assert_eq(c.length, 13);
	cr_assert_eq(c.init_tag, 0);
	cr_assert(packet_sctp_chunk_next(&p, &offset, &c));
	cr_assert_eq(c.type, 0);
	cr_assert(packet_sctp_chunk_next(&p, &offset, &c));
	cr_assert_eq(c.type, 192);
	cr_assert_not(packet_sctp_chunk_next(&p, &offset, &c));
}

Test(sctp, reads_the_initiate_tag)
{
	struct packet_sctp_chunk c;
	struct wire w = sctp();
	struct packet p;
	uint32_t offset;

	chunk(&w, 1, 20);
	wire_finish(&w);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	offset = p.l4.sctp.offset;
	cr_assert(packet_sctp_chunk_next(&p, &offset, &c));
	cr_assert_eq(c.init_tag, 0x21212121);
}

Test(sctp, malformed_chunks)
{
	static const struct {
		uint8_t first, second;
		uint16_t length;
		enum ctq_reason reason;
	} cases[] = {
		{ 0, 10, 8, CTQ_INVALID_SCTP_CHUNK }, /* COOKIE ECHO second */
		{ 0, 11, 8, CTQ_INVALID_SCTP_CHUNK }, /* COOKIE ACK second */
		{ 1, 0, 8, CTQ_INVALID_SCTP_CHUNK },  /* INIT not alone */
		{ 0, 1, 8, CTQ_INVALID_SCTP_CHUNK },
		{ 2, 3, 8, CTQ_INVALID_SCTP_CHUNK },  /* INIT ACK not alone */
		{ 14, 0, 8, CTQ_INVALID_SCTP_CHUNK }, /* SHUTDOWN COMPLETE not alone */
		{ 3, 0, 0, CTQ_INVALID_SCTP_CHUNK },  /* a chunk of no length */
		{ 11, 0, 4, CTQ_REASON_NONE },        /* COOKIE ACK first */
		{ 3, 0, 3, CTQ_REASON_NONE },     /* shorter than its header: skipped */
		{ 3, 0, 60000, CTQ_REASON_NONE }, /* beyond the packet: the last one */
	};
	struct wire w;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(cases); i++) {
		w = sctp();
		chunk(&w, cases[i].first, 4);
		chunk(&w, cases[i].second, 4);
		w.bytes[w.size - 2] = (uint8_t)(cases[i].length >> 8);
		w.bytes[w.size - 1] = (uint8_t)cases[i].length;
		if (cases[i].length == 8)
			wire_be32(&w, 0);
		wire_finish(&w);
		assert_reason(wire_parse(&w), cases[i].reason);
	}
}

Test(sctp, there_is_at_least_one_chunk)
{
	struct wire w = sctp();

	wire_finish(&w);
	assert_reason(wire_parse(&w), CTQ_INVALID_SCTP_CHUNK);
	wire_fill(&w, 3, 3);
	wire_finish(&w);
	assert_reason(wire_parse(&w), CTQ_INVALID_SCTP_CHUNK);
}

Test(sctp, chunks_behind_the_copy_are_left_alone)
{
	struct wire w = sctp();
	struct packet p;

	chunk(&w, 0, 600);
	chunk(&w, 3, 16);
	wire_finish(&w);
	p = wire_packet(&w);
	p.captured = 256;
	packet_parse(&p);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert(p.l4.sctp.cut);
	cr_assert_eq(p.l4.sctp.chunks, 1 << 0);
	p = wire_packet(&w);
	p.captured = 20 + 12;
	packet_parse(&p);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert(p.l4.sctp.cut);
}

Test(dccp, has_ports)
{
	struct wire w = wire_ip4(IPPROTO_DCCP);
	struct packet p;

	wire_ports(&w, 5000, 6000);
	wire_finish(&w);
	p = wire_parse(&w);
	assert_reason(p, CTQ_REASON_NONE);
	cr_assert_eq(p.tuple.src_id, htons(5000));
	cr_assert_eq(p.tuple.dst_id, htons(6000));
	w.size = 23;
	wire_finish(&w);
	assert_reason(wire_parse(&w), CTQ_INVALID_L4_TRUNCATED);
}

/* -- GRE ------------------------------------------------------------------------- */

/* Found by fuzzing: a header that was not copied is not one that is not there. */
Test(gre, a_key_behind_the_copy)
{
	struct wire w = wire_ip4(IPPROTO_GRE);

	wire_be32(&w, 0x3001880b);
	wire_be32(&w, 0x00041234);
	wire_finish(&w);
	for (w.size -= 1; w.size > w.l4; w.size--) {
		struct packet p = wire_packet(&w);

		p.length = w.l4 + 8;
		packet_parse(&p);
		assert_reason(p, CTQ_INVALID_COPY_RANGE);
	}
}

Test(gre, only_pptp_has_a_key)
{
	static const struct {
		uint16_t flags, protocol;
		uint32_t size;
		uint16_t key;
		enum ctq_reason reason;
	} cases[] = {
		{ 0x3001, 0x880b, 16, 0x1234, CTQ_REASON_NONE },
		{ 0x3001, 0x0800, 16, 0, CTQ_INVALID_GRE_HEADER },
		{ 0x2000, 0x0800, 16, 0,
		  CTQ_REASON_NONE }, /* RFC 2890, with a key of its own */
		{ 0x2000, 0x880b, 16, 0, CTQ_REASON_NONE },
		{ 0x3002, 0x880b, 16, 0,
		  CTQ_REASON_NONE }, /* no version that anybody knows */
		{ 0x3001, 0x880b, 7, 0,
		  CTQ_REASON_NONE }, /* too short: as any other GRE */
		{ 0x3001, 0x880b, 0, 0, CTQ_REASON_NONE },
	};
	struct packet p;
	struct wire w;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(cases); i++) {
		w = wire_ip4(IPPROTO_GRE);
		wire_be16(&w, cases[i].flags);
		wire_be16(&w, cases[i].protocol);
		wire_be16(&w, 100);
		wire_be16(&w, 0x1234);
		wire_fill(&w, 0, 8);
		w.size = w.l4 + cases[i].size;
		wire_finish(&w);
		p = wire_parse(&w);
		assert_reason(p, cases[i].reason);
		cr_assert_eq(p.has_tuple, !cases[i].reason);
		cr_assert_eq(p.tuple.dst_id, htons(cases[i].key), "case %zu", i);
		cr_assert_eq(p.tuple.src_id, 0);
	}
}
