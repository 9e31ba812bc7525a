/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control_priv.h - the server's body, for this folder only
 *
 *   control.c   the socket, the loop, who may do what
 *   client.c    one connection: datagrams in, datagrams out, its job
 *   dispatch.c  which function answers which message
 *   flows.c     ctnetlink's messages about many flows, flow_one.c about one
 *   expects.c   ctnetlink's messages about expectations
 *   flow_value.c  a flow as a value of ctlink
 *   filter.c    which flows are meant   label.c         labels by name
 *   ruleset.c   rules: listings           batch.c       transactions: from begin to end
 *   commit.c    transactions and reloads: coming into force, one after the other
 *   sets.c      named sets: listings, steps, announcements
 *   state.c     queues, the daemon's own numbers
 *   proto.c     protocols: listing, loading, unloading
 *   explain.c   rules: what they would say of a packet
 *   config.c    the configuration in force
 *   groups.c    events to those who subscribed
 *   watch.c     packets to those who watch them
 *   ask.c       questions of rules that ask, and answers
 */
#ifndef CONTROL_CONTROL_PRIV_H
#define CONTROL_CONTROL_PRIV_H

#include <errno.h>
#include <stdbool.h>
#include <urcu/list.h>

#include "control/control.h"
#include "ctlink/answer.h"
#include "ctlink/daemon.h"
#include "ctlink/error.h"
#include "ctlink/filter.h"
#include "ctlink/flow.h"
#include "ctlink/message.h"
#include "ctlink/packet.h"
#include "flow/event.h"
#include "flow/info.h"
#include "flow/lock.h"
#include "path/ask.h"
#include "path/watch.h"
#include "sets/sets.h"

/* What the server itself counts; shown beside the flow table's counters. */
enum control_counter {
	CONTROL_COUNTER_CLIENTS, /* connections accepted */
	CONTROL_COUNTER_REFUSED, /* connections and requests refused by credentials */
	CONTROL_COUNTER_FULL,    /* connections refused, too many clients */
	CONTROL_COUNTER_REQUESTS,
	CONTROL_COUNTER_ERRORS,     /* requests answered by an error */
	CONTROL_COUNTER_OVERRUNS,   /* announcements that slow clients lost */
	CONTROL_COUNTER_LISTS,      /* jobs: lists, counts, deletions of many */
	CONTROL_COUNTER_LISTS_FULL, /* refused, too many at once */
	CONTROL_COUNTER_BATCHES,
	CONTROL_COUNTER_BATCHES_FULL, /* refused, too many are open */
	CONTROL_COUNTER_TOO_LONG, /* datagrams, messages and batches above their limit */
	CONTROL_COUNTER_SLOW,     /* clients closed: their answers found no room */
	CONTROL_COUNTERS,
};

/* What the rules count beside hits. */
#define CONTROL_RULES_COUNTERS 3

struct control_client;

struct control {
	struct control_config cfg;
	struct control_env env;
	char *socket_path; /* our own copy */
	int epoll, listener;
	int timer; /* every millisecond while works are under way */
	struct control_works *works;
	struct control_commits *commits;
	struct cds_list_head clients;
	unsigned int clients_length;
	unsigned int jobs_length, batches_length; /* of all clients */
	uint32_t groups;                          /* union of the clients' */
	uint64_t now_ns;                          /* monotonic, of this step */
	uint64_t zeroed_ns;                       /* when counters were zeroed */
	struct ctlink_message sets_out; /* announcements of sets that are gathered */
	uint64_t events_lost;   /* of the rings, that listeners know of or will soon: */
	uint64_t events_before; /* events that may have happened before the last loss, and
	                         * must be announced before it is */
	uint64_t events_untold; /* lost by the rings, and not told yet */
	uint64_t sequences[CTQ_GROUP_LIMIT]; /* of each group's last announcement */
	struct cds_list_head questions; /* ask.c: those that are not settled, by id */
	uint32_t question_id;           /* the last one that was given */
	struct control_client *watchers[CTQ_GROUP_WATCHERS_MAX]; /* watch.c; NULL: free */
	uint64_t logged; /* reasons of control_log_drops() */
	uint32_t logged_rate;
	uint64_t counters[CONTROL_COUNTERS];
	/* what counters were when they were zeroed */
	uint64_t zero_reasons[CTQ_REASON_LIMIT];
	uint64_t zero_flow[FLOW_COUNTERS];
	uint64_t zero_control[CONTROL_COUNTERS];
	uint64_t zero_rules[CONTROL_RULES_COUNTERS];
	uint64_t zero_packets, zero_bytes;
};

/* A request that is answered bit by bit: a dump, a count, a delete by filter. */
struct control_client;
struct control_job {
	/** Go on: put messages into @m, the next datagram. Returns 1 while there is more, 0 at
	 * the end (the caller then answers), or a negative errno that ends it. */
	int (*step)(struct control_client *client, struct control_job *job,
	            struct ctlink_message *m);
	/** Is there something to do? Else it is asked again when works have ended. NULL:
	 * always. */
	bool (*is_ready)(const struct control_job *job);
	/** Free what it has. */
	void (*destroy)(struct control_job *job);
	struct nlmsghdr request;
	/** Why step() has returned a negative errno; NULL: that says it all. */
	const struct ctlink_error *error;
	bool is_dump; /* ends with NLMSG_DONE; else with an acknowledgement, if wanted */
	bool interrupted;
	uint64_t generation;     /* of what is listed; 0: it has none */
	uint64_t generation_end; /* the same when the list had ended */
};

/* A datagram that waits for a client to read. */
struct control_output {
	struct cds_list_head node;
	uint32_t size;
	uint8_t data[];
};

struct control_batch;

struct control_client {
	struct control *control;
	struct cds_list_head node;
	int fd;
	bool may_change;
	bool is_gone;              /* to be closed at the end of the step */
	uint32_t polled;           /* EPOLLIN, EPOLLOUT, or nothing while its job waits */
	uint32_t groups;           /* bits, 1 << enum ctq_group */
	uint32_t datagram_max;     /* bytes of one with more than one message */
	bool wants_single;         /* each announcement is a datagram */
	uint32_t port;             /* nlmsg_pid of the events that it causes */
	uint64_t lost;             /* announcements since the last overrun record */
	struct ctlink_watch watch; /* of its place among the watchers */
	uint32_t watch_serial;     /* of the list that it came with */
	uint64_t watch_lost;       /* sightings of its place, that it knows of */
	struct cds_list_head output;
	uint32_t output_bytes;
	struct control_job *job;
	struct control_batch *batch;
	/* the rest of a datagram whose requests wait for the job to end, or for the client to
	 * read */
	uint8_t *input;
	struct ctlink_datagram datagram;
};

/* ---- client.c ------------------------------------------------------------------------- */

struct control_client *control_client_new(struct control *c, int fd, bool may_change);
void control_client_destroy(struct control_client *client);

/** The socket is readable or writable: take requests, send answers. */
void control_client_step(struct control_client *client);

/**
 * Queue whole messages, as datagrams of at most client->datagram_max bytes; false: there is no
 * room, or no memory.
 */
bool control_client_send(struct control_client *client, const void *data, uint32_t size);

/** Is its job one that waits for something else than this client? */
bool control_client_is_waiting(const struct control_client *client);

/** The same with announcements, which the client may want one by one. */
bool control_client_announce(struct control_client *client, const void *data,
                             uint32_t size);

/* ---- dispatch.c -------------------------------------------------------------------------- */

/** Answer one request: into @m, or by a job. 0, or a negative errno with @error filled. */
int control_dispatch(struct control_client *client, const struct nlmsghdr *nlh,
                     struct ctlink_message *m, struct ctlink_error *error);

/* One request being answered. */
struct control_request {
	struct control_client *client;
	const struct nlmsghdr *nlh;
	struct ctlink_header header;
	struct ctlink_message *m; /* the answer's datagram */
	struct ctlink_error *error;
};

/** The header of an answer to @request: its sequence number, @type, and @flags. */
struct ctlink_header control_answer_header(const struct nlmsghdr *request, uint16_t type,
                                           uint16_t flags, uint8_t family);

/** What a limit on clients or on lists is for who may change, or for who may not. */
unsigned int control_limit(unsigned int configured, bool may_change);

/** May one more list (count, deletion of many) be under way? 0, or -EBUSY with the error. */
int control_list_room(struct control_request *r);

/** Start a job that answers the request. */
int control_job_start(struct control_request *r, struct control_job *job, bool is_dump);

/* ---- handlers: 0, or a negative errno with r->error filled --------------------------- */

uint32_t control_now_s(const struct control *c);

/** What a flow's verdict is on the wire. */
uint8_t control_flow_verdict(const struct flow_verdict *v);
struct flow_worker *control_worker(const struct control *c);

/** The reference by which we look at a flow is none of its holders'. */
void control_forget_own(struct flow_info *info, enum flow_holder holder);

int control_put_flow(const struct control *c, struct ctlink_message *m,
                     const struct nlmsghdr *request, uint16_t flags,
                     const struct flow_info *info);

/** Take what @shown shows from the counters: CTRZERO. */
void control_flow_zero(const struct control *c, struct flow *f,
                       const struct flow_info *shown);
int control_flow_dump(struct control_request *r);
int control_flow_delete_many(struct control_request *r);
int control_flow_get(struct control_request *r);
int control_flow_new(struct control_request *r);
int control_flow_delete(struct control_request *r);
int control_flow_dying(struct control_request *r);
int control_flow_unconfirmed(struct control_request *r);
int control_flow_stats(struct control_request *r);
int control_flow_cpu_stats(struct control_request *r);
int control_flow_count(struct control_request *r);

int control_expect_get(struct control_request *r);
int control_expect_new(struct control_request *r);
int control_expect_delete(struct control_request *r);
int control_expect_cpu_stats(struct control_request *r);

/** Tell those who listen that a generation is in force. */
void control_ruleset_announce(struct control *c);
int control_ruleset_get(struct control_request *r);
int control_chain_get(struct control_request *r);
int control_rule_get(struct control_request *r);
int control_rule_explain(struct control_request *r);

int control_set_get(struct control_request *r);
int control_element_get(struct control_request *r);

int control_queue_get(struct control_request *r);
int control_daemon_get(struct control_request *r);
int control_daemon_stats(struct control_request *r);
int control_daemon_subscribe(struct control_request *r);
int control_daemon_socket(struct control_request *r);
int control_daemon_reload(struct control_request *r);
int control_config_get(struct control_request *r);

/** This client may read only: say so, and count it. Returns -EPERM. */
int control_refuse_change(struct control_request *r);

/* ---- proto.c ------------------------------------------------------------------------------- */

struct control_works *control_works_new(void);
void control_works_destroy(struct control_works *works);

/** Go on with loading and unloading; true: something has ended. */
bool control_works_step(struct control *c);
bool control_works_are_under_way(const struct control *c);

/** control.c: have control_works_step() called every millisecond. */
void control_timer_set(struct control *c, bool wanted);
/** control.c: clients whose jobs wait for something look whether it has come. */
void control_clients_wake(struct control *c);

int control_proto_get(struct control_request *r);
int control_proto_load(struct control_request *r);
int control_proto_unload(struct control_request *r);

/* ---- batch.c --------------------------------------------------------------------------------- */

/** A message between NFNL_MSG_BATCH_BEGIN and _END, both included. */
int control_batch_message(struct control_request *r);
/** A message of the client's batch, if it has one, could not be read: it will not be done. */
void control_batch_spoil(struct control_client *client);
/** Forget the client's batch, if it has one. */
void control_batch_close(struct control_client *client);

struct sets_change;

/* A transaction that a client has begun. */
struct control_batch {
	uint8_t subsystem;           /* CTQ_SUBSYS_RULES or _SETS */
	struct rules_change *change; /* of the rules; NULL: sets only */
	struct sets_change *sets;    /* when there are no rules: made at the end */
	uint8_t *kept; /* steps on sets: the number of each (u32) and the message */
	size_t kept_size, kept_capacity;
	uint32_t generation; /* that the change began with */
	bool spoilt;
	uint64_t bytes;
	uint64_t started_ns;
	struct nlmsghdr
		*steps; /* for errors that are found at the end; item 1 is the first */
	uint32_t steps_length, steps_capacity;
};

/** NULL is allowed. */
void control_batch_destroy(struct control *c, struct control_batch *batch);

/** Is generation @wanted in force? 0, or -ESTALE with @error. */
int control_generation_check(const struct control *c, uint32_t wanted,
                             struct ctlink_error *error);

/* ---- commit.c -------------------------------------------------------------------------------- */

/** Also what open() has left half done is closed. */
int control_commits_open(struct control *c);
void control_commits_close(struct control *c);

/** As control_batch_destroy(), but control does not wait for it. */
void control_batch_discard(struct control *c, struct control_batch *batch);

/** The eventfd in the epoll is readable: go on. */
void control_commits_step(struct control *c);

/** Put @batch, which is taken over, into force; NULL: reload. By a job, which answers. */
int control_commit_start(struct control_request *r, struct control_batch *batch,
                         uint16_t flags);

/* ---- expects.c ------------------------------------------------------------------------------ */

struct ctlink_expect;
void control_expect_value(const struct expect_info *info, struct ctlink_expect *out);

/* ---- sets.c ---------------------------------------------------------------------------------- */

/** Can a message of @type be a step of a transaction? */
bool control_sets_is_step(uint16_t type);

/** Do it. 0, or a negative errno with @error filled, its offset too. */
int control_sets_step(struct sets_change *change, const struct nlmsghdr *nlh,
                      struct ctlink_error *error);

/* The end of the flows that have an address of what a change has added. */
struct control_kill;

/** *@change was committed, and is taken over. NULL: no memory. */
struct control_kill *control_kill_new(struct sets_change **change);
void control_kill_destroy(struct control_kill *kill);

/** Go on, as a job of @client. 1: there is more to do; 0: done, and @m has the answer to
 * @request: how many. Or a negative errno. */
int control_kill_step(struct control_client *client, struct control_kill *kill,
                      const struct nlmsghdr *request, struct ctlink_message *m);

/** Do what rules have asked of sets since the last time. While no other change of sets is under
 * way. */
void control_sets_update(struct control *c);

/** sets_listen(): gather announcements; and send what was gathered. */
void control_sets_told(void *control, enum sets_event event, const struct set *set,
                       uint32_t position);
void control_sets_flush(struct control *c);

/* ---- flow_value.c, filter.c --------------------------------------------------------------- */

/** The machine of that number; the generic one when there is none (any more). */
const struct track_proto *control_machine(const struct control *c, uint8_t number);

void control_flow_value(const struct control *c, const struct flow_info *info,
                        struct ctlink_flow *out);
bool control_filter_holds(const struct control *c, const struct ctlink_filter *filter,
                          const struct flow_info *info);

/* ---- label.c ---------------------------------------------------------------------------------- */

/** Names of @l with commas between; those that do not fit are left out. */
void control_labels_text(const struct control *c, const struct flow_labels *l,
                         char text[CTQ_LABELS_TEXT_MAX]);

/** Has one of the labels one of the names? */
bool control_label_holds(const struct control *c, const struct flow_labels *l,
                         const struct ctlink_match *match);

/** "+web,-17" as for flow_labels_replace(). 0 or -EINVAL. */
int control_labels_parse(struct control_request *r, const char *text,
                         struct flow_labels *value, struct flow_labels *mask);

/* ---- groups.c ----------------------------------------------------------------------------------- */

void control_groups_update(struct control *c);
void control_groups_events(struct control *c);

/** Are there events with a number (flow_event_order()) below @before which nobody has read? */
bool control_groups_are_behind(const struct control *c, uint64_t before);
/** The header of the next announcement in @group, which must then be made or be lost. */
struct ctlink_header control_announcement(struct control *c, uint32_t group,
                                          uint16_t type, uint16_t flags);

/** What has happened by now is announced to those who were there. Before groups change. */
void control_groups_settle(struct control *c);

/** Send @m to all clients of @group; @n: announcements in it. */
void control_groups_send(struct control *c, uint32_t group,
                         const struct ctlink_message *m, unsigned int n);

/** Tell a client that reads again what it lost. */
void control_groups_overrun(struct control_client *client);

/** Send @m, @n announcements, to one client. */
void control_groups_tell(struct control_client *client, const struct ctlink_message *m,
                         unsigned int n);

/* ---- watch.c ------------------------------------------------------------------------------------- */

/** A client subscribes to @groups: begin, change or end its watching. */
int control_watch_subscribe(struct control_request *r, uint32_t groups);
void control_watch_leave(struct control_client *client);
void control_watch_events(struct control *c);

/** A packet that was judged; its bytes are left out. @realtime_offset: ns, to be added to
 * monotonic time. */
void control_packet_value(const struct control *c, const struct path_sighting *s,
                          uint64_t realtime_offset, struct ctlink_packet *p);

/* Parts of a packet's value. @whole: with ports or ICMP type and code. */
void control_packet_tuple(struct ctlink_packet *p, const struct tuple *t, bool whole);
void control_packet_interfaces(const struct control *c, struct ctlink_packet *p,
                               uint32_t in, uint32_t out);
/** Which rule (@generation, @index) is; a policy has neither id nor name. */
void control_packet_rule(const struct control *c, struct ctlink_packet *p,
                         uint32_t generation, uint32_t index);

/* ---- ask.c --------------------------------------------------------------------------------------- */

/** Take what workers tell of questions, and announce it. */
void control_ask_events(struct control *c);

/** Nobody answers any more. */
void control_ask_fini(struct control *c);

/** May the client listen to these groups? 0 or -EPERM. */
int control_ask_subscribe(struct control_request *r, uint32_t groups);
int control_ask_get(struct control_request *r);
int control_ask_answer(struct control_request *r);

bool control_has_ports(uint8_t proto);
bool control_is_icmp(uint8_t proto);

#endif
