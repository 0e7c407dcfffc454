/* straightness.c - how straight the trajectories of a flow are on path fm (Liu, Gong, Liu 2022,
 * definition of S(Z)):
 *
 *     S = integral over t of E|(eps - x_0) - u(x_t, t)|^2,  x_t on the ODE from eps to x_0
 *       = E|d|^2 - 2 d . integral of u + integral of |u|^2,  d = eps - x_0
 *
 * by the trapezoidal rule over the steps of a solver. At 0 one step of Euler is exact. */
#include <math.h>
#include <string.h>
#include "models/path_model.h"
#include "weir/continuous.h"

static const char who[] = "model_straightness";
enum { STEPS = 100 };

typedef struct straight_job {
    weir_model *m;
    weir__field field;
    const weir_sample_opts *o;
    int64_t n;
    weir__mean s, one; /* of S, and of one step's error */
    int64_t *ids, *places; /* of one chunk */
    double t; /* of the last step; NaN: none yet */
    double *room; /* ARRAYS of them [chunk, dim] */
    double *square; /* [chunk]: integral of |u|^2 */
} straight_job;
enum { BEGAN, LAST, U, BEFORE, TOTAL, FIRST, ARRAYS };

static double *straight_array(const straight_job *j, int which)
{
    int64_t rows = j->o->batch < j->n ? j->o->batch : j->n;
    return j->room + which * rows * j->field.dim;
}

/* -- one step ---------------------------------------------------------------------------------- */
static void straight_begin(straight_job *j, int64_t n, const double *x)
{
    int64_t size = n * j->field.dim;
    memcpy(straight_array(j, BEGAN), x, (size_t)size * sizeof *x);
    memcpy(straight_array(j, FIRST), straight_array(j, U), (size_t)size * sizeof *x);
    memset(straight_array(j, TOTAL), 0, (size_t)size * sizeof *x);
    memset(j->square, 0, (size_t)n * sizeof *j->square);
}

static void straight_add(straight_job *j, int64_t n, double width)
{
    const double *u = straight_array(j, U), *before = straight_array(j, BEFORE);
    double *total = straight_array(j, TOTAL);
    for (int64_t i = 0; i < n * j->field.dim; i++) {
        total[i] += width / 2 * (u[i] + before[i]);
        j->square[i / j->field.dim] += width / 2 * (u[i] * u[i] + before[i] * before[i]);
    }
}

static weir_status straight_state(void *user, int64_t step, int64_t first, int64_t n,
                                  const double *t, const double *x)
{
    straight_job *j = user;
    size_t bytes = (size_t)(n * j->field.dim) * sizeof *x;
    double *u = straight_array(j, U);
    (void)first;
    weir_status s = weir__field_predict(&j->field, &weir__prediction_velocity, n, j->places, t, x,
                                        u);
    if (s != WEIR_OK) return s;
    if (step == 0) straight_begin(j, n, x);
    else straight_add(j, n, j->t - t[0]);
    j->t = t[0];
    memcpy(straight_array(j, LAST), x, bytes);
    memcpy(straight_array(j, BEFORE), u, bytes);
    return WEIR_OK;
}

/* -- one chunk --------------------------------------------------------------------------------- */
static void straight_count(straight_job *j, int64_t n)
{
    int64_t dim = j->field.dim;
    const double *began = straight_array(j, BEGAN), *last = straight_array(j, LAST);
    const double *total = straight_array(j, TOTAL), *first = straight_array(j, FIRST);
    for (int64_t i = 0; i < n; i++) {
        double s = j->square[i], one = 0;
        for (int64_t v = i * dim; v < (i + 1) * dim; v++) {
            double d = began[v] - last[v], miss = d - first[v];
            s += d * d - 2 * d * total[v];
            one += miss * miss;
        }
        weir__mean_add(&j->s, s, 1);
        weir__mean_add(&j->one, one, 1);
    }
}

static weir_status straight_chunk(straight_job *j, int64_t first, int64_t n)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    weir_scope s = weir_scope_begin_no_grad(c);
    for (int64_t i = 0; i < n; i++) {
        j->ids[i] = first + i;
        j->places[i] = i;
    }
    weir__frame_set(c, (weir__frame){
                           .stream = weir__hash_text(WEIR__STREAM_SAMPLE),
                           .ids = j->ids,
                           .n_ids = n,
                       });
    if (j->o->use_seed) weir__seed_set(c, j->o->seed);
    const weir_condition *k = weir__model_condition_part(c, j->o->condition, j->n, first, n);
    k = weir__model_condition_seen(m, c, weir__model_condition_ready(m, c, k));
    j->field.condition = k;
    weir_sample_opts o = *j->o;
    o.on_state = straight_state;
    o.user = j;
    weir_tensor *z = weir__path_model_noise(m, n, k, 1, NULL);
    if (!weir_is_nil(z)) weir__path_model_carry(m, z, k, &o);
    if (weir_ok(c)) straight_count(j, n);
    weir_scope_end(s);
    return weir_status_of(c);
}

/* -- the request ------------------------------------------------------------------------------- */
static weir_status straight_run(straight_job *j)
{
    weir_ctx *c = j->m->object.ctx;
    int64_t rows = j->o->batch < j->n ? j->o->batch : j->n;
    j->ids = weir__alloc_n(c, rows, sizeof *j->ids);
    j->places = weir__alloc_n(c, rows, sizeof *j->places);
    j->square = weir__alloc_n(c, rows, sizeof *j->square);
    j->room = weir__alloc_n(c, weir__size_times(ARRAYS, weir__size_times(rows, j->field.dim)),
                            sizeof *j->room);
    weir_status s = weir_status_of(c);
    for (int64_t first = 0; first < j->n && s == WEIR_OK; first += rows) {
        int64_t n = j->n - first < rows ? j->n - first : rows;
        s = straight_chunk(j, first, n);
        if (s == WEIR_OK && j->o->on_step && j->o->on_step(j->o->user, first + n, j->n) != 0)
            s = WEIR_STOPPED;
    }
    weir__free(c, j->ids);
    weir__free(c, j->places);
    weir__free(c, j->square);
    weir__free(c, j->room);
    return s;
}

static weir_status straight_fits(const straight_job *j)
{
    weir_ctx *c = j->m->object.ctx;
    if (j->n < 1 || j->n > 1000000000)
        return weir_fail(c, WEIR_ERROR_RANGE, "%s: n=%lld: expected 1 to 1e9", who,
                         (long long)j->n);
    if (weir__model_condition_fits(j->m, c, j->o->condition, who))
        weir__model_condition_divides(c, j->o->condition, j->n, who);
    return weir_status_of(c);
}

/* Of a model on path fm. */
static weir_status straight_measure(weir_model *m, int64_t n, const weir_sample_opts *o,
                                    weir_straightness_info *told)
{
    straight_job j = {
        .m = m,
        .field = ((const weir__path_state *)m->state)->field,
        .o = o,
        .n = n,
    };
    weir_status s = straight_fits(&j);
    if (s == WEIR_OK) s = straight_run(&j);
    if (s != WEIR_OK) return s;
    *told = (weir_straightness_info){
        .size = sizeof *told,
        .n = n,
        .value = weir__mean_value(&j.s),
        .error = weir__mean_error(&j.s),
        .one_step = weir__mean_value(&j.one),
    };
    return WEIR_OK;
}

/* On another path lines are not straight: there the same flow is measured on path fm. */
static weir_status straight_on_fm(weir_model *m, int64_t n, const weir_sample_opts *o,
                                  weir_straightness_info *told)
{
    const weir__field *field = weir__model_field(m, who);
    if (!field) return weir_status_of(m->object.ctx);
    if (field->path == &weir__path_fm) return straight_measure(m, n, o, told);
    weir_model *fm = weir_model_convert(m, NULL, "fm", "velocity");
    weir_status s = weir_ok(m->object.ctx) ? straight_measure(fm, n, o, told)
                                           : weir_status_of(m->object.ctx);
    weir_model_free(fm);
    return s;
}

weir_status weir_model_straightness(weir_model *m, int64_t n, const weir_sample_opts *o,
                                    weir_straightness_info *info)
{
    WEIR__AS_FOUND;
    weir_sample_opts own = weir_sample_defaults();
    weir_straightness_info told = { 0 };
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, who)
        || !weir__sized_read(c, "model_straightness: options", "them from weir_sample_defaults", o,
                             &own, sizeof own)
        || !weir__sized_read(c, "model_straightness: info", "its sizeof", info, &told, sizeof told))
        return weir_status_of(c);
    if (!own.solver) own.solver = "rk4";
    if (own.steps == 0) own.steps = STEPS;
    if (own.batch <= 0) own.batch = WEIR__CHUNK_ROWS;
    weir_status s = straight_on_fm(m, n, &own, &told);
    if (s == WEIR_OK) weir__sized_write(info, &told, sizeof told);
    return s;
}
