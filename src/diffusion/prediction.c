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
#include "diffusion/diffusion.h"

/* -- the forms --------------------------------------------------------------------------------- */
static weir_prediction_point x0_at(weir_path_point p)
{
    (void)p;
    return (weir_prediction_point){ .x0 = 1, .eps = 0, .scale = 1 };
}

static weir_prediction_point eps_at(weir_path_point p)
{
    (void)p;
    return (weir_prediction_point){ .x0 = 0, .eps = 1, .scale = 1 };
}

static weir_prediction_point velocity_at(weir_path_point p)
{
    return (weir_prediction_point){ .x0 = p.da, .eps = p.db, .scale = 1 };
}

static weir_prediction_point v_at(weir_path_point p)
{
    return (weir_prediction_point){ .x0 = -p.b, .eps = p.a, .scale = hypot(p.a, p.b) };
}

static weir_prediction_point score_at(weir_path_point p)
{
    return (weir_prediction_point){ .x0 = 0, .eps = -1, .scale = p.b };
}

/* NAME, formula in words */
#define PREDICTION(n, what) \
    const weir_prediction_row weir__prediction_##n = { \
        .row = { \
            .size = sizeof(weir_prediction_row), \
            .version = 1, \
            .name = "prediction." #n, \
            .doc = what, \
            .options_size = sizeof(size_t), \
            .test = "", \
        }, \
        .at = n##_at, \
    };

PREDICTION(x0, "the data: E[x_0 | x_t]")
PREDICTION(eps, "the noise: E[eps | x_t]")
PREDICTION(velocity, "dx/dt of the flow: E[a' x_0 + b' eps | x_t]")
PREDICTION(v, "v of Salimans, Ho 2022: E[a eps - b x_0 | x_t] / sqrt(a^2 + b^2)")
PREDICTION(score, "the gradient of log p_t by x: -E[eps | x_t] / b")

const weir_row *const weir__prediction_rows[] = {
#define F(n) &weir__prediction_##n.row,
    WEIR__PREDICTION_LIST(F)
#undef F
};
const int64_t weir__prediction_row_count = sizeof weir__prediction_rows
                                           / sizeof *weir__prediction_rows;

/* -- one form from another --------------------------------------------------------------------- */
/* z = of_x x + of_y y */
typedef struct conversion {
    double of_x, of_y;
} conversion;

/* Forms that are multiples of each other, whatever x is: eps and score, also where a = 0. */
static conversion conversion_scaled(weir_prediction_point m, weir_prediction_point n)
{
    double ratio = fabs(m.eps) > fabs(m.x0) ? n.eps / m.eps : n.x0 / m.x0;
    return (conversion){ .of_x = 0, .of_y = ratio * m.scale / n.scale };
}

static conversion conversion_at(weir_path_point p, const weir_prediction_row *from,
                                const weir_prediction_row *to)
{
    weir_prediction_point m = from->at(p), n = to->at(p);
    double across = n.x0 * m.eps - n.eps * m.x0;
    double bottom = n.scale * (p.a * m.eps - p.b * m.x0);
    if (across == 0) return conversion_scaled(m, n);
    return (conversion){
        .of_x = across / bottom,
        .of_y = m.scale * (n.eps * p.a - n.x0 * p.b) / bottom,
    };
}

weir_status weir_prediction_convert(weir_ctx *c, const weir_path_row *path,
                                    const void *path_options, const weir_prediction_row *from,
                                    const weir_prediction_row *to, int64_t n, int64_t dim,
                                    const double *t, const double *x, double *y)
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
    for (int64_t i = 0; i < n && from != to; i++) {
        conversion k = conversion_at(path->at(path_options, t[i]), from, to);
        for (int64_t j = i * dim; j < (i + 1) * dim; j++) y[j] = k.of_x * x[j] + k.of_y * y[j];
    }
    return weir_status_of(c);
}
