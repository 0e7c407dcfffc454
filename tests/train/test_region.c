/* Shards that reach for what is their parent's: a buffer or a frozen parameter alone, an object made in the
 * parent's context, memory of its own. Each is an error of the step that names the call, at any number of
 * threads, and changes nothing; weir_parameter_here is how it is done. */
#include "test.h"
#include "base/base.h"

enum { ROWS = 8, DIM = 2, SHARDS = 4 };

typedef struct probe probe;
typedef weir_tensor *touch_fn(probe *p, weir_tensor *x);
struct probe {
    touch_fn *touch; /* what is made of x and the parent's tensors */
    weir_module *layer;
    weir_tensor *buffer, *counts, *frozen, *weight;
};
static touch_fn *touch; /* of the models of a test */

/* -- a model whose loss touches things of the parent -------------------------------------------------- */
static weir_module *create(weir_model *m, const void *options)
{
    weir_ctx *c = weir_model_ctx(m);
    probe *p = weir_model_state(m);
    weir_init one = { WEIR_INIT_CONSTANT, 0.5 };
    const int64_t dim = DIM;
    (void)options;
    p->touch = touch;
    p->layer = weir_module_new(c, "group", "");
    p->buffer = weir_module_buffer(p->layer, "buffer", WEIR_F32, 1, &dim, 0.25);
    p->counts = weir_module_buffer(p->layer, "counts", WEIR_I64, 1, &dim, 1);
    p->frozen = weir_module_parameter(p->layer, "frozen", WEIR_F32, 1, &dim, one);
    p->weight = weir_module_parameter(p->layer, "weight", WEIR_F32, 1, &dim, one);
    return p->layer;
}

static weir_tensor *loss(weir_model *m, weir_tensor *y, weir_batch *b)
{
    probe *p = weir_model_state(m);
    (void)b;
    weir_tensor *w = weir_parameter_here(y, p->weight);
    return weir_sum_samples(weir_square(weir_mul(p->touch(p, y), w)));
}

typedef struct probe_opts { size_t size; int64_t dim; } probe_opts;
static const weir_option probe_options[] = {
    { .name = "dim", .type = WEIR_OPTION_INT, .offset = offsetof(probe_opts, dim), .def = "2", .min = 1, .max = 9, .doc = "values" }, { .name = NULL },
};
static const weir_model_row row = {
    .row = { .size = sizeof(weir_model_row), .version = 1, .name = "model.probe", .doc = "touches things", .options = probe_options, .options_size = sizeof(probe_opts), .test = "" },
    .state_size = sizeof(probe), .create = create, .loss = loss,
};

/* -- one step of it ------------------------------------------------------------------------------------- */
typedef struct outcome { weir_status status; char message[768]; double loss; float weight[DIM]; int64_t live; } outcome;

static outcome step_of(touch_fn *how, int threads, int64_t shards)
{
    float data[ROWS * DIM];
    for (int i = 0; i < ROWS * DIM; i++) data[i] = (float)(i % 5) - 1.5f;
    weir_open_opts o = weir_open_defaults();
    o.threads = threads;
    weir_ctx *c = weir_open_with(&o);
    touch = how;
    weir_row_register(c, &row.row);
    weir_model *m = weir_model_new(c, "probe", "");
    probe *p = weir_model_state(m);
    weir_set_requires_grad(p->frozen, false);
    weir_optim *optim = weir_optim_new(weir_model_module(m), "sgd", "lr=0.125");
    weir_batch *b = weir_batch_wrap(c, weir_from_f32(c, data, 2, SHAPE(ROWS, DIM)), NULL, NULL, NULL);
    weir_step_opts s = weir_step_defaults();
    weir_step_info info = { .size = sizeof info };
    s.shards = shards;
    assert_ok(c);
    outcome r = { .status = weir_train_step_with(m, optim, b, &s, &info), .loss = info.loss };
    snprintf(r.message, sizeof r.message, "%s", weir_message(c));
    weir_clear(c);
    weir_copy_to_f32(p->weight, r.weight, DIM);
    int64_t live = weir_memory(c).live_blocks;
    for (int i = 0; i < 3; i++) { /* again: nothing adds up, and the message is the same */
        weir_status again = weir_train_step_with(m, optim, b, &s, &info);
        if (again != r.status || strcmp(weir_message(c), r.message) != 0) fail_msg("once \"%s\", then \"%s\"", r.message, weir_message(c));
        weir_clear(c);
    }
    r.live = weir_memory(c).live_blocks - live;
    weir_optim_free(optim);
    weir_model_free(m);
    weir_close(c);
    return r;
}

static void refused(touch_fn *how, const char *who, const char *expected)
{
    for (int threads = 1; threads <= 2; threads++) {
        outcome r = step_of(how, threads, SHARDS);
        if (r.status != WEIR_ERROR_STATE || !strstr(r.message, who) || !strstr(r.message, expected))
            fail_msg("%d threads: status %d: \"%s\" lacks \"%s\" or \"%s\"", threads, (int)r.status, r.message, who, expected);
        assert_true(isnan(r.loss));
        assert_true(r.weight[0] == 0.5f && r.weight[1] == 0.5f);
        assert_int_equal(r.live, 0);
    }
}

/* -- what is wrong ---------------------------------------------------------------------------------------- */
static weir_tensor *op_on_buffer(probe *p, weir_tensor *x) { return weir_mul(x, weir_exp(p->buffer)); }
static weir_tensor *op_on_frozen(probe *p, weir_tensor *x) { return weir_mul(x, weir_neg(p->frozen)); }
static weir_tensor *op_on_weight(probe *p, weir_tensor *x) { return weir_mul(x, weir_tanh(p->weight)); }
static weir_tensor *view_of_buffer(probe *p, weir_tensor *x) { return weir_mul(x, weir_reshape(p->buffer, 2, SHAPE(1, DIM))); }
static weir_tensor *detached(probe *p, weir_tensor *x) { return weir_mul(x, weir_detach(p->weight)); }
static weir_tensor *made_there(probe *p, weir_tensor *x) { return weir_mul(x, weir_ones(weir_ctx_of(p->buffer), WEIR_F32, 1, SHAPE(DIM))); }
static weir_tensor *drawn_there(probe *p, weir_tensor *x) { return weir_mul(x, weir_randn(weir_ctx_of(p->buffer), WEIR_F32, 1, SHAPE(DIM))); }
static weir_tensor *scope_there(probe *p, weir_tensor *x)
{
    weir_scope_end(weir_scope_begin(weir_ctx_of(p->buffer)));
    return x;
}
static weir_tensor *kept_there(probe *p, weir_tensor *x) { return weir_mul(x, weir_retain(p->buffer)); }
static weir_tensor *in_place(probe *p, weir_tensor *x) { return weir_mul(x, weir_fill_(p->buffer, 3)); }
static weir_tensor *in_place_view(probe *p, weir_tensor *x)
{
    weir_fill_(weir_parameter_here(x, p->buffer), 3); /* the shard's tensor, but the parent's memory */
    return x;
}
static weir_tensor *written(probe *p, weir_tensor *x)
{
    ((int64_t *)weir_data_mut(p->counts))[1]++; /* the step fails, and what is written into is no one else's */
    return x;
}
static weir_tensor *frozen_there(probe *p, weir_tensor *x) { return weir_module_freeze(p->layer, true), x; }
static weir_tensor *eval_there(probe *p, weir_tensor *x) { return weir_module_train(p->layer, false), x; }
static weir_tensor *backward_there(probe *p, weir_tensor *x) { return weir_backward_with(p->weight, p->buffer, true), x; }
static weir_tensor *module_there(probe *p, weir_tensor *x) { return weir_mul(x, weir_module_forward(p->layer, p->buffer)); }
static weir_tensor *failed_there(probe *p, weir_tensor *x) { return weir_fail(weir_ctx_of(p->buffer), WEIR_ERROR_STATE, "a sample: a reason: none"), x; }

static void ops_on_the_parents_tensors_alone(void **state)
{
    (void)state;
    refused(op_on_buffer, "op.exp", "weir_parameter_here");
    refused(op_on_frozen, "op.neg", "weir_parameter_here");
    refused(op_on_weight, "op.tanh", "weir_parameter_here");
    refused(view_of_buffer, "op.view", "weir_parameter_here");
    refused(module_there, "module_forward", "shard");
    refused(backward_there, "backward_with", "weir_parameter_here");
}

static void objects_of_the_parents(void **state)
{
    (void)state;
    refused(made_there, "ones", "weir_ctx_of(x)");
    refused(drawn_there, "op.randn", "weir_ctx_of(x)");
    refused(scope_there, "scope_begin", "weir_ctx_of(x)");
    refused(detached, "detach", "weir_parameter_here");
    refused(kept_there, "retain", "before the step, or after");
}

static void changes_of_the_parents(void **state)
{
    (void)state;
    refused(in_place, "fill_", "before the step, or after");
    refused(in_place_view, "fill_", "before the step, or after");
    refused(written, "data_mut", "before the step, or after");
    refused(frozen_there, "module_freeze", "before the step, or after");
    refused(eval_there, "module_train", "before the step, or after");
    refused(failed_there, "a sample: a reason", "none");
}

/* -- and what is right --------------------------------------------------------------------------------------- */
static weir_tensor *buffer_here(probe *p, weir_tensor *x)
{
    weir_tensor *counts = weir_cast(weir_parameter_here(x, p->counts), WEIR_F32);
    weir_tensor *s = weir_add(weir_exp(weir_parameter_here(x, p->buffer)), weir_neg(weir_parameter_here(x, p->frozen)));
    return weir_mul(x, weir_mul(counts, weir_add(s, weir_tanh(weir_parameter_here(x, p->weight)))));
}

static void parameter_here_is_how(void **state)
{
    (void)state;
    outcome one = step_of(buffer_here, 1, SHARDS), two = step_of(buffer_here, 2, SHARDS), alone = step_of(buffer_here, 2, 1);
    assert_int_equal(one.status, WEIR_OK);
    assert_int_equal(two.status, WEIR_OK);
    assert_int_equal(alone.status, WEIR_OK);
    assert_memory_equal(one.weight, two.weight, sizeof one.weight);
    assert_true(one.loss == two.loss);
    assert_near(one.loss, alone.loss, 1e-6);
    assert_near(one.weight[0], alone.weight[0], 1e-5);
    assert_true(one.weight[0] != 0.5f);
}

/* A value of the shard's context is the parent's memory, sign of zero and all, of any type. */
static void it_is_the_same_memory(void **state)
{
    weir_ctx *c = *state, *w = weir_worker_open(c, 1);
    weir_tensor *x = weir_ones(w, WEIR_F32, 1, SHAPE(2)), *t = weir_from_f32(c, (const float[]){ -0.0f, 3 }, 1, SHAPE(2));
    weir_tensor *i = weir_from_i64(c, SHAPE(7, 8), 1, SHAPE(2));
    weir_tensor *here = weir_parameter_here(x, t), *index = weir_parameter_here(x, i);
    assert_ptr_equal(weir_ctx_of(here), w);
    assert_ptr_equal(weir_data(here), weir_data(t));
    assert_true(signbit(weir_get(here, SHAPE(0))));
    assert_int_equal(weir_dtype_of(index), WEIR_I64);
    assert_near(weir_get(index, SHAPE(1)), 8, 0);
    assert_ptr_equal(weir_parameter_here(t, t), t);
    weir_close(w);
    assert_ok(c);
}

/* The parent itself is free as soon as the region ends. */
static void a_region_ends(void **state)
{
    weir_ctx *c = *state;
    weir__region_begin(c);
    assert_true(weir_is_nil(weir_ones(c, WEIR_F32, 1, SHAPE(2))));
    assert_true(weir_is_nil(weir_zeros(c, WEIR_F32, 1, SHAPE(2))));
    assert_true(weir_ok(c)); /* others read it */
    weir__region_end(c);
    assert_fails(c, WEIR_ERROR_STATE, "ones"); /* the first of the alphabet, whichever came first */
    assert_false(weir_is_nil(weir_ones(c, WEIR_F32, 1, SHAPE(2))));
    weir__region_begin(c);
    weir__region_end(c);
    assert_ok(c);
}

int main(void)
{
    CASES(cmocka_unit_test(ops_on_the_parents_tensors_alone), cmocka_unit_test(objects_of_the_parents), cmocka_unit_test(changes_of_the_parents),
          cmocka_unit_test(parameter_here_is_how), CASE(it_is_the_same_memory), CASE(a_region_ends));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
