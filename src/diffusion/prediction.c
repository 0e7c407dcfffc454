/* prediction.c - what networks predict, and the one place where one form becomes another. With
 * D = E[x_0 | x_t = x] and e = E[eps | x_t = x] every form y is linear in the two, and so is x:
 *
 *     x = a D + b e,   scale y = m_0 D + m_1 e
 *
 * These two equations give D and e, and they give any other form z, scale' z = n_0 D + n_1 e:
 *
 *     z = ((n_0 m_1 - n_1 m_0) x + scale (n_1 a - n_0 b) y) / (scale' (a m_1 - b m_0))
 *
 * What is asked for in the form that is there is given as it is, to the bit. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

/* -- the forms --------------------------------------------------------------------------------- */
static weir_prediction_point x0_at(const void *options, weir_path_point p)
{
    (void)options;
    (void)p;
    return (weir_prediction_point){ .x0 = 1, .eps = 0, .scale = 1 };
}

static weir_prediction_point eps_at(const void *options, weir_path_point p)
{
    (void)options;
    (void)p;
    return (weir_prediction_point){ .x0 = 0, .eps = 1, .scale = 1 };
}

static weir_prediction_point velocity_at(const void *options, weir_path_point p)
{
    (void)options;
    return (weir_prediction_point){ .x0 = p.da, .eps = p.db, .scale = 1 };
}

static weir_prediction_point v_at(const void *options, weir_path_point p)
{
    (void)options;
    return (weir_prediction_point){ .x0 = -p.b, .eps = p.a, .scale = hypot(p.a, p.b) };
}

static weir_prediction_point score_at(const void *options, weir_path_point p)
{
    (void)options;
    return (weir_prediction_point){ .x0 = 0, .eps = -1, .scale = p.b };
}

/* -- edm ----------------------------------------------------------------------------------------
 */
typedef struct edm_opts {
    size_t size;
    double sigma_data;
} edm_opts;

static const weir_option edm_options[] = {
    { "sigma_data", WEIR_OPTION_REAL, offsetof(edm_opts, sigma_data), "1", 1e-6, 1e6, NULL,
      "deviation of the data" },
    { 0 },
};

/* x / a = D + sigma e, so with r^2 = b^2 + a^2 s^2: D - c_skip x / a = (b^2 D - a b s^2 e) / r^2,
 * and c_out = s b / r. */
static weir_prediction_point edm_at(const void *options, weir_path_point p)
{
    double s = options ? ((const edm_opts *)options)->sigma_data : 1, r = hypot(p.b, p.a * s);
    return (weir_prediction_point){ .x0 = p.b, .eps = -p.a * s * s, .scale = s * r };
}

/* NAME, formula in words, option table and struct, test input */
#define PREDICTION(n, what, table, opts, example) \
    const weir_prediction_row weir__prediction_##n = { \
        .row = { \
            .size = sizeof(weir_prediction_row), \
            .version = 1, \
            .name = "prediction." #n, \
            .doc = what, \
            .options = table, \
            .options_size = sizeof(opts), \
            .test = example, \
        }, \
        .at = n##_at, \
    };

PREDICTION(x0, "the data: E[x_0 | x_t]", NULL, size_t, "")
PREDICTION(eps, "the noise: E[eps | x_t]", NULL, size_t, "")
PREDICTION(velocity, "dx/dt of the flow: E[a' x_0 + b' eps | x_t]", NULL, size_t, "")
PREDICTION(v, "v of Salimans, Ho 2022: E[a eps - b x_0 | x_t] / sqrt(a^2 + b^2)", NULL, size_t, "")
PREDICTION(score, "the gradient of log p_t by x: -E[eps | x_t] / b", NULL, size_t, "")
PREDICTION(edm, "what is left of the data beside c_skip x / a, of deviation 1 (Karras et al. 2022)",
           edm_options, edm_opts, "sigma_data=0.5")

const weir_row *const weir__prediction_rows[] = {
#define F(n) &weir__prediction_##n.row,
    WEIR__PREDICTION_LIST(F)
#undef F
};
const int64_t weir__prediction_row_count = sizeof weir__prediction_rows
                                           / sizeof *weir__prediction_rows;

/* -- one form from another --------------------------------------------------------------------- */
/* Forms that are multiples of each other, whatever x is: eps and score, also where a = 0. */
static weir__conversion conversion_scaled(weir_prediction_point m, weir_prediction_point n)
{
    double ratio = fabs(m.eps) > fabs(m.x0) ? n.eps / m.eps : n.x0 / m.x0;
    return (weir__conversion){ .of_x = 0, .of_y = ratio * m.scale / n.scale };
}

weir__conversion weir__conversion_across(weir_path_point p, weir_prediction_point m,
                                         weir_prediction_point n)
{
    double across = n.x0 * m.eps - n.eps * m.x0;
    double bottom = n.scale * (p.a * m.eps - p.b * m.x0);
    if (across == 0) return conversion_scaled(m, n);
    return (weir__conversion){
        .of_x = across / bottom,
        .of_y = m.scale * (n.eps * p.a - n.x0 * p.b) / bottom,
    };
}

weir__conversion weir__conversion_at(weir_path_point p, const weir_prediction_row *from,
                                     const void *from_options, const weir_prediction_row *to,
                                     const void *to_options)
{
    return weir__conversion_across(p, from->at(from_options, p), to->at(to_options, p));
}

weir_status weir_prediction_convert(weir_ctx *c, const weir_path_row *path,
                                    const void *path_options, const weir_prediction_row *from,
                                    const void *from_options, const weir_prediction_row *to,
                                    const void *to_options, int64_t n, int64_t dim, const double *t,
                                    const double *x, double *y)
{
    WEIR__AS_FOUND;
    if (!c) return WEIR_ERROR_ARGUMENT;
    if (!path || !from || !to || n < 0 || dim < 0 || (n > 0 && dim > 0 && !(t && x && y)))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "prediction_convert: NULL or a negative count: expected a path, two "
                         "predictions, and t [n], x and y [n, dim]");
    const weir_row *rows[] = {
        weir__row_look(c, "prediction_convert", "path", &path->row),
        weir__row_look(c, "prediction_convert", "prediction", &from->row),
        weir__row_look(c, "prediction_convert", "prediction", &to->row),
    };
    if (!rows[0] || !rows[1] || !rows[2]) return weir_status_of(c);
    path = (const weir_path_row *)rows[0];
    from = (const weir_prediction_row *)rows[1];
    to = (const weir_prediction_row *)rows[2];
    bool same = from == to && (from_options == to_options || !from->row.options);
    weir__conversion k = { 0, 1 };
    for (int64_t i = 0; i < n && !same; i++) {
        if (i == 0 || t[i] != t[i - 1]) /* samplers ask for all samples at one time */
            k = weir__conversion_at(path->at(path_options, t[i]), from, from_options, to,
                                    to_options);
        for (int64_t j = i * dim; j < (i + 1) * dim; j++) y[j] = k.of_x * x[j] + k.of_y * y[j];
    }
    return weir_status_of(c);
}
