#include "agent/delivery/report.h"

#include <string.h>

#include "common/str.h"

/* Names of what is a report's own begin with b7_. The text is plain ASCII, holds
 * neither "{{" nor "%}" (templates) and no single quote in a comment (it may be
 * nested). Where it says "live", the marks are those that initial RAM disks of
 * live systems leave behind: casper, live-boot, dracut, Kairos, CoreOS. */
static const char head[] =
    "#!/bin/sh\n"
    "# Added by Beskar7: tells the cluster that this machine is up, and how\n"
    "# its bootstrap went. It asks again until it is answered.\n";

static const char names[] =
    "b7_done=/run/cluster-api/bootstrap-success.complete\n"
    "b7_dir=/var/lib/beskar7\n"
    "b7_scripts=/var/lib/cloud/instance/scripts\n"
    "b7_again=/var/lib/cloud/scripts/per-boot/zz-beskar7-report\n"
    "umask 077\n"
    "\n"
    "b7_live() {\n"
    "\tfor b7_mark in /run/live/medium /lib/live/mount/medium \\\n"
    "\t\t/run/initramfs/live /run/casper /cdrom/casper \\\n"
    "\t\t/run/cos/live_mode /run/ostree-live; do\n"
    "\t\t[ ! -e \"$b7_mark\" ] || return 0\n"
    "\tdone\n"
    "\tb7_type=$(awk '$2 == \"/\" { t = $3 } END { print t }' "
    "/proc/mounts 2> /dev/null)\n"
    "\tcase $b7_type in\n"
    "\ttmpfs | ramfs | rootfs | squashfs | iso9660 | aufs) return 0 ;;\n"
    "\tesac\n"
    "\tcase \" $(cat /proc/cmdline 2> /dev/null) \" in\n"
    "\t*\" boot=casper \"* | *\" boot=live \"* | *\" rd.live.image\"* | \\\n"
    "\t*\" root=live:\"* | *\" coreos.liveiso=\"*) return 0 ;;\n"
    "\tesac\n"
    "\treturn 1\n"
    "}\n"
    "\n";

static const char judge[] =
    "# Whether whoever bootstraps this machine notes a success.\n"
    "b7_notes() {\n"
    "\t[ \"$B7_SENTINEL\" != 1 ] || return 0\n"
    "\tfor b7_file in \"$b7_scripts\"/*; do\n"
    "\t\tcase $b7_file in */zz-beskar7-report*) continue ;; esac\n"
    "\t\tif grep -q \"${b7_done##*/}\" \"$b7_file\" 2> /dev/null; then\n"
    "\t\t\treturn 0\n"
    "\t\tfi\n"
    "\tdone\n"
    "\treturn 1\n"
    "}\n"
    "\n"
    "# Whether nothing is at work any more that could.\n"
    "b7_over() {\n"
    "\tif command -v cloud-init > /dev/null 2>&1 &&\n"
    "\t\t[ -e /run/cloud-init/status.json ]; then\n"
    "\t\tcase $(cloud-init status 2> /dev/null) in\n"
    "\t\t*running* | *\"not run\"* | *\"not started\"*) return 1 ;;\n"
    "\t\tesac\n"
    "\t\treturn 0\n"
    "\tfi\n"
    "\tif systemctl cat kubeadm.service > /dev/null 2>&1; then\n"
    "\t\tsystemctl is-failed --quiet kubeadm.service\n"
    "\t\treturn\n"
    "\tfi\n"
    "\t! b7_notes\n"
    "}\n"
    "\n"
    "# What bootstrap notes is gone with a reboot: then only what it left "
    "tells.\n"
    "b7_judge() {\n"
    "\tb7_boot=$(cat /proc/sys/kernel/random/boot_id 2> /dev/null)\n"
    "\tb7_begun=\n"
    "\tif [ -r \"$b7_dir/begun\" ]; then\n"
    "\t\tread -r b7_begun < \"$b7_dir/begun\"\n"
    "\tfi\n"
    "\tcase $b7_begun in\n"
    "\t\"$B7_REPORT_URL \"*) ;;\n"
    "\t*)\n"
    "\t\tb7_begun=\"$B7_REPORT_URL $b7_boot\"\n"
    "\t\tmkdir -p \"$b7_dir\" && echo \"$b7_begun\" > \"$b7_dir/begun\"\n"
    "\t\t;;\n"
    "\tesac\n"
    "\tb7_n=0\n"
    "\twhile [ ! -e \"$b7_done\" ] && [ \"$b7_n\" -lt 2160 ]; do\n"
    "\t\tif b7_over; then break; fi\n"
    "\t\tb7_n=$((b7_n + 1))\n"
    "\t\tsleep 5\n"
    "\tdone\n"
    "\tb7_status=succeeded\n"
    "\tb7_message=\n"
    "\t[ ! -e \"$b7_done\" ] || return 0\n"
    "\tif b7_notes && [ \"$b7_begun\" = \"$B7_REPORT_URL $b7_boot\" ]; then\n"
    "\t\tb7_status=failed\n"
    "\t\tb7_message=\"bootstrap ended without $b7_done\"\n"
    "\telif b7_notes; then\n"
    "\t\t[ -e /etc/kubernetes/kubelet.conf ]\n"
    "\telif command -v cloud-init > /dev/null 2>&1; then\n"
    "\t\tcase $(cloud-init status 2> /dev/null) in\n"
    "\t\t*error*)\n"
    "\t\t\tb7_status=failed\n"
    "\t\t\tb7_message=\"cloud-init ended with an error\"\n"
    "\t\t\t;;\n"
    "\t\tesac\n"
    "\tfi\n"
    "}\n"
    "\n";

/* Over https the server is verified, or there is no report: what cannot is passed
 * over (--no-hsts is an option of GNU's wget alone). */
static const char send[] =
    "b7_send() {\n"
    "\tb7_ca=\n"
    "\tcase $B7_REPORT_URL in\n"
    "\t[Hh][Tt][Tt][Pp][Ss]:*)\n"
    "\t\tif [ -n \"$B7_REPORT_CA\" ]; then\n"
    "\t\t\tb7_ca=$b7_dir/report-ca.pem\n"
    "\t\t\tprintf '%s\\n' \"$B7_REPORT_CA\" > \"$b7_ca\"\n"
    "\t\tfi\n"
    "\t\t;;\n"
    "\tesac\n"
    "\tif command -v curl > /dev/null 2>&1; then\n"
    "\t\tcurl -fsg -o /dev/null --max-time 60 \\\n"
    "\t\t\t${b7_ca:+--cacert \"$b7_ca\"} \\\n"
    "\t\t\t-H 'Content-Type: application/json' \\\n"
    "\t\t\t--data-binary \"$1\" \"$B7_REPORT_URL\" && return 0\n"
    "\tfi\n"
    "\tif command -v wget > /dev/null 2>&1; then\n"
    "\t\t# BusyBox knows few options, and some builds die of -T. It\n"
    "\t\t# verifies no server, and is not asked where one is to be.\n"
    "\t\tfor b7_opts in \"--no-hsts -T 60 -t 1\" \"\"; do\n"
    "\t\t\tcase $b7_opts$B7_REPORT_URL in\n"
    "\t\t\t[Hh][Tt][Tt][Pp][Ss]:*) break ;;\n"
    "\t\t\tesac\n"
    "\t\t\t# shellcheck disable=SC2086\n"
    "\t\t\twget $b7_opts ${b7_ca:+--ca-certificate=\"$b7_ca\"} \\\n"
    "\t\t\t\t-q -O /dev/null \\\n"
    "\t\t\t\t--header 'Content-Type: application/json' \\\n"
    "\t\t\t\t--post-data \"$1\" \"$B7_REPORT_URL\" && return 0\n"
    "\t\tdone\n"
    "\tfi\n"
    "\tfor b7_py in python3 python /usr/libexec/platform-python; do\n"
    "\t\tcommand -v \"$b7_py\" > /dev/null 2>&1 || continue\n"
    "\t\t\"$b7_py\" -c 'import ssl, sys, urllib.request as u\n"
    "r = u.Request(sys.argv[1], sys.argv[2].encode(),\n"
    "              {\"Content-Type\": \"application/json\"})\n"
    "c = ssl.create_default_context(cafile=sys.argv[3] or None)\n"
    "u.urlopen(r, timeout=60, context=c)' \\\n"
    "\t\t\t\"$B7_REPORT_URL\" \"$1\" \"$b7_ca\" && return 0\n"
    "\tdone\n"
    "\treturn 1\n"
    "}\n"
    "\n";

static const char main_part[] =
    "b7_main() {\n"
    "\tb7_told=\n"
    "\tb7_status=\n"
    "\tif [ -r \"$b7_dir/report\" ]; then\n"
    "\t\t{ read -r b7_told && read -r b7_status && read -r b7_message; } \\\n"
    "\t\t\t< \"$b7_dir/report\"\n"
    "\tfi\n"
    "\tif [ \"$b7_told\" != \"$B7_REPORT_URL\" ]; then\n"
    "\t\t# A reboot took away what bootstrap had noted.\n"
    "\t\t[ \"$0\" != \"$b7_again\" ] || return 0\n"
    "\t\tb7_judge || return 0\n"
    "\t\tmkdir -p \"$b7_dir\" &&\n"
    "\t\t\tprintf '%s\\n' \"$B7_REPORT_URL\" \"$b7_status\" \\\n"
    "\t\t\t\t\"$b7_message\" > \"$b7_dir/report\"\n"
    "\tfi\n"
    "\t[ \"$b7_status\" != told ] || return 0\n"
    "\tb7_host=$(uname -n | tr -cd 'A-Za-z0-9.-')\n"
    "\tb7_json=\"{\\\"status\\\":\\\"$b7_status\\\",\\\"hostname\\\":"
    "\\\"$b7_host\\\",\\\"message\\\":\\\"$b7_message\\\"}\"\n"
    "\tb7_n=0\n"
    "\tb7_pause=2\n"
    "\tuntil b7_send \"$b7_json\"; do\n"
    "\t\tb7_n=$((b7_n + 1))\n"
    "\t\t[ \"$b7_n\" -lt 1500 ] || return 1\n"
    "\t\tsleep \"$b7_pause\"\n"
    "\t\t[ \"$b7_pause\" -ge 60 ] || b7_pause=$((b7_pause * 2))\n"
    "\tdone\n"
    "\tprintf '%s\\n' \"$B7_REPORT_URL\" told '' > \"$b7_dir/report\"\n"
    "\trm -f \"$b7_again\"\n"
    "}\n"
    "\n"
    "if [ \"$B7_INSTALLED_ONLY\" = 1 ] && b7_live; then\n"
    "\texit 0\n"
    "fi\n"
    "if [ \"$0\" != \"$b7_again\" ] && [ -d \"${b7_again%/*}\" ]; then\n"
    "\tcp \"$0\" \"$b7_again\" && chmod 0700 \"$b7_again\"\n"
    "fi\n"
    "if [ \"$1\" = wait ]; then\n"
    "\tb7_main < /dev/null > /dev/null 2>&1\n"
    "else\n"
    "\tb7_main < /dev/null > /dev/null 2>&1 &\n"
    "fi\n"
    "exit 0\n";

bool
report_url_ok(const char *url)
{
	static const char others[] = "-._~:/?&=%[]";

	if (!str_has_iprefix(url, "http://") &&
	    !str_has_iprefix(url, "https://"))
		return false;
	for (; *url != '\0'; url++)
		if (!str_is_alnum(*url) && strchr(others, *url) == NULL)
			return false;
	return true;
}

bool
report_ca_ok(const char *pem)
{
	static const char others[] = "-+/= \r\n";

	for (const char *s = pem; *s != '\0'; s++)
		if (!str_is_alnum(*s) && strchr(others, *s) == NULL)
			return false;
	/* A file with the key beside it is a slip that every machine would have. */
	return strstr(pem, "-----BEGIN CERTIFICATE-----") != NULL &&
	       strstr(pem, "PRIVATE KEY") == NULL;
}

void
report_script(struct wiped *out, const struct report *r)
{
	wiped_adds(out, head);
	wiped_adds(out, "B7_REPORT_URL='");
	wiped_adds(out, r->url);
	wiped_adds(out, "'\nB7_REPORT_CA='");
	if (r->ca != NULL)
		wiped_adds(out, r->ca);
	wiped_adds(out, "'\nB7_INSTALLED_ONLY='");
	wiped_adds(out, r->installed_only ? "1" : "0");
	wiped_adds(out, "'\nB7_SENTINEL='");
	wiped_adds(out, r->sentinel ? "1" : "0");
	wiped_adds(out, "'\n");
	wiped_adds(out, names);
	wiped_adds(out, judge);
	wiped_adds(out, send);
	wiped_adds(out, main_part);
}

void
report_unit(struct wiped *out, const char *path)
{
	wiped_adds(out, "[Unit]\n"
			"Description=Beskar7: tells the cluster how bootstrap "
			"went\n"
			"Wants=network-online.target\n"
			"After=network-online.target\n"
			"[Service]\n"
			"Type=simple\n"
			"ExecStart=/bin/sh ");
	wiped_adds(out, path);
	wiped_adds(out, " wait\n"
			"[Install]\n"
			"WantedBy=multi-user.target\n");
}
