#include <string.h>

#include "agent/redfish/survey.h"
#include "agent/redfish/text.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/str.h"

/*
 * What the operating system is called and reached by, where an agent in it tells
 * the BMC. Some BMCs show their own name for the system's: it is believed only
 * where the manager calls itself otherwise. Addresses that mean something on
 * their link alone are left out; sorted, so that they do not change by order.
 */
#define NETWORK_BUDGET 40
#define NETWORK_NICS 32

/* RFC 1123 2.1: labels of letters, digits and dashes; no dotted number. */
static bool
name_usable(const char *s)
{
	size_t label = 0, n = strlen(s), i;
	bool letter = false;

	for (i = 0; i < n; i++) {
		bool alpha = s[i] >= 'a' && s[i] <= 'z';
		bool digit = s[i] >= '0' && s[i] <= '9';
		bool ends = i + 1 == n || s[i + 1] == '.';

		letter |= alpha;
		if (s[i] == '.' && label > 0 && !ends) {
			label = 0;
			continue;
		}
		if (!alpha && !digit && (s[i] != '-' || label == 0 || ends))
			return false;
		if (++label > 63)
			return false;
	}
	return letter && n <= 253 && !str_eq(s, "localhost") &&
	       !str_has_prefix(s, "localhost.");
}

static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

/* "bmc1" and "bmc1.example.com" are one. */
static bool
name_same(const char *a, const char *b)
{
	size_t n = strcspn(a, ".");

	return n > 0 && n == strcspn(b, ".") && strncmp(a, b, n) == 0;
}

static void
take_protocol(struct redfish *rf, const cJSON *j)
{
	static const char *const keys[] = { "HostName", "FQDN" };
	char name[256], own[256];

	if (!str_copy(name, sizeof(name), rf->state.system_name))
		return;
	lower(name);
	if (!name_usable(name))
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		(void)str_copy(own, sizeof(own), json_str(j, keys[i], ""));
		lower(own);
		if (name_same(name, own))
			return;
	}
	rf_text_keep(&rf->state.host_name, name);
}

static void
take_manager(struct redfish *rf, const cJSON *j)
{
	rf_survey_add(
	    rf, take_protocol, json_str(j, "NetworkProtocol/@odata.id", NULL));
}

static bool
address_usable(const struct http_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t none[16];
	const uint8_t *v4 = a->ip + 12;

	if (memcmp(a->ip, mapped, sizeof(mapped)) == 0)
		return v4[0] != 0 && v4[0] != 127 && v4[0] < 224 &&
		       (v4[0] != 169 || v4[1] != 254);
	return memcmp(a->ip, none, 15) != 0 && a->ip[0] != 0xff &&
	       (a->ip[0] != 0xfe || (a->ip[1] & 0xc0) != 0x80);
}

/* Sorted, each once; what is too many falls off the end. */
static void
keep_address(char **list, const char *text)
{
	char *last = list[RF_ADDRESSES_MAX - 1];
	size_t i;

	for (i = 0; i < RF_ADDRESSES_MAX && list[i]; i++) {
		int c = strcmp(text, list[i]);

		if (c == 0)
			return;
		if (c < 0)
			break;
	}
	if (i == RF_ADDRESSES_MAX)
		return;
	xfree(last);
	memmove(
	    &list[i + 1], &list[i], (RF_ADDRESSES_MAX - 1 - i) * sizeof(*list));
	list[i] = xstrdup(text);
}

static void
take_addresses(struct redfish *rf, const cJSON *list)
{
	const cJSON *j;
	struct http_addr a;
	char text[64], *p, *end;

	cJSON_ArrayForEach (j, list) {
		if (!http_addr_ip_parse(&a, json_str(j, "Address", NULL), 0) ||
		    !address_usable(&a))
			continue;
		http_addr_text(&a, text); /* "[::1]:0" */
		p = text + (text[0] == '[');
		end = strrchr(text, ':');
		if (end == NULL)
			continue;
		end[-(text[0] == '[')] = '\0';
		keep_address(rf->state.addresses, p);
	}
}

static void
take_nic(struct redfish *rf, const cJSON *j)
{
	take_addresses(rf, json_arr(j, "IPv4Addresses"));
	take_addresses(rf, json_arr(j, "IPv6Addresses"));
}

static void
no_more(struct redfish *rf)
{
	(void)rf;
}

static void
walked(struct redfish *rf)
{
	rf->state.parts |= RF_READ_NETWORK;
	rf->op->after_survey(rf);
}

void
rf_network(struct redfish *rf, rf_step_fn *then)
{
	rf->op->after_survey = then;
	rf_text_keep(&rf->state.host_name, NULL);
	for (size_t i = 0; i < RF_ADDRESSES_MAX; i++)
		xreplace(&rf->state.addresses[i], NULL);
	rf_survey_begin(rf, NETWORK_BUDGET, no_more, walked);
	rf_survey_optional(rf);
	rf_survey_list(rf, take_nic, rf->links.ethernet, NETWORK_NICS, 1);
	if (rf->state.system_name != NULL)
		rf_survey_add(rf, take_manager, rf->links.manager);
	rf_survey_run(rf);
}
