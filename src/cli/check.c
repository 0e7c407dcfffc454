/* check.c - weir check: a flow's inverses and log-dets, layer by layer, on data. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"

typedef struct flags {
    weir__flags base;
    const char *data, *class, *condition;
    bool json;
    int64_t n, jacobians, jacobian_dim, seed, threads;
    double tolerance;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL, "SPEC of the data" },
    { "n", WEIR_OPTION_INT, offsetof(flags, n), "64", 1, 1e6, NULL,
      "samples, those of the smallest hash of their id" },
    { "jacobians", WEIR_OPTION_INT, offsetof(flags, jacobians), "2", 0, 1e6, NULL,
      "samples whose Jacobian is made, of every layer" },
    { "jacobian-dim", WEIR_OPTION_INT, offsetof(flags, jacobian_dim), "1024", 0, 1 << 20, NULL,
      "no larger ones: each costs 4 passes of its layer a value" },
    { "tolerance", WEIR_OPTION_REAL, offsetof(flags, tolerance), "1e-6", 1e-15, 1, NULL,
      "of the errors, in f64; relative above 1" },
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL, "print one JSON object" },
    WEIR__FLAG_SEED(flags, "of dequantization"),
    WEIR__FLAGS_CONDITION(flags),
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    { 0 },
};

typedef struct telling {
    const flags *f;
    json_t *layers; /* NULL: a table */
    bool begun;
} telling;

/* -- printing ---------------------------------------------------------------------------------- */
static const char *shape_text(const weir_flow_layer *r, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < r->ndim; i++)
        weir__append(text, bytes, &used, i ? "x%lld" : "%lld", (long long)r->shape[i]);
    return text;
}

static const char *error_text(double v, char *text, size_t bytes)
{
    if (isnan(v)) snprintf(text, bytes, "-");
    else weir__format(text, bytes, "%.1e", v);
    return text;
}

static void print_layer(const weir_flow_layer *r)
{
    char size[64], inverse[32], log_det[32], cancel[32], mean[32], std[32];
    const char *wrong = r->wrong ? r->wrong : "";
    weir__format(mean, sizeof mean, "%.3g", r->mean);
    weir__format(std, sizeof std, "%.3g", r->std);
    printf("%-26s %-22s %-9s %-9s %-9s %-9s %-9s %s%s%s\n", r->name, strchr(r->row, '.') + 1,
           shape_text(r, size, sizeof size), error_text(r->inverse_error, inverse, sizeof inverse),
           error_text(r->log_det_error, log_det, sizeof log_det),
           error_text(r->cancel_error, cancel, sizeof cancel), mean, std,
           r->wrong ? "  wrong: " : "", wrong);
}

static json_t *json_layer(const weir_flow_layer *r)
{
    json_t *o = json_object(), *shape = json_array();
    for (int i = 0; i < r->ndim; i++) json_array_append_new(shape, json_integer(r->shape[i]));
    json_object_set_new(o, "name", json_string(r->name));
    json_object_set_new(o, "row", json_string(r->row));
    json_object_set_new(o, "shape", shape);
    json_object_set_new(o, "n_not_finite", json_integer(r->n_not_finite));
    json_object_set_new(o, "inverse_error", weir__json_number(r->inverse_error));
    json_object_set_new(o, "log_det_error", weir__json_number(r->log_det_error));
    json_object_set_new(o, "log_det_noise", weir__json_number(r->log_det_noise));
    json_object_set_new(o, "n_jacobians", json_integer(r->n_jacobians));
    json_object_set_new(o, "cancel_error", weir__json_number(r->cancel_error));
    json_object_set_new(o, "mean", weir__json_number(r->mean));
    json_object_set_new(o, "std", weir__json_number(r->std));
    json_object_set_new(o, "least", weir__json_number(r->least));
    json_object_set_new(o, "most", weir__json_number(r->most));
    json_object_set_new(o, "wrong", r->wrong ? json_string(r->wrong) : json_null());
    return o;
}

static void print_head(void)
{
    printf("%-26s %-22s %-9s %-9s %-9s %-9s %-9s %s\n", "layer", "row", "size", "inverse",
           "log-det", "cancel", "mean", "std");
}

static int tell_layer(void *telling_, const weir_flow_layer *r)
{
    telling *t = telling_;
    if (!t->layers && !t->begun) print_head();
    t->begun = true;
    if (t->layers) json_array_append_new(t->layers, json_layer(r));
    else print_layer(r);
    return weir__signalled();
}

static void check_print_json(const weir_flow_check_info *r, json_t *layers)
{
    json_t *o = json_object();
    json_object_set_new(o, "n", json_integer(r->n));
    json_object_set_new(o, "dtype", json_string(weir_dtype_name(r->dtype)));
    json_object_set_new(o, "n_wrong", json_integer(r->n_wrong));
    json_object_set_new(o, "first_wrong", r->n_wrong ? json_string(r->name) : json_null());
    json_object_set_new(o, "rounding", weir__json_number(r->rounding));
    json_object_set_new(o, "latent_mean", weir__json_number(r->latent_mean));
    json_object_set_new(o, "latent_std", weir__json_number(r->latent_std));
    json_object_set_new(o, "base_mean", weir__json_number(r->base_mean));
    json_object_set_new(o, "base_std", weir__json_number(r->base_std));
    json_object_set(o, "layers", layers);
    weir__json_warnings(o);
    weir__json_print(o, false);
    json_decref(o);
}

static void print_pair(const char *name, double mean, double std)
{
    char text[64];
    if (isnan(mean)) return;
    weir__format(text, sizeof text, "mean %.4g, std %.4g", mean, std);
    printf("%-20s %s\n", name, text);
}

static void check_print_table(const weir_flow_check_info *r)
{
    char text[32];
    print_pair("latents", r->latent_mean, r->latent_std);
    print_pair("draws of the base", r->base_mean, r->base_std);
    if (!isnan(r->rounding))
        printf("%-20s %s, of log p in the model's type beside f64, relative above 1\n", "rounding",
               error_text(r->rounding, text, sizeof text));
    printf("%-20s %lld, in %s\n", "samples", (long long)r->n, weir_dtype_name(r->dtype));
}

static int tell_wrong(const weir_flow_check_info *r)
{
    char by[32], allowed[32];
    weir__format(by, sizeof by, "%.3g", r->wrong_by);
    weir__format(allowed, sizeof allowed, "%.3g", r->allowed);
    if (r->n_wrong == 0) return WEIR__EXIT_OK;
    if (strcmp(r->wrong, "not finite") == 0)
        return weir__complain(
            WEIR__EXIT_FAILED,
            "check: %s (%s): %s samples are not finite, the first is sample %lld: "
            "expected finite values",
            r->name, r->row, by, (long long)r->wrong_id);
    return weir__complain(
        WEIR__EXIT_FAILED,
        "check: %s (%s): %s of sample %lld is off by %s: expected no more than %s", r->name, r->row,
        r->wrong, (long long)r->wrong_id, by, allowed);
}

/* -- running ----------------------------------------------------------------------------------- */
static weir_flow_check_opts check_opts(const flags *f, telling *t)
{
    weir_flow_check_opts o = weir_flow_check_defaults();
    o.samples = f->n;
    o.jacobians = f->jacobians;
    o.jacobian_dim = f->jacobian_dim;
    o.seed = (uint64_t)f->seed;
    o.tolerance = f->tolerance;
    o.on_layer = tell_layer;
    o.user = t;
    return o;
}

static int check_run(void *flags_, weir_model *m, weir_dataset *d)
{
    const flags *f = flags_;
    weir_ctx *c = weir_model_ctx(m);
    telling t = { .f = f, .layers = f->json ? json_array() : NULL };
    weir_flow_check_opts o = check_opts(f, &t);
    weir_flow_check_info r = { .size = sizeof r };
    int code = weir__condition_beside(m, f->class, f->condition, d, &o.condition);
    weir_status s = code == 0 ? weir_flow_check(m, d, &o, &r) : WEIR_OK;
    if (s == WEIR_STOPPED) code = weir__complain(128 + weir__signalled(), "check: stopped");
    else if (!weir_ok(c)) code = code ? code : weir__complain_ctx(c, false);
    else if (code == 0) {
        if (f->json) check_print_json(&r, t.layers);
        else check_print_table(&r);
        code = tell_wrong(&r);
    }
    json_decref(t.layers);
    return code;
}

static int check_command(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    const weir__using u = {
        .run = f.base.positional[0], .data = f.data, .threads = f.threads, .seed = f.seed
    };
    code = weir__using_check(self, &f.base, &u, true);
    return code ? code : weir__with_model(&u, check_run, &f);
}

const weir__command weir__command_check = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.check",
        .doc = "whether a flow's inverses and log-dets hold, layer by layer",
        .options = options,
        .options_size = sizeof(flags),
        .test = "check run --data toy:gaussian,n=100",
    },
    .usage = "RUN --data SPEC [-n N] [--jacobians N] [--jacobian-dim N] [--tolerance X] [--json]"
             " [--seed N] [--class K] [--condition FILE.npy|\"name=1.5,..\"]"
             " [--threads N] [--quiet]",
    .more = "A copy of the flow in f64 maps samples of the data, and every bijection they meet is\n"
            "looked at on the values that reach it; those within another come before it.\n"
            "inverse   largest |f^-1(f(x)) - x| / (1 + |x|)\n"
            "log-det   largest |l - l'| / (1 + |l|), l' by the Jacobian of central differences;\n"
            "          - where a sample is larger than --jacobian-dim\n"
            "cancel    largest |l + l of f^-1| / (1 + |l|)\n"
            "The first layer that is off is named on stderr with the sample and by how\n"
            "much, and the command ends with 1. log-det may also be off by what two sizes of step\n"
            "differ (log_det_noise in --json).\n",
    .examples = WEIR__EXAMPLE_FLOW
                "weir check run --data toy:moons,n=100\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .run = check_command,
};
