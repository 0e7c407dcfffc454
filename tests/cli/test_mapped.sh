#!/usr/bin/env bash
# Data larger than the memory that a process may have train from their file, or files; those in memory are refused there.
. "$(dirname "$0")/lib.sh"

# npy FILE ROWS: images of 28 x 28 bytes, all 0, that take no room on the disk
npy() {
    local dict
    printf -v dict "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 28, 28), }" "$2"
    { printf '\x93NUMPY\x01\x00\x76\x00'; printf '%-117s\n' "$dict"; } > "$1"
    truncate -s $((128 + $2 * 784)) "$1"
}
npy large.npy 535000 # 400 MB
for i in 1 2 3; do npy part-$i.npy 200000; done
settings="--batch 64 --set hidden=16 --set couplings=2 --threads 1 --quiet"
case ${BUILD:-} in
*asan* | *tsan*) echo "ok in 150 MB # SKIP a sanitizer wants more" ;;
*)
    # shellcheck disable=SC2086 # words of a line
    limited() { ( ulimit -d 150000; "$WEIR" train nice --data "$1,valid=last:100" $settings --steps 3 --out "$2" ); }
    works "400 MB in 150" limited large.npy large
    works "450 MB in three files in 150" limited 'part-*.npy' parts
    refuses "not as a copy" 1 'expected more free memory' limited large.npy,map=no copy
    ;;
esac

# -- what is written to while it is read: the error is a line, and what was saved stands
npy small.npy 3000
# shellcheck disable=SC2086
"$WEIR" train nice --data small.npy $settings --steps 1000000 --set checkpoint_every=1 --out shrinks > out 2> err &
child=$!
while kill -0 $child 2> log && [ ! -s shrinks/checkpoint/state.safetensors ]; do sleep 0.05; done
truncate -s 100000 small.npy
wait $child
code=$?
if [ $code -eq 1 ]; then ok "a file that shrinks"; else echo "status $code" >> err; not_ok "a file that shrinks" err; fi
holds "names the file" '^weir: small.npy: was written to since it was opened: expected' err
refuses "and no other data go on" 1 'small.npy: byte 128: expected 2352000 bytes of data' "$WEIR" train --out shrinks --resume --steps 1000001
npy small.npy 3000
works "the same go on" "$WEIR" train --out shrinks --resume --steps 2000000 --minutes 0.001 --quiet

# -- a folder of images: what its headers do not say is found when pixels are read
cp -r "$SRC/tests/data/files/images" shots
# shellcheck disable=SC2086
works "a folder" "$WEIR" train nice --data shots,valid=0 $settings --steps 2 --out shots-run
head -c 60 "$SRC/tests/data/files/images/a/1.png" > shots/a/1.png
# shellcheck disable=SC2086
refuses "broken behind its header" 1 'shots/a/1.png: byte .*: expected a PNG file' "$WEIR" train nice --data shots,valid=0 $settings --steps 2 --out broken
rm shots/a/1.png
refuses "and no other data go on" 1 'shots' "$WEIR" train --out shots-run --resume --steps 3
exit $((failures > 0))
