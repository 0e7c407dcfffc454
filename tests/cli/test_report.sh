#!/bin/sh
# The report in a real browser, where one is installed: it must show something, in both themes and on a phone, without errors.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)

tiny digits digits --steps 60 --batch 100 > log 2>&1 || cat log
tiny plane toy:gmm3,n=2000 --steps 60 --batch 100 > log 2>&1 || cat log
for run in digits plane; do
    works "report of $run" "$WEIR" report $run -o $run.html
    holds "$run: whole" '</html>' $run.html
    holds "$run: for a phone" 'name="viewport"' $run.html
    holds "$run: has curves" '<svg' $run.html
    if grep -qE '(src|href)="?(https?:)?//|url\((https?:)?//|@import' $run.html; then not_ok "$run: needs no network"; else ok "$run: needs no network"; fi
done
if has png; then holds "pictures inside" 'data:image/png;base64' digits.html; fi
works "report into the run" "$WEIR" report plane
holds "is there" '</html>' plane/report.html

# a table: columns by their names, data and samples over each other, what is far from all; by classes, and more columns than are shown
awk 'BEGIN { print "height,b,count,kind"; for (i = 0; i < 400; i++) print i * 37 % 101 / 10 "," i * 53 % 89 / 9 "," i % 4 "," i % 2; print "5000,5,1,1" }' > far.csv
tiny table "far.csv,condition=kind,valid=0.2" --steps 60 --batch 100 > log 2>&1 || cat log
works "report of a table" "$WEIR" report table -o "table page.html"
for part in 'Marginals and quantiles' 'class="pairs' '>height<' 'under the same conditions' '<h2>Moments' '<h2>Outliers' 'class="dots small c1'; do
    holds "table: $part" "$part" "table page.html"
done
if grep -A 8 'class="outliers"' "table page.html" | grep -q '<th scope="row">401</th>'; then ok "the line far from all is named"; else not_ok "the line far from all is named"; fi
holds "the page says what made it, and when" "<footer>weir [0-9.]*, 20[0-9-]* [0-9:]* UTC, weir report table -o &#39;table page.html&#39;</footer>" "table page.html"
awk 'BEGIN { for (i = 0; i < 60; i++) { for (j = 0; j < 12; j++) printf "%s%d", j ? "," : "", i * (j + 3) % 17; print "" } }' > twelve.csv
tiny twelve twelve.csv --steps 20 --batch 20 > log 2>&1 || cat log
works "report of twelve columns" "$WEIR" report twelve
holds "ten are shown" 'The first 10 of 12 columns' twelve/report.html
if [ "$(grep -c 'class="bins c1' twelve/report.html)" -eq 20 ]; then ok "each twice"; else not_ok "each twice"; fi
if grep -q 'class="pairs' digits.html; then not_ok "pictures are no table"; else ok "pictures are no table"; fi

# a log cut short, and names that look like HTML
mkdir '<b>&x' && cp plane/config.json plane/model.safetensors '<b>&x/' && head -c 700 plane/metrics.jsonl > '<b>&x/metrics.jsonl'
works "a log cut short" "$WEIR" report '<b>&x' -o cut.html
awk 'BEGIN { for (i = 0; i < 60; i++) print i % 7 "," i % 5 }' > '<i>&y.csv'
works "data whose name looks like HTML" tiny marked '<i>&y.csv' --steps 3 --batch 10
works "its report" "$WEIR" report marked -o marked.html
holds "names are escaped" '&lt;i&gt;&amp;y.csv' marked.html
if grep -q '<i>&y' marked.html; then not_ok "and stand nowhere as they are"; else ok "and stand nowhere as they are"; fi
rm '<b>&x/metrics.jsonl'
works "no log" "$WEIR" report '<b>&x' -o none.html
refuses "no run" 1 'nowhere' "$WEIR" report nowhere
refuses "nowhere to write" 1 'nope' "$WEIR" report plane -o nope/r.html

if [ -z "$browser" ]; then echo "# no chromium: the page is not looked at"; exit $((failures > 0)); fi
# look NAME FILE WIDTH FLAG...: a screenshot that holds more than one colour, and nothing on the console
look() {
    name=$1 file=$2 width=$3; shift 3
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --enable-logging=stderr --user-data-dir="$work/profile" "$@" \
        --window-size="$width,1400" --screenshot="$work/shot.png" "file://$work/$file" > log 2>&1
    if [ ! -s shot.png ]; then not_ok "$name: a screenshot" log; return; fi
    if [ "$(wc -c < shot.png)" -gt 20000 ]; then ok "$name: shows something"; else not_ok "$name: shows something"; fi
    grep -E 'CONSOLE' log > console
    if [ -s console ]; then not_ok "$name: nothing on the console" console; else ok "$name: nothing on the console"; fi
    mv shot.png "last-$width.png"
}
look "digits" digits.html 1200
look "digits, dark" digits.html 1200 --blink-settings=preferredColorScheme=0
look "digits, phone" digits.html 500
look "plane" plane.html 1200
look "plane, phone" plane.html 500
exit $((failures > 0))
