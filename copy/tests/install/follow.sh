# Following doc/how-to-add.md to the letter, in a tree given by name. Sourced; SRC is the source tree.

# section NAME: the part of the page under "## ... NAME"
section() { awk -v head="## ... $1" '/^## / { on = index($0, head) == 1 } on' "$SRC/doc/how-to-add.md"; }

# fenced LANGUAGE: the first block of it on standard input
fenced() { awk -v open="\`\`\`$1" '$0 == open { on = 1; next } /^```/ { if (on) exit } on'; }

# follow NAME TREE: every numbered touch of the section, or an error that says which could not be followed
follow() {
    local text touches room file word list header proto done_=0
    text=$(section "$1")
    touches=$(grep -cE '^[0-9]\. \*\*' <<< "$text")
    # 1: a file of its own
    room=$(grep -oE 'in a file of `src/[a-z]+/`' <<< "$text" | head -n 1 | cut -d '`' -f 2)
    file=$(fenced c <<< "$text" | sed -n '1s|^/\* \([a-z_]*\.c\) - .*|\1|p')
    [ -n "$room" ] && [ -n "$file" ] || { echo "$1: touch 1: no file"; return 1; }
    [ ! -e "$2/$room$file" ] || { echo "$1: $room$file is there already"; return 1; }
    fenced c <<< "$text" > "$2/$room$file"
    done_=1
    # a word in a list
    while IFS='`' read -r _ word _ list _ header _; do
        grep -qF "#define $list(F)" "$2/$header" || { echo "$1: $header has no $list"; return 1; }
        sed -i "s/#define $list(F)/& $word/" "$2/$header"
        done_=$((done_ + 1))
    done < <(grep -E '^[0-9]\. \*\*One word in the list\*\*: `F\([a-z_]+\)` in `[A-Z_]+` of `[a-z/_.]+`\.$' <<< "$text")
    # a prototype, before the header's end
    while IFS='`' read -r _ proto _ header _; do
        awk -v proto="$proto" '{ line[NR] = $0; if ($0 == "#ifdef __cplusplus") last = NR }
            END { for (i = 1; i <= NR; i++) { if (i == last) print proto "\n"; print line[i] } }' "$2/$header" > "$2/$header.new" && mv "$2/$header.new" "$2/$header"
        done_=$((done_ + 1))
    done < <(grep -E '^[0-9]\. \*\*One prototype with its formula\*\*: `' <<< "$text")
    # a file for its test
    while IFS='`' read -r _ file _; do
        fenced text <<< "$text" > "$2/$file"
        done_=$((done_ + 1))
    done < <(grep -E '^[0-9]\. \*\*A file for its test\*\*, `' <<< "$text")
    [ "$done_" -eq "$touches" ] && [ "$touches" -le 3 ] || { echo "$1: followed $done_ of $touches touches"; return 1; }
}
