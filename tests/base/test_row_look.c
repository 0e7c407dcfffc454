/* Rows from outside are looked at before anything of them is called: hooks that are missing, options that
 * do not lie in their struct, rows of an older and of a newer header. */
#include "test.h"

/* -- one good row of each kind ------------------------------------------------------------------------ */
typedef struct plain_opts { size_t size; int64_t n; } plain_opts;
static const weir_option plain_options[] = {
    { .name = "n", .type = WEIR_OPTION_INT, .offset = offsetof(plain_opts, n), .def = "3", .min = 0, .max = 9, .doc = "a number" }, { .name = NULL },
};
typedef struct model_opts { size_t size; int64_t dim; } model_opts;
static const weir_option model_options[] = {
    { .name = "dim", .type = WEIR_OPTION_INT, .offset = offsetof(model_opts, dim), .def = "2", .min = 1, .max = 9, .doc = "values" }, { .name = NULL },
};
#define HEAD(type, row_name, row_options, opts) \
    { .size = sizeof(type), .version = 1, .name = row_name, .doc = "a row", .options = row_options, .options_size = sizeof(opts), .test = "" }

static weir_tensor *twice(weir_module *m, weir_tensor *x) { return (void)m, weir_scale(x, 2); }
static weir_tensor *map(weir_module *m, weir_tensor *x, const weir_condition *k, weir_tensor **log_det) { return (void)m, (void)k, *log_det = weir_sum_samples(x), x; }
static weir_tensor *log_prob(weir_module *m, weir_tensor *z, const weir_condition *k) { return (void)m, (void)k, weir_sum_samples(z); }
static weir_tensor *at(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k) { return (void)m, (void)t, (void)k, x; }
static weir_module *create(weir_model *m, const void *options) { return (void)options, weir_module_new(weir_model_ctx(m), "group", ""); }
static bool infer(weir_call *k) { return weir_infer_same(k); }
static void forward(weir_call *k) { weir_copy_(weir_detach(k->out[0]), weir_detach(k->in[0])); }
static double rate(const void *options, double lr, int64_t step, int64_t horizon) { return (void)options, (void)step, (void)horizon, lr; }
static weir_path_point path_at(const void *options, double t) { return (void)options, (weir_path_point){ 1 - t, t, -1, 1 }; }
static double time_of(const void *options, double sigma) { return (void)options, sigma / (1 + sigma); }
static void interval(const void *options, double *lo, double *hi) { (void)options, *lo = 0, *hi = 1; }
static weir_prediction_point prediction_at(const void *o, weir_path_point p) { return (void)p, (weir_prediction_point){ 1, 0, 1 }; }
static weir_tensor *draw(weir_ctx *c, weir_dtype t, int64_t n, const void *options) { return (void)options, weir_full(c, t, 1, SHAPE(n), 0.5); }
static double log_density(const void *options, double t) { return (void)options, (void)t, 0; }
static void fill(const void *options, const weir_path_row *path, const void *path_options, double from, double to, int64_t steps, double *times)
{
    (void)options, (void)path, (void)path_options;
    for (int64_t i = 0; i <= steps; i++) times[i] = from + (to - from) * (double)i / (double)steps;
}
static weir_tensor *dequantize(weir_module *m, weir_tensor *v, const weir_condition *k, weir_tensor **log_q) { return (void)m, (void)k, (void)log_q, v; }
static weir_status run(const weir_sampling *p, const void *options) { return (void)p, (void)options, WEIR_OK; }

static const weir_model_row a_model = { .row = HEAD(weir_model_row, "model.mine", model_options, model_opts), .create = create };
static const weir_module_row a_module = { .row = HEAD(weir_module_row, "module.mine", plain_options, plain_opts), .forward = twice };
static const weir_module_row a_bijection = { .row = HEAD(weir_module_row, "bijection.mine", plain_options, plain_opts), .transform = map };
static const weir_module_row a_base = { .row = HEAD(weir_module_row, "base.mine", plain_options, plain_opts), .log_prob = log_prob };
static const weir_module_row a_dequantizer = { .row = HEAD(weir_module_row, "dequantizer.mine", plain_options, plain_opts), .dequantize = dequantize };
static const weir_module_row a_network = { .row = HEAD(weir_module_row, "network.mine", plain_options, plain_opts), .at = at };
static const weir_op an_op = { .row = WEIR_OP_ROW("op.mine", "x"), .n_in = 1, .n_out = 1, .infer = infer, .forward = forward, .no_gradient = "a test" };
static const weir_schedule_row a_schedule = { .row = HEAD(weir_schedule_row, "schedule.mine", plain_options, plain_opts), .rate = rate };
static const weir_path_row a_path = { .row = HEAD(weir_path_row, "path.mine", plain_options, plain_opts), .at = path_at, .time_of = time_of, .interval = interval };
static const weir_prediction_row a_prediction = { .row = HEAD(weir_prediction_row, "prediction.mine", plain_options, plain_opts), .at = prediction_at };
static const weir_time_density_row a_density = { .row = HEAD(weir_time_density_row, "time_density.mine", plain_options, plain_opts), .draw = draw, .log_density = log_density };
static double of_x0(const void *options, weir_path_point p, double own) { return (void)options, (void)p, own; }
static const weir_loss_weight_row a_weight = { .row = HEAD(weir_loss_weight_row, "loss_weight.mine", plain_options, plain_opts), .of_x0 = of_x0 };
static weir_status pair(weir_ctx *c, const void *options, int64_t n, int64_t dim, const double *x0, const double *eps, int64_t *partner)
{
    (void)c, (void)options, (void)n, (void)dim, (void)x0, (void)eps, (void)partner;
    return WEIR_OK;
}
static const weir_coupling_row a_coupling = { .row = HEAD(weir_coupling_row, "coupling.mine", plain_options, plain_opts), .pair = pair };
static const weir_time_grid_row a_grid = { .row = HEAD(weir_time_grid_row, "time_grid.mine", plain_options, plain_opts), .fill = fill };
static const weir_sampler_row a_sampler = { .row = HEAD(weir_sampler_row, "sampler.mine", NULL, weir_sampler_opts), .steps = 2, .run = run };

/* missing: the first hook that an empty row lacks; fewest: the size of the oldest row that has all it must. */
#define UP_TO(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))
static const struct { const weir_row *row; const char *missing; size_t fewest; } rows[] = {
    { &a_model.row, "create", UP_TO(weir_model_row, create) },
    { &a_module.row, NULL, UP_TO(weir_module_row, forward) },
    { &a_bijection.row, "transform", UP_TO(weir_module_row, transform) },
    { &a_base.row, "log_prob", UP_TO(weir_module_row, log_prob) },
    { &a_dequantizer.row, "dequantize", UP_TO(weir_module_row, dequantize) },
    { &a_network.row, "at", UP_TO(weir_module_row, at) },
    { &an_op.row, "infer", UP_TO(weir_op, forward) },
    { &a_schedule.row, "rate", UP_TO(weir_schedule_row, rate) },
    { &a_path.row, "at", UP_TO(weir_path_row, interval) },
    { &a_prediction.row, "at", UP_TO(weir_prediction_row, at) },
    { &a_density.row, "draw", UP_TO(weir_time_density_row, log_density) },
    { &a_weight.row, "of_x0", UP_TO(weir_loss_weight_row, of_x0) },
    { &a_coupling.row, "pair", UP_TO(weir_coupling_row, pair) },
    { &a_grid.row, "fill", UP_TO(weir_time_grid_row, fill) },
    { &a_sampler.row, "run", UP_TO(weir_sampler_row, run) },
};
enum { ROWS = sizeof rows / sizeof *rows };

/* A copy of exactly these bytes, 0 beyond the row: a sanitizer sees whoever reads on. */
static weir_row *sized(const weir_row *row, size_t bytes)
{
    char *copy = calloc(1, bytes);
    memcpy(copy, row, bytes < row->size ? bytes : row->size);
    ((weir_row *)(void *)copy)->size = (uint32_t)bytes;
    return (weir_row *)(void *)copy;
}

/* -- registering --------------------------------------------------------------------------------------------- */
static void every_kind_is_tried(void **state)
{
    weir_ctx *c = *state;
    const char *closed = " dataset optimizer train metric import export ";
    for (int64_t i = 0; i < weir_kind_count(c); i++) {
        bool found = false;
        for (int k = 0; k < ROWS; k++) found = found || strncmp(rows[k].row->name, weir_kind_at(c, i), strcspn(rows[k].row->name, ".")) == 0;
        if (!found && !strstr(closed, weir_kind_at(c, i))) fail_msg("kind %s: expected a row of it here", weir_kind_at(c, i));
    }
}

static void whole_rows_are_themselves(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < ROWS; k++) {
        assert_int_equal(weir_row_register(c, rows[k].row), WEIR_OK);
        char kind[32];
        snprintf(kind, sizeof kind, "%.*s", (int)strcspn(rows[k].row->name, "."), rows[k].row->name);
        assert_ptr_equal(weir_row_find(c, kind, "mine"), rows[k].row);
    }
}

static void a_row_without_its_hooks_is_refused_by_name(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < ROWS; k++) {
        if (!rows[k].missing) continue;
        weir_row *bare = sized(rows[k].row, rows[k].row->size);
        memset(bare + 1, 0, rows[k].row->size - sizeof *bare);
        assert_int_equal(weir_row_register(c, bare), WEIR_ERROR_ARGUMENT);
        char expected[128];
        snprintf(expected, sizeof expected, "row_register: %s: expected a row with %s", bare->name, rows[k].missing);
        assert_fails(c, WEIR_ERROR_ARGUMENT, expected);
        free(bare);
    }
}

static void older_rows_work_down_to_what_they_must_have(void **state)
{
    (void)state;
    for (int k = 0; k < ROWS; k++)
        for (size_t bytes = sizeof(weir_row); bytes <= rows[k].row->size; bytes += 4) {
            weir_ctx *c = weir_open(1);
            weir_row *old = sized(rows[k].row, bytes);
            weir_status status = weir_row_register(c, old);
            if (bytes % sizeof(void *)) assert_fails(c, WEIR_ERROR_ARGUMENT, "a whole row"); /* half a pointer */
            else if (bytes < rows[k].fewest && rows[k].missing) assert_fails(c, WEIR_ERROR_ARGUMENT, old->name);
            else if (bytes >= rows[k].fewest) assert_int_equal(status, WEIR_OK);
            weir_close(c);
            free(old);
        }
}

static void newer_rows_hold_0_where_nothing_is_known(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < ROWS; k++) {
        weir_row *new = sized(rows[k].row, rows[k].row->size + 24);
        ((char *)new)[new->size - 1] = 1;
        weir_row_register(c, new);
        assert_fails(c, WEIR_ERROR_ARGUMENT, "newer header");
        ((char *)new)[new->size - 1] = 0;
        weir_ctx *other = weir_open(1);
        assert_int_equal(weir_row_register(other, new), WEIR_OK);
        weir_close(other);
        new->size = UINT32_MAX; /* is not read */
        weir_row_register(c, new);
        assert_fails(c, WEIR_ERROR_ARGUMENT, "a whole row");
        free(new);
    }
}

static void options_lie_in_their_struct(void **state)
{
    weir_ctx *c = *state;
    const struct { size_t offset; const char *def, *doc, *choices; int type; const char *says; } odd[] = {
        { offsetof(plain_opts, n), "3", "doc", NULL, 99, "a type" },
        { offsetof(plain_opts, n), NULL, "doc", NULL, WEIR_OPTION_INT, "a default" },
        { offsetof(plain_opts, n), "3", NULL, NULL, WEIR_OPTION_INT, "a line of doc" },
        { offsetof(plain_opts, n), "a", "doc", NULL, WEIR_OPTION_CHOICE, "choices" },
        { offsetof(plain_opts, n), "", "doc", NULL, WEIR_OPTION_ROW, "choices" },
        { 0, "3", "doc", NULL, WEIR_OPTION_INT, "behind the size" },
        { sizeof(plain_opts), "3", "doc", NULL, WEIR_OPTION_INT, "options_size" },
        { offsetof(plain_opts, n), "3", "doc", NULL, WEIR_OPTION_INTS, "options_size" },
        { SIZE_MAX - 3, "3", "doc", NULL, WEIR_OPTION_INT, "options_size" },
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        weir_option options[] = {
            { .name = "odd", .type = (weir_option_type)odd[i].type, .offset = odd[i].offset, .def = odd[i].def, .choices = odd[i].choices, .doc = odd[i].doc }, { .name = NULL },
        };
        weir_schedule_row row = a_schedule;
        row.row.options = options;
        weir_row_register(c, &row.row);
        assert_string_equal(weir_message(c), strstr(weir_message(c), "row_register: schedule.mine: option odd: expected"));
        assert_fails(c, WEIR_ERROR_ARGUMENT, odd[i].says);
    }
    weir_sampler_row small = a_sampler;
    small.row.options_size = sizeof(size_t);
    weir_row_register(c, &small.row);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "sampler.mine: expected a row with options that begin with weir_sampler_opts");
}

static void names_and_kinds(void **state)
{
    weir_ctx *c = *state;
    const char *odd[] = { "mine", ".mine", "nonesuch.mine", "schedule.", "optimizer.mine", "dataset.mine" };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        weir_schedule_row row = a_schedule;
        row.row.name = odd[i];
        weir_row_register(c, &row.row);
        assert_fails(c, WEIR_ERROR_NAME, "row_register");
    }
}

/* -- rows that are handed in ---------------------------------------------------------------------------------- */
static void an_older_module_runs(void **state)
{
    weir_ctx *c = *state;
    weir_row *old = sized(&a_module.row, UP_TO(weir_module_row, forward));
    const float x[] = { 1, 2, 3 };
    for (int i = 0; i < 2; i++) {
        weir_module *m = weir_module_from_row(c, (const weir_module_row *)old, NULL);
        assert_ok(c);
        assert_near(weir_get(weir_module_forward(m, weir_from_f32(c, x, 1, SHAPE(3))), SHAPE(1)), 4, 0);
        assert_int_equal(weir_module_row_of(m)->row.size, sizeof(weir_module_row));
        weir_module_free(m);
    }
    weir_module_from_row(c, (const weir_module_row *)&an_op, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "a row of modules");
    free(old);
}

static void an_older_op_runs(void **state)
{
    weir_ctx *c = *state;
    weir_row *old = sized(&an_op.row, UP_TO(weir_op, no_gradient));
    weir_tensor *x = weir_full(c, WEIR_F32, 1, SHAPE(3), 7), *y = weir_apply((const weir_op *)old, 1, &x, NULL), *z;
    weir_apply_multi((const weir_op *)old, 1, &x, NULL, &z);
    assert_ok(c);
    assert_near(weir_item(weir_sum(weir_add(y, z))), 42, 0);
    free(old);
}

static bool says_nothing(weir_call *k) { return (void)k, false; }

static void an_op_is_looked_at(void **state)
{
    weir_ctx *c = *state;
    weir_op odd[] = { an_op, an_op, an_op, an_op, an_op, an_op };
    const char *says[] = { "op.mine: expected a row with infer", "forward", "outputs", "outputs", "attributes, 8 bytes", "infer gave false" };
    odd[0].infer = NULL, odd[1].forward = NULL, odd[2].n_out = 0, odd[3].n_out = 99, odd[4].attr_size = 8, odd[5].infer = says_nothing;
    for (int i = 0; i < 6; i++) {
        weir_tensor *x = weir_full(c, WEIR_F32, 1, SHAPE(3), 7), *y[4];
        assert_true(weir_is_nil(weir_apply(&odd[i], 1, &x, NULL)));
        assert_fails(c, WEIR_ERROR_ARGUMENT, says[i]);
        weir_apply_multi(&odd[i], 1, &x, NULL, y);
        assert_fails(c, WEIR_ERROR_ARGUMENT, says[i]);
    }
}

static void paths_and_predictions_are_looked_at(void **state)
{
    weir_ctx *c = *state;
    double t = 0.5, x = 1, y = 1;
    weir_path_row path = a_path;
    weir_prediction_row bare = a_prediction;
    path.time_of = NULL, bare.at = NULL;
    weir_prediction_convert(c, &path, NULL, &a_prediction, NULL, &a_prediction, NULL, 1, 1, &t, &x, &y);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "prediction_convert: path.mine: expected a row with time_of");
    weir_prediction_convert(c, &a_path, NULL, &a_prediction, NULL, &bare, NULL, 1, 1, &t, &x, &y);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "prediction_convert: prediction.mine: expected a row with at");
}

/* -- hooks that may be NULL, and hooks that give NULL --------------------------------------------------------------- */
static weir_tensor *nothing(weir_module *m, weir_tensor *x) { return (void)m, (void)x, NULL; }
static weir_tensor *no_map(weir_module *m, weir_tensor *x, const weir_condition *k, weir_tensor **log_det) { return (void)m, (void)x, (void)k, (void)log_det, NULL; }
static weir_tensor *no_log_prob(weir_module *m, weir_tensor *z, const weir_condition *k) { return (void)m, (void)z, (void)k, NULL; }
static weir_tensor *no_at(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k) { return (void)m, (void)x, (void)t, (void)k, NULL; }
static weir_tensor *no_draw(weir_module *m, weir_ctx *c, int64_t n, const weir_condition *k, double t, weir_tensor **q) { return (void)m, (void)c, (void)n, (void)k, (void)t, (void)q, NULL; }

#define IS_NIL_AND_SAYS(call, part) \
    do { \
        assert_true(weir_is_nil(call)); \
        assert_false(weir_ok(c)); \
        if (!strstr(weir_message(c), part)) fail_msg("message \"%s\" lacks \"%s\"", weir_message(c), part); \
        weir_clear(c); \
    } while (0)

static void hooks_of_modules(void **state)
{
    weir_ctx *c = *state;
    weir_module_row empty = a_module, null = a_module;
    empty.forward = NULL, empty.row.name = "module.empty";
    null.forward = nothing, null.transform = null.inverse = no_map, null.log_prob = no_log_prob, null.draw = no_draw, null.at = no_at;
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(2, 3)), *t = weir_zeros(c, WEIR_F32, 1, SHAPE(2)), *out;
    const weir_module_row *both[] = { &empty, &null };
    for (int i = 0; i < 2; i++) {
        weir_module *m = weir_module_from_row(c, both[i], NULL);
        const char *name = both[i]->row.name;
        IS_NIL_AND_SAYS(weir_module_forward(m, x), name);
        IS_NIL_AND_SAYS(weir_bijection_forward(m, x, NULL, &out), name);
        IS_NIL_AND_SAYS(weir_bijection_inverse(m, x, NULL, &out), name);
        IS_NIL_AND_SAYS(weir_base_log_prob(m, x, NULL), i ? name : "base_log_prob");
        IS_NIL_AND_SAYS(weir_base_draw(m, c, 2, NULL, 1, NULL), i ? name : "base_draw");
        IS_NIL_AND_SAYS(weir_network_at(m, x, t, NULL), i ? name : "network_at");
        weir_module_free(m);
    }
}

/* -- and hooks that give something else ------------------------------------------------------------------------------- */
static weir_tensor *flat(weir_model *m, weir_tensor *y, weir_batch *b) { return (void)m, (void)b, weir_sum(y); }
static weir_tensor *tall(weir_model *m, weir_tensor *y, const weir_condition *k, const weir_log_prob_opts *o, weir_log_prob_info *i) { return (void)m, (void)k, (void)o, (void)i, weir_sum_axes(y, 1, (const int[]){ 1 }, true); }
static weir_tensor *doubled(weir_model *m, weir_tensor *z, const weir_condition *k, const weir_sample_opts *o, weir_tensor **log_det)
{
    (void)m, (void)k, (void)o;
    if (log_det) *log_det = weir_sum(z);
    return weir_cat(2, (weir_tensor *[]){ z, z }, 0);
}
static weir_tensor *no_noise_log_prob(weir_model *m, weir_tensor *z, const weir_condition *k) { return (void)m, (void)k, z; }
static weir_tensor *some_noise(weir_model *m, int64_t n, const weir_condition *k, double t, weir_tensor **q)
{
    weir_tensor *z = weir_randn(weir_model_ctx(m), WEIR_F32, 2, SHAPE(n, 2));
    (void)k, (void)t;
    if (q) *q = weir_sum_samples(z);
    return z;
}

static void shapes_of_what_hooks_give(void **state)
{
    weir_ctx *c = *state;
    weir_model_row odd = a_model;
    odd.loss = flat, odd.log_prob = tall, odd.noise = some_noise, odd.sample = doubled, odd.noise_log_prob = no_noise_log_prob;
    weir_row_register(c, &odd.row);
    weir_model *m = weir_model_new(c, "mine", "");
    float x[4];
    double log_q[2];
    weir_batch *b = weir_batch_wrap(c, weir_zeros(c, WEIR_F32, 2, SHAPE(3, 2)), NULL, NULL, NULL);
    assert_true(weir_is_nil(weir_model_loss(m, b)));
    assert_fails(c, WEIR_ERROR_SHAPE, "model.mine: loss gave []: expected [3]");
    assert_true(weir_is_nil(weir_model_log_prob(m, b, NULL, NULL)));
    assert_fails(c, WEIR_ERROR_SHAPE, "model.mine: log_prob gave [3, 1]: expected [3]");
    weir_model_sample_into(m, 2, NULL, x);
    assert_false(weir_ok(c));
    weir_clear(c);
    weir_model_sample_log_prob_into(m, 2, NULL, x, log_q);
    assert_fails(c, WEIR_ERROR_SHAPE, "model.mine: sample gave []: expected [2]");
    weir_sample_opts own = weir_sample_defaults();
    own.noise = (const float[]){ 1, 2, 3, 4 };
    weir_model_sample_log_prob_into(m, 2, &own, x, log_q);
    assert_fails(c, WEIR_ERROR_SHAPE, "model.mine: noise_log_prob gave [2, 2]: expected [2]");
    weir_model_free(m);
}

static weir_module *create_nothing(weir_model *m, const void *options) { return (void)m, (void)options, NULL; }
static weir_tensor *no_loss(weir_model *m, weir_tensor *y, weir_batch *b) { return (void)m, (void)y, (void)b, NULL; }
static weir_tensor *no_score(weir_model *m, weir_tensor *y, const weir_condition *k, const weir_log_prob_opts *o, weir_log_prob_info *i) { return (void)m, (void)y, (void)k, (void)o, (void)i, NULL; }
static weir_tensor *no_noise(weir_model *m, int64_t n, const weir_condition *k, double t, weir_tensor **q) { return (void)m, (void)n, (void)k, (void)t, (void)q, NULL; }
static weir_tensor *no_sample(weir_model *m, weir_tensor *z, const weir_condition *k, const weir_sample_opts *o, weir_tensor **q) { return (void)m, (void)z, (void)k, (void)o, (void)q, NULL; }

static void hooks_of_models(void **state)
{
    weir_ctx *c = *state;
    weir_model_row rows_[] = { a_model, a_model, a_model };
    rows_[1].row.name = "model.null", rows_[1].loss = no_loss, rows_[1].log_prob = no_score, rows_[1].noise = no_noise, rows_[1].sample = no_sample;
    rows_[2].row.name = "model.half", rows_[2].noise = some_noise, rows_[2].sample = no_sample;
    weir_batch *b = weir_batch_wrap(c, weir_zeros(c, WEIR_F32, 2, SHAPE(3, 2)), NULL, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        weir_row_register(c, &rows_[i].row);
        weir_model *m = weir_model_new(c, rows_[i].row.name, "");
        assert_ok(c);
        IS_NIL_AND_SAYS(weir_model_loss(m, b), "");
        IS_NIL_AND_SAYS(weir_model_log_prob(m, b, NULL, NULL), "");
        IS_NIL_AND_SAYS(weir_model_sample(m, 2, NULL), "");
        weir_model_free(m);
    }
    weir_model_row none = a_model;
    none.row.name = "model.none", none.create = create_nothing;
    weir_row_register(c, &none.row);
    assert_true(weir_model_new(c, "none", "") != NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model.none: create gave NULL");
}

int main(void)
{
    CASES(CASE(every_kind_is_tried), CASE(whole_rows_are_themselves), CASE(a_row_without_its_hooks_is_refused_by_name),
          cmocka_unit_test(older_rows_work_down_to_what_they_must_have), CASE(newer_rows_hold_0_where_nothing_is_known), CASE(options_lie_in_their_struct),
          CASE(names_and_kinds), CASE(an_older_module_runs), CASE(an_older_op_runs), CASE(an_op_is_looked_at), CASE(paths_and_predictions_are_looked_at),
          CASE(hooks_of_modules), CASE(hooks_of_models), CASE(shapes_of_what_hooks_give));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
