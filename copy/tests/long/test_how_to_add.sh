#!/usr/bin/env bash
# doc/how-to-add.md to the letter, in full: every section's touches in a copy of the tree, which is then built whole; its tests run, and the
# command lists, documents and uses what was added.
set -u
. "$SRC/tests/install/follow.sh"
bad=0
case_() { # NAME COMMAND...
    if "${@:2}" > log 2>&1; then echo "ok $1"; else echo "not ok $1"; tail -n 50 log | sed 's/^/# /'; bad=1; fi
}
work=$(mktemp -d) && cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
mkdir tree && (cd "$SRC" && tar cf - --exclude=./build --exclude=./.git --exclude=./demo .) | tar xf - -C tree
for kind in "an op" "a bijection" "a sampler" "a data reader"; do case_ "$kind" follow "$kind" tree; done
case_ builds make -C tree OPTIONS="-DWEIR_TESTS=ON -DWEIR_WERROR=ON"
for part in ops-test_ops base-test_rows flow-test_flow diffusion-test_diffusion data-test_spec cli/test_man install/test_abi; do
    case_ "$part" tree/tools/run-tests tree/build/release fast "$part"
done
weir=tree/build/release/weir
for row in op/softsign bijection/shift sampler/extrapolated dataset/dat; do
    case_ "lists-$row" sh -c "$weir list ${row%/*} | grep -q '^  ${row#*/} '"
    case_ "documents-$row" grep -q "${row%/*}\.${row#*/}" "tree/build/release/man/man7/weir-${row%/*}.7"
done
awk 'BEGIN { for (i = 0; i < 200; i++) print i % 13 / 13, i * 7 % 17 / 17 }' > run.dat
case_ trains-on-dat "$weir" train nice --data run.dat --out run --steps 5 --set hidden=8
case_ trains-rectified-flow "$weir" train rectified-flow --data run.dat --out flow --steps 5
case_ samples "$weir" sample flow -n 10 -o x.npy --solver extrapolated
for check in tree/tools/check-layers; do case_ "$(basename $check)" "$check"; done
exit $bad
