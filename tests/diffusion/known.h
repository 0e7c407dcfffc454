/* known.h - the mixture of three Gaussians on a path at a time: its density in closed form, what a
 * field of the library says of it, and derivatives by central differences of sixth order. */
#ifndef WEIR_KNOWN_H
#define WEIR_KNOWN_H
#include "exact_network.h"

#define LOG_2PI 1.83787706640934548356

typedef struct known {
    weir_ctx *c;
    const subject *s;
    double t, x[2];
} known;

static inline weir_path_point point_at(const subject *s, double t)
{
    return s->f.path->at(s->f.path_options, t);
}

static inline double time_at(const subject *s, double sigma)
{
    double t = s->f.path->time_of(s->f.path_options, sigma);
    /* velocities of a table jump at its times: the middle between two of them */
    return s->f.path == &weir__path_ddpm ? (floor(t * 1000) + 0.5) / 1000 : t;
}

/* log p_t(x) = log sum_k w_k N(x; a m_k, a^2 C_k + b^2) */
static inline double log_density(const subject *s, double t, const double *x)
{
    weir_path_point p = point_at(s, t);
    double l[3], most = -INFINITY, total = 0;
    for (int k = 0; k < gmm3.n; k++) most = fmax(most, l[k] = exact_log_share(&gmm3, k, p, x));
    for (int k = 0; k < gmm3.n; k++) total += exp(l[k] - most);
    return most + log(total) - LOG_2PI;
}

/* What the library makes of the network's own form. */
static inline void says(weir_ctx *c, const subject *s, const weir_prediction_row *form, double t,
                        const double *x, double *out)
{
    field_now = &s->f;
    if (weir__field_predict((void *)&s->f, form, 1, SHAPE(0), &t, x, out) != WEIR_OK)
        fail_msg("%s: %s", form->row.name, weir_message(c));
    field_now = NULL;
}

/* -- differences --------------------------------------------------------------------------------- */
/* f [n] of x_0 + v along one number; f' and f'' [n] */
typedef void along_fn(const known *k, int axis, double by, double *f);

static inline void differences(along_fn *f, const known *k, int axis, double h, int n, double *first,
                               double *second)
{
    static const double once[] = { 0, 45.0 / 60, -9.0 / 60, 1.0 / 60 };
    static const double twice[] = { -490.0 / 180, 270.0 / 180, -27.0 / 180, 2.0 / 180 };
    double up[2], down[2];
    f(k, axis, 0, up);
    for (int i = 0; i < n; i++) {
        first[i] = 0;
        if (second) second[i] = twice[0] * up[i] / (h * h);
    }
    for (int j = 1; j <= 3; j++) {
        f(k, axis, j * h, up);
        f(k, axis, -j * h, down);
        for (int i = 0; i < n; i++) {
            first[i] += once[j] * (up[i] - down[i]) / h;
            if (second) second[i] += twice[j] * (up[i] + down[i]) / (h * h);
        }
    }
}

enum { IN_X = 0, IN_Y = 1, IN_T = 2 };

static inline known moved(const known *k, int axis, double by)
{
    known m = *k;
    if (axis == IN_T) m.t += by;
    else m.x[axis] += by;
    return m;
}

static inline void along_log_density(const known *k, int axis, double by, double *f)
{
    known m = moved(k, axis, by);
    *f = log_density(m.s, m.t, m.x);
}

static inline void along_velocity(const known *k, int axis, double by, double *f)
{
    known m = moved(k, axis, by);
    says(m.c, m.s, &weir__prediction_velocity, m.t, m.x, f);
}

static inline void along_score(const known *k, int axis, double by, double *f)
{
    known m = moved(k, axis, by);
    says(m.c, m.s, &weir__prediction_score, m.t, m.x, f);
}

static inline void along_x0(const known *k, int axis, double by, double *f)
{
    known m = moved(k, axis, by);
    says(m.c, m.s, &weir__prediction_x0, m.t, m.x, f);
}

/* A hundredth of the narrowest component's deviation. */
static inline double width(const known *k)
{
    weir_path_point p = point_at(k->s, k->t);
    return 0.03 * sqrt(p.a * p.a * 0.05 + p.b * p.b);
}

static inline double rate_of_log_density(const known *k)
{
    double d;
    differences(along_log_density, k, IN_T, fmin(1e-4, 1e-3 * k->t), 1, &d, NULL);
    return d;
}

/* The gradient of log p_t [2], and its Laplacian */
static inline double slopes_of_log_density(const known *k, double *gradient)
{
    double sum = 0, second;
    for (int j = 0; j < 2; j++) {
        differences(along_log_density, k, j, width(k), 1, gradient + j, &second);
        sum += second;
    }
    return sum;
}

/* J[i][j] = d f_i / d x_j; its trace */
static inline double jacobian(along_fn *f, const known *k, double J[2][2])
{
    for (int j = 0; j < 2; j++) {
        double column[2];
        differences(f, k, j, width(k), 2, column, NULL);
        J[0][j] = column[0];
        J[1][j] = column[1];
    }
    return J[0][0] + J[1][1];
}

/* -- where identities are looked at ------------------------------------------------------------- */
/* Every path, by networks of every form: at three levels of noise, two points each. */
typedef void check_fn(const known *k);

static inline void everywhere(weir_ctx *c, check_fn *check)
{
    static const double sigmas[] = { 0.2, 0.6, 3 };
    static const double where[][2] = { { 0.3, -0.4 }, { -1.1, 0.9 } };
    weir_module *net = weir_module_from_row(c, &exact_row, NULL);
    for (int path = 0; path < PATHS; path++)
        for (int form = 0; form < FORMS; form++) {
            subject s;
            field_make(c, net, path, form, (path + form) % 2, &s);
            for (int i = 0; i < 6; i++) {
                known k = { .c = c, .s = &s, .t = time_at(&s, sigmas[i / 2]) };
                double a = point_at(&s, k.t).a;
                for (int j = 0; j < 2; j++) k.x[j] = a * where[i % 2][j] * (1 + sigmas[i / 2]);
                check(&k);
            }
        }
    weir_module_free(net);
}

/* Fails unless |left - right| is small beside `size`, the largest of what is added up. */
static inline void agree(const known *k, const char *what, double left, double right, double size,
                         double tolerance)
{
    if (!(fabs(left - right) <= tolerance * (1 + fabs(size))))
        fail_msg("%s: %s by %s, t = %g, x = (%g, %g): %.12g, expected %.12g within %.1g of %g", what,
                 k->s->f.path->row.name, k->s->f.prediction->row.name, k->t, k->x[0], k->x[1], left,
                 right, tolerance, size);
}

#endif
