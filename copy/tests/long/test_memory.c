/* 10^5 steps of NICE in two shards, across epochs, evaluations, samples and checkpoints, leave live blocks and bytes as they were. */
#include <unistd.h>
#include "test.h"

static void a_hundred_thousand_steps(void **state)
{
    (void)state;
    char folder[] = "/tmp/weir-long-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    weir_open_opts open = weir_open_defaults();
    open.threads = 2;
    weir_ctx *c = weir_open_with(&open);
    weir_dataset *d = weir_dataset_open(c, "toy:moons,n=1000");
    weir_loader *l = weir_loader_new(d, "batch=64");
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=16,16 init=pytorch");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=1e-4");
    weir_step_opts s = weir_step_defaults();
    s.shards = 2;
    weir_memory_info early = { 0 };
    for (int i = 0; i < 100000; i++) {
        weir_scope scope = weir_scope_begin(c);
        if (weir_train_step_with(m, o, weir_loader_next(l), &s, NULL)) fail_msg("%s", weir_message(c));
        if (i % 500 == 0) {
            weir_scope quiet = weir_scope_begin_no_grad(c);
            weir_model_log_prob(m, weir_dataset_batch(d, 0, 200), NULL, NULL);
            weir_scope_end(quiet);
            float x[40];
            assert_int_equal(weir_model_sample_into(m, 20, NULL, x), WEIR_OK);
            assert_int_equal(weir_model_save(m, path), WEIR_OK);
        }
        weir_scope_end(scope);
        if (i == 600) early = weir_memory(c);
    }
    assert_int_equal(weir_memory(c).live_blocks, early.live_blocks);
    assert_int_equal(weir_memory(c).live_bytes, early.live_bytes);
    assert_int_equal(weir_memory(c).system_bytes, early.system_bytes);
    weir_optim_free(o), weir_model_free(m), weir_loader_free(l), weir_dataset_free(d);
    weir_close(c);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest cases[] = { cmocka_unit_test(a_hundred_thousand_steps) };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
