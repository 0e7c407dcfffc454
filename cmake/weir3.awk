# weir(3) from the first comment of every header: awk -v version=0.1.0 -f weir3.awk weir.h weir/*.h > weir.3
BEGIN {
    printf ".TH WEIR 3 \"\" \"weir %s\" \"weir manual\"\n.nh\n.ad l\n", version
    print ".SH NAME\nweir \\- flow and diffusion models in C\n.SH SYNOPSIS\n.nf\n\\fB#include <weir.h>\\fR"
    print "cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs weir)\n.fi\n.SH DESCRIPTION"
}

FNR == 1 { on = filled = 1; gap = 0; sub(/^\/\* ?/, ""); $0 = " * " heading($0) }
!on { next }
{
    last = sub(/ *\*\/.*$/, "")
    sub(/^ \* ?/, "")
    line($0)
    if (last) on = close_code()
}

END { print ".SH SEE ALSO\n\\fBweir\\fR(1),\n\\fBweir\\-model\\fR(7),\n\\fBweir\\-op\\fR(7)" }

# "weir/data.h - data sets .." begins a section of its own; weir.h is the page.
function heading(s,    name, at) {
    at = index(s, " - ")
    name = substr(s, 1, at - 1)
    if (name != "weir.h") print ".SH " name
    return toupper(substr(s, at + 3, 1)) substr(s, at + 4)
}

# What is indented is code; an empty line ends a paragraph.
function line(s) {
    if (s ~ /^    /) {
        if (filled) print ".PP\n.nf"
        if (gap && !filled) print " "
        filled = gap = 0
        print plain(s)
    } else if (s == "") {
        gap = 1
    } else {
        close_code()
        if (gap) print ".PP"
        gap = 0
        print plain(s)
    }
}

function close_code() {
    if (!filled) print ".fi"
    filled = 1
    return 0
}

function plain(s) {
    gsub(/\\/, "\\\\e", s)
    gsub(/-/, "\\\\-", s)
    gsub(/\^/, "\\\\(ha", s)
    gsub(/~/, "\\\\(ti", s)
    gsub(/`/, "", s)
    gsub(/'/, "\\\\(aq", s)
    if (s ~ /^[.']/) s = "\\&" s
    return s
}
