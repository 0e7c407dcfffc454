/* npy.c - NumPy's array files, versions 1.0 to 3.0. The header is a Python dict literal; this reads
 * just those that NumPy writes. */
#include <string.h>
#include "io/internal.h"

typedef struct header {
    weir_ctx *c;
    const char *where;
    const char *text; /* the whole file */
    size_t at, end; /* of the dict */
    bool has_descr, has_order, has_shape;
    weir__encoding element;
    weir__npy_fields *fields; /* of a structured array; NULL: not to be read */
    bool fortran;
    int ndim;
    int64_t shape[WEIR_RANK_MAX];
} header;

static bool expected(header *h, const char *what)
{
    char found[WEIR__QUOTE];
    weir__io_fail(h->c, WEIR_ERROR_FORMAT, h->where, "byte %zu: expected %s, found \"%s\"", h->at,
                  what,
                  weir__quote(h->text + h->at, h->end - h->at < 12 ? h->end - h->at : 12, found));
    return false;
}

static void skip_space(header *h)
{
    while (h->at < h->end && memchr(" \t\n", h->text[h->at], 3)) h->at++;
}

static bool npy_take(header *h, char wanted)
{
    skip_space(h);
    if (h->at == h->end || h->text[h->at] != wanted) return false;
    h->at++;
    return true;
}

static bool take_word(header *h, const char *word)
{
    size_t n = strlen(word);
    skip_space(h);
    if (h->end - h->at < n || memcmp(h->text + h->at, word, n) != 0) return false;
    h->at += n;
    return true;
}

/* A quoted string without escapes; *text points into the file. */
static bool take_string(header *h, const char **text, size_t *n)
{
    char quote = '\'';
    if (!npy_take(h, quote) && !npy_take(h, quote = '"')) return false;
    const char *stop = memchr(h->text + h->at, quote, h->end - h->at);
    if (!stop) return false;
    *text = h->text + h->at;
    *n = (size_t)(stop - *text);
    h->at += *n + 1;
    return memchr(*text, '\\', *n) == NULL;
}

static bool take_extent(header *h, int64_t *out)
{
    skip_space(h);
    size_t start = h->at;
    int64_t v = 0;
    for (; h->at < h->end && h->text[h->at] >= '0' && h->text[h->at] <= '9'; h->at++)
        if (__builtin_mul_overflow(v, 10, &v)
            || __builtin_add_overflow(v, h->text[h->at] - '0', &v))
            return false;
    *out = v;
    if (h->at == start) return false;
    npy_take(h, 'L'); /* Python 2 */
    return true;
}

/* '<f4' */
static bool read_type(header *h)
{
    skip_space(h);
    size_t start = h->at, n;
    const char *s;
    if (!take_string(h, &s, &n)) return expected(h, "an element type such as '<f4'");
    if (n >= 2 && s[1] == 'O') {
        h->at = start;
        return expected(h, "numbers (pickled objects are not read)");
    }
    if (n == 3 && memchr("<>|=", s[0], 4) && memchr("fiub", s[1], 4) && s[2] >= '1'
        && s[2] <= '8') {
        h->element = (weir__encoding){ s[1], s[2] - '0', s[0] == '>' };
        return true;
    }
    h->at = start;
    return expected(h, "an element type f2 f4 f8, i1..i8, u1..u8 or b1");
}

static bool add_name(header *h, const char *text, size_t n)
{
    weir__npy_fields *f = h->fields;
    if (!weir__grow(h->c, &f->names, &f->cap, f->n + 1, sizeof *f->names)) return false;
    char *name = weir__alloc(h->c, n + 1);
    if (!name) return false;
    memcpy(name, text, n);
    name[n] = 0;
    f->names[f->n++] = name;
    return true;
}

/* ('name', '<f4') */
static bool read_field(header *h)
{
    const char *name;
    size_t n;
    weir__encoding first = h->element;
    if (!npy_take(h, '(')) return expected(h, "a field such as ('x', '<f4')");
    if (!take_string(h, &name, &n) || memchr(name, 0, n)) return expected(h, "a plain name");
    if (!npy_take(h, ',')) return expected(h, "','");
    size_t start = h->at;
    if (!read_type(h) || !add_name(h, name, n)) return false;
    bool same = h->fields->n == 1 || memcmp(&first, &h->element, sizeof first) == 0;
    if (!same) h->at = start;
    if (!same) return expected(h, "fields of one type");
    return npy_take(h, ')') || expected(h, "')'");
}

/* [('x', '<f4'), ('y', '<f4')]: a table whose columns have names. */
static bool read_fields(header *h)
{
    if (!h->fields) return expected(h, "one element type (structured arrays are not read)");
    npy_take(h, '[');
    do
        if (!read_field(h)) return false;
    while (npy_take(h, ','));
    return npy_take(h, ']') || expected(h, "']'");
}

static bool read_descr(header *h)
{
    skip_space(h);
    bool structured = h->at < h->end && h->text[h->at] == '[';
    if (!(structured ? read_fields(h) : read_type(h))) return false;
    return h->has_descr = true;
}

static bool read_order(header *h)
{
    h->fortran = take_word(h, "True");
    if (!h->fortran && !take_word(h, "False")) return expected(h, "True or False");
    return h->has_order = true;
}

static bool npy_read_shape(header *h)
{
    if (!npy_take(h, '(')) return expected(h, "a shape such as (3, 4)");
    h->ndim = 0;
    while (!npy_take(h, ')')) {
        if (h->ndim == WEIR_RANK_MAX) return expected(h, "a shape of at most 8 extents");
        if (!take_extent(h, &h->shape[h->ndim])) return expected(h, "an extent");
        h->ndim++;
        if (npy_take(h, ',')) continue;
        if (h->ndim == 1 || !npy_take(h, ')'))
            return expected(h, "',' in the shape"); /* (3) is a number */
        break;
    }
    return h->has_shape = true;
}

static bool npy_read_entry(header *h)
{
    const char *key;
    size_t n, start = h->at;
    if (!take_string(h, &key, &n)) return expected(h, "a quoted key");
    if (!npy_take(h, ':')) return expected(h, "':'");
    if (n == 5 && memcmp(key, "descr", 5) == 0 && !h->has_descr) return read_descr(h);
    if (n == 13 && memcmp(key, "fortran_order", 13) == 0 && !h->has_order) return read_order(h);
    if (n == 5 && memcmp(key, "shape", 5) == 0 && !h->has_shape) return npy_read_shape(h);
    h->at = start;
    return expected(h, "the keys descr, fortran_order and shape, each once");
}

static bool read_dict(header *h)
{
    if (!npy_take(h, '{')) return expected(h, "'{'");
    while (!npy_take(h, '}')) {
        if (!npy_read_entry(h)) return false;
        if (npy_take(h, ',')) continue;
        if (!npy_take(h, '}')) return expected(h, "',' or '}'");
        break;
    }
    skip_space(h);
    if (h->at != h->end) return expected(h, "the end of the header");
    if (!h->has_descr || !h->has_order || !h->has_shape)
        return expected(h, "the keys descr, fortran_order and shape");
    return true;
}

/* The fields of a table are its second axis. */
static bool npy_add_axis(header *h)
{
    if (!h->fields || h->fields->n == 0) return true;
    if (h->ndim != 1) return expected(h, "a structured array of one axis");
    h->shape[h->ndim++] = h->fields->n;
    h->fortran = false;
    return true;
}

/* The fixed bytes: sets where the dict lies. */
static bool read_prefix(header *h, const unsigned char *p, size_t size)
{
    if (size < 10 || memcmp(p, "\x93NUMPY", 6) != 0) {
        weir__io_fail(h->c, WEIR_ERROR_FORMAT, h->where,
                      "byte 0: expected an npy header (\\x93NUMPY)");
        return false;
    }
    if (p[6] < 1 || p[6] > 3 || p[7] != 0) {
        weir__io_fail(h->c, WEIR_ERROR_FORMAT, h->where,
                      "byte 6: expected npy version 1.0, 2.0 or 3.0, found %d.%d", p[6], p[7]);
        return false;
    }
    h->at = p[6] == 1 ? 10 : 12;
    size_t n = (size_t)p[8] | (size_t)p[9] << 8;
    if (p[6] > 1 && size >= 12) n |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
    if (size < h->at || n > size - h->at) {
        weir__io_fail(h->c, WEIR_ERROR_FORMAT, h->where,
                      "byte %zu: ends early: expected a header of %zu bytes", size, n);
        return false;
    }
    h->end = h->at + n;
    return true;
}

/* Column-major to row-major: walks the output in order, the source by strides. */
static bool transpose(weir_ctx *c, weir__array *a)
{
    int64_t n = weir__array_numel(a);
    int64_t stride[WEIR_RANK_MAX];
    int64_t index[WEIR_RANK_MAX] = { 0 };
    int64_t from = 0;
    size_t size = weir_dtype_size(a->dtype);
    if (n == 0 || a->ndim < 2) return true;
    char *out = weir__alloc_n(c, n, size);
    if (!out) return false;
    for (int i = 0; i < a->ndim; i++) stride[i] = i ? stride[i - 1] * a->shape[i - 1] : 1;
    for (int64_t i = 0; i < n; i++) {
        memcpy(out + (size_t)i * size, (char *)a->data + (size_t)from * size, size);
        for (int d = a->ndim - 1; d >= 0; d--) {
            from += stride[d];
            if (++index[d] < a->shape[d]) break;
            from -= stride[d] * a->shape[d];
            index[d] = 0;
        }
    }
    if (!a->borrowed) weir__free(c, a->data);
    a->data = out;
    a->borrowed = false;
    return true;
}

bool weir__npy_is(const void *data, size_t size)
{
    return size >= 6 && memcmp(data, "\x93NUMPY", 6) == 0;
}

static weir_status npy_read_values(const header *h, size_t size, bool view, weir__array *out)
{
    int64_t n;
    weir_ctx *c = h->c;
    if (!weir__shape_numel(h->ndim, h->shape, &n))
        return weir__io_fail(c, WEIR_ERROR_FORMAT, h->where,
                             "byte %zu: expected a shape whose product fits 60 bits", h->end);
    if (size - h->end != (size_t)n * (size_t)h->element.size)
        return weir__io_fail(c, WEIR_ERROR_FORMAT, h->where,
                             "byte %zu: expected %lld bytes of data, found %zu", h->end,
                             (long long)n * h->element.size, size - h->end);
    weir__array a = { .ndim = h->ndim, .borrowed = view };
    memcpy(a.shape, h->shape, sizeof a.shape);
    if (weir__array_decode(c, h->where, h->element, h->text + h->end, &a) != WEIR_OK)
        return weir_status_of(c);
    if (h->fortran && !transpose(c, &a)) weir__array_free(c, &a);
    *out = a;
    return weir_status_of(c);
}

static weir_status npy_read(weir_ctx *c, const char *where, const void *data, size_t size,
                            bool view, weir__array *out, weir__npy_fields *fields)
{
    *out = (weir__array){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    header h = { .c = c, .where = where, .text = data, .fields = fields };
    if (read_prefix(&h, data, size) && read_dict(&h) && npy_add_axis(&h))
        npy_read_values(&h, size, view, out);
    if (fields && !weir_ok(c)) weir__npy_fields_free(c, fields);
    return weir_status_of(c);
}

weir_status weir__npy_read_table(weir_ctx *c, const char *where, const void *data, size_t size,
                                 weir__array *out, weir__npy_fields *fields)
{
    return npy_read(c, where, data, size, false, out, fields);
}

weir_status weir__npy_view(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out, weir__npy_fields *fields)
{
    return npy_read(c, where, data, size, true, out, fields);
}

weir_status weir__npy_read(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out)
{
    return npy_read(c, where, data, size, false, out, NULL);
}

void weir__npy_fields_free(weir_ctx *c, weir__npy_fields *f)
{
    for (int64_t i = 0; i < f->n; i++) weir__free(c, f->names[i]);
    weir__free(c, f->names);
    *f = (weir__npy_fields){ 0 };
}
