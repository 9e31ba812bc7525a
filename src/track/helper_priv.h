/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper_priv.h - the built-in helpers, for the list in helper.c
 */
#ifndef TRACK_HELPER_PRIV_H
#define TRACK_HELPER_PRIV_H

#include "track/helper.h"

extern const struct helper helper_ftp;
extern const struct helper helper_sip;
extern const struct helper helper_tftp;

#endif
