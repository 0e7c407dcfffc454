/* test_later.c - handles of every kind given back by other threads, while their context works. */
#include <pthread.h>
#include <stdatomic.h>
#include "test.h"
#include "base/base.h"

typedef struct handles {
    void *at[16];
    int n;
} handles;

static void add(handles *h, void *handle)
{
    assert_non_null(handle);
    h->at[h->n++] = handle;
}

static void of_every_kind(weir_ctx *c, handles *h)
{
    static const char config[] = "model=nice data=toy:moons,n=200 hidden=4 couplings=2 steps=2";
    weir_scope s = weir_scope_begin(c);
    weir_module *net = weir_module_new(c, "linear", "in=2 out=3");
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4 couplings=2");
    weir_dataset *d = weir_dataset_open(c, "toy:moons,n=50");
    add(h, net);
    add(h, m);
    add(h, d);
    add(h, weir_retain(weir_ones(c, WEIR_F32, 1, SHAPE(100))));
    add(h, weir_optim_new(net, "adam", ""));
    add(h, weir_optim_new(weir_model_module(m), "sgd", ""));
    add(h, weir_ema_new(weir_model_module(m), 0.9));
    add(h, weir_loader_new(d, "batch=10"));
    add(h, weir_run_open(c, "later", config, true));
    weir_scope_end(s);
    assert_ok(c);
}

static void *give_all(void *handles_)
{
    handles *h = handles_;
    for (int i = 0; i < h->n; i++) weir_free_later(h->at[i]);
    return NULL;
}

static void *give_backwards(void *handles_)
{
    handles *h = handles_;
    for (int i = h->n; i-- > 0;) weir_free_later(h->at[i]);
    return NULL;
}

static void elsewhere(void *(*give)(void *), handles *h)
{
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, give, h), 0);
    pthread_join(t, NULL);
}

static void every_kind_in_any_order(void **state)
{
    weir_ctx *c = *state;
    void *(*const give[])(void *) = { give_all, give_backwards, give_all };
    int64_t live = 0;
    for (int i = 0; i < 3; i++) {
        handles h = { .n = 0 };
        of_every_kind(c, &h);
        int64_t with = weir_memory(c).live_blocks;
        elsewhere(give[i], &h);
        assert_int_equal(weir_memory(c).live_blocks, with); /* not yet */
        weir_scope_end(weir_scope_begin(c));
        assert_true(weir_memory(c).live_blocks < with);
        if (i > 0) assert_int_equal(weir_memory(c).live_blocks, live);
        live = weir_memory(c).live_blocks;
        assert_ok(c);
    }
}

/* What waits then goes when the context is closed. */
static void closing_empties_the_list(void **state)
{
    (void)state;
    test_memory m = { .fail_at = -1 };
    weir_open_opts o = weir_open_defaults();
    handles h = { .n = 0 };
    o.resize = test_resize;
    o.resize_user = &m;
    weir_ctx *c = weir_open_with(&o);
    of_every_kind(c, &h);
    elsewhere(give_backwards, &h);
    weir_close(c);
    assert_int_equal(m.out, 0);
}

static void nothing_to_free(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(3, 2));
    weir_free_later(NULL);
    weir_free_later(weir_model_new(c, "nobody", ""));
    weir_clear(c);
    weir_free_later(weir_batch_wrap(c, x, NULL, NULL, NULL));
    weir_free_later(weir_condition_new(c));
    weir_scope_end(weir_scope_begin(c));
    assert_ok(c);
    assert_near(weir_item(weir_sum(x)), 6, 0);
}

static void every_reference_is_given_back(void **state)
{
    weir_ctx *c = *state;
    weir_scope_end(weir_scope_begin(c));
    weir_scope s = weir_scope_begin(c);
    weir_zeros(c, WEIR_F32, 0, NULL); /* the lists have their room */
    int64_t live = weir_memory(c).live_blocks;
    weir_scope inner = weir_scope_begin(c);
    weir_tensor *x = weir_ones(c, WEIR_F32, 1, SHAPE(5));
    for (int i = 0; i < 3; i++) weir_retain(x);
    weir_scope_end(inner);
    handles h = { .at = { x, x }, .n = 2 };
    elsewhere(give_all, &h);
    weir_scope_end(weir_scope_begin(c));
    assert_near(((const float *)weir_data(x))[4], 1, 0); /* the third holds it */
    h.n = 1;
    elsewhere(give_all, &h);
    weir_memory_trim(c);
    assert_int_equal(weir_memory(c).live_blocks, live);
    weir_scope_end(s);
}

static void a_model_waits_for_its_shares(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4 couplings=2");
    weir_model *share = weir_model_share(other, m);
    assert_false(weir_model_is_nil(share));
    handles h = { .at = { m }, .n = 1 }, second = { .at = { share }, .n = 1 };
    float x[4];
    elsewhere(give_all, &h);
    weir_scope_end(weir_scope_begin(c));
    assert_ok(c);
    assert_int_equal(weir_model_sample_into(share, 2, NULL, x), WEIR_OK);
    int64_t live = weir_memory(c).live_blocks;
    elsewhere(give_all, &second);
    weir_scope_end(weir_scope_begin(other));
    weir_scope_end(weir_scope_begin(c));
    assert_true(weir_memory(c).live_blocks < live);
    assert_ok(c);
    assert_ok(other);
    weir_close(other);
}

/* -- many at once, while the context trains --------------------------------------------------- */
enum { GIVERS = 3, EACH = 400 };

typedef struct giver {
    _Atomic(weir_tensor *) box; /* full: to be given back */
    atomic_bool ends;
} giver;

static void *give_what_comes(void *giver_)
{
    giver *g = giver_;
    for (;;) {
        bool last = atomic_load(&g->ends);
        weir_tensor *x = atomic_exchange(&g->box, NULL);
        if (x) weir_free_later(x);
        else if (last) return NULL;
    }
}

static void put(giver *g, weir_tensor *x)
{
    for (weir_tensor *none = NULL; !atomic_compare_exchange_weak(&g->box, &none, x); none = NULL)
        continue;
}

static void while_shards_run(void **state)
{
    (void)state;
    weir_open_opts o = weir_open_defaults();
    o.threads = 2;
    weir_ctx *c = weir_open_with(&o);
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4 couplings=2");
    weir_optim *opt = weir_optim_new(weir_model_module(m), "adam", "");
    weir_step_opts step = weir_step_defaults();
    giver g[GIVERS] = { 0 };
    pthread_t t[GIVERS];
    step.shards = 4;
    for (int i = 0; i < GIVERS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, give_what_comes, &g[i]), 0);
    for (int i = 0; i < EACH; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x = weir_randn(c, WEIR_F32, 2, SHAPE(12, 2));
        weir_batch *b = weir_batch_wrap(c, x, NULL, NULL, NULL);
        for (int k = 0; k < GIVERS; k++) put(&g[k], weir_retain(weir_scale(x, k)));
        if (i % 8 == 0) assert_int_equal(weir_train_step_with(m, opt, b, &step, NULL), WEIR_OK);
        weir_scope_end(s);
    }
    for (int i = 0; i < GIVERS; i++) atomic_store(&g[i].ends, true);
    for (int i = 0; i < GIVERS; i++) pthread_join(t[i], NULL);
    weir_scope_end(weir_scope_begin(c));
    int64_t live = weir_memory(c).live_blocks;
    weir_free_later(m); /* its optimizer follows, and goes first */
    weir_free_later(opt);
    weir_scope_end(weir_scope_begin(c));
    assert_true(weir_memory(c).live_blocks < live);
    assert_true(weir_memory(c).live_blocks < 100); /* of 1200 tensors none is left */
    assert_ok(c);
    weir_close(c);
}

int main(void)
{
    CASES(CASE(every_kind_in_any_order), cmocka_unit_test(closing_empties_the_list),
          CASE(nothing_to_free), CASE(every_reference_is_given_back),
          CASE(a_model_waits_for_its_shares), cmocka_unit_test(while_shards_run));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
