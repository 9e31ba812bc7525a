/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

int main(void)
{
	log_init("ctqd", LOG_LEVEL_NOTICE);
	return 0;
}
