#!/usr/bin/env bash
# What shells complete: every command and flag of the rows, and in bash what a person would get.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
for shell in bash zsh fish; do works "$shell" "$WEIR" help --completion $shell; cp out weir.$shell; done
refuses "another shell" 2 'csh: expected bash, zsh or fish' "$WEIR" help --completion csh
works "bash reads it" bash -n weir.bash
if command -v zsh > /dev/null; then works "zsh reads it" zsh -n weir.zsh; else echo "ok zsh # SKIP not here"; fi
if command -v fish > /dev/null; then works "fish reads it" fish -n weir.fish; else echo "ok fish # SKIP not here"; fi
. ./weir.bash
completes() { # NAME EXPECTED WORD...: the last of the words may become that
    local name=$1 expected=$2
    shift 2
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _weir
    if [ "${COMPREPLY[*]}" = "$expected" ]; then ok "$name"; else echo "${COMPREPLY[*]}" > err; not_ok "$name" err; fi
}
completes "a command" train weir tra
completes "a flag" "--data" weir train --da
completes "a model" nice weir train nic
completes "a kind's row to list" "heun" weir list heu
touch sample.npy
completes "a file" sample.npy weir score run -o samp
completes "no file as a command" "sample samplers" weir samp
for command in $("$WEIR" list command | awk '/^  [a-z]/ { print $1 }'); do
    holds "bash knows $command" "\\*:$command) flags=" weir.bash
    holds "zsh knows $command" "^    $command) _arguments" weir.zsh
    holds "fish knows $command" "__fish_use_subcommand -a $command " weir.fish
    for flag in $("$WEIR" help "$command" | sed -n 's/^  --\([a-z-]*\).*/\1/p'); do
        if grep -q "^    \*:$command) .* --$flag" weir.bash && grep -q -- "--$flag\[" weir.zsh && grep -q "from $command' -l $flag" weir.fish; then :; else
            not_ok "$command --$flag" /dev/null; fi
    done
done
exit $((failures > 0))
