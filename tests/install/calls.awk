# Makes a C program that calls every public function once for each of its arguments, with NULL, nil or an odd number in its place:
#     awk -f calls.awk calls.txt weir/*.h > calls.c
# calls.txt says what a valid argument of each type looks like and which pointers may be NULL; calls.h has the rest. A prototype with a
# type that calls.txt does not know ends this with a message that says what to add.
FILENAME ~ /calls\.txt$/ { value(); next }
{ text = text $0 "\n" }
END {
    if (failed) exit 1
    strip()
    n = split(text, statement, ";")
    print "#include \"calls.h\"\n"
    for (k = 1; k <= n; k++)
        if (i = index(statement[k], "WEIR_API")) prototype(substr(statement[k], i + 8))
    unused()
    if (failed) exit 1
    print "static const call calls[] = {\n" table "};\n"
    print "int main(int argc, char **argv) { return calls_run(calls, sizeof calls / sizeof *calls, argc, argv); }"
}

function fail(why) { print "calls.awk: " why > "/dev/stderr"; failed = 1 }
function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }

# A line of calls.txt: fields between bars
function value(    f, n, i, function_) {
    if ($0 ~ /^[ \t]*(#|$)/) return
    n = split($0, f, "|")
    for (i = 1; i <= n; i++) f[i] = trim(f[i])
    if (f[1] == "type") { of_type[f[2]] = f[3]; nil_of[f[2]] = f[4]; return }
    if (f[1] == "name") { of_name[f[2], f[3]] = f[4]; return }
    if (f[1] == "arg") { of_arg[f[2], f[3]] = f[4]; line_of[f[2] SUBSEP f[3]] = FNR; return }
    if (f[1] == "says") { says[f[2]] = f[3]; return }
    if (f[1] == "inside") { inside[f[2]] = f[3]; return }
    if (f[1] ~ /^(quiet|loose|even|void|fails)$/) {
        n = split(f[2], function_, / +/)
        for (i = 1; i <= n; i++) {
            if (sub(/^\*/, "", function_[i])) { ends[f[1], f[3]] = ends[f[1], f[3]] " " function_[i]; continue }
            mark[f[1], function_[i], f[3]] = 1
            line_of[function_[i] SUBSEP f[3]] = FNR
        }
        return
    }
    fail("calls.txt:" FNR ": expected type, name, arg, quiet, loose, even, inside, void, fails or says, found " f[1])
}

# Comments, lines of the preprocessor, attributes
function strip(    i, j, n, line) {
    while (i = index(text, "/*")) {
        j = index(substr(text, i), "*/")
        text = substr(text, 1, i - 1) " " substr(text, i + j + 1)
    }
    n = split(text, line, "\n")
    text = ""
    for (i = 1; i <= n; i++)
        if (line[i] !~ /^[ \t]*#/) text = text " " line[i]
    gsub(/__attribute__[(][(][^;]*[)][)]/, "", text)
    gsub(/WEIR_MUST_CHECK/, "", text)
    gsub(/[ \t]+/, " ", text)
}

# "const weir_tensor *const *" -> "weir_tensor **"
function plain(type) {
    gsub(/(^| )const( |$)/, " ", type)
    gsub(/\*const/, "*", type)
    gsub(/ +/, " ", type)
    type = trim(type)
    gsub(/\* \*/, "**", type)
    return type
}

# The arguments of a prototype between commas that are not inside parentheses
function arguments(s, part,    i, depth, n, c) {
    n = 1
    part[1] = ""
    for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        depth += (c == "(") - (c == ")")
        if (c == "," && !depth) part[++n] = ""
        else part[n] = part[n] c
    }
    return n
}

# "int64_t n" -> type, name; a function's pointer has the type "fn"
function argument(s,    m) {
    s = trim(s)
    if (match(s, /\(\*[a-z_0-9]+\)/)) { name = substr(s, RSTART + 2, RLENGTH - 3); type = "fn"; whole = s; return }
    if (s ~ /\[[0-9]*\]$/) { sub(/\[[0-9]*\]$/, "", s); match(s, /[a-z_0-9]+$/); s = substr(s, 1, RSTART - 1) "*" substr(s, RSTART) }
    match(s, /[a-z_0-9]+$/)
    name = substr(s, RSTART)
    whole = trim(substr(s, 1, RSTART - 1))
    type = plain(whole)
}

function valid(f, name, type) {
    if ((f, name) in of_arg) { used[f, name] = 1; return of_arg[f, name] }
    if ((type, name) in of_name) return of_name[type, name]
    if (type in of_type) return of_type[type]
    if (f ~ /_defaults_sized$/ && type ~ /_opts \*$/) return "(" substr(type, 1, length(type) - 2) "[]){ { 0 } }"
    if (match(type, /^weir_[a-z0-9_]+_opts \*$/)) return "(" substr(type, 1, length(type) - 2) "[]){ " substr(type, 1, length(type) - 6) "defaults() }"
    if (match(type, /^weir_[a-z0-9_]+_info \*$/)) return "(" substr(type, 1, length(type) - 2) "[]){ { .size = sizeof(" substr(type, 1, length(type) - 2) ") } }"
    fail(f ": " name " of type " type ": calls.txt does not know it: expected a line \"type | " type " | a valid value | its nil, if it has one\"")
    return "0"
}

function marked(what, f, name,    n, i, end) {
    n = split(ends[what, name], end, " ")
    for (i = 1; i <= n; i++)
        if (substr(f, length(f) - length(end[i]) + 1) == end[i]) return 1
    if (!((what, f, name) in mark)) return 0
    used[f, name] = 1
    return 1
}

function kind_of(f, name, type) {
    if (marked("even", f, name)) return "EVEN"
    if (type == "weir_ctx *") return marked("quiet", f, name) ? "LOOSE_HANDLE" : "CONTEXT"
    if (type in nil_of && nil_of[type] != "") return marked("quiet", f, name) ? "QUIET_HANDLE" : marked("loose", f, name) ? "LOOSE_HANDLE" : "HANDLE"
    if (type ~ /^weir_[a-z0-9_]+_(opts|info) \*$/) return "QUIET" # NULL: the defaults, or not wanted
    if (type ~ /\*$/ || type == "fn" || type == "weir_checkpoint_fn *" || type == "weir_host_fn *") return marked("quiet", f, name) ? "QUIET" : marked("loose", f, name) ? "LOOSE" : "POINTER"
    if (type == "int" || type == "int64_t" || type == "uint64_t" || type == "size_t" || type == "double") return "NUMBER"
    return "EVEN"
}

function prototype(s,    open, f, returns, part, n, k, body, list, kinds, kind, other, outs) {
    s = trim(s)
    if (!match(s, /weir_[a-z0-9_]+ ?\(/)) { fail("a declaration that is no prototype: " s); return }
    f = substr(s, RSTART, RLENGTH - 1)
    sub(/ $/, "", f)
    returns = plain(substr(s, 1, RSTART - 1))
    s = substr(s, RSTART + RLENGTH)
    sub(/\) *$/, "", s)
    n = arguments(s, part)
    if (trim(part[1]) == "void") n = 0
    if (n && trim(part[n]) == "...") n--
    for (k = 1; k <= n; k++) {
        argument(part[k])
        kind = kind_of(f, name, type)
        other = kind ~ /HANDLE$/ || kind == "CONTEXT" ? "odd_pointer(w, how, NIL(" nil_of[type] "), ORPHAN(" nil_of[type] "))" : \
                kind ~ /^(POINTER|QUIET|LOOSE)$/ ? "NULL" : kind == "NUMBER" ? "(" type ")odd_number(how)" : ""
        if (type == "fn") body = body "    " replaced(whole, name, k) " = arg == " k - 1 " ? NULL : " valid(f, name, type) ";\n"
        else body = body "    " whole (whole ~ /\*$/ ? "" : " ") "a" k - 1 " = " (other == "" ? "" : "arg == " k - 1 " ? " other " : ") valid(f, name, type) ";\n"
        list = list (k > 1 ? ", " : "") "a" k - 1
        if (type == "weir_tensor **" && valid(f, name, type) == "w->out") outs = outs "if (how <= IN_ODD_ENVIRONMENT) digest_tensor(w, w->out[0]); "
        kinds = kinds "{ \"" name "\", " kind ", " (type == "weir_tensor *" && kind ~ /HANDLE$/ ? "true" : "false") " }, "
    }
    print "static void call_" f "(world *w, int arg, int how)\n{\n" body "    (void)arg, (void)how;"
    print "    " kept(returns, f "(" list ")", f) " " outs "\n}\n"
    table = table "    { \"" f "\", \"" said(f) "\", call_" f ", " n ", { " kinds "{ NULL, 0, false } }, " (f in inside ? inside[f] : "OUTSIDE") ", " marked("fails", f, "") " },\n"
}

# A pointer to a function is declared under the argument's own name
function replaced(declaration, name, k) {
    sub("\\(\\*" name "\\)", "(*a" k - 1 ")", declaration)
    return declaration
}

# What its messages call it: of functions in several versions the one they are versions of
function said(f) {
    if (f in says) return says[f]
    sub(/_f64$/, "", f)
    if (f ~ /_(sum|amax|amin)_axes$/) sub(/_axes$/, "", f)
    if (f != "weir_backward_with") sub(/_with$/, "", f)
    return substr(f, 6)
}

function kept(returns, call, f) {
    if (returns == "void") return "BEFORE; " call "; AFTER;"
    if (returns == "weir_status") return "BEFORE; weir_status r = " call "; AFTER; saw_status(w, r);"
    if (returns in nil_of && nil_of[returns] != "" && !marked("void", f, ""))
        return "BEFORE; " returns "r = (" returns ")(uintptr_t)" call "; AFTER; saw_handle(w, r, NIL(" nil_of[returns] "), ORPHAN(" nil_of[returns] "));" \
               (returns == "weir_tensor *" ? " digest_tensor(w, r);" : "")
    if (returns ~ /^(double|int|int64_t|bool)$/) return "BEFORE; double r = (double)" call "; AFTER; digest_number(w, r);"
    return "BEFORE; (void)" call "; AFTER;"
}

# Lines that no function has use for any more are said, and harm nothing
function unused(    k, p) {
    for (k in line_of)
        if (!(k in used)) { split(k, p, SUBSEP); print "# calls.txt:" line_of[k] ": " p[1] ": no such function, or no argument " p[2] " that could be so" > "/dev/stderr" }
}
