# Makes a C program from the public structs:
#     awk -f structs.awk structs.txt weir/*.h > structs.c
# Of every struct that begins with its size: its fields, and the name of its probe in structs.h, so that one without a probe does not
# compile. Of every other: its size alone. structs.txt is what was released; `structs record` of the program prints it anew.
FILENAME ~ /structs\.txt$/ { if ($0 !~ /^(#|$)/) record(); next }
{ text = text $0 "\n" }
END {
    strip()
    print "#include \"structs.h\"\n"
    while (match(text, /typedef struct weir_[a-z0-9_]+ \{[^{}]*\}/)) {
        found = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        struct(found)
    }
    print "static const kind kinds[] = {\n" kinds "};\n"
    for (name in was) if (!(name in fields)) print "#error " name ": was released: expected it to stay"
    print "int main(int argc, char **argv) { return structs_run(kinds, sizeof kinds / sizeof *kinds, argc, argv); }"
}

function trim(s) { gsub(/^[ \t\n]+|[ \t\n]+$/, "", s); return s }

# NAME SIZE FIELD:OFFSET ..
function record(    i, f) {
    was[$1] = $2
    for (i = 3; i <= NF; i++) { split($i, f, ":"); offset[$1, f[1]] = f[2] }
}

# Comments, lines of the preprocessor
function strip(    i, j, n, line) {
    while (i = index(text, "/*")) {
        j = index(substr(text, i), "*/")
        text = substr(text, 1, i - 1) " " substr(text, i + j + 1)
    }
    n = split(text, line, "\n")
    text = ""
    for (i = 1; i <= n; i++)
        if (line[i] !~ /^[ \t]*#/ && line[i] !~ /\\$/) text = text " " line[i]
}

# The names that a declaration gives, appended to list[]
function names(declaration, list, n,    part, k, i, s) {
    if (match(declaration, /\(\*[a-z_0-9]+\)/)) { list[++n] = substr(declaration, RSTART + 2, RLENGTH - 3); return n }
    k = split(declaration, part, ",")
    for (i = 1; i <= k; i++) {
        s = trim(part[i])
        while (sub(/\[[^]]*\]$/, "", s)) s = trim(s)
        match(s, /[a-z_0-9]+$/)
        list[++n] = substr(s, RSTART)
    }
    return n
}

function struct(s,    name, body, declaration, k, i, n, list, sized, rows) {
    match(s, /weir_[a-z0-9_]+/)
    name = substr(s, RSTART, RLENGTH)
    body = substr(s, index(s, "{") + 1)
    sub(/\}$/, "", body)
    if (body ~ /^[ \t]*(weir_row row|uint32_t size);/) return # rows: base-test_row_look
    k = split(body, declaration, ";")
    sized = trim(declaration[1]) == "size_t size"
    for (i = 1; i <= k; i++)
        if (trim(declaration[i]) != "") n = names(trim(declaration[i]), list, n)
    fields[name] = n
    for (i = 1; i <= n; i++)
        rows = rows "    { \"" list[i] "\", offsetof(" name ", " list[i] "), sizeof(((" name " *)0)->" list[i] "), " \
               ((name, list[i]) in offset ? offset[name, list[i]] : -1) " },\n"
    print "static const field fields_of_" name "[] = {\n" rows "};"
    kinds = kinds "    { \"" name "\", sizeof(" name "), " (name in was ? was[name] : 0) ", " n ", fields_of_" name ", " (sized ? "&probe_" name : "NULL") " },\n"
}
