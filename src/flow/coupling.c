/* coupling.c - what all couplings share (Dinh et al. 2015, 2017): columns, or channels of images,
 * are cut in two, x = (A, B); A is kept, and B goes through a map of single elements whose
 * parameters a network computes of A,
 *
 *     y_A = x_A,  y_B = f(x_B; net(x_A | k)),    log|det| = sum log f'.
 *
 * Parity 1 keeps B and maps A. With partition=checkerboard A are places of images: the network sees
 * x with 0 in the places of B, and behind it, as a channel of its own, which places are A. The maps
 * are rows of their own (coupling_additive.c, ..). */
#include <stddef.h>
#include <string.h>
#include "flow/flow.h"

/* -- making --------------------------------------------------------------------------------- */
static void coupling_misfit(weir_module *m, const char *what)
{
    weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE, "%s: %s", m->row->row.name, what);
}

/* Lists the columns of the first part, then the others, and where each has gone. */
static void coupling_read_mask(weir_module *m, const char *mask)
{
    weir__coupling *s = weir_module_state(m);
    size_t ones = 0, n = mask ? strlen(mask) : 0;
    for (size_t i = 0; i < n; i++) ones += mask[i] == '1';
    if ((int64_t)n != s->dim || strspn(mask, "01") != n || ones == 0 || ones == n) {
        coupling_misfit(m, "mask: expected a 1 or a 0 for each column, both of them");
        return;
    }
    s->first = (int64_t)ones;
    s->order = weir_module_buffer(m, "order", WEIR_I64, 1, &s->dim, 0);
    s->back = weir_module_buffer(m, "back", WEIR_I64, 1, &s->dim, 0);
    if (weir_is_nil(s->order) || weir_is_nil(s->back)) return;
    int64_t *order = weir__ptr(s->order), *back = weir__ptr(s->back), one = 0, zero = s->first;
    for (int64_t i = 0; i < s->dim; i++) {
        back[i] = mask[i] == '1' ? one++ : zero++;
        order[back[i]] = i;
    }
}

static weir_module *coupling_net(weir_module *m, weir__coupling_opts *o, const weir__map *map)
{
    const weir__coupling *s = weir_module_state(m);
    bool masked = s->partition == WEIR__CHECKERBOARD;
    int64_t kept = s->swap ? s->dim - s->first : s->first;
    const weir__gift gifts[] = {
        { "in", masked ? s->dim + 1 : weir__map_seen(map, kept) },
        { "out", map->params * (masked ? s->dim : s->dim - kept) },
    };
    return weir__choice_module(weir_module_ctx(m), &m->row->row, "net", &o->net, 2, gifts);
}

void weir__coupling_create(weir_module *m, const void *options, const weir__map *map, bool blocks)
{
    weir__coupling_opts *o = (void *)(uintptr_t)options; /* this module's own copy */
    weir__coupling *s = weir_module_state(m);
    *s = (weir__coupling){
        .map = map,
        .dim = o->dim,
        .first = (o->dim + 1) / 2,
        .partition = (weir__partition)o->partition,
        .swap = o->parity == 1,
        .blocks = blocks,
    };
    if (s->partition == WEIR__MASK) coupling_read_mask(m, o->mask);
    else if (s->dim < 2 && s->partition != WEIR__CHECKERBOARD)
        coupling_misfit(m, "dim=1: expected 2 or more, or partition=checkerboard");
    if (o->net_follows || !weir_ok(weir_module_ctx(m))) return;
    s->net = weir_module_add(m, "net", coupling_net(m, o, map));
}

/* -- running -------------------------------------------------------------------------------- */
/* Networks see the condition; other modules are run on what is kept alone. */
static weir_tensor *coupling_run(const weir__coupling *s, weir_tensor *kept,
                                 const weir_condition *k)
{
    if (s->net->row->at) return weir_network_at(s->net, kept, NULL, k);
    return weir_module_forward(s->net, kept);
}

/* The net's output h [B, n params] or [B, n params, H, W] as [B, n, params] or
 * [B, n, H, W, params], n columns or channels. */
static weir_tensor *coupling_params(const weir__coupling *s, weir_tensor *h)
{
    static const int blocks[] = { 0, 2, 3, 4, 1 }, columns[] = { 0, 1, 3, 4, 2 };
    static const int two_blocks[] = { 0, 2, 1 };
    if (weir_is_nil(h)) return h;
    bool images = h->ndim == 4;
    int64_t params = s->map->params, n = h->shape[1] / params;
    int64_t shape[] = { h->shape[0], n, params, images ? h->shape[2] : 1,
                        images ? h->shape[3] : 1 };
    if (s->blocks) {
        shape[1] = params;
        shape[2] = n;
    }
    h = weir_reshape(h, h->ndim + 1, shape);
    if (images) return weir_permute(h, s->blocks ? blocks : columns);
    return s->blocks ? weir_permute(h, two_blocks) : h;
}

static void coupling_cut(const weir__coupling *s, weir_tensor *x, weir_tensor *part[2])
{
    if (s->partition != WEIR__MASK) {
        weir__partition_split(x, s->partition, &part[0], &part[1]);
        return;
    }
    const int64_t sizes[] = { s->first, s->dim - s->first };
    weir_split(weir_index_select(x, 1, s->order), 1, 2, sizes, part);
}

static weir_tensor *coupling_join(const weir__coupling *s, weir_tensor *part[2])
{
    if (s->partition != WEIR__MASK) return weir__partition_join(part[0], part[1], s->partition);
    return weir_index_select(weir_cat(2, part, 1), 1, s->back);
}

static weir_tensor *coupling_columns(const weir__coupling *s, weir_tensor *x,
                                     const weir_condition *k, bool inverse, weir_tensor **log_slope)
{
    weir_tensor *part[2];
    int kept = s->swap ? 1 : 0;
    coupling_cut(s, x, part);
    weir_tensor *h = coupling_run(s, weir__map_see(s->map, part[kept]), k);
    part[1 - kept] = s->map->apply(s->map, part[1 - kept], coupling_params(s, h), inverse,
                                   log_slope);
    return coupling_join(s, part);
}

/* x where it is kept, else 0; and a channel of 1 and 0. */
static weir_tensor *coupling_masked(weir_tensor *x, weir_tensor *mask, weir_tensor *zero)
{
    const int64_t channel[] = { x->shape[0], 1, x->shape[2], x->shape[3] };
    weir_tensor *seen[] = {
        weir_where(mask, x, zero),
        weir_expand(weir_cast(mask, x->dtype), 4, channel),
    };
    return weir_cat(2, seen, 1);
}

static weir_tensor *coupling_checkerboard(const weir__coupling *s, weir_tensor *x,
                                          const weir_condition *k, bool inverse,
                                          weir_tensor **log_slope)
{
    weir_tensor *mask = weir__checkerboard(x, s->swap),
                *zero = weir_scalar(x->object.ctx, x->dtype, 0);
    weir_tensor *h = coupling_run(s, coupling_masked(x, mask, zero), k);
    weir_tensor *y = s->map->apply(s->map, x, coupling_params(s, h), inverse, log_slope);
    if (*log_slope) *log_slope = weir_where(mask, zero, *log_slope);
    return weir_where(mask, x, y);
}

static bool coupling_fits(weir_module *m, weir_tensor *x)
{
    const weir__coupling *s = weir_module_state(m);
    bool images = s->partition == WEIR__CHECKERBOARD;
    bool rank = x->ndim == 4 || (x->ndim == 2 && !images);
    if (rank && x->shape[1] == s->dim && weir_dtype_is_real(x->dtype)) return true;
    char expected[96];
    size_t used = 0;
    weir__append(expected, sizeof expected, &used, "[B, %lld%s", (long long)s->dim,
                 images ? ", height, width]" : "] or of images with as many channels");
    weir__module_misfit(m, x, expected);
    return false;
}

static weir_tensor *coupling_apply(weir_module *m, weir_tensor *x, const weir_condition *k,
                                   weir_tensor **log_det, bool inverse)
{
    const weir__coupling *s = weir_module_state(m);
    weir_tensor *log_slope = NULL;
    if (!coupling_fits(m, x)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    bool places = s->partition == WEIR__CHECKERBOARD;
    weir_tensor *y = places ? coupling_checkerboard(s, x, k, inverse, &log_slope)
                            : coupling_columns(s, x, k, inverse, &log_slope);
    *log_det = log_slope ? weir_sum_samples(log_slope) : weir__log_det_zero(x);
    return y;
}

weir_tensor *weir__coupling_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det)
{
    return coupling_apply(m, x, k, log_det, false);
}

weir_tensor *weir__coupling_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det)
{
    return coupling_apply(m, y, k, log_det, true);
}
