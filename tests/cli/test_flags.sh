#!/bin/sh
# Every flag of every command, as `weir list command --json` has them, is read once: the argument behind it, which is none, is the one
# that is refused. One that the command line cannot read is refused itself.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

# "COMMAND NAME TYPE DEFAULT LEAST" a flag, "-" for what is empty
"$WEIR" list command --json | awk -F'"' '
    function least(range) { return range ~ /^\[/ ? substr(range, 2, index(range, ",") - 2) : "-" }
    $2 == "name" && $4 ~ /^command\./ { command = substr($4, 9) }
    $2 == "name" && $4 !~ /\./ { name = $4 }
    $2 == "type" { type = $4 }
    $2 == "default" { def = $4 == "" ? "-" : $4 }
    $2 == "range" { print command, name, type, def, least($4) }' > flags
works "there are flags" test "$(wc -l < flags)" -gt 100

# a value that a flag of this type takes
value_of() { # TYPE DEFAULT LEAST
    case $1 in
    int | real) if [ "$3" = - ]; then echo 1; else echo "$3"; fi ;;
    *) if [ "$2" = - ]; then echo text; else echo "$2"; fi ;;
    esac
}

while read -r command name type def least; do
    flag=--$name
    if [ ${#name} -eq 1 ]; then flag=-$name; fi
    set -- "$flag"
    if [ "$type" != bool ]; then set -- "$flag" "$(value_of "$type" "$def" "$least")"; fi
    refuses "$command $*" 2 'unknown flag: --is-no-flag' "$WEIR" "$command" "$@" --is-no-flag
    if [ "$type" = bool ]; then
        refuses "$command $flag=yes" 2 "^weir: $flag: yes: expected no value" "$WEIR" "$command" "$flag=yes"
    else
        refuses "$command $flag without value" 2 "^weir: $flag: no value" "$WEIR" "$command" "$flag"
    fi
    case $type in
    int | real)
        refuses "$command $flag not a number" 2 "^weir: $flag: text: expected a" "$WEIR" "$command" "$flag" text
        refuses "$command $flag nan" 2 "^weir: $flag: nan: expected a" "$WEIR" "$command" "$flag" nan
        refuses "$command $flag out of range" 2 "^weir: $flag: -1e30: expected a" "$WEIR" "$command" "$flag=-1e30"
        ;;
    esac
    "$WEIR" help "$command" > help
    holds "$command $flag in its first line" "^weir $command .*[[ |]$flag[] |=.,]" help
done < flags
[ "$(ls)" = "$(printf 'err\nflags\nhelp\nout')" ] && ok "nothing is made" || not_ok "nothing is made"
exit $((failures > 0))
