/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"
#include "queue/message.h"
#include "queue/queue.h"

/* -- packets ------------------------------------------------------------------------ */

static uint8_t buf[4096] BASE_ALIGNED(8);

static struct nlmsghdr *begin(uint8_t family, uint32_t id, uint16_t ethertype,
                              uint8_t hook)
{
	struct nfqnl_msg_packet_hdr header = { htonl(id), htons(ethertype), hook };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	mnl_attr_put(nlh, NFQA_PACKET_HDR, sizeof(header), &header);
	return nlh;
}

Test(message, reads_a_packet)
{
	struct nlmsghdr *nlh = begin(AF_INET6, 0x01020304, ETH_P_IPV6, 4);
	struct packet p;
	struct message m;

	mnl_attr_put_u32(nlh, NFQA_MARK, htonl(0x10));
	mnl_attr_put_u32(nlh, NFQA_IFINDEX_INDEV, htonl(3));
	mnl_attr_put_u32(nlh, NFQA_IFINDEX_OUTDEV, htonl(4));
	mnl_attr_put_u32(nlh, NFQA_IFINDEX_PHYSINDEV, htonl(5));
	mnl_attr_put_u32(nlh, NFQA_IFINDEX_PHYSOUTDEV, htonl(6));
	mnl_attr_put_u32(nlh, NFQA_UID, htonl(1000));
	mnl_attr_put_u32(nlh, NFQA_GID, htonl(100));
	mnl_attr_put_u32(nlh, NFQA_CAP_LEN, htonl(1500));
	mnl_attr_put_u32(nlh, NFQA_SKB_INFO, htonl(NFQA_SKB_GSO | NFQA_SKB_CSUMNOTREADY));
	mnl_attr_put_u32(nlh, NFQA_PRIORITY, htonl(7));
	mnl_attr_put_u32(nlh, 77, htonl(7)); /* of a kernel to come */
	mnl_attr_put(nlh, NFQA_PAYLOAD, 256, buf + 2048);
	memset(&p, 0xff, sizeof(p));
	m = message_parse(nlh, nlh->nlmsg_len, &p);
	cr_assert_eq(m.kind, MESSAGE_PACKET);
	cr_assert_eq(p.id, 0x01020304);
	cr_assert_eq(p.family, AF_INET6);
	cr_assert_eq(p.hook, PACKET_HOOK_POSTROUTING);
	cr_assert_eq(p.mark, 0x10);
	cr_assert_eq(p.ifin, 3);
	cr_assert_eq(p.ifout, 4);
	cr_assert_eq(p.physin, 5);
	cr_assert_eq(p.physout, 6);
	cr_assert(p.has_uid);
	cr_assert_eq(p.uid, 1000);
	cr_assert_eq(p.gid, 100);
	cr_assert_eq(p.length, 1500);
	cr_assert_eq(p.captured, 256);
	cr_assert(p.gso);
	cr_assert_eq(p.checksum, PACKET_CHECKSUM_NOT_READY);
	cr_assert_eq(p.data, (uint8_t *)mnl_nlmsg_get_payload_tail(nlh) - 256);
}

Test(message, what_is_not_said_is_zero)
{
	struct nlmsghdr *nlh = begin(AF_INET, 1, ETH_P_IP, 0);
	struct packet p;

	mnl_attr_put(nlh, NFQA_PAYLOAD, 40, buf + 2048);
	memset(&p, 0xff, sizeof(p));
	cr_assert_eq(message_parse(nlh, nlh->nlmsg_len, &p).kind, MESSAGE_PACKET);
	cr_assert_eq(p.length, 40, "not truncated: as long as its copy");
	cr_assert_eq(p.mark | p.ifin | p.ifout | p.physin | p.physout | p.uid | p.gid, 0);
	cr_assert_not(p.has_uid || p.gso);
	cr_assert_eq(p.checksum, PACKET_CHECKSUM_VERIFIED);
}

Test(message, the_length_may_stand_before_or_behind_the_payload)
{
	struct nlmsghdr *nlh = begin(AF_INET, 1, ETH_P_IP, 0);
	struct packet p;

	mnl_attr_put(nlh, NFQA_PAYLOAD, 40, buf + 2048);
	mnl_attr_put_u32(nlh, NFQA_CAP_LEN, htonl(90));
	message_parse(nlh, nlh->nlmsg_len, &p);
	cr_assert_eq(p.length, 90);
	cr_assert_eq(p.captured, 40);
}

Test(message, says_whether_a_checksum_was_verified)
{
	struct nlmsghdr *nlh = begin(AF_INET, 1, ETH_P_IP, 0);
	struct packet p;

	mnl_attr_put_u32(nlh, NFQA_SKB_INFO, htonl(NFQA_SKB_CSUM_NOTVERIFIED));
	message_parse(nlh, nlh->nlmsg_len, &p);
	cr_assert_eq(p.checksum, PACKET_CHECKSUM_UNVERIFIED);
}

Test(message, a_bridges_family_is_in_the_ethertype)
{
	static const struct {
		uint8_t hook_family;
		uint16_t ethertype;
		uint8_t family;
	} cases[] = {
		{ NFPROTO_BRIDGE, ETH_P_IP, AF_INET },
		{ NFPROTO_BRIDGE, ETH_P_IPV6, AF_INET6 },
		{ NFPROTO_BRIDGE, ETH_P_ARP, AF_UNSPEC },
		{ NFPROTO_IPV4, 0, AF_INET },
		{ NFPROTO_IPV6, 0, AF_INET6 },
	};
	struct nlmsghdr *nlh;
	struct packet p;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(cases); i++) {
		nlh = begin(cases[i].hook_family, 1, cases[i].ethertype, 0);
		message_parse(nlh, nlh->nlmsg_len, &p);
		cr_assert_eq(p.family, cases[i].family);
	}
}

/* Its id must be answered, or a batch verdict would release it unjudged. */
Test(message, a_packet_that_is_cut_off_is_still_a_packet)
{
	struct nlmsghdr *nlh = begin(AF_INET, 9, ETH_P_IP, 0);
	size_t header = nlh->nlmsg_len - 1, size; /* its last byte is padding */
	struct packet p;
	struct message m;
	uint8_t *copy;

	mnl_attr_put_u32(nlh, NFQA_CAP_LEN, htonl(1500));
	mnl_attr_put(nlh, NFQA_PAYLOAD, 256, buf + 2048);
	for (size = 0; size < nlh->nlmsg_len; size++) {
		copy = malloc(size ? size : 1);
		memcpy(copy, buf, size);
		m = message_parse((void *)copy, size, &p);
		cr_assert_eq(m.kind, size < header ? MESSAGE_MALFORMED : MESSAGE_PACKET);
		if (m.kind == MESSAGE_PACKET) {
			cr_assert_eq(p.id, 9);
			cr_assert_eq(p.captured, 0);
		}
		free(copy);
	}
}

Test(message, attributes_of_a_wrong_size_do_no_harm)
{
	struct nlmsghdr *nlh = begin(AF_INET, 9, ETH_P_IP, 0);
	struct packet p;

	mnl_attr_put(nlh, NFQA_MARK, 2, "ab");
	mnl_attr_put(nlh, NFQA_SKB_INFO, 0, NULL);
	cr_assert_eq(message_parse(nlh, nlh->nlmsg_len, &p).kind, MESSAGE_PACKET);
	cr_assert_eq(p.mark, 0);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	mnl_attr_put(nlh, NFQA_PACKET_HDR, 4, "abcd");
	cr_assert_eq(message_parse(nlh, nlh->nlmsg_len, &p).kind, MESSAGE_MALFORMED);
}

Test(message, reads_acknowledgements_and_refusals)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr error = { .error = -ENOENT, .msg = { .nlmsg_seq = 42 } };
	struct packet p;
	struct message m;

	nlh->nlmsg_type = NLMSG_ERROR;
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(error)), &error, sizeof(error));
	m = message_parse(nlh, nlh->nlmsg_len, &p);
	cr_assert_eq(m.kind, MESSAGE_ACK);
	cr_assert_eq(m.error, -ENOENT);
	cr_assert_eq(m.seq, 42);
	m = message_parse(nlh, nlh->nlmsg_len - 1, &p);
	cr_assert_eq(m.kind, MESSAGE_MALFORMED);
	nlh->nlmsg_type = NLMSG_DONE;
	m = message_parse(nlh, nlh->nlmsg_len, &p);
	cr_assert_eq(m.kind, MESSAGE_MALFORMED);
}

/* -- verdicts ----------------------------------------------------------------------- */

static const struct packet_verdict pass = { .accept = true };
static const struct packet_verdict drop = { .accept = false };
static const struct packet_verdict mark5 = { .accept = true,
	                                     .set_mark = true,
	                                     .mark = 5 };

/* What stands in the bytes, in words: "accept 3, drop ..4, accept 9 mark 5". */
static char *describe(const void *bytes, size_t size)
{
	const struct nlmsghdr *nlh = bytes;
	static char text[4096];
	struct nfqnl_msg_verdict_hdr verdict = { 0, 0 };
	const struct nlattr *attr;
	const char *mark;
	int left = (int)size;
	char number[32];
	size_t used = 0;

	text[0] = '\0';
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		mark = "";
		mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
			if (mnl_attr_get_type(attr) == NFQA_VERDICT_HDR)
				memcpy(&verdict, mnl_attr_get_payload(attr),
				       sizeof(verdict));
			if (mnl_attr_get_type(attr) == NFQA_MARK) {
				snprintf(number, sizeof(number), " mark %u",
				         ntohl(mnl_attr_get_u32(attr)));
				mark = number;
			}
		}
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%s %s%u%s", used ? ", " : "",
			ntohl(verdict.verdict) == NF_ACCEPT ? "accept" : "drop",
			(nlh->nlmsg_type & 0xff) == NFQNL_MSG_VERDICT_BATCH ? ".." : "",
			ntohl(verdict.id), mark);
	}
	cr_assert_eq(left, 0, "nothing but whole messages");
	return text;
}

/* Packets with ids from 1 on; one letter for each verdict: a, d, 5 (accept, mark 5),
 * h (held). */
static char *answer(const char *letters, bool batch)
{
	static uint8_t out[QUEUE_BATCH_MAX * MESSAGE_VERDICT_MAX] BASE_ALIGNED(8);
	struct packet packets[QUEUE_BATCH_MAX] = { { 0 } };
	struct packet_verdict verdicts[QUEUE_BATCH_MAX];
	unsigned int n = (unsigned int)strlen(letters), i;
	uint64_t held = 0;

	for (i = 0; i < n; i++) {
		packets[i].id = i + 1;
		verdicts[i] = letters[i] == '5' ? mark5 : letters[i] == 'a' ? pass : drop;
		if (letters[i] == 'h')
			held |= (uint64_t)1 << i;
	}
	return describe(out,
	                message_verdicts_put(out, 7, packets, verdicts, n, held, batch));
}

Test(message, runs_of_equal_verdicts_become_batches)
{
	static const struct {
		const char *letters, *messages;
	} cases[] = {
		{ "a", "accept 1" },
		{ "aaaa", "accept ..4" },
		{ "dd", "drop ..2" },
		{ "aad", "accept ..2, drop 3" },
		{ "adda", "accept 1, drop ..3, accept 4" },
		{ "aa55aa", "accept ..2, accept ..4 mark 5, accept ..6" },
		{ "adad", "accept 1, drop 2, accept 3, drop 4" },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(cases); i++)
		cr_assert_str_eq(answer(cases[i].letters, true), cases[i].messages);
}

/* Q2 of queue.h: a batch verdict behind a held packet would release it. */
Test(message, a_held_packet_ends_batches)
{
	static const struct {
		const char *letters, *messages;
	} cases[] = {
		{ "h", "" },
		{ "aaha", "accept ..2, accept 4" },
		{ "aahaaa", "accept ..2, accept 4, accept 5, accept 6" },
		{ "haa", "accept 2, accept 3" },
		{ "ddhh", "drop ..2" },
		{ "hhdd", "drop 3, drop 4" },
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(cases); i++)
		cr_assert_str_eq(answer(cases[i].letters, true), cases[i].messages);
}

Test(message, while_packets_are_held_each_is_answered_alone)
{
	cr_assert_str_eq(answer("aada", false), "accept 1, accept 2, drop 3, accept 4");
}

/* Against the promise itself: carried out as the kernel does, every verdict is right. */
Test(message, every_packet_gets_its_own_verdict)
{
	static const char alphabet[] = "aad5h";
	char letters[QUEUE_BATCH_MAX + 1] = { 0 }, result[QUEUE_BATCH_MAX + 1];
	unsigned int round, n, i, id;
	const char *word;
	bool is_batch;
	char verdict;

	srand(1);
	for (round = 0; round < 5000; round++) {
		n = 1 + (unsigned int)rand() % QUEUE_BATCH_MAX;
		for (i = 0; i < n; i++)
			letters[i] = alphabet[(unsigned int)rand() % (round % 2 ? 5 : 2)];
		letters[n] = '\0';
		memset(result, 'h', n);
		result[n] = '\0';
		for (word = answer(letters, true); *word; word += *word == ',' ? 2 : 0) {
			verdict = *word;
			word = strchr(word, ' ') + 1;
			is_batch = *word == '.';
			id = (unsigned int)strtoul(word + (is_batch ? 2 : 0), NULL, 10);
			word += strcspn(word, ",m");
			if (*word == 'm') {
				verdict = '5';
				word += strcspn(word, ",");
			}
			for (i = is_batch ? 0 : id - 1; i < id; i++)
				if (result[i] == 'h')
					result[i] = verdict;
		}
		cr_assert_str_eq(result, letters);
	}
}

Test(message, verdicts_have_the_bytes_of_the_protocol)
{
	static const uint8_t expected[] = {
		0x28, 0,    0,    0, /* length */
		0x03, 0x03, 0x01, 0, /* queue subsystem, batch verdict; request */
		0,    0,    0,    0,    0,    0, 0,
		0,    0,    0,    0x12, 0x34, /* any family, version 0, queue number */
		0x0c, 0,    0x02, 0,          /* NFQA_VERDICT_HDR */
		0,    0,    0,    0x01,       /* accept */
		0,    0,    0,    0x09,       /* up to id 9 */
		0x08, 0,    0x03, 0,          /* NFQA_MARK */
		0,    0,    0,    0x05,
	};
	uint8_t out[MESSAGE_VERDICT_MAX] BASE_ALIGNED(8);

	if (htonl(1) == 1)
		cr_skip_test("written for little-endian machines");
	cr_assert_eq(message_verdict_batch_put(out, 0x1234, 9, &mark5), sizeof(expected));
	cr_assert_eq(sizeof(expected), MESSAGE_VERDICT_MAX);
	cr_assert_arr_eq(out, expected, sizeof(expected));
	cr_assert_eq(message_verdict_put(out, 0x1234, 9, &drop), 32);
	cr_assert_eq(out[4], NFQNL_MSG_VERDICT);
	cr_assert_eq(out[27], NF_DROP);
}

/* -- configuration ------------------------------------------------------------------ */

Test(message, configuration_asks_for_an_answer_and_fits)
{
	uint8_t out[MESSAGE_CONFIG_MAX] BASE_ALIGNED(8);
	const struct nlmsghdr *nlh = (void *)out;
	size_t sizes[5], i;

	sizes[0] = message_bind_put(out, 5, 1);
	sizes[1] = message_unbind_put(out, 5, 2);
	sizes[2] = message_flags_put(out, 5, 3, NFQA_CFG_F_GSO, NFQA_CFG_F_GSO);
	sizes[3] = message_maxlen_put(out, 5, 4, 4096);
	sizes[4] = message_copy_put(out, 5, 5, 256);
	for (i = 0; i < 5; i++)
		cr_assert_leq(sizes[i], MESSAGE_CONFIG_MAX);
	cr_assert_eq(nlh->nlmsg_seq, 5);
	cr_assert_eq(nlh->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	cr_assert_eq(nlh->nlmsg_type, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG);
}
