/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See key.h. */
#include "rules/key.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <string.h>

/* Sixteen bytes as two words whose order as numbers is that of the bytes. */
static void words_read(uint64_t words[2], const uint8_t bytes[16])
{
	memcpy(words, bytes, 16);
	words[0] = be64toh(words[0]);
	words[1] = be64toh(words[1]);
}

void rule_words_write(const uint64_t words[2], uint8_t bytes[16])
{
	uint64_t wire[2] = { htobe64(words[0]), htobe64(words[1]) };

	memcpy(bytes, wire, 16);
}

void rule_address_read(uint64_t words[2], const uint8_t *address, uint8_t size)
{
	uint8_t bytes[16] = { 0 };

	memcpy(bytes + sizeof(bytes) - size, address, size);
	words_read(words, bytes);
}

void rule_name_read(uint64_t words[2], const char *name, size_t length)
{
	uint8_t bytes[CTQ_IFNAME_MAX] = { 0 };

	memcpy(bytes, name, length < sizeof(bytes) ? length : sizeof(bytes));
	words_read(words, bytes);
}

void rule_key_init(struct rule_key *key, uint8_t hook, uint8_t family)
{
	memset(key, 0, sizeof(*key));
	key->hook = hook;
	key->family = family;
	key->present = RULE_KEY_BIT(FAMILY);
}

static bool has_ports(uint8_t l4)
{
	return l4 == IPPROTO_TCP || l4 == IPPROTO_UDP || l4 == IPPROTO_UDPLITE ||
	       l4 == IPPROTO_SCTP || l4 == IPPROTO_DCCP;
}

void rule_key_set_tuple(struct rule_key *key, const struct tuple *t)
{
	uint8_t size = (uint8_t)tuple_address_size(t->l3);

	key->family = t->l3;
	key->proto = t->l4;
	key->zone = t->zone;
	rule_address_read(key->src, t->src, size);
	rule_address_read(key->dst, t->dst, size);
	key->present |= RULE_KEY_BIT(PROTO) | RULE_KEY_BIT(ZONE) | RULE_KEY_BIT(SRC) |
	                RULE_KEY_BIT(DST);
	if (has_ports(t->l4)) {
		key->sport = ntohs(t->src_id);
		key->dport = ntohs(t->dst_id);
		key->present |= RULE_KEY_BIT(SPORT) | RULE_KEY_BIT(DPORT);
	} else if (t->l4 == IPPROTO_ICMP || t->l4 == IPPROTO_ICMPV6) {
		key->icmp_type = ntohs(t->dst_id) >> 8;
		key->icmp_code = ntohs(t->dst_id) & 0xff;
		key->present |= RULE_KEY_BIT(ICMP_TYPE) | RULE_KEY_BIT(ICMP_CODE);
	}
}

static bool has_tcp_header(const struct packet *p)
{
	return p->has_tuple && p->tuple.l4 == IPPROTO_TCP && !p->later_fragment &&
	       p->invalid == CTQ_REASON_NONE;
}

void rule_key_set_packet(struct rule_key *key, const struct packet *p)
{
	key->length = p->length;
	key->packet_mark = p->mark;
	key->present |= RULE_KEY_BIT(LENGTH) | RULE_KEY_BIT(PKTMARK);
	if (p->has_uid) {
		key->uid = p->uid;
		key->present |= RULE_KEY_BIT(UID);
	}
	if (p->l4_offset) { /* the network header could be read */
		key->ttl = p->ttl;
		key->present |= RULE_KEY_BIT(TTL);
	}
	if (has_tcp_header(p)) {
		key->tcp_flags = p->l4.tcp.flags;
		key->present |= RULE_KEY_BIT(TCP_FLAGS);
	}
}

void rule_key_set_interfaces(struct rule_key *key, const char *in, const char *out)
{
	if (in && *in) {
		rule_name_read(key->iif, in, strnlen(in, CTQ_IFNAME_MAX));
		key->present |= RULE_KEY_BIT(IIF);
	}
	if (out && *out) {
		rule_name_read(key->oif, out, strnlen(out, CTQ_IFNAME_MAX));
		key->present |= RULE_KEY_BIT(OIF);
	}
}

void rule_key_set_state(struct rule_key *key, enum ctq_ctstate ctstate)
{
	key->ctstate = ctstate;
	key->present |= RULE_KEY_BIT(CTSTATE);
}

#define DAY_S 86400u

/* 1 January 1970 was a Thursday. */
void rule_key_set_time(struct rule_key *key, uint64_t local_s)
{
	key->time = (uint32_t)(local_s % DAY_S);
	key->day = (uint32_t)((local_s / DAY_S + 3) % 7 + 1);
	key->present |= RULE_KEY_BIT(TIME) | RULE_KEY_BIT(DAY);
}

void rule_key_set_direction(struct rule_key *key, enum ctq_direction direction)
{
	key->direction = direction;
	key->present |= RULE_KEY_BIT(DIRECTION);
}

void rule_key_set_flow(struct rule_key *key, uint32_t status, uint32_t mark)
{
	key->status = status;
	key->mark = mark;
	key->present |= RULE_KEY_BIT(STATUS) | RULE_KEY_BIT(MARK);
}

void rule_key_set_labels(struct rule_key *key, const uint64_t labels[2])
{
	key->labels[0] = labels[0];
	key->labels[1] = labels[1];
	key->present |= RULE_KEY_BIT(LABEL);
}
