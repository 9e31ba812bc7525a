/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.h - ctqd.conf as a plain value
 *
 *   config_load()   file → struct config, complete with defaults, or errors
 *   config_print()  struct config → text that config_load() reads back
 *   config_diff()   what a reload cannot change while the daemon runs
 *
 * struct config holds no pointer: it may be copied, compared field by field, and freed
 * as any other bytes. It is large (about 100 KiB): keep it off the stack.
 *
 * Errors. Every mistake of the input is reported, not only the first: a text of several
 * lines, "file:line:column: error: …", the line itself, a mark under the offending word,
 * and what is allowed there. A key that does nothing does not exist.
 *
 * How text becomes a value:
 *
 *   file.c   names → bytes; include; the line behind a location
 *   scan.l   bytes → words and punctuation
 *   parse.y  words → a tree of statements; knows no key
 *   load.c   statements → struct config by the tables of key.c
 *   check.c  what must hold between keys; which worker owns which queue
 *
 * Threads: nothing is kept between calls; not more than one thread for each value.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"
#include "base/log.h"
#include "packet/packet.h"
#include "queue/queue.h"
#include "track/helper.h"
#include "track/track.h"

/* ---- limits ---------------------------------------------------------------- */
#define CONFIG_PATH_MAX    1024 /* bytes of a path, with its final zero */
#define CONFIG_SOCKET_MAX  108  /* of the socket's: sun_path (unix(7)) */
#define CONFIG_NAME_MAX    33   /* of a user or group: 32 (useradd(8)) and the zero */
#define CONFIG_WORKERS_MAX 256  /* longest range of queues */
#define CONFIG_QUEUES_MAX  1024 /* a range of that length for each of four hooks */
#define CONFIG_ZONES_MAX   64   /* with timeouts of their own */
#define CONFIG_CPU_NONE    (-1)
#define CONFIG_CPU_MAX     1023 /* highest number in a cpu_set_t */

/* ---- the value --------------------------------------------------------------- */

enum config_on_change { CONFIG_REEVALUATE, CONFIG_KEEP, CONFIG_KILL };
enum config_without_answer { CONFIG_ASK_DROP, CONFIG_ASK_ACCEPT };
enum config_evict { CONFIG_EVICT_UNASSURED, CONFIG_EVICT_CLOSING };

/* What a `queues` section says of each of its queues. */
struct config_queue {
	uint16_t number;
	uint16_t worker; /* that owns it: its place in its range */
	uint32_t zone;   /* 0 … 65535 */
	uint32_t copy;   /* bytes of a packet that the kernel hands over */
	uint32_t length; /* packets that wait in the kernel */
	uint32_t rcvbuf; /* bytes of the socket's receive buffer */
	uint32_t hook;   /* enum packet_hook, any but FORWARD */
	bool gso;        /* take segments as the kernel has them */
	bool fail_open;  /* a full queue lets packets pass */
	int32_t cpu;     /* its worker is pinned there; CONFIG_CPU_NONE: anywhere */
};

/* What `timeouts zone N` says; all else is as in `timeouts`. */
struct config_zone {
	uint32_t zone;
	uint64_t set; /* a bit for each of track_settings[], by its place */
	struct track_config track;
};

/* Percent of the table between which timeouts are shortened; end 0: never. */
struct config_adaptive {
	uint32_t start, end;
};

/* An address, or all that begin with its first @bits. */
struct config_network {
	uint8_t address
		[16];   /* IPv4 in the first four bytes; what is behind @bits is zero */
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t bits;
};

#define CONFIG_NETWORKS_MAX 64

struct config_networks {
	uint32_t length;
	struct config_network network[CONFIG_NETWORKS_MAX];
};

/* Ports whose connections get a helper. */
struct config_ports {
	uint32_t length;
	uint16_t port[HELPER_PORTS_MAX]; /* host byte order */
};

/* Bits of the packet mark, and their value. */
struct config_mark {
	uint32_t value, mask;
};

struct config {
	struct {
		char socket[CONFIG_SOCKET_MAX];
		char group[CONFIG_NAME_MAX];       /* may read; "": root only */
		char admin_group[CONFIG_NAME_MAX]; /* may change; "": root only */
		char user[CONFIG_NAME_MAX];        /* to run as; "": stay who we are */
		uint32_t log;                      /* enum log_level */
		uint64_t log_drops;      /* reasons, 1 << number % 64 of each; 0: none */
		uint32_t log_drops_rate; /* lines a second */
		uint32_t clients;        /* at once */
		uint32_t client_buffer;  /* bytes; above it a client is slow */
		uint32_t lists;          /* under way at once */
		bool watchdog;           /* feed systemd's, if it wants to be fed */
	} daemon;
	struct {
		uint32_t max;
		uint32_t per_source; /* flows of one source address; 0: no limit */
		uint32_t reserve;    /* of max, for @reserved alone; 0: none */
		struct config_networks reserved;
		uint32_t evict;         /* enum config_evict */
		uint32_t unconfirmed_s; /* an unconfirmed flow lives this long */
		uint32_t fragments;     /* packets whose fragments a worker remembers */
		uint32_t events;        /* slots of a worker's ring, a power of two */
		struct config_adaptive adaptive;
	} table;
	struct {
		uint32_t cookie_mask;       /* one run of bits; 0: no cookies */
		struct config_mark seen;    /* mask 0: unused */
		struct config_mark reject;  /* mask 0: rejecting is dropping */
		struct config_mark offload; /* mask 0: unused */
		uint32_t zone_mask; /* one run of at most 16 bits; 0: by queue only */
	} mark;
	struct {
		char directory[CONFIG_PATH_MAX]; /* "": there are none */
		char load[CONFIG_PATH_MAX]; /* names with commas between: at the start */
	} modules;
	struct {
		struct config_ports ftp, sip, tftp;
		bool ftp_loose, sip_loose;
		uint32_t expectations; /* at once */
	} helpers;
	struct {
		uint32_t timeout_s;      /* a packet waits this long for an answer */
		uint32_t without_answer; /* enum config_without_answer */
		uint32_t limit;          /* packets that wait, of each worker */
		uint32_t flow_limit;     /* … of each question */
	} ask;
	struct track_config track;
	struct config_zone zones[CONFIG_ZONES_MAX]; /* sorted by zone */
	uint16_t zones_length;
	char labels[CONFIG_PATH_MAX];        /* names of labels; "": they have none */
	char rules[CONFIG_PATH_MAX];         /* "": none, everything is accepted */
	char rules_backend[CONFIG_NAME_MAX]; /* a word of config_reader.backends */
	uint32_t on_policy_change;           /* enum config_on_change */
	struct config_queue queues[CONFIG_QUEUES_MAX];
	uint16_t queues_length;
	uint16_t workers; /* 1 … CONFIG_WORKERS_MAX */
};

/** The tracker's configuration for the @i-th of @cfg->zones: complete. */
void config_zone_track(const struct config *cfg, unsigned int i,
                       struct track_config *track);

/** The defaults, with the default queues. */
void config_init(struct config *cfg);

/** Is there a queue at POSTROUTING or INPUT? */
bool config_has_confirm_queue(const struct config *cfg);

/** Is packet_hook @hook an entry hook (PREROUTING, OUTPUT)? */
bool config_hook_is_entry(uint32_t hook);

/**
 * Bytes of a packet that the kernel hands over in queue @q: what it says, but with helpers
 * CONFIG_COPY_HELPED at least.
 */
uint32_t config_queue_copy(const struct config *cfg, const struct config_queue *q);

/* A packet of an Ethernet link, and headers of larger ones with a line of ftp behind. */
#define CONFIG_COPY_HELPED 2048

/** "prerouting" … */
const char *config_hook_name(uint32_t hook);

/* ---- reading ------------------------------------------------------------------- */

/* Whoever hears of errors: @text is one error, several lines,
 * without the last newline. */
typedef void config_report(void *ctx, const char *text);

/* Where files come from; tests and fuzzers bring their own. */
struct config_reader {
	/** The bytes of @path, malloc'ed, one zero behind them. 0 or a negative errno. */
	int (*read)(const struct config_reader *reader, const char *path, char **bytes,
	            size_t *size);
	/** Call @each with every path that @pattern (glob(7)) matches, sorted; stop at an
	 * error. 0 or a negative errno. */
	int (*expand)(const struct config_reader *reader, const char *pattern,
	              int (*each)(void *arg, const char *path), void *arg);
	/** What rules-backend may be, a NULL behind the last; NULL: any name. */
	const char *const *backends;
};

/** The file system. */
extern const struct config_reader config_reader_files;

/**
 * Read @path (by @reader) into @cfg, which need not be initialised. Returns 0, or
 * -EINVAL when errors were reported, or -ENOMEM; @cfg is then not to be used.
 */
BASE_MUST_CHECK int config_load(struct config *cfg, const char *path,
                                const struct config_reader *reader, config_report *report,
                                void *ctx);

/* ---- writing ------------------------------------------------------------------- */

/** All keys with their values, as a file that config_load() takes. */
void config_print(const struct config *cfg, FILE *out);

/**
 * Call @changed with the name ("table.max") of each key whose value differs and which
 * takes effect at the next start only.
 */
void config_diff(const struct config *running, const struct config *wanted,
                 void (*changed)(void *ctx, const char *key), void *ctx);

#endif
