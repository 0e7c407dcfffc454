/* A module of a user's own, by the public headers alone: options, children, a parameter shared with a child, a buffer, train and eval. */
#include <stddef.h>
#include "test.h"

/* tied: logits of the next symbol. h = norm(embed(x)) gain; y = h E^T with E the embedding's own table (Press & Wolf 2017). */
typedef struct tied_opts { size_t size; int64_t symbols, width; bool gain; } tied_opts;
typedef struct tied { weir_module *embed, *norm; weir_tensor *table, *gain, *calls; } tied;

static const weir_option tied_options[] = {
    { "symbols", WEIR_OPTION_INT, offsetof(tied_opts, symbols), "8", 1, 1e6, NULL, "size of the alphabet" },
    { "width", WEIR_OPTION_INT, offsetof(tied_opts, width), "4", 1, 1e6, NULL, "columns of the table" },
    { "gain", WEIR_OPTION_BOOL, offsetof(tied_opts, gain), "yes", 0, 1, NULL, "learn one factor, from 2" },
    { 0 },
};

static void create(weir_module *m, const void *options)
{
    const tied_opts *o = options;
    tied *s = weir_module_state(m);
    weir_ctx *c = weir_module_ctx(m);
    char text[64];
    snprintf(text, sizeof text, "rows=%d width=%d", (int)o->symbols, (int)o->width);
    s->embed = weir_module_add(m, "embed", weir_module_new(c, "embedding", text));
    snprintf(text, sizeof text, "shape=%d", (int)o->width);
    s->norm = weir_module_add(m, "norm", weir_module_new(c, "layer_norm", text));
    s->table = weir_module_share(m, "head", weir_module_own(s->embed, "weight"));
    if (o->gain) s->gain = weir_module_parameter(m, "gain", WEIR_F32, 1, SHAPE(1), (weir_init){ WEIR_INIT_CONSTANT, 2 });
    s->calls = weir_module_buffer(m, "calls", WEIR_I64, 0, NULL, 0);
}

static weir_tensor *forward(weir_module *m, weir_tensor *x)
{
    tied *s = weir_module_state(m);
    if (weir_module_training(m)) ++*(int64_t *)weir_data_mut(s->calls);
    weir_tensor *h = weir_module_forward(s->norm, weir_module_forward(s->embed, x));
    if (s->gain) h = weir_mul(h, s->gain);
    return weir_linear(h, s->table, NULL);
}

static int destroyed;
static void destroy(weir_module *m) { (void)m, destroyed++; }

static const weir_module_row row = {
    .row = { .size = sizeof row, .version = 1, .name = "module.tied", .doc = "next symbol by a table used twice", .options = tied_options,
             .options_size = sizeof(tied_opts), .test = "symbols=5 width=3" },
    .state_size = sizeof(tied), .create = create, .forward = forward, .destroy = destroy, .input = "i4,3<5",
};

static weir_module *made(weir_ctx *c, const char *options)
{
    if (!weir_row_count(c, "module") || !weir_ok(c)) return NULL;
    bool known = false;
    for (int64_t i = 0; i < weir_row_count(c, "module"); i++) known |= weir_row_at(c, "module", i) == &row.row;
    if (!known && weir_row_register(c, &row.row) != WEIR_OK) return NULL;
    return weir_module_new(c, "tied", options);
}

static const int64_t text[] = { 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0 }; /* each symbol decides the next */

static double loss_of(weir_ctx *c, weir_module *m, bool backward)
{
    weir_scope s = weir_scope_begin(c);
    weir_tensor *y = weir_module_forward(m, weir_from_i64(c, text, 1, SHAPE(10)));
    weir_tensor *p = weir_gather(weir_log_softmax(y, 1), 1, weir_from_i64(c, text + 1, 2, SHAPE(10, 1)));
    weir_tensor *loss = weir_neg(weir_mean(p));
    double value = weir_item(loss);
    if (backward) weir_backward(loss);
    weir_scope_end(s);
    return value;
}

static void names_and_what_is_shared(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = made(c, "symbols=5 width=3");
    static const char *const names[] = { "gain", "calls", "embed.weight", "norm.weight", "norm.bias" };
    assert_int_equal(weir_module_state_count(m), 5);
    for (int i = 0; i < 5; i++) {
        const char *name;
        weir_module_state_at(m, i, &name, NULL);
        assert_string_equal(name, names[i]);
    }
    assert_int_equal(weir_module_parameter_numel(m), 15 + 1 + 6);
    assert_ptr_equal(weir_module_own(m, "head"), weir_module_state_find(m, "embed.weight"));
    assert_true(weir_is_nil(weir_module_own(m, "weight")));
    weir_module_free(m);
    assert_ok(c);
}

/* The table's gradient is the sum of both uses; the buffer counts training calls alone. */
static void it_learns_through_both_uses(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = made(c, "symbols=5 width=6");
    weir_optim *o = weir_optim_new(m, "adam", "lr=0.05");
    double first = loss_of(c, m, false), last = 0;
    for (int i = 0; i < 200; i++) {
        last = loss_of(c, m, true);
        assert_int_equal(weir_optim_step(o), WEIR_OK);
        weir_optim_zero_grad(o);
    }
    if (!(last < 0.2 * first)) fail_msg("from %g to %g", first, last);
    assert_near(weir_item(weir_module_state_find(m, "calls")), 201, 0);
    weir_module_train(m, false);
    loss_of(c, m, true);
    assert_near(weir_item(weir_module_state_find(m, "calls")), 201, 0);
    weir_tensor *table = weir_module_state_find(m, "embed.weight"), *x = weir_from_i64(c, text, 1, SHAPE(10));
    double both = weir_get(weir_grad_of(table), SHAPE(0, 0)), h = 1e-2;
    float *w = weir_data_mut(table), old = w[0];
    double at[2];
    for (int i = 0; i < 2; i++) w[0] = (float)(old + (i ? -h : h)), at[i] = loss_of(c, m, false);
    w[0] = old;
    assert_near(both, (at[0] - at[1]) / (2 * h), 2e-3);
    assert_false(weir_is_nil(x));
    int before = destroyed;
    weir_optim_free(o);
    weir_module_free(m);
    assert_int_equal(destroyed, before + 1);
    assert_ok(c);
}

/* A file may have the shared table under one name, the other, or both. */
static void files_with_either_name_are_read(void **state)
{
    weir_ctx *c = *state;
    weir_module *a = made(c, "symbols=5 width=3"), *b = made(c, "symbols=5 width=3");
    weir_load_info info = { .size = sizeof info };
    void *data;
    size_t bytes;
    assert_int_equal(weir_module_save_to_memory(a, &data, &bytes), WEIR_OK);
    char *first = NULL;
    for (size_t i = 0; i + 14 < bytes && !first; i++)
        if (!memcmp((char *)data + i, "\"embed.weight\"", 14)) first = (char *)data + i;
    assert_non_null(first);
    memset(weir_data_mut(weir_module_state_find(b, "embed.weight")), 0, 15 * sizeof(float));
    memcpy(first, "\"head\"        ", 14); /* the same file by the other name */
    if (weir_module_load_from_memory(b, data, bytes, true, &info)) fail_msg("%s", weir_message(c));
    assert_int_equal(info.missing + info.unexpected, 0);
    assert_memory_equal(weir_data(weir_module_state_find(a, "embed.weight")), weir_data(weir_module_state_find(b, "embed.weight")), 15 * sizeof(float));
    memcpy(first, "\"tail\"        ", 14);
    assert_int_equal(weir_module_load_from_memory(b, data, bytes, true, &info), WEIR_ERROR_FORMAT);
    assert_fails(c, WEIR_ERROR_FORMAT, "missing embed.weight unexpected tail");
    weir_buffer_free(c, data);
    weir_module_free(a), weir_module_free(b);
}

static void options_and_tree_are_checked_as_for_any_module(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = made(c, "symbols=0");
    assert_fails(c, WEIR_ERROR_RANGE, "symbols=0");
    weir_module *outer = weir_module_new(c, "sequential", "");
    m = weir_module_add(outer, "0", made(c, "symbols=5 width=3 gain=no"));
    assert_true(weir_module_ctx(m) == c && weir_module_row_of(m) == &row);
    assert_true(weir_is_nil(weir_module_forward(outer, weir_ones(c, WEIR_F32, 1, SHAPE(2)))));
    assert_fails(c, WEIR_ERROR_SHAPE, "0.embed (module.embedding): f32 [2]: expected i64 [..]");
    weir_module_share(m, "late", weir_module_own(m, "head"));
    assert_fails(c, WEIR_ERROR_STATE, "before the first use");
    weir_module_free(outer);
}

static void everything(weir_ctx *c)
{
    weir_module *m = made(c, "symbols=5 width=3");
    if (m) loss_of(c, m, true);
    weir_module_free(m);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(names_and_what_is_shared), CASE(it_learns_through_both_uses), CASE(files_with_either_name_are_read), CASE(options_and_tree_are_checked_as_for_any_module),
          cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
