/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reserved.h - whose connections must always get in: `reserved` of ctqd.conf
 */
#ifndef DAEMON_RESERVED_H
#define DAEMON_RESERVED_H

#include <stdbool.h>

#include "config/config.h"
#include "packet/tuple.h"

/** Does the connection go from or to one of the networks? @networks: struct config_networks,
 * in order of asking; for flow_table_config. Any thread. */
bool reserved_holds(void *networks, const struct tuple *t);

#endif
