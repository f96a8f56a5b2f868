#!/bin/bash
# The same seed twice: each scenario's log is equal byte for byte.
#
# usage: replay.sh PATH-OF-beskar7-scenario [SEED]
set -u

runner=${1:?usage: replay.sh PATH-OF-beskar7-scenario [SEED]}
seed=${2:-7}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0
for file in scenarios/*.yaml; do
	for n in 1 2; do
		"$runner" run "$file" --seed "$seed" --log "$dir/$n" >/dev/null 2>&1
	done
	if [ -s "$dir/1" ] && cmp -s "$dir/1" "$dir/2"; then
		echo "ok $file: $(wc -c <"$dir/1") bytes twice"
	else
		echo "not ok $file: seed $seed gave two different logs, or none"
		diff "$dir/1" "$dir/2" | head -n 6
		bad=1
	fi
	rm -f "$dir/1" "$dir/2"
done
exit $bad
