/* What a tree holds as a list of ranges: nothing is left out, copies are whole, an exchange undoes itself. */
#include "test.h"
#include "nn/nn.h"

static weir_module *tree(weir_ctx *c)
{
    weir_module *net = weir_module_new(c, "sequential", NULL);
    weir_module_add(net, "0", weir_module_new(c, "linear", "in=3 out=5"));
    weir_module_add(net, "1", weir_module_new(c, "batch_norm", "channels=5"));
    weir_module_add(net, "2", weir_module_new(c, "batch_norm", "channels=5 track=no"));
    return net;
}

static void all_is_listed(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = tree(c);
    static const char *const names[] = { "weights", "buffer:1.running_mean", "buffer:1.running_var", "buffer:1.num_batches_tracked" };
    weir__state s, buffers;
    assert_int_equal(weir__state_of(c, net, &s), WEIR_OK);
    assert_int_equal(weir__state_of_buffers(c, net, &buffers), WEIR_OK);
    assert_int_equal(s.n, 4);
    assert_int_equal(buffers.n, 3);
    for (int i = 0; i < 4; i++) assert_string_equal(s.at[i].name, names[i]);
    void *values;
    assert_int_equal(s.at[0].shape[0], weir_module_flat(net, NULL, &values));
    assert_ptr_equal(s.at[0].data, values);
    for (int i = 1; i < 4; i++) {
        weir_tensor *t = weir_module_state_find(net, names[i] + strlen("buffer:"));
        assert_ptr_equal(s.at[i].data, weir_data(t));
        assert_ptr_equal(buffers.at[i - 1].data, weir_data(t));
        assert_int_equal(s.at[i].dtype, weir_dtype_of(t));
        assert_int_equal(s.at[i].bytes, (size_t)weir_numel(t) * weir_dtype_size(weir_dtype_of(t)));
    }
    weir__state_free(&s);
    weir__state_free(&buffers);
    weir__state_free(&buffers); /* an empty list */
    weir_module_free(net);
}

static void clones_copies_and_exchanges_are_whole(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = tree(c);
    weir_tensor *w = weir_module_state_find(net, "0.weight"), *mean = weir_module_state_find(net, "1.running_mean");
    weir__state s, kept;
    weir__state_of(c, net, &s);
    assert_int_equal(weir__state_clone(&s, &kept), WEIR_OK);
    float first = ((const float *)weir_data(w))[0];
    ((float *)weir_data_mut(w))[0] = 7;
    ((float *)weir_data_mut(mean))[4] = 8;
    weir__state_exchange(&s, &kept, "test");
    assert_true(((const float *)weir_data(w))[0] == first && ((const float *)weir_data(mean))[4] == 0);
    assert_true(((float *)kept.at[0].data)[0] == 7 && ((float *)kept.at[1].data)[4] == 8);
    weir__state_copy_buffers(&s, &kept, "test");
    assert_true(((const float *)weir_data(w))[0] == first && ((const float *)weir_data(mean))[4] == 8);
    weir__state_copy(&s, &kept, "test");
    assert_true(((const float *)weir_data(w))[0] == 7);
    weir__state_free(&kept);
    weir__state_free(&s);
    weir_module_free(net);
}

/* Longer than a block of the exchange, on many threads. */
static void long_ranges_are_exchanged_whole(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        weir_open_opts o = weir_open_defaults();
        o.threads = threads;
        weir_ctx *c = weir_open_with(&o);
        weir_module *net = weir_module_new(c, "linear", "in=700 out=300");
        weir__state s, kept;
        weir__state_of(c, net, &s);
        weir__state_clone(&s, &kept);
        for (size_t i = 0; i < kept.at[0].bytes; i++) ((unsigned char *)kept.at[0].data)[i] ^= (unsigned char)(i / 64);
        weir__state_exchange(&s, &kept, "test");
        for (size_t i = 0; i < kept.at[0].bytes; i++)
            if ((((unsigned char *)kept.at[0].data)[i] ^ ((unsigned char *)s.at[0].data)[i]) != (unsigned char)(i / 64)) fail_msg("byte %zu", i);
        weir__state_free(&kept);
        weir__state_free(&s);
        weir_module_free(net);
        weir_close(c);
    }
}

static void names_too_long_are_refused(void **state)
{
    weir_ctx *c = *state;
    weir__state s = { .ctx = c };
    weir__state_range r = { .bytes = 0 };
    memset(r.name, 'x', sizeof r.name - 1);
    assert_true(weir__state_add(&s, "", &r));
    assert_false(weir__state_add(&s, "ema.", &r));
    assert_fails(c, WEIR_ERROR_NAME, "at most 255 bytes");
    assert_int_equal(s.n, 1);
    weir__state_free(&s);
}

static void list_and_clone(weir_ctx *c)
{
    weir_module *net = tree(c);
    weir__state s = { 0 }, kept = { 0 };
    if (weir__state_of(c, net, &s) == WEIR_OK) weir__state_clone(&s, &kept);
    weir__state_free(&kept);
    weir__state_free(&s);
    weir_module_free(net);
}

static void every_allocation(void **state)
{
    (void)state;
    test_every_allocation(list_and_clone);
}

int main(void)
{
    CASES(CASE(all_is_listed), CASE(clones_copies_and_exchanges_are_whole), cmocka_unit_test(long_ranges_are_exchanged_whole),
          CASE(names_too_long_are_refused), cmocka_unit_test(every_allocation));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
