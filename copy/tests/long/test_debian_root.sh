#!/usr/bin/env bash
# script/test and script/demo in a bare Debian 12 root (debootstrap, git and nothing else), twice each, the second time without network.
# Needs root and debootstrap; says so and counts nothing otherwise. ROOT keeps the root for a second run.
set -u
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap > /dev/null; then
    echo "ok debian-root # SKIP needs root and debootstrap"
    exit 0
fi
root=${ROOT:-$(mktemp -d /var/tmp/weir-root-XXXXXX)}
case_() { # case_ NAME COMMAND...
    local began=$SECONDS
    if "${@:2}" > "$root.log" 2>&1; then echo "ok $1 ($((SECONDS - began)) s): $(tail -n 1 "$root.log")"; else echo "not ok $1"; tail -n 40 "$root.log"; bad=1; fi
}
inside() { chroot "$root" /usr/bin/env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 bash -c "cd /weir && $1"; }
offline() { unshare -n chroot "$root" /usr/bin/env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 bash -c "cd /weir && $1"; }
finish() { umount "$root/proc" "$root/dev" 2> /dev/null; [ -n "${ROOT:-}" ] || rm -rf "$root" "$root.log"; }
trap finish EXIT
bad=0
[ -e "$root/etc/debian_version" ] || case_ debootstrap debootstrap --variant=minbase --include=git,ca-certificates bookworm "$root"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev"
rm -rf "$root/weir" && git clone -q "$SRC" "$root/weir"
case_ test inside script/test
case_ demo inside script/demo
case_ test-again-offline offline script/test
case_ demo-again-offline offline script/demo
exit $bad
