/* The run is a row: said as text, as JSON and as a struct it is the same run, to the bytes of its files. */
#define _GNU_SOURCE
#include "killed.h"

static const char as_text[] = "preset=toy model=rectified-flow model.net=\"mlp hidden=6,5 time=raw activation=tanh\" model.score.name=rk4 data=\"toy:moons,n=60\" "
                              "optimizer=sgd optimizer.momentum=0.5 train.steps=3 batch=7 valid_every=2 ema=0.5";
static const char as_json[] = "{\"preset\": \"toy\", \"model\": {\"name\": \"rectified-flow\", \"net\": {\"name\": \"mlp\", \"hidden\": [6, 5], \"activation\": \"tanh\"}, \"log_prob\": \"rk4\"},"
                              " \"data\": \"toy:moons,n=60\", \"optimizer\": {\"name\": \"sgd\", \"momentum\": 0.5}, \"train\": {\"steps\": 3, \"batch\": 7},"
                              " \"valid_every\": 2, \"train.ema\": 0.5}";

static void set(weir_ctx *c, const weir_row *row, void *o, const char *name, const char *value)
{
    if (weir_option_set(c, row, o, name, value) != WEIR_OK) fail_msg("%s", weir_message(c));
}

/* As a program does it: the row of a run, options by name, the network by a struct of its own. What a preset would say a struct says itself. */
static char *as_struct(weir_ctx *c)
{
    const weir_row *run = weir_row_find(c, "train", "run"), *flow = weir_row_find(c, "model", "rectified-flow");
    void *o = calloc(1, run->options_size), *model = calloc(1, flow->options_size);
    weir__mlp_opts net;
    assert_int_equal(weir_options_defaults(c, run, o), WEIR_OK);
    assert_int_equal(weir_options_defaults(c, flow, model), WEIR_OK);
    weir_options_defaults(c, &weir__row_mlp.row, &net);
    net.hidden = (weir_ints){ 2, { 6, 5 } };
    net.activation = 1; /* tanh */
    net.time = 1;       /* raw */
    assert_int_equal(weir_choice_set(c, flow, model, "net", &weir__row_mlp.row, &net), WEIR_OK);
    set(c, flow, model, "log_prob", "rk4");
    assert_int_equal(weir_choice_set(c, run, o, "model", flow, model), WEIR_OK);
    set(c, run, o, "data", "toy:moons,n=60");
    set(c, run, o, "optimizer", "sgd momentum=0.5");
    set(c, run, o, "schedule", "cosine");
    set(c, run, o, "preset", "toy");
    set(c, run, o, "train.steps", "3");
    set(c, run, o, "train.batch", "7");
    set(c, run, o, "train.valid_every", "2");
    set(c, run, o, "train.valid_rows", "1000");
    set(c, run, o, "train.ema", "0.5");
    int64_t n = weir_options_text(run, o, NULL, 0);
    char *text = malloc((size_t)n + 1);
    weir_options_text(run, o, text, (size_t)n + 1);
    weir_options_free(c, flow, model);
    weir_options_free(c, run, o);
    free(model);
    free(o);
    return text;
}

static void trained(weir_ctx *c, const char *folder, const char *config)
{
    remove_run(folder);
    weir_run *r = weir_run_open(c, folder, config, false);
    if (!weir_ok(c)) fail_msg("%s: %s", folder, weir_message(c));
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
}

static void same_bytes(const char *a, const char *b)
{
    char command[256];
    snprintf(command, sizeof command, "cmp %s %s >&2", a, b);
    assert_int_equal(system(command), 0);
}

static void the_same_run_said_three_ways(void **state)
{
    weir_ctx *c = *state;
    char *text = as_struct(c);
    trained(c, "text", as_text);
    trained(c, "json", as_json);
    trained(c, "struct", text);
    free(text);
    same_bytes("text/config.json", "json/config.json");
    same_bytes("text/model.safetensors", "json/model.safetensors");
    same_bytes("text/config.json", "struct/config.json");
    same_bytes("text/model.safetensors", "struct/model.safetensors");
}

/* What a resume says is compared key by key, however deep, by any name. */
static void a_resume_is_compared_at_every_depth(void **state)
{
    weir_ctx *c = *state;
    static const struct { const char *given, *message; } wrong[] = {
        { "model.net.hidden=6", "model.net.hidden differs" },
        { "net.hidden=6", "model.net.hidden differs" },
        { "model.score.steps=7", "model.log_prob.steps differs" },
        { "{\"model\": {\"net\": {\"activation\": \"relu\"}}}", "model.net.activation differs" },
        { "{\"model\": {\"sampler\": {\"steps\": 9}}}", "model.sampler.steps differs" }, /* no way to say where to stop */
        { "optimizer.momentum=0.4", "optimizer.momentum differs" },
    };
    trained(c, "whole", as_text);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weir_run_open(c, "whole", wrong[i].given, true);
        assert_fails(c, WEIR_ERROR_STATE, wrong[i].message);
    }
    static const char *const fine[] = { "train.steps=5", "model.net=mlp model.score=rk4", "{\"model\": {\"net.activation\": \"tanh\"}}", as_text, as_json, "" };
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        weir_run_free(weir_run_open(c, "whole", fine[i][0] ? fine[i] : NULL, true));
        if (!weir_ok(c)) fail_msg("%s: %s", fine[i], weir_message(c));
    }
    weir_run_open(c, "whole", "model.net=\"mlp", true);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "closing quote");
}

int main(void)
{
    CASES(CASE(the_same_run_said_three_ways), CASE(a_resume_is_compared_at_every_depth));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
