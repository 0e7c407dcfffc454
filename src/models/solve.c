/* solve.c - samples of models that are a network on a path: the noise at the end of the path is
 * carried to the data by a sampler, in double. What a sampler draws on the way belongs to the
 * sample's number, as its start does. With guidance=w two fields are asked, under the
 * condition and under the null condition; with clamp=yes the data predicted stay in the range of
 * the data (diffusion/guidance.c). */
#include <math.h>
#include <string.h>
#include "models/path_model.h"
#include "weir/latent.h"

typedef struct solve {
    weir_model *m;
    const weir_sample_opts *o;
    weir__field field;
    weir_choice sampler;
    int64_t n;
    const int64_t *ids; /* [n] of the samples */
    int64_t *drawn;     /* [2 n] room for those of a draw, and for its numbers */
    int64_t leg;        /* number of the sampler's run: each draws noise of its own */
    weir__field without; /* the field under the null condition, where samples are guided */
    weir_guidance guidance;
    weir_x0_clamp clamp;
    double *range; /* [2, dim] of it */
    weir_x0_known known; /* of samples that begin at data, what is kept of these */
} solve;

#define LEG ((int64_t)1 << 32) /* draws of one run of the sampler, at most */

static weir_status solve_noise(void *user, const int64_t *draw, int64_t n, const int64_t *samples,
                               double *out)
{
    const solve *s = user;
    int64_t dim = s->field.dim, *numbers = s->drawn + s->n;
    if (weir__path_refuses(s->m, s->sampler.row->name)) return WEIR_ERROR_UNSUPPORTED;
    for (int64_t i = 0; i < n; i++) {
        s->drawn[i] = s->ids[samples[i]];
        numbers[i] = draw[i] + s->leg * LEG;
    }
    weir__sampler_noise(s->field.ctx, n, s->drawn, numbers, dim, out);
    for (int64_t j = 0; j < n * dim && s->o->temperature != 1; j++) out[j] *= s->o->temperature;
    return WEIR_OK;
}

static weir_status solve_show(void *user, int64_t step, const double *t, const double *x)
{
    const solve *s = user;
    return s->o->on_state(s->o->user, step, 0, s->m->object.ctx->frame.n_ids, t, x);
}

/* -- guidance ---------------------------------------------------------------------------------- */
/* An option of the sampler, which samplers from outside may lack. */
static double solve_option(const weir_choice *sampler, const char *name, double otherwise)
{
    const double *v = weir__option_value(sampler->row, sampler->options, name, WEIR_OPTION_REAL);
    return v ? *v : otherwise;
}

static bool solve_is_guided(const weir_choice *sampler)
{
    return solve_option(sampler, "guidance", 1) != 1;
}

/* Bounds say yes where nothing else is said. */
static int32_t solve_clamp_said(const weir_choice *sampler)
{
    const int32_t *v = weir__option_value(sampler->row, sampler->options, "clamp",
                                          WEIR_OPTION_CHOICE);
    bool bounded = isfinite(solve_option(sampler, "clamp_low", -INFINITY))
                   || isfinite(solve_option(sampler, "clamp_high", INFINITY));
    if (!v) return WEIR__CLAMP_NO;
    return *v == WEIR__CLAMP_AUTO && bounded ? WEIR__CLAMP_YES : *v;
}

bool weir__sampler_alters(const weir_model *m, const weir_choice *sampler)
{
    bool guided = solve_is_guided(sampler);
    if (!guided && solve_clamp_said(sampler) != WEIR__CLAMP_YES) return false;
    weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED,
              "%s: %s where a log-density is asked for, the model's own", m->row->row.name,
              guided ? "guidance: expected 1" : "clamp: expected no, or auto without bounds");
    return true;
}

/* Into s->guidance, where the sampler wants some. False: the error is set. */
static bool solve_guide(solve *s, int64_t n)
{
    weir_model *m = s->m;
    const weir_choice *o = &s->sampler;
    weir_ctx *c = s->field.ctx;
    if (!solve_is_guided(o)) return true;
    if (!weir__model_has_null(m)) {
        weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                  "%s: guidance=%g: expected 1, for the model knows no null condition "
                  "(condition.dropout)",
                  m->row->row.name, solve_option(o, "guidance", 1));
        return false;
    }
    s->without = s->field;
    s->without.condition = weir__model_condition_unseen(m, c, n);
    double low = solve_option(o, "guidance_low", 0);
    s->guidance = weir_guidance_defaults();
    s->guidance.ctx = c;
    s->guidance.own = (weir_predictor){ .predict = weir__field_predict, .user = &s->field };
    s->guidance.other = (weir_predictor){ .predict = weir__field_predict, .user = &s->without };
    s->guidance.dim = s->field.dim;
    s->guidance.path = s->field.path;
    s->guidance.path_options = s->field.path_options;
    s->guidance.weight = solve_option(o, "guidance", 1);
    s->guidance.rescale = solve_option(o, "guidance_rescale", 0);
    s->guidance.sigma_low = low > 0 ? low : -INFINITY; /* sigma is 0 at the data */
    s->guidance.sigma_high = solve_option(o, "guidance_high", INFINITY);
    return weir_ok(c);
}

/* -- clamp ------------------------------------------------------------------------------------- */
/* Whether the prediction on the model's path is the mean of the data, E[x_0 | x_t]. */
static bool solve_says_data(const weir_model *m)
{
    return m->row->sample == weir__path_model_sample && !(weir__path_bridge(m) > 0);
}

/* By itself where the range is known, but a method for ODEs, and any from noise of the caller's
 * own, solves the ODE whose log-density is the model's. */
static bool solve_clamps(const solve *s)
{
    int32_t said = solve_clamp_said(&s->sampler);
    bool is_ode = ((const weir_sampler_row *)s->sampler.row)->solve != NULL;
    if (said != WEIR__CLAMP_AUTO) return said == WEIR__CLAMP_YES;
    bool given = s->o->noise || s->o->noise_f64;
    return s->m->levels > 0 && !is_ode && !given && solve_says_data(s->m);
}

static bool solve_clamp_refuses(const solve *s, double low, double high)
{
    const weir_model *m = s->m;
    bool known = m->levels > 0 || isfinite(low) || isfinite(high);
    if (solve_says_data(m) && known && low <= high) return false;
    const char *why = "clamp_low above clamp_high: expected low and high in order";
    if (!known) why = "clamp=yes: continuous data: expected clamp_low, clamp_high or both";
    if (!solve_says_data(m))
        why = "clamp=yes: expected a network on a path from noise, without a Brownian bridge";
    weir_fail(s->field.ctx, WEIR_ERROR_UNSUPPORTED, "%s: %s", m->row->row.name, why);
    return true;
}

/* Into s->clamp, where the sampler wants it. False: the error is set. */
static bool solve_clamp(solve *s)
{
    const weir__field *f = &s->field;
    double low = solve_option(&s->sampler, "clamp_low", -INFINITY);
    double high = solve_option(&s->sampler, "clamp_high", INFINITY);
    if (!solve_clamps(s)) return true;
    if (solve_clamp_refuses(s, low, high)) return false;
    s->range = weir__alloc_n(f->ctx, weir__size_times(2, f->dim), sizeof *s->range);
    if (!s->range) return false;
    weir__model_range(s->m, low, high, s->range, s->range + f->dim);
    s->clamp = weir_x0_clamp_defaults();
    s->clamp.ctx = f->ctx;
    s->clamp.dim = f->dim;
    s->clamp.path = f->path;
    s->clamp.path_options = f->path_options;
    s->clamp.lows = s->range;
    s->clamp.highs = s->range + f->dim;
    return true;
}

static weir_predictor solve_predictor(solve *s)
{
    weir_predictor own = { .predict = weir__field_predict, .user = &s->field };
    if (s->guidance.ctx) own = weir_guidance_predictor(&s->guidance);
    if (s->o->around) own = s->o->around(s->o->around_user, own);
    s->clamp.own = own;
    if (s->range) own = weir_x0_clamp_predictor(&s->clamp);
    if (!s->o->start || !s->o->start->known) return own;
    s->known = weir_x0_known_defaults();
    s->known.ctx = s->field.ctx;
    s->known.own = own;
    s->known.dim = s->field.dim;
    s->known.x0 = s->o->start->x;
    s->known.known = s->o->start->known;
    s->known.path = s->field.path;
    s->known.path_options = s->field.path_options;
    return weir_x0_known_predictor(&s->known);
}

/* -- where it begins, and turns back ----------------------------------------------------------- */
/* From z in x to the states at p: b z, and of samples that begin at data y, a y + b z. */
static void solve_begin(const solve *s, int64_t n, weir_path_point p, double *x)
{
    const weir_sample_start *start = s->o->start;
    int64_t size = n * s->field.dim;
    for (int64_t j = 0; j < size; j++) x[j] *= p.b;
    for (int64_t j = 0; start && j < size; j++)
        if (start->strength < 1 || (start->known && start->known[j])) x[j] += p.a * start->x[j];
}

/* The time where samples of this strength begin, in place of `noise`. False: the error is set. */
static bool solve_strength(const solve *s, double data, double *noise)
{
    const weir__field *f = &s->field;
    double strength = s->o->start ? s->o->start->strength : 1;
    if (strength == 1) return true;
    double t = f->path->time_of(f->path_options, strength / (1 - strength));
    *noise = fmin(t, *noise);
    if (*noise > data) return true;
    weir_path_point p = f->path->at(f->path_options, data);
    weir_fail(f->ctx, WEIR_ERROR_RANGE,
              "%s: strength=%g: expected above %.2g, where the times of the network begin",
              s->m->row->row.name, strength, p.b / (p.a + p.b));
    return false;
}

/* At the end of a run whose last time is the data: there nothing says what the noise of known
 * values was, and methods that ask there move these. */
static void solve_restore(const solve *s, const weir_sampling *p)
{
    const weir_sample_start *start = s->o->start;
    weir_path_point end = p->path->at(p->path_options, p->times[p->n_times - 1]);
    if (!start || !start->known || end.b > 0) return;
    for (int64_t j = 0; j < p->n * p->dim; j++)
        if (start->known[j]) p->x[j] = end.a * start->x[j];
}

/* From times[last] to times[0] of p by noise: x_t = (a_t / a_s) x_s + sqrt(b_t^2 - (b_s a_t /
 * a_s)^2) e. False: no memory. */
static bool solve_turn_back(solve *s, const weir_sampling *p)
{
    int64_t size = p->n * p->dim, n = p->n;
    weir_path_point to = p->path->at(p->path_options, p->times[0]);
    weir_path_point from = p->path->at(p->path_options, p->times[p->n_times - 1]);
    double scale = to.a / from.a, carried = scale * from.b;
    double noise = sqrt(fmax(to.b * to.b - carried * carried, 0));
    double *e = weir__alloc_n(p->ctx, size, sizeof *e);
    int64_t *at = e ? weir__alloc_n(p->ctx, weir__size_times(2, n), sizeof *at) : NULL;
    for (int64_t i = 0; at && i < n; i++) {
        at[i] = i;
        at[n + i] = LEG - 1; /* the last draw of the run that has ended */
    }
    if (at) solve_noise(s, at + n, n, at, e);
    for (int64_t j = 0; at && j < size; j++) p->x[j] = scale * p->x[j] + noise * e[j];
    weir__free(p->ctx, at);
    weir__free(p->ctx, e);
    return at != NULL;
}

static bool solve_may_turn(const solve *s, int64_t n_times)
{
    const char *name = s->sampler.row->name;
    bool adaptive = weir_sampler_steps((const weir_sampler_row *)s->sampler.row, s->sampler.options)
                    == 0;
    if (!adaptive && n_times > 1 && !s->o->on_state) return true;
    weir_fail(s->field.ctx, WEIR_ERROR_UNSUPPORTED, "%s: %s with resample=%lld: %s",
              s->m->row->row.name, name, (long long)s->o->start->resample,
              adaptive ? "expected fixed steps (steps=50)" : "expected no trajectory");
    return false;
}

/* `resample` times over every `jump` steps, each but the last of them followed by a turn. */
static bool solve_in_turns(solve *s, const weir_sampling *whole)
{
    const weir_sampler_row *row = (const weir_sampler_row *)s->sampler.row;
    const weir_sample_start *o = s->o->start;
    weir_sampling p = *whole;
    if (!solve_may_turn(s, whole->n_times)) return false;
    int64_t *spent = weir__alloc0_n(p.ctx, p.n, sizeof *spent);
    bool good = spent != NULL;
    for (int64_t i = 0, last; good && i + 1 < whole->n_times; i = last) {
        last = whole->n_times - 1 - i > o->jump ? i + o->jump : whole->n_times - 1;
        p.times = whole->times + i;
        p.n_times = last - i + 1;
        for (int64_t turn = 0; good && turn < o->resample; turn++, s->leg++) {
            good = turn == 0 || solve_turn_back(s, &p);
            good = good && weir_sampler_run(row, s->sampler.options, &p) == WEIR_OK;
            if (good) solve_restore(s, &p);
            for (int64_t k = 0; p.report && k < p.n; k++) spent[k] += p.report[k].evaluations;
        }
    }
    for (int64_t k = 0; good && p.report && k < p.n; k++) {
        p.report[k].evaluations = spent[k];
        p.report[k].steps = whole->n_times - 1;
    }
    weir__free(p.ctx, spent);
    return good;
}

/* -- the run ----------------------------------------------------------------------------------- */
/* Where noise is left at the last time, the samples are the data that the network sees in them. */
static bool solve_lose_noise(solve *s, const weir_sampling *p)
{
    weir_ctx *c = s->field.ctx;
    double last = p->times[p->n_times - 1], *t = NULL;
    int64_t *samples = NULL;
    if (!(p->path->at(p->path_options, last).b > 0)) return true;
    double *x0 = weir__alloc_n(c, weir__size_times(p->n, p->dim), sizeof *x0);
    if (x0) t = weir__alloc_n(c, p->n, sizeof *t);
    if (t) samples = weir__alloc_n(c, p->n, sizeof *samples);
    for (int64_t i = 0; samples && i < p->n; i++) {
        t[i] = last;
        samples[i] = i;
        if (p->report) p->report[i].evaluations++;
    }
    bool good = samples
                && p->predictor.predict(p->predictor.user, &weir__prediction_x0, p->n, samples, t,
                                        p->x, x0)
                       == WEIR_OK;
    if (good) memcpy(p->x, x0, (size_t)(p->n * p->dim) * sizeof *x0);
    weir__free(c, samples);
    weir__free(c, t);
    weir__free(c, x0);
    return good;
}

/* From z in x to the data in x, by the sampler's times. */
static bool solve_run(solve *s, int64_t n, double *x, const double *times, int64_t n_times)
{
    const weir__field *f = &s->field;
    weir_sampling p = {
        .size = sizeof p,
        .ctx = f->ctx,
        .n = n,
        .dim = f->dim,
        .ids = s->ids,
        .x = x,
        .path = f->path,
        .path_options = f->path_options,
        .times = times,
        .n_times = n_times,
        .predictor = solve_predictor(s),
        .noise = solve_noise,
        .on_state = s->o->on_state ? solve_show : NULL,
        .user = s,
        .report = s->o->report,
    };
    solve_begin(s, n, f->path->at(f->path_options, times[0]), x);
    const weir_sampler_row *row = (const weir_sampler_row *)s->sampler.row;
    bool turns = s->o->start && s->o->start->known && s->o->start->resample > 1;
    bool good = turns ? solve_in_turns(s, &p)
                      : weir_sampler_run(row, s->sampler.options, &p) == WEIR_OK;
    if (good) solve_restore(s, &p);
    return good && solve_lose_noise(s, &p);
}

static bool solve_on_times(solve *s, int64_t n, double *x)
{
    const weir__field *f = &s->field;
    double data, noise;
    int64_t n_times;
    const weir_sampler_row *row = (const weir_sampler_row *)s->sampler.row;
    double first, last;
    f->path->interval(f->path_options, &first, &last);
    weir__field_ends(f, &data, &noise);
    if (row->ends_at_data) data = first;
    if (!solve_strength(s, data, &noise)) return false;
    double *times = weir__sampler_times(f->ctx, row, s->sampler.options, f->path, f->path_options,
                                        noise, data, &n_times);
    bool good = times && solve_run(s, n, x, times, n_times);
    weir__free(f->ctx, times);
    return good;
}

static weir_tensor *solve_from(solve *s, weir_tensor *z)
{
    const weir__field *f = &s->field;
    int64_t n = z->shape[0], size = weir__size_times(n, f->dim);
    weir_tensor *y = weir__nil(f->ctx, WEIR__TENSOR);
    double *x = weir__alloc_n(f->ctx, size, sizeof *x);
    s->drawn = weir__alloc_n(f->ctx, weir__size_times(2, n), sizeof *s->drawn);
    if (x && s->drawn && weir_copy_to_f64(z, x, n * f->dim) == WEIR_OK && solve_on_times(s, n, x))
        y = weir__field_tensor(f, n, x, f->dim);
    weir__free(f->ctx, x);
    weir__free(f->ctx, s->drawn);
    return y;
}

weir_tensor *weir__solve_sample(weir_model *m, const weir__field *f, const weir_choice *own,
                                bool exact, weir_tensor *z, const weir_condition *k,
                                const weir_sample_opts *o)
{
    weir_ctx *c = m->object.ctx;
    solve s = { .m = m, .o = o, .field = *f, .n = z->shape[0] };
    s.ids = c->frame.ids;
    s.field.condition = k;
    if (!weir__sampler_open(c, &m->row->row, own, o->solver, &s.sampler))
        return weir__nil(c, WEIR__TENSOR);
    if (o->steps > 0) ((weir_sampler_opts *)s.sampler.options)->steps = o->steps;
    weir_tensor *y = weir__nil(c, WEIR__TENSOR);
    if (solve_guide(&s, z->shape[0]) && (exact || solve_clamp(&s))) y = solve_from(&s, z);
    weir__free(c, s.range);
    weir__sampler_close(c, &s.sampler);
    return y;
}
