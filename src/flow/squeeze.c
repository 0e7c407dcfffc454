/* squeeze.c - 2 x 2 blocks of places become channels: [B, C, H, W] -> [B, 4 C, H / 2, W / 2] (Dinh
 * et al. 2017, section 3.6). Place (i, j) of a block of channel c goes to channel
 *     channel   4 c + 2 i + j            Glow, RealNVP, FFJORD
 *     offset    (2 i + j) C + c          space_to_depth
 *     ordered   k C + c, k of (0,0), (1,1), (0,1), (1,0): the first half of the channels are the
 *               places of even parity (RealNVP,
 *               before its multi-scale split)
 * A permutation: log|det| = 0. */
#include <stddef.h>
#include "flow/flow.h"

typedef enum flavour { CHANNEL, OFFSET, ORDERED } flavour;

typedef struct opts {
    size_t size;
    int32_t flavour;
} opts;

static const weir_option options[] = {
    { "flavour", WEIR_OPTION_CHOICE, offsetof(opts, flavour), "channel", 0, 0,
      "channel|offset|ordered",
      "where place (i, j) of a block of channel c goes: 4 c + 2 i + j; (2 i + j) C + c; the same "
      "by places of even, then odd parity" },
    { 0 },
};

static void squeeze_create(weir_module *m, const void *options_)
{
    *(opts *)weir_module_state(m) = *(const opts *)options_;
}

/* The four places of a block in the order of `ordered`, from that of `offset`, which is (0,0),
 * (0,1), (1,0), (1,1); and back. */
static weir_tensor *squeeze_reorder(weir_tensor *x, bool inverse)
{
    static const int64_t to[] = { 0, 3, 1, 2 }, back[] = { 0, 2, 3, 1 };
    weir_tensor *index = weir_from_i64(x->object.ctx, inverse ? back : to, 1,
                                       (const int64_t[]){ 4 });
    return weir_index_select(x, 1, index);
}

static weir_tensor *squeeze_fail(weir_module *m, weir_tensor *x, const char *expected)
{
    return weir__module_misfit(m, x, expected);
}

static weir_tensor *squeeze_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det)
{
    static const int by_channel[] = { 0, 1, 3, 5, 2, 4 }, by_offset[] = { 0, 3, 5, 1, 2, 4 };
    const opts *o = weir_module_state(m);
    if (x->ndim != 4 || x->shape[2] % 2 != 0 || x->shape[3] % 2 != 0)
        return squeeze_fail(m, x, "[B, C, H, W] of even height and width");
    int64_t b = x->shape[0], c = x->shape[1], h = x->shape[2] / 2, w = x->shape[3] / 2;
    *log_det = weir__log_det_zero(x);
    weir_tensor *blocks = weir_reshape(x, 6, (const int64_t[]){ b, c, h, 2, w, 2 });
    if (o->flavour == CHANNEL)
        return weir_reshape(weir_permute(blocks, by_channel), 4,
                            (const int64_t[]){ b, 4 * c, h, w });
    weir_tensor *y = weir_reshape(weir_permute(blocks, by_offset), 5,
                                  (const int64_t[]){ b, 4, c, h, w });
    if (o->flavour == ORDERED) y = squeeze_reorder(y, false);
    return weir_reshape(y, 4, (const int64_t[]){ b, 4 * c, h, w });
}

static weir_tensor *squeeze_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det)
{
    static const int by_channel[] = { 0, 1, 4, 2, 5, 3 }, by_offset[] = { 0, 3, 4, 1, 5, 2 };
    const opts *o = weir_module_state(m);
    if (y->ndim != 4 || y->shape[1] % 4 != 0)
        return squeeze_fail(m, y, "[B, C, H, W], C a multiple of 4");
    int64_t b = y->shape[0], c = y->shape[1] / 4, h = y->shape[2], w = y->shape[3];
    const int64_t image[] = { b, c, 2 * h, 2 * w };
    *log_det = weir__log_det_zero(y);
    if (o->flavour == CHANNEL) {
        weir_tensor *blocks = weir_reshape(y, 6, (const int64_t[]){ b, c, 2, 2, h, w });
        return weir_reshape(weir_permute(blocks, by_channel), 4, image);
    }
    weir_tensor *parts = weir_reshape(y, 5, (const int64_t[]){ b, 4, c, h, w });
    if (o->flavour == ORDERED) parts = squeeze_reorder(parts, true);
    weir_tensor *blocks = weir_reshape(parts, 6, (const int64_t[]){ b, 2, 2, c, h, w });
    return weir_reshape(weir_permute(blocks, by_offset), 4, image);
}

const weir_module_row weir__row_squeeze = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.squeeze",
        .doc = "2 x 2 blocks of places become channels, [C, H, W] -> [4 C, H / 2, W / 2]",
        .options = options,
        .options_size = sizeof(opts),
        .test = "",
    },
    .state_size = sizeof(opts),
    .create = squeeze_create,
    .transform = squeeze_transform,
    .inverse = squeeze_inverse,
    .input = "2,3,4,6",
    .torch = weir__torch_squeeze,
};
