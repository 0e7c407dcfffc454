#!/usr/bin/env bash
# The manual from the rows: a page for every command and every kind, every row and option of `weir list --json` in it with its doc line,
# and nothing that groff or mandoc would warn of. The same rows make the help.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

works writes "$WEIR" help --man pages
works writes-again "$WEIR" help --man again
works same-bytes diff -r pages again
refuses no-folder 1 'expected a folder that can be made' "$WEIR" help --man /dev/null/x
refuses no-value 2 'no value' "$WEIR" help --man
touch file
refuses file-for-folder 1 'file' "$WEIR" help --man file

# rows: KIND ROW OPTION DOC, one a line, tabs between; OPTION empty for the row itself
"$WEIR" list --json > list.json
awk 'function value(s) { sub(/^ *"[a-z]*": "/, "", s); sub(/",?$/, "", s); gsub(/\\"/, "\"", s); gsub(/\\\\/, "\\", s); return s }
     /^    "kind":/ { kind = value($0); option = "" }
     /^    "name":/ { row = value($0) }
     /^        "name":/ { option = value($0) }
     /^    "doc":/ { print kind "\t" row "\t\t" value($0) }
     /^        "doc":/ { print kind "\t" row "\t" option "\t" value($0) }' list.json > rows
works has-rows test "$(wc -l < rows)" -gt 200

# flat PAGE: its text bare of roff
flat() { sed -E 's/\\f[BIR]//g; s/\\\(ha/^/g; s/\\\(ti/~/g; s/\\\(aq/'"'"'/g; s/\\\(dq/"/g; s/\\-/-/g; s/\\e/\\/g; s/\\&//g' "$1"; }

# Kinds: rows and options as they stand in the pages, in order, with their docs, must be those of the list.
for kind in $(cut -f 1 rows | uniq); do flat "pages/man7/weir-$kind.7" | awk -v kind="$kind" '
    /^\.SH NAMES/ { on = 1; next } /^\.SH/ { on = 0 } !on { next }
    /^\.SS / { row = $2; option = ""; next_doc = 1; next }
    /^\.TP/ { getline; n = index($0, "="); if (n) option = substr($0, 1, n - 1); else row = $0; if (!n) option = ""; next_doc = option != "preset" || kind != "model"; next }
    next_doc { print kind "\t" row "\t" option "\t" $0; next_doc = 0 }'; done > paged
works every-row-and-option-in-its-kind awk -F'\t' '
    { key = $1 "\t" $2 "\t" $3; doc = $4; gsub(/`/, "", doc) }
    NR == FNR { at[key] = doc; n++; next }
    !(key in at) || index(at[key], doc) != 1 { print "lost: " $0; bad = 1 }
    { m++ } END { if (n != m) print n " in pages, " m " in the list"; exit bad || n != m }' paged rows

# Commands: every flag with its doc in the page, and in the help.
for command in $(sed -n 's/^command\tcommand\.\([a-z]*\)\t\t.*/\1/p' rows); do
    flat "pages/man1/weir-$command.1" > page
    "$WEIR" help "$command" > help.txt
    grep -P "^command\tcommand\.$command\t" rows > own
    works "flags-of-$command" awk -F'\t' -v command="$command" '
        FILENAME == "page" { page = page "\n" $0; next } FILENAME == "help.txt" { help = help "\n" $0; next }
        { flag = (length($3) > 1 ? "--" : "-") $3; doc = $4; gsub(/`/, "", doc)
          if (index(page, doc) == 0 || ($3 != "" && index(page, "\n" flag) == 0)) { print "page: " $0; bad = 1 }
          if (index(help, $4) == 0 || ($3 != "" && index(help, "\n  " flag) == 0)) { print "help: " $0; bad = 1 } }
        END { exit bad }' page help.txt own
    holds "weir.1-names-$command" "^.fB$command" pages/man1/weir.1
done
# options of a SPEC, in weir --help
"$WEIR" --help > help.txt
for option in $(awk -F'\t' '$1 == "dataset" && $3 != "" { print $3 }' rows | sort -u); do holds "help-names-$option" "[,[]$option=" help.txt; done

# Examples run as they stand, each page's in a folder of its own, beside the files that weir import names; the help has the same.
case ${BUILD:-} in *asan* | *tsan*) runs=no ;; *) runs=yes ;; esac # trainings: by the released build alone
mkdir bin && ln -s "$WEIR" bin/weir
for page in pages/man1/weir*.1; do
    it=$(basename "$page" .1)
    flat "$page" | awk '/^\.SH EXAMPLES/ { on = 1; next } /^\.SH/ { on = 0 } on && /^weir / { print }' > "$it.sh"
    works "$it-has-examples" test -s "$it.sh"
    mkdir "in-$it"
    for end in safetensors json; do cp "$SRC/tests/flow/fixtures/normflows_glow.$end" "in-$it/GLOW.$end"; done
    while [ $runs = yes ] && IFS= read -r line; do
        printf '%s\n' "$line" > line.sh
        works "$it: $line" sh -c "cd 'in-$it' && PATH=../bin:\$PATH sh -e ../line.sh"
    done < "$it.sh"
    if [ "$it" = weir ]; then continue; fi
    command=${it#weir-}
    works "$it-are-its-own" grep -q "weir $command " "$it.sh"
    works "$it-no-page-shows-help-alone" sh -c "[ '$command' = help ] || ! grep '^weir help' '$it.sh'"
    "$WEIR" help "$command" | sed -n '/^examples$/,$s/^  //p' > helped
    works "$it-examples-in-help" cmp helped "$it.sh"
    # FILES: what those commands were given and made is named, of every command but list
    if [ "$command" != list ]; then holds "$it-has-files" '^.SH FILES' "$page"; fi
done
if [ $runs = yes ]; then for file in config.json model.safetensors metrics.jsonl events.out.tfevents.weir checkpoint/state.safetensors; do
    works "weir-train-makes-$file" test -f "in-weir-train/run/$file"
    holds "weir-train-names-$file" "RUN/$(basename "$file" | sed 's/.*\.\(tf\)/\1/')\|$file" pages/man1/weir-train.1
done
for file in in-weir-report/run/report.html in-weir-report/page.html in-weir-reflow/run2/model.safetensors in-weir-convert/run2/model.safetensors \
    in-weir-export/folder/model.py in-weir-export/folder/model.safetensors in-weir-help/pages/man1/weir.1; do works "made $file" test -s "$file"; done; fi
# A word of the house: what a model, path .. of `weir list` is called in the code.
works "no rows of the registry" sh -c '! grep -n "chooses a row\|another row\|SH ROWS\|row of the new\|model.*s row" pages/man*/*'
for part in SETTINGS EXAMPLES FILES; do holds "weir-train-has-$part" "^.SH $part" pages/man1/weir-train.1; done

# no line that roff would take for its own, no warning
lint() { for page in pages/man*/*; do "$@" "$page" 2>&1 | sed "s|^|$page: |"; done > said; cat said; [ ! -s said ]; }
if command -v groff > /dev/null; then works groff lint groff -man -ww -z -Tutf8; else ok 'groff # SKIP no groff'; fi
if command -v mandoc > /dev/null; then works mandoc lint mandoc -Tlint -Wwarning; fi
works renders test "$(find pages -type f | wc -l)" -eq "$(($(grep -c '"name": "command\.' list.json) + $("$WEIR" list | grep -vc '^ ') + 1))"
[ "$failures" -eq 0 ]
