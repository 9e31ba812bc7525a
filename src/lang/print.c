/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values to text. Each value has one spelling, which reads as the same value again; so
 * printing what was read, and reading what was printed, changes nothing more. What came
 * from elsewhere and cannot be said stands in a comment.
 */
#include "lang/lang_priv.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "ctq/ctlink.h"

/* ---- words and strings --------------------------------------------------------- */

static void print_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

/* A name without quotes where the scanner takes it for one word. */
static void print_name(FILE *out, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-.:/+@";

	if (*name && name[strspn(name, plain)] == '\0')
		fputs(name, out);
	else
		print_quoted(out, name);
}

/* ---- values -------------------------------------------------------------------- */

/* How values of one match are printed. */
struct printer {
	FILE *out;
	const struct ctlink_field *field;
	const struct lang_names *names; /* or NULL */
	char join;                      /* between bits: ',' means another in braces */
};

static bool is_mark(const struct ctlink_field *field)
{
	return field->number == CTQ_FIELD_MARK || field->number == CTQ_FIELD_PKTMARK;
}

static void print_plain_number(const struct printer *p, uint64_t v)
{
	fprintf(p->out, is_mark(p->field) ? "0x%" PRIx64 : "%" PRIu64, v);
}

static void print_time(FILE *out, uint64_t seconds)
{
	fprintf(out, "%02u:%02u", (unsigned int)(seconds / 3600),
	        (unsigned int)(seconds / 60 % 60));
	if (seconds % 60)
		fprintf(out, ":%02u", (unsigned int)(seconds % 60));
}

/* An end of a range; days and times of day have ranges of names. */
static void print_end(const struct printer *p, uint64_t v)
{
	const char *day = p->field->number == CTQ_FIELD_DAY && p->names
	                          ? lang_names_name(p->names, v)
	                          : NULL;

	if (day)
		fputs(day, p->out);
	else if (p->field->number == CTQ_FIELD_TIME)
		print_time(p->out, v);
	else
		print_plain_number(p, v);
}

static void print_range(const struct printer *p, uint64_t first, uint64_t last)
{
	print_end(p, first);
	fputc('-', p->out);
	print_end(p, last);
}

static void print_number(const struct printer *p, const struct ctlink_value *value)
{
	uint64_t first = ctlink_value_number(value->first, value->first_size);
	const char *name = p->names ? lang_names_name(p->names, first) : NULL;

	if (ctlink_has(value, CTLINK_VALUE_MASK))
		fprintf(p->out, "0x%" PRIx64 "/0x%" PRIx64, first,
		        ctlink_value_number(value->mask, value->mask_size));
	else if (ctlink_has(value, CTLINK_VALUE_LAST))
		print_range(p, first, ctlink_value_number(value->last, value->last_size));
	else if (name)
		fputs(name, p->out);
	else
		print_end(p, first);
}

static void print_bit_list(const struct printer *p, uint64_t bits)
{
	const char *name;
	bool any = false;
	unsigned int i;

	for (i = 0; i < 64; i++) {
		if (!(bits >> i & 1))
			continue;
		name = p->names ? lang_names_name(p->names, 1ull << i) : NULL;
		if (any)
			fputc(p->join, p->out);
		if (name)
			fputs(name, p->out);
		else
			fprintf(p->out, "0x%llx", 1ull << i);
		any = true;
	}
	if (!any)
		fputc('0', p->out);
}

static void print_bits(const struct printer *p, const struct ctlink_value *value)
{
	print_bit_list(p, ctlink_value_number(value->first, value->first_size));
	if (!ctlink_has(value, CTLINK_VALUE_MASK))
		return;
	fputc('/', p->out);
	print_bit_list(p, ctlink_value_number(value->mask, value->mask_size));
}

static void print_address_bytes(FILE *out, const uint8_t *address, uint8_t size)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(size == 4 ? AF_INET : AF_INET6, address, text, sizeof(text)))
		fputs(text, out);
}

static void print_address(const struct printer *p, const struct ctlink_value *value)
{
	print_address_bytes(p->out, value->first, value->first_size);
	if (ctlink_has(value, CTLINK_VALUE_PREFIX))
		fprintf(p->out, "/%u", value->prefix);
	else if (ctlink_has(value, CTLINK_VALUE_LAST)) {
		fputc('-', p->out);
		print_address_bytes(p->out, value->last, value->last_size);
	}
}

static void print_value(const struct printer *p, const struct ctlink_value *value)
{
	switch ((enum ctlink_field_type)p->field->type) {
	case CTLINK_FIELD_ADDRESS: print_address(p, value); break;
	case CTLINK_FIELD_STRING:
		print_quoted(p->out, value->string ? value->string : "");
		break;
	case CTLINK_FIELD_BITS8:
	case CTLINK_FIELD_BITS32: print_bits(p, value); break;
	case CTLINK_FIELD_U8:
	case CTLINK_FIELD_U16:
	case CTLINK_FIELD_U32:
	case CTLINK_FIELD_U64: print_number(p, value); break;
	}
}

/* ---- matches ------------------------------------------------------------------- */

static void print_values(struct printer *p, const struct ctlink_match *match)
{
	uint32_t i;

	p->join = match->values.length == 1 ? ',' : '|';
	if (match->values.length == 1) {
		print_value(p, ctlink_match_value(match, 0));
		return;
	}
	for (i = 0; i < match->values.length; i++) {
		fputs(i ? ", " : "{ ", p->out);
		print_value(p, ctlink_match_value(match, i));
	}
	fputs(" }", p->out);
}

/* "src . dport != @web" */
static void print_set_match(const struct printer *p, const struct ctlink_match *match)
{
	const struct ctlink_field *with = ctlink_field_get(match->with);

	fputs(p->field->word, p->out);
	if (with)
		fprintf(p->out, " . %s", with->word);
	fprintf(p->out, "%s @%s", match->flags & CTQ_MATCH_NEGATE ? " !=" : "",
	        match->set);
}

/* @proto: the protocol that an earlier match says; 0: none does; -1: not one alone. */
static void print_match(const struct ctlink_match *match, int proto, FILE *out)
{
	struct printer p = { .out = out, .field = ctlink_field_get(match->field) };
	bool icmp = match->field == CTQ_FIELD_ICMP_TYPE ||
	            match->field == CTQ_FIELD_ICMP_CODE;

	if (p.field && match->set) {
		print_set_match(&p, match);
		return;
	}
	if (!p.field || match->values.length == 0) {
		fprintf(out, "# field %u of another version", match->field);
		return;
	}
	p.names = lang_names_of(match->field, proto > 0 ? (uint8_t)proto : 0);
	/* without a protocol the word alone would mean "proto icmp" as well */
	if (icmp && proto == 0)
		fputs("proto { icmp, icmpv6 } ", out);
	fprintf(out, "%s ", p.field->word);
	if (match->flags & CTQ_MATCH_NEGATE)
		fputs("!= ", out);
	print_values(&p, match);
}

void lang_match_print(const struct ctlink_match *match, FILE *out)
{
	print_match(match, -1, out);
}

/* The protocol that @match says; as print_match() wants it. */
static int match_proto(const struct ctlink_match *match)
{
	const struct ctlink_value *v;

	if (match->values.length != 1 || match->flags & CTQ_MATCH_NEGATE)
		return -1;
	v = ctlink_match_value(match, 0);
	if (v->has != 1ull << CTLINK_VALUE_FIRST)
		return -1;
	return (int)ctlink_value_number(v->first, v->first_size);
}

/* ---- statements ---------------------------------------------------------------- */

static void print_assign(const char *word, const struct ctlink_statement *s, FILE *out)
{
	fprintf(out, "%s set 0x%x", word, s->value);
	if (ctlink_has(s, CTLINK_STATEMENT_MASK) && s->mask != UINT32_MAX)
		fprintf(out, "/0x%x", s->mask);
}

static void print_rate(const struct ctlink_statement *s, FILE *out)
{
	const char *period = lang_names_name(&lang_periods, s->period);

	fprintf(out, "%u/%s", s->rate, period ? period : "?");
	if (ctlink_has(s, CTLINK_STATEMENT_BURST))
		fprintf(out, " burst %u", s->burst);
}

static void print_limit(const struct ctlink_statement *s, FILE *out)
{
	const char *over = s->flags & CTQ_LIMIT_OVER ? "over " : "";

	if (s->value == CTQ_LIMIT_RULE_CONNECTIONS) {
		fprintf(out, "limit rule connections %u", s->rate);
		return;
	}
	if (s->value == CTQ_LIMIT_CONNECTIONS) {
		fprintf(out, "limit connections %s%u", over, s->rate);
		return;
	}
	fprintf(out, "limit %srate %s", s->value == CTQ_LIMIT_SOURCE_RATE ? "src " : "",
	        over);
	print_rate(s, out);
	if (s->has & (1 << CTLINK_STATEMENT_PREFIX4 | 1 << CTLINK_STATEMENT_PREFIX6))
		fprintf(out, " per /%u",
		        ctlink_has(s, CTLINK_STATEMENT_PREFIX4) ? s->prefix4 : 32u);
	if (ctlink_has(s, CTLINK_STATEMENT_PREFIX6))
		fprintf(out, " /%u", s->prefix6);
}

static void print_log(const struct ctlink_statement *s, FILE *out)
{
	const char *level = lang_names_name(&lang_levels, s->level);

	fputs("log", out);
	if (ctlink_has(s, CTLINK_STATEMENT_STRING)) {
		fputs(" prefix ", out);
		print_quoted(out, s->string);
	}
	if (ctlink_has(s, CTLINK_STATEMENT_LEVEL) && level)
		fprintf(out, " level %s", level);
	if (ctlink_has(s, CTLINK_STATEMENT_EVERY))
		fprintf(out, " every %u", s->every);
	if (ctlink_has(s, CTLINK_STATEMENT_RATE)) {
		fputs(" rate ", out);
		print_rate(s, out);
	}
}

/* "1d2h": seconds in units that are read again. */
static void print_seconds(FILE *out, uint32_t seconds)
{
	static const struct {
		uint32_t seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i;

	if (seconds == 0)
		fputs("0s", out);
	for (i = 0; i < BASE_ARRAY_LENGTH(units); i++) {
		if (seconds / units[i].seconds)
			fprintf(out, "%u%c", seconds / units[i].seconds, units[i].letter);
		seconds %= units[i].seconds;
	}
}

/* "add @knocked { src . dport timeout 1h }" */
static void print_update(const char *word, const struct ctlink_statement *s, FILE *out)
{
	const struct ctlink_field *field = ctlink_field_get(s->field);
	const struct ctlink_field *with = ctlink_field_get(s->with);

	fprintf(out, "%s @%s { %s", word, s->string, field ? field->word : "?");
	if (with)
		fprintf(out, " . %s", with->word);
	if (ctlink_has(s, CTLINK_STATEMENT_TIMEOUT)) {
		fputs(" timeout ", out);
		print_seconds(out, s->timeout);
	}
	fputs(" }", out);
}

static void print_statement(const struct ctlink_statement *s, FILE *out)
{
	switch ((enum ctq_statement)s->kind) {
	case CTQ_STATEMENT_ACCEPT: fputs("accept", out); break;
	case CTQ_STATEMENT_DROP: fputs("drop", out); break;
	case CTQ_STATEMENT_MARK: print_assign("meta mark", s, out); break;
	case CTQ_STATEMENT_CTMARK: print_assign("mark", s, out); break;
	case CTQ_STATEMENT_LABEL:
		fputs("label set ", out);
		print_name(out, s->string ? s->string : "");
		break;
	case CTQ_STATEMENT_COUNT: fputs("counter", out); break;
	case CTQ_STATEMENT_JUMP:
		fputs("jump ", out);
		print_name(out, s->string ? s->string : "");
		break;
	case CTQ_STATEMENT_RETURN: fputs("return", out); break;
	case CTQ_STATEMENT_REJECT: fputs("reject", out); break;
	case CTQ_STATEMENT_LOG: print_log(s, out); break;
	case CTQ_STATEMENT_OFFLOAD: fputs("offload", out); break;
	case CTQ_STATEMENT_LIMIT: print_limit(s, out); break;
	case CTQ_STATEMENT_ASK: fputs("ask", out); break;
	case CTQ_STATEMENT_ADD: print_update("add", s, out); break;
	case CTQ_STATEMENT_DELETE: print_update("delete", s, out); break;
	default: fprintf(out, "# statement %u of another version", s->kind); break;
	}
}

/* ---- rules and chains ---------------------------------------------------------- */

static void print_gap(FILE *out, bool *any)
{
	if (*any)
		fputc(' ', out);
	*any = true;
}

void lang_rule_print(const struct ctlink_rule *rule, FILE *out)
{
	const struct ctlink_match *match;
	bool any = false;
	int proto = 0;
	uint32_t i;

	for (i = 0; i < rule->matches.length; i++) {
		match = ctlink_rule_match(rule, i);
		print_gap(out, &any);
		print_match(match, proto, out);
		if (match->field == CTQ_FIELD_PROTO)
			proto = match_proto(match);
		else if (proto == 0 && (match->field == CTQ_FIELD_ICMP_TYPE ||
		                        match->field == CTQ_FIELD_ICMP_CODE))
			proto = -1; /* said with this one */
	}
	if (rule->name) {
		print_gap(out, &any);
		fputs("name ", out);
		print_name(out, rule->name);
	}
	for (i = 0; i < rule->statements.length; i++) {
		print_gap(out, &any);
		print_statement(ctlink_rule_statement(rule, i), out);
	}
	if (rule->comment) {
		print_gap(out, &any);
		fputs("comment ", out);
		print_quoted(out, rule->comment);
	}
}

void lang_chain_print(const struct ctlink_chain *chain, FILE *out)
{
	const char *hook = NULL, *policy;

	fputs("chain ", out);
	print_name(out, chain->name);
	fputs(" {", out);
	if (!ctlink_has(chain, CTLINK_CHAIN_HOOK))
		return;
	hook = lang_names_name(&lang_hooks, chain->hook);
	if (!hook)
		fprintf(out, " # hook %u of another version", chain->hook);
	else if (strcmp(hook, chain->name) != 0)
		fprintf(out, " hook %s;", hook);
	policy = ctlink_has(chain, CTLINK_CHAIN_POLICY)
	                 ? lang_names_name(&lang_policies, chain->policy)
	                 : NULL;
	if (policy && hook)
		fprintf(out, " policy %s", policy);
}

/* ---- named sets -------------------------------------------------------------------- */

void lang_set_print(const struct ctlink_set *set, FILE *out)
{
	const char *type = lang_set_type_name(set->type);

	fputs("set ", out);
	print_name(out, set->name);
	fputs(" {", out);
	if (type)
		fprintf(out, " type %s", type);
	else
		fprintf(out, " # type %u of another version", set->type);
	if (set->flags)
		fprintf(out, "; flags %s%s%s",
		        set->flags & CTQ_SET_TIMEOUT ? "timeout" : "",
		        set->flags == (CTQ_SET_TIMEOUT | CTQ_SET_COUNTER) ? ", " : "",
		        set->flags & CTQ_SET_COUNTER ? "counter" : "");
	if (set->timeout) {
		fputs("; timeout ", out);
		print_seconds(out, set->timeout);
	}
	if (ctlink_has(set, CTLINK_SET_SIZE))
		fprintf(out, "; size %u", set->size);
	if (set->comment) {
		fputs("; comment ", out);
		print_quoted(out, set->comment);
	}
}

/* What is left, where that is known: a second at least, for 0 would be for ever. */
static uint32_t element_timeout(const struct ctlink_element *element)
{
	if (element->timeout == 0 || !ctlink_has(element, CTLINK_ELEMENT_EXPIRES))
		return element->timeout;
	return element->expires ? element->expires : 1;
}

void lang_element_print(uint16_t type, const struct ctlink_element *element, FILE *out)
{
	struct printer p = { .out = out,
		             .field = ctlink_field_get(lang_set_field(type)) };
	struct printer with = { .out = out, .field = ctlink_field_get(CTQ_FIELD_DPORT) };

	print_value(&p, &element->key);
	if (ctlink_has(element, CTLINK_ELEMENT_WITH)) {
		fputs(" . ", out);
		print_value(&with, &element->with);
	}
	if (ctlink_has(element, CTLINK_ELEMENT_TIMEOUT)) {
		fputs(" timeout ", out);
		print_seconds(out, element_timeout(element));
	}
	if (element->comment) {
		fputs(" comment ", out);
		print_quoted(out, element->comment);
	}
}

static void print_set(const struct ctlink_set *set, FILE *out)
{
	uint32_t i;

	lang_set_print(set, out);
	if (set->elements.length)
		fputs("\n\telements {\n", out);
	for (i = 0; i < set->elements.length; i++) {
		fputs("\t\t", out);
		lang_element_print(set->type, ctlink_set_element(set, i), out);
		fputs(",\n", out);
	}
	fputs(set->elements.length ? "\t}\n}\n" : "\n}\n", out);
}

/* ---- whole rule sets ----------------------------------------------------------- */

static uint32_t chain_index(const struct ctlink_ruleset *set, const char *name)
{
	uint32_t i;

	for (i = 0; i < set->chains.length; i++) {
		if (strcmp(ctlink_ruleset_chain(set, i)->name, name) == 0)
			break;
	}
	return i;
}

/* Chains from *@done up to @end, which have no rules before this point. */
static void print_chains(const struct ctlink_ruleset *set, uint32_t *done, uint32_t end,
                         FILE *out)
{
	for (; *done < end; (*done)++) {
		lang_chain_print(ctlink_ruleset_chain(set, *done), out);
		fputs("\n}\n", out);
	}
}

/* Rules from @from on that are of one chain; returns where they end. */
static uint32_t print_run(const struct ctlink_ruleset *set, uint32_t from, uint32_t chain,
                          FILE *out)
{
	const char *name = ctlink_ruleset_rule(set, from)->chain;

	if (chain < set->chains.length) {
		lang_chain_print(ctlink_ruleset_chain(set, chain), out);
	} else {
		fputs("chain ", out);
		print_name(out, name);
		fputs(" {", out);
	}
	fputc('\n', out);
	for (; from < set->rules.length; from++) {
		if (strcmp(ctlink_ruleset_rule(set, from)->chain, name) != 0)
			break;
		fputc('\t', out);
		lang_rule_print(ctlink_ruleset_rule(set, from), out);
		fputc('\n', out);
	}
	fputs("}\n", out);
	return from;
}

void lang_ruleset_print(const struct ctlink_ruleset *set, FILE *out)
{
	uint32_t done = 0, rule = 0, chain, i;

	for (i = 0; i < set->sets.length; i++)
		print_set(ctlink_ruleset_set(set, i), out);
	while (rule < set->rules.length) {
		chain = chain_index(set, ctlink_ruleset_rule(set, rule)->chain);
		if (chain < set->chains.length && chain >= done) {
			print_chains(set, &done, chain, out);
			done = chain + 1;
		}
		rule = print_run(set, rule, chain, out);
	}
	print_chains(set, &done, set->chains.length, out);
}
