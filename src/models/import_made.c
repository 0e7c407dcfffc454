/* import_made.c - masked autoregressive networks of other people's code in network.made: hidden
 * units are put where ours have their degree, so that no mask takes from them what they see. */
#include <string.h>
#include "models/import.h"

/* Ours have degrees least, least + 1, .. D - 1 in turn (network.made). */
static int64_t made_kinds(int64_t columns, bool condition)
{
    int64_t least = condition ? 0 : 1, most = columns - 1;
    return most >= least ? most - least + 1 : 1;
}

int64_t weir__import_made_width(int64_t n, const int64_t *degrees, int64_t columns, bool condition)
{
    int64_t most = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t count = 0;
        for (int64_t j = 0; j < n; j++) count += degrees[j] == degrees[i];
        if (count > most) most = count;
    }
    return most * made_kinds(columns, condition);
}

/* Where ours has their unit i: the place of its degree as often as theirs had it before. */
static int64_t made_place(const weir__import_layer *l, int64_t i, int64_t columns, bool condition)
{
    int64_t before = 0, least = condition ? 0 : 1;
    for (int64_t j = 0; j < i; j++) before += l->degrees[j] == l->degrees[i];
    return before * made_kinds(columns, condition) + l->degrees[i] - least;
}

typedef struct made_places {
    int64_t n;   /* of theirs */
    int64_t *at; /* [n] */
    int64_t width;
} made_places;

static bool made_put(weir__import *im, const char *name, const weir__import_layer *l,
                     const made_places *in, const made_places *out)
{
    char full[256];
    weir_ctx *c = im->c;
    double *w = weir__alloc0_n(c, weir__size_times(out->width, in->width), sizeof *w);
    double *b = weir__alloc0_n(c, out->width, sizeof *b);
    for (int64_t i = 0; w && b && i < l->out; i++) {
        b[out->at[i]] = l->bias[i];
        for (int64_t j = 0; j < l->in; j++)
            w[out->at[i] * in->width + in->at[j]] = l->weight[i * l->in + j];
    }
    bool good = w && b
                && weir__import_write(im, weir__import_name(full, sizeof full, name, "weight"), w,
                                      weir__size_times(out->width, in->width))
                && weir__import_write(im, weir__import_name(full, sizeof full, name, "bias"), b,
                                      out->width);
    weir__free(c, w);
    weir__free(c, b);
    return good;
}

/* Inputs and outputs stand as they are. */
static bool made_plain(weir_ctx *c, int64_t n, made_places *p)
{
    *p = (made_places){ n, weir__alloc_n(c, n, sizeof *p->at), n };
    for (int64_t i = 0; p->at && i < n; i++) p->at[i] = i;
    return p->at != NULL;
}

static bool import_made_hidden(weir_ctx *c, const weir__import_layer *l, int64_t columns,
                               bool condition, int64_t width, made_places *p)
{
    *p = (made_places){ l->out, weir__alloc_n(c, l->out, sizeof *p->at), width };
    for (int64_t i = 0; p->at && i < l->out; i++) p->at[i] = made_place(l, i, columns, condition);
    return p->at != NULL;
}

bool weir__import_made(weir__import *im, const char *net, int64_t n,
                       const weir__import_layer *layers, int64_t columns, bool condition,
                       const int64_t *widths)
{
    weir_ctx *c = im->c;
    made_places in = { 0 }, out = { 0 };
    bool good = made_plain(c, layers[0].in, &in);
    for (int64_t i = 0; good && i < n; i++) {
        bool last = i + 1 == n;
        char name[200];
        size_t used = 0;
        weir__append(name, sizeof name, &used, "%s.%lld", net, (long long)i);
        good = last ? made_plain(c, layers[i].out, &out)
                    : import_made_hidden(c, &layers[i], columns, condition, widths[i], &out);
        good = good && made_put(im, name, &layers[i], &in, &out);
        weir__free(c, in.at);
        in = out;
        out = (made_places){ 0 };
    }
    weir__free(c, in.at);
    return good;
}

bool weir__import_made_added(weir__import *im, const char *name, const weir__import_layer *l,
                             int64_t columns, int64_t width)
{
    made_places in = { 0 }, out = { 0 };
    bool good = l->weight && l->bias && made_plain(im->c, l->in, &in)
                && import_made_hidden(im->c, l, columns, true, width, &out)
                && made_put(im, name, l, &in, &out);
    weir__free(im->c, in.at);
    weir__free(im->c, out.at);
    return good;
}
