#!/bin/bash
# beskar7-agent deliver on images as the families make theirs; what comes out is
# read by programs that are not ours: cloud-init's data source, parser and
# schema, ignition-validate, cpio, isoinfo, xorriso, and the shells and clients
# that the reporting script will meet.
set -euo pipefail

agent=$1
here=$(cd "$(dirname "$0")" && pwd)
for tool in xorriso isoinfo cpio cloud-init curl openssl python3; do
	command -v "$tool" > /dev/null || {
		echo "SKIPPED: no $tool"
		exit 77
	}
done
# cloud-init's modules are those of Debian's own Python
python=/usr/bin/python3
"$python" -c 'import cloudinit, yaml' 2> /dev/null || {
	echo "SKIPPED: no modules of cloud-init"
	exit 77
}
tmp=$(mktemp -d)
listener=
finish() {
	[ -z "$listener" ] || kill "$listener" 2> /dev/null || true
	umount "$tmp/mnt" 2> /dev/null || true
	chmod -R u+w "$tmp"
	rm -rf "$tmp"
}
trap finish EXIT
cd "$tmp"
passed=0 failed=0 skipped=0

# ok WHAT COMMAND...: one check, counted
ok() {
	local what=$1
	shift
	if "$@" > check.out 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'delivery: %s: %s\n' "$what" "$(head -5 check.out)" >&2
	fi
}
same() { [ "$1" = "$2" ] || { printf '%s\n--- is not\n%s\n' "$1" "$2"; false; }; }
has() { grep -qF -- "$2" "$1" || { cat "$1"; false; }; }
not() { ! "$@"; }

# ---- images
image() { # NAME VOLUME FILES...: each file by what is in it already, or a line
	local name=$1 volume=$2 f
	shift 2
	mkdir -p "$name/boot/grub"
	[ -e "$name/boot/grub/grub.cfg" ] ||
		printf 'menuentry "x" {\n\tlinux /vmlinuz quiet ---\n}\n' > "$name/boot/grub/grub.cfg"
	for f; do
		mkdir -p "$name/$(dirname "$f")"
		[ -e "$name/$f" ] || echo "$f" > "$name/$f"
	done
	rm -f "$name.iso"
	xorriso -as mkisofs -quiet -r -J -V "$volume" -o "$name.iso" "$name" 2> /dev/null
}
mkdir -p coreos/coreos
echo '{"file": "images/ignition.img"}' > coreos/coreos/igninfo.json
image debian d-live live/filesystem.squashfs live/vmlinuz
image ubuntu Ubuntu-Server casper/vmlinuz casper/install-sources.yaml
image coreos fedora-coreos images/ignition.img
image talos TALOS_V1 boot/vmlinuz
image kairos COS_LIVE rootfs.squashfs
image microos INSTALL config.isoclient
image other CUSTOM vmlinuz

# ---- data, as Cluster API's kubeadm provider writes them
cat > kubeadm <<'DATA'
## template: jinja
#cloud-config

write_files:
-   path: /run/kubeadm/kubeadm.yaml
    owner: root:root
    permissions: '0640'
    content: |
      ---
      apiVersion: kubeadm.k8s.io/v1beta3
      kind: JoinConfiguration
      nodeRegistration:
        name: '{{ ds.meta_data.local_hostname }}'
        kubeletExtraArgs:
          provider-id: "{{ ds.meta_data.provider_id }}"
-   path: /etc/odd
    content: "tab\there, \"quotes\", back\\slash, \u00e9 \u2028 \U0001F600\u0085\n"
runcmd:
  - 'kubeadm join --config /run/kubeadm/kubeadm.yaml && echo success > /run/cluster-api/bootstrap-success.complete'
DATA
printf '#cloud-config\nruncmd: [[echo, "h\303\251"]]\n' > utf8
printf '#cloud-config\r\nhostname: x\r\n' > crlf
printf '#!/bin/sh\necho no end' > script
printf 'version: 2\nethernets:\n  e: {match: {name: "e*"}, dhcp4: true}\n' > net
gzip -nc kubeadm > packed

who=(--claim claim-1 --hostname worker-1 --provider-id b7://ns/host
	--report-url http://10.0.0.9:8091/r/abcdefghijklmnopqrstuvwxyz)
deliver() { rm -f boot.iso config.iso; "$agent" deliver "${who[@]}" -o boot.iso -c config.iso "$@" rack=07 > said; }
extract() { rm -rf out; xorriso -osirrox on -indev "$1" -extract / out > /dev/null 2>&1 && chmod -R u+rwX out; }
guest() { "$python" "$here/delivery_guest.py" "$@"; }

# ---- cloud-init: by an argument, and by a volume
for data in kubeadm utf8 crlf script; do
	ok "$data embedded" deliver debian.iso "$data" -n net
	ok "$data embedded: extracted" extract boot.iso
	ok "$data embedded: cloud-init reads it" guest seed out/nocloud \
		"quiet ds=nocloud;s=file://$PWD/out/nocloud/ splash" "$data"
	ok "$data on a volume" deliver debian.iso "$data" -2 -n net
	ok "$data on a volume: extracted" extract config.iso
	ok "$data on a volume: cloud-init reads it" guest volume out "$data"
	ok "$data on a volume: network" cmp net out/network-config
done
ok "gzip" deliver debian.iso packed -2
ok "gzip: extracted" extract config.iso
ok "gzip: cloud-init reads it" guest volume out kubeadm
ok "an unknown image gets a label" deliver other.iso kubeadm
ok "an unknown image: label" has said 'boot image: label cidata'
ok "an unknown image: isoinfo sees it" sh -c 'isoinfo -d -i boot.iso | grep -q "Volume id: cidata$"'
ok "an unknown image: extracted" extract boot.iso
ok "an unknown image: cloud-init reads it" guest volume out kubeadm
ok "an unknown image: its own files stay" cmp other/vmlinuz out/vmlinuz
mkdir -p bound/boot/grub
sed 's/quiet/root=live:CDLABEL=CUSTOM/' other/boot/grub/grub.cfg > bound/boot/grub/grub.cfg
image bound CUSTOM
ok "an image that needs its label is refused" not deliver bound.iso kubeadm

# ---- the volume, by other readers
deliver debian.iso kubeadm -2 -n net
ok "isoinfo: Rock Ridge" sh -c 'isoinfo -R -f -i config.iso | sort | tr "\n" " " > names; grep -qx "/meta-data /network-config /user-data " names'
ok "isoinfo: Joliet" sh -c 'isoinfo -J -f -i config.iso | sort | tr "\n" " " > names; grep -qx "/meta-data /network-config /user-data " names'
ok "isoinfo: contents" sh -c 'isoinfo -R -x /network-config -i config.iso | cmp - net'
ok "isoinfo: contents, Joliet" sh -c 'isoinfo -J -x /network-config -i config.iso | cmp - net'
ok "xorriso has no complaint" sh -c 'xorriso -indev config.iso -find / 2>&1 | grep -i -E "warning|sorry|failure" && exit 1 || exit 0'
ok "xorriso: modes" sh -c "xorriso -indev config.iso -lsl / 2> /dev/null | grep -q '^-r-------- .*user-data'"
if command -v blkid > /dev/null; then
	ok "blkid: the label" sh -c 'blkid -p -o value -s LABEL config.iso | grep -qx cidata'
fi
mkdir -p mnt
if mount -o ro,loop config.iso mnt 2> /dev/null; then
	ok "the kernel: contents" cmp net mnt/network-config
	umount mnt
else
	skipped=$((skipped + 1))
fi
cp config.iso first.iso
deliver debian.iso kubeadm -2 -n net
ok "the same again is the same" cmp first.iso config.iso

# ---- autoinstall
printf 'autoinstall:\n  version: 1\n  storage: {layout: {name: direct}}\n' > wrapper
for w in "" wrapper; do
	ok "autoinstall ${w:-alone}" deliver ubuntu.iso kubeadm -i ${w:+-w "$w"}
	ok "autoinstall ${w:-alone}: extracted" extract boot.iso
	ok "autoinstall ${w:-alone}: read" guest nested out/nocloud/user-data
	cp check.out installed.sh
	ok "autoinstall ${w:-alone}: arguments" has out/boot/grub/grub.cfg \
		"quiet 'ds=nocloud;s=file:///cdrom/nocloud/' autoinstall ---"
done
ok "autoinstall: the wrapper is kept" has out/nocloud/user-data '"name": "direct"'

# ---- Ignition
printf '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/etc/x","contents":{"source":"data:,x"}}]}}' > ign
config() { mkdir -p area && cpio --quiet -D area -idu < "$1"; }
ok "CoreOS" deliver coreos.iso ign --secret-format ignition
ok "CoreOS: extracted" extract boot.iso
ok "CoreOS: cpio reads the area" config out/images/ignition.img
ok "CoreOS, installer" deliver coreos.iso ign -i -k coreos.inst.install_dev=/dev/sda
cp area/config.ign live.ign
ok "CoreOS, installer: extracted" extract boot.iso
ok "CoreOS, installer: cpio reads the area" config out/images/ignition.img
ok "MicroOS" deliver microos.iso ign -2
ok "MicroOS: extracted" extract config.iso
ok "MicroOS: the volume" sh -c 'isoinfo -d -i config.iso | grep -q "Volume id: ignition$"'
if command -v ignition-validate > /dev/null; then
	ok "CoreOS: valid" ignition-validate live.ign
	ok "CoreOS, installer: valid" ignition-validate area/config.ign
	ok "MicroOS: valid" ignition-validate out/ignition/config.ign
else
	skipped=$((skipped + 1))
fi

# as Cluster API's kubeadm provider writes it
printf '%s' '{"ignition":{"config":{},"security":{"tls":{}},"timeouts":{},"version":"2.3.0"},"networkd":{},' \
	'"passwd":{"users":[{"name":"core","sshAuthorizedKeys":["ssh-ed25519 AAAA x"]}]},"storage":{"files":[' \
	'{"filesystem":"root","path":"/etc/kubeadm.sh","contents":{"source":"data:,true","verification":{}},"mode":448},' \
	'{"filesystem":"root","path":"/etc/kubeadm.yml","contents":{"source":"data:,%7B%7B%20ds.meta_data.provider_id%20%7D%7D"},"mode":384}]},' \
	'"systemd":{"units":[{"contents":"[Service]\nType=oneshot\nExecStart=/bin/bash /etc/kubeadm.sh\n","enabled":true,"name":"kubeadm.service"}]}}' > ign2
ok "kubeadm's Ignition" deliver coreos.iso ign2 --secret-format ignition
ok "kubeadm's Ignition: extracted" extract boot.iso
ok "kubeadm's Ignition: cpio reads the area" config out/images/ignition.img
"$python" -c 'import base64, json
d = json.load(open("area/config.ign"))["ignition"]["config"]["merge"][0]["source"]
open("merged.ign", "wb").write(base64.b64decode(d.split(",", 1)[1]))'
ok "kubeadm's Ignition: filled in" has merged.ign "data:;base64,$(printf b7://ns/host | base64)"
if command -v ignition-validate > /dev/null; then
	ok "kubeadm's Ignition: valid" ignition-validate merged.ign
fi

# ---- Combustion, Talos, Kairos
printf '#!/bin/sh\n# combustion: network\necho "main $*" >> ran\n' > main
ok "Combustion" deliver microos.iso main -i
ok "Combustion: extracted" extract boot.iso
ok "Combustion: the flags" has out/combustion/script '# combustion: network'
sed -i "s#/etc/#$tmp/etc/#g" out/combustion/script
mkdir -p etc/systemd/system
ok "Combustion: it runs" sh -c 'cd out/combustion && chmod +x script && ./script'
ok "Combustion: and the user's" has out/combustion/ran 'main '
ok "Combustion: leaves the unit" test -L etc/systemd/system/multi-user.target.wants/beskar7-report.service
ok "Combustion: leaves the report" cmp out/combustion/report.sh etc/beskar7/report
ok "Combustion: prepare is not for it" sh -c 'cd out/combustion && ./script --prepare && ! grep -q prepare ran'
printf 'version: v1alpha1\nmachine: {kubelet: {extraArgs: {provider-id: "{{ ds.meta_data.provider_id }}"}}}\n' > machine
ok "Talos" deliver talos.iso machine -2
ok "Talos: extracted" extract config.iso
ok "Talos: filled in" has out/config.yaml 'provider-id: "b7://ns/host"'
ok "Talos: the volume" sh -c 'isoinfo -d -i config.iso | grep -q "Volume id: metal-iso$"'
ok "Talos: the argument" sh -c 'isoinfo -R -x /boot/grub/grub.cfg -i boot.iso | grep -q "quiet talos.config=metal-iso ---"'
ok "Kairos" deliver kairos.iso kubeadm
ok "Kairos: extracted" extract boot.iso
ok "Kairos: YAML" "$python" -c 'import sys, yaml
for f in sys.argv[1:]:
    text = open(f, encoding="utf-8").read()
    assert text.startswith("#cloud-config\n")
    doc = yaml.safe_load(text)
assert doc["stages"]["network"][0]["files"][0]["content"].startswith("#!/bin/sh\n")' \
	out/beskar7_data.yaml out/beskar7_report.yaml

# ---- the script: shells, clients, what it says
cat > listen.py <<'LISTEN'
import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        with open('posts', 'ab') as f:
            f.write(body + b'\n')
        with open('posts', 'rb') as f:
            n = len(f.read().splitlines())
        self.send_response(503 if n < int(self.path.split('=')[1]) else 204)
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
LISTEN
python3 listen.py > port &
listener=$!
for _ in $(seq 100); do [ -s port ] || sleep 0.1; done
url=http://127.0.0.1:$(cat port)/r/x?n
extract_script() { # the script that a live system gets, with the URL of the listener
	deliver debian.iso "$1" -2
	isoinfo -R -x /user-data -i config.iso |
		sed -n '/^Content-Type: text\/x-shellscript; charset/,/^--=_b7/p' |
		sed '1,/^$/d;/^--=_b7/d' |
		sed "s#/etc/#$tmp/etc/#g;s#/run/#$tmp/run/#g;s#/var/lib/#$tmp/var/#g;s#/proc/#$tmp/proc/#g;s#/cdrom/#$tmp/cdrom/#g" \
			> script.sh
	sed -i "s#^B7_REPORT_URL=.*#B7_REPORT_URL='$url=$2'#" script.sh
}
run() { # SHELL PATH: as a machine would at its first boot, waited for
	rm -rf posts var
	mkdir -p var
	again "$@"
}
again() { # the same at a later one
	timeout 60 env -i PATH="$2" "$1" ./script.sh wait
}
said() { touch posts; has posts "$1"; }
mkdir -p run/cluster-api proc/sys/kernel/random bin
echo boot-1 > proc/sys/kernel/random/boot_id
printf '/dev/vda1 / ext4 rw 0 0\n' > proc/mounts
echo 'quiet' > proc/cmdline
touch run/cluster-api/bootstrap-success.complete
bin=$tmp/bin
for t in awk cat grep uname tr mkdir sed rm cp chmod; do ln -sf "$(command -v "$t")" bin/; done
printf '#!/bin/sh\nexit 0\n' > bin/sleep
chmod +x bin/sleep
extract_script kubeadm 1
ok "the script is one" sh -n script.sh
shells="dash bash"
! command -v busybox > /dev/null || { ln -sf "$(command -v busybox)" ash; shells="$shells ./ash"; }
for shell in $shells; do
	for client in curl wget python3; do
		command -v "$client" > /dev/null || continue
		mkdir -p "only-$client"
		ln -sf "$(readlink -f "$(command -v "$client")")" "only-$client/$client"
		[ "$client" != python3 ] || ln -sf "$python" only-python3/python3
		ok "$shell and $client" run "$(command -v "$shell" || echo "$shell")" "$bin:$tmp/only-$client"
		ok "$shell and $client: reported" said '{"status":"succeeded","hostname":"'
	done
done
extract_script kubeadm 3
ok "asks again" run /bin/sh "$bin:$tmp/only-curl"
ok "asks again: until it is answered" same 3 "$(wc -l < posts)"
ok "asks again: and no more" env -i PATH="$bin:$tmp/only-curl" /bin/sh ./script.sh wait
ok "asks again: one answer is enough" same 3 "$(wc -l < posts)"
rm run/cluster-api/bootstrap-success.complete
mkdir -p run/cloud-init && touch run/cloud-init/status.json
# shellcheck disable=SC2016
printf '#!/bin/sh\necho "status: $(cat %s)"\n' "$tmp/state" > bin/cloud-init
chmod +x bin/cloud-init
echo 'done' > state
extract_script kubeadm 1
ok "a bootstrap that failed" run /bin/sh "$bin:$tmp/only-curl"
ok "a bootstrap that failed: said" said '{"status":"failed","hostname":"'
extract_script utf8 1
ok "data that note nothing" run /bin/sh "$bin:$tmp/only-curl"
ok "data that note nothing: done is enough" said '"status":"succeeded"'
echo error > state
ok "cloud-init failed" run /bin/sh "$bin:$tmp/only-curl"
ok "cloud-init failed: said" said '"status":"failed"'
# a unit, at a boot after the one in which bootstrap noted its success
extract_script kubeadm 1
echo 'done' > state
rm -rf posts var
mkdir -p var/beskar7
echo "$url=1 boot-0" > var/beskar7/begun
ok "rebooted meanwhile" again /bin/sh "$bin:$tmp/only-curl"
ok "rebooted meanwhile: nothing is known" not test -e posts
mkdir -p etc/kubernetes && touch etc/kubernetes/kubelet.conf
ok "rebooted meanwhile, a kubelet" again /bin/sh "$bin:$tmp/only-curl"
ok "rebooted meanwhile, a kubelet: said" said '"status":"succeeded"'
extract_script utf8 1
sed -i "s/^B7_INSTALLED_ONLY=.*/B7_INSTALLED_ONLY='1'/" script.sh
for mark in 'tmpfs / tmpfs rw 0 0' 'overlay / overlay rw 0 0'; do
	echo "$mark" > proc/mounts
	echo 'boot=casper quiet' > proc/cmdline
	ok "an installer's own system" run /bin/sh "$bin:$tmp/only-curl"
	ok "an installer's own system says nothing" not test -e posts
done
echo 'BOOT_IMAGE=/vmlinuz root=/dev/sda1' > proc/cmdline
ok "the installed one" run /bin/sh "$bin:$tmp/only-curl"
ok "the installed one does" said '"status":'
# over https: by the certificates that came along, or not at all
kill "$listener"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
	-addext subjectAltName=IP:127.0.0.1 -keyout tls.key -out tls.pem 2> /dev/null
python3 - listen.py > listen-tls.py <<'TLS'
import sys
print(open(sys.argv[1]).read().replace('print(', """import ssl
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain('tls.pem', 'tls.key')
server.socket = tls.wrap_socket(server.socket, server_side=True)
print(""", 1))
TLS
rm -f port
python3 listen-tls.py > port 2> /dev/null &
listener=$!
for _ in $(seq 100); do [ -s port ] || sleep 0.1; done
url=https://127.0.0.1:$(cat port)/r/x?n
over_tls() { # SHELL CLIENT: once, as far as it comes in some seconds
	rm -rf posts var
	mkdir -p var
	timeout "$tries" env -i PATH="$bin:$tmp/only-$2" "$1" ./script.sh wait || true
}
for client in curl wget python3; do
	[ -e "only-$client/$client" ] || continue
	extract_script utf8 1
	tries=2 over_tls /bin/sh $client
	ok "https and $client: nothing to a server that nobody knows" not test -e posts
	sed -i "/^B7_REPORT_CA=''/{s/''/'/;r tls.pem
a '
}" script.sh
	tries=20 over_tls /bin/sh $client
	ok "https and $client: to one that is verified" said '"status":'
done
if command -v shellcheck > /dev/null; then
	ok "shellcheck" shellcheck -s sh -e SC2016 script.sh
fi

# ---- refusals
ok "cloud-config for Talos" not deliver talos.iso utf8 -f Talos
ok "no second drive" not deliver debian.iso utf8 -d ConfigDrive

printf 'delivery: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
