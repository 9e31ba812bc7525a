/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <locale.h>

#include "ctctl/ctctl.h"

int main(int argc, char **argv)
{
	const struct tool_files files = { .in = stdin, .out = stdout, .err = stderr };

	setlocale(LC_CTYPE, "");
	return tool_run(&files, argc, argv);
}
