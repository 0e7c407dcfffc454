# script/demo and script/test in a bare root of one Debian (debootstrap, git and nothing else); then, without network, the demo and
# the suite of the release build again. Sourced, with SUITE. Needs root and debootstrap; says so and counts nothing otherwise. ROOT
# keeps the root for a second run.
set -u
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap > /dev/null; then
    echo "ok $SUITE # SKIP needs root and debootstrap"
    exit 0
fi
root=${ROOT:-$(mktemp -d /var/tmp/weir-root-XXXXXX)}
case_() { # case_ NAME COMMAND...
    local began=$SECONDS
    if "${@:2}" > "$root.log" 2>&1; then echo "ok $SUITE-$1 ($((SECONDS - began)) s): $(tail -n 1 "$root.log")"; else echo "not ok $SUITE-$1"; tail -n 40 "$root.log"; bad=1; fi
}
inside() { chroot "$root" /usr/bin/env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 bash -c "cd /weir && $1"; }
offline() { unshare -n chroot "$root" /usr/bin/env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 bash -c "cd /weir && $1"; }
finish() { umount "$root/proc" "$root/dev" 2> /dev/null; [ -n "${ROOT:-}" ] || rm -rf "$root" "$root.log"; }
trap finish EXIT
bad=0
[ -e "$root/etc/debian_version" ] || case_ debootstrap debootstrap --variant=minbase --include=git,ca-certificates "$SUITE" "$root"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev"
rm -rf "$root/weir" && git clone -q "$SRC" "$root/weir"
case_ demo inside script/demo
case_ test inside script/test
case_ clang-for-sanitizers inside "script/packages clang"
case_ demo-again-offline offline script/demo
case_ test-again-offline offline "make && tools/run-tests build/release"
# A user without sudo is told what to install in one line.
case_ no-sudo inside "{ id weir-user || useradd -m weir-user; } && ! su -s /bin/bash weir-user -c 'PATH=/usr/bin:/bin:/usr/sbin; dpkg-query() { :; }; export -f dpkg-query; bash script/packages' 2> /tmp/said; cat /tmp/said; [ \$(wc -l < /tmp/said) -eq 1 ] && grep -q 'apt-get install' /tmp/said"
exit $bad
