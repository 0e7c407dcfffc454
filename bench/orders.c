/* orders.c - the error of every sampler against its evaluations, on a mixture of Gaussians whose
 * predictions are known in closed form.
 *
 *     weir-orders ORDERS.csv ORDERS.svg
 *
 * The mixture is toy:gmm3, the path fm, from sigma = b / a = 8 to 0.05 in even steps of log sigma
 * (dopri5 and tsit5: by tolerance). Methods for the ODE: root mean square of the distance between
 * the ends and those of dopri5 at 1e-12, over 64 samples. Those that draw noise: the largest error
 * of mean and second moments of 20,000 ends, whose own is about 0.01. Lines of stdout: the order,
 * from the last two numbers of evaluations whose errors are above 1e-9. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "weir.h"

enum { DIM = 2, FEW = 64, MANY = 20000, LEVELS = 6, ROOM = 1024 };
static const double weights[3] = { 0.3, 0.5, 0.2 };
static const double means[3][DIM] = { { 1, 0.5 }, { -1, 0.3 }, { 0.2, -1.2 } };
static const double variances[3][DIM] = { { 0.09, 0.2 }, { 0.3, 0.05 }, { 0.1, 0.15 } };

typedef struct problem {
    weir_ctx *c;
    const weir_path_row *path;
    double hi, lo; /* of t */
    int64_t calls; /* predictions of a sample */
    double *start, *ends; /* [MANY, DIM]: y = x / a; ends of the ODE, [FEW, DIM] */
} problem;

typedef struct measured {
    const char *name;
    bool draws, adapts; /* draws noise; goes by tolerance, which has no order */
    int n;
    double evaluations[LEVELS], error[LEVELS];
} measured;

/* -- what an ideal network predicts ------------------------------------------------------------ */
/* D = E[x_0 | x], e = E[eps | x] */
static void known(weir_path_point p, const double *x, double *D, double *e)
{
    double share[3], total = 0, most = -INFINITY;
    for (int k = 0; k < 3; k++) {
        share[k] = log(weights[k]);
        for (int j = 0; j < DIM; j++) {
            double v = p.a * p.a * variances[k][j] + p.b * p.b, miss = x[j] - p.a * means[k][j];
            share[k] -= 0.5 * (miss * miss / v + log(v));
        }
        most = fmax(most, share[k]);
    }
    for (int k = 0; k < 3; k++) {
        share[k] = exp(share[k] - most);
        total += share[k];
    }
    for (int j = 0; j < DIM; j++) {
        D[j] = 0;
        e[j] = 0;
        for (int k = 0; k < 3; k++) {
            double v = p.a * p.a * variances[k][j] + p.b * p.b, miss = x[j] - p.a * means[k][j];
            D[j] += share[k] / total * (means[k][j] + p.a * variances[k][j] * miss / v);
            e[j] += share[k] / total * p.b * miss / v;
        }
    }
}

static weir_status predict(void *user, const weir_prediction_row *want, int64_t n,
                           const int64_t *samples, const double *t, const double *x, double *out)
{
    problem *q = user;
    for (int64_t i = 0; i < n; i++) {
        double D[DIM], e[DIM];
        weir_path_point p = q->path->at(NULL, t[i]);
        weir_prediction_point k = want->at(NULL, p);
        known(p, x + DIM * i, D, e);
        q->calls += samples[i] == 0;
        for (int j = 0; j < DIM; j++) out[DIM * i + j] = (k.x0 * D[j] + k.eps * e[j]) / k.scale;
    }
    return WEIR_OK;
}

/* -- one run ----------------------------------------------------------------------------------- */
/* Ends y of the first n samples. The number of times, or 0: steps of the sampler's own choice. */
static void run(problem *q, const char *name, const char *options, int64_t steps, int64_t n,
                double *y)
{
    const weir_sampler_row *row = (const weir_sampler_row *)weir_row_find(q->c, "sampler", name);
    double room[ROOM], times[4097], *x = malloc((size_t)n * DIM * sizeof *x);
    int64_t n_times = steps > 0 ? steps + 1 : 2;
    weir_options_defaults(q->c, &row->row, room);
    weir_options_parse(q->c, &row->row, room, options);
    for (int64_t i = 0; i < n_times; i++)
        times[i] = q->path->time_of(NULL, 8 * pow(0.05 / 8, (double)i / (double)(n_times - 1)));
    double a = q->path->at(NULL, times[0]).a, last = q->path->at(NULL, times[n_times - 1]).a;
    for (int64_t j = 0; j < n * DIM; j++) x[j] = a * q->start[j];
    q->calls = 0;
    weir_sampling p = {
        .size = sizeof p,
        .ctx = q->c,
        .n = n,
        .dim = DIM,
        .x = x,
        .path = q->path,
        .times = times,
        .n_times = n_times,
        .predictor = { predict, q },
    };
    weir_sampler_run(row, room, &p);
    for (int64_t j = 0; j < n * DIM; j++) y[j] = x[j] / last;
    weir_options_free(q->c, &row->row, room);
    free(x);
}

static double distance(const problem *q, const double *y)
{
    double sum = 0;
    for (int64_t j = 0; j < FEW * DIM; j++) sum += (y[j] - q->ends[j]) * (y[j] - q->ends[j]);
    return sqrt(sum / FEW);
}

/* Of E y_j and E y_j^2, which are those of the mixture and of sigma = 0.05. */
static double moments(const double *y)
{
    double most = 0;
    for (int j = 0; j < DIM; j++) {
        double mean = 0, square = 0;
        for (int k = 0; k < 3; k++) {
            mean += weights[k] * means[k][j];
            square += weights[k] * (means[k][j] * means[k][j] + variances[k][j] + 0.05 * 0.05);
        }
        for (int64_t i = 0; i < MANY; i++) {
            mean -= y[DIM * i + j] / MANY;
            square -= y[DIM * i + j] * y[DIM * i + j] / MANY;
        }
        most = fmax(most, fmax(fabs(mean), fabs(square)));
    }
    return most;
}

/* -- one sampler ------------------------------------------------------------------------------- */
static bool draws_noise(const char *name)
{
    static const char *const drawing[] = { "ddpm", "euler_ancestral", "euler_maruyama",
                                           "dpmpp_2m_sde" };
    for (int i = 0; i < 4; i++)
        if (strcmp(name, drawing[i]) == 0) return true;
    return false;
}

static measured measure(problem *q, const weir_sampler_row *row, double *y)
{
    measured m = { .name = strchr(row->row.name, '.') + 1, .n = LEVELS };
    m.draws = draws_noise(m.name);
    m.adapts = row->steps == 0;
    for (int i = 0; i < LEVELS; i++) {
        char options[64];
        int64_t steps = row->steps > 0 ? (int64_t)8 << i : 0;
        double tolerance = pow(10, -2 - 1.5 * i);
        if (steps > 0) snprintf(options, sizeof options, "steps=%d", 8 << i);
        else snprintf(options, sizeof options, "rtol=%g atol=%g", tolerance, tolerance);
        run(q, m.name, options, steps, m.draws ? MANY : FEW, y);
        m.evaluations[i] = (double)q->calls;
        m.error[i] = m.draws ? moments(y) : distance(q, y);
    }
    return m;
}

/* Its order, or why there is none: the chance of 20,000 samples is above what steps do. */
static const char *order(const measured *m, char *text, size_t bytes)
{
    int last = m->n - 1;
    while (last > 1 && !(m->error[last] > 1e-9)) last--;
    double q = log(m->error[last - 1] / m->error[last])
               / log(m->evaluations[last] / m->evaluations[last - 1]);
    if (m->draws) return "draws noise";
    if (m->adapts) return "by tolerance";
    snprintf(text, bytes, "order %.2f", q);
    return text;
}

/* -- the picture: both axes logarithmic -------------------------------------------------------- */
static double across(double evaluations) { return 60 + 520 * log10(evaluations / 6) / 2.4; }
static double down(double error) { return 20 + 420 * (0.5 - log10(fmax(error, 1e-12))) / 12.5; }

static void draw_axes(FILE *f)
{
    for (int k = 0; k >= -12; k -= 2)
        fprintf(f,
                "<path d='M60 %.1f H580' stroke='#ddd'/><text x='54' y='%.1f' "
                "text-anchor='end'>1e%d</text>\n",
                down(pow(10, k)), down(pow(10, k)) + 4, k);
    for (int k = 8; k <= 1024; k *= 2)
        fprintf(f, "<text x='%.1f' y='458' text-anchor='middle'>%d</text>\n", across(k), k);
    fprintf(f, "<text x='320' y='478' text-anchor='middle'>evaluations of the network</text>\n");
}

static void draw_line(FILE *f, const measured *m, int index, int of)
{
    int hue = 360 * index / of;
    const char *dash = m->draws ? "4 3" : "none";
    fprintf(f, "<polyline fill='none' stroke='hsl(%d,70%%,42%%)' stroke-dasharray='%s' points='",
            hue, dash);
    for (int i = 0; i < m->n; i++)
        fprintf(f, "%.1f,%.1f ", across(m->evaluations[i]), down(m->error[i]));
    char text[32];
    fprintf(f, "'/>\n<text x='600' y='%d' fill='hsl(%d,70%%,42%%)'>%s: %s</text>\n",
            30 + 21 * index, hue, m->name, order(m, text, sizeof text));
}

static bool write_files(const char *csv, const char *svg, const measured *m, int n)
{
    FILE *a = fopen(csv, "w"), *b = fopen(svg, "w");
    if (!a || !b) return false;
    fprintf(a, "sampler,draws_noise,evaluations,error\n");
    fprintf(b, "<svg xmlns='http://www.w3.org/2000/svg' width='800' height='490' "
               "font-family='sans-serif' font-size='12'>\n<rect width='800' height='490' "
               "fill='white'/>\n");
    draw_axes(b);
    for (int k = 0; k < n; k++) {
        for (int i = 0; i < m[k].n; i++)
            fprintf(a, "%s,%d,%g,%.3g\n", m[k].name, m[k].draws, m[k].evaluations[i],
                    m[k].error[i]);
        draw_line(b, &m[k], k, n);
    }
    fprintf(b, "</svg>\n");
    return fclose(a) == 0 && fclose(b) == 0;
}

/* -- all --------------------------------------------------------------------------------------- */
static void begin(problem *q)
{
    weir_scope s = weir_scope_begin(q->c);
    int64_t shape[] = { MANY, 2 * DIM + 1 };
    weir_tensor *z = weir_randn(q->c, WEIR_F64, 2, shape);
    const double *v = weir_data(z);
    for (int64_t i = 0; i < MANY; i++) {
        const double *r = v + (2 * DIM + 1) * i;
        double u = 0.5 * erfc(-r[2 * DIM] / sqrt(2)); /* even on (0, 1) */
        int k = (u >= weights[0]) + (u >= weights[0] + weights[1]);
        for (int j = 0; j < DIM; j++)
            q->start[DIM * i + j] = means[k][j] + sqrt(variances[k][j]) * r[j] + 8 * r[DIM + j];
    }
    weir_scope_end(s);
}

int main(int argc, char **argv)
{
    enum { MOST = 64 };
    static measured all[MOST];
    problem q = { .c = weir_open(1) };
    if (argc != 3) {
        fprintf(stderr, "weir-orders: expected ORDERS.csv ORDERS.svg\n");
        return 2;
    }
    q.path = (const weir_path_row *)weir_row_find(q.c, "path", "fm");
    q.start = malloc(2 * MANY * DIM * sizeof *q.start);
    q.ends = malloc(FEW * DIM * sizeof *q.ends);
    double *y = q.start + MANY * DIM;
    begin(&q);
    run(&q, "dopri5", "rtol=1e-12 atol=1e-12 max_steps=100000", 0, FEW, q.ends);
    int n = (int)weir_row_count(q.c, "sampler");
    for (int k = 0; k < n && k < MOST; k++) {
        all[k] = measure(&q, (const weir_sampler_row *)weir_row_at(q.c, "sampler", k), y);
        char text[32];
        printf("%-16s %-12s error %.2g of %g evaluations\n", all[k].name,
               order(&all[k], text, sizeof text), all[k].error[LEVELS - 1],
               all[k].evaluations[LEVELS - 1]);
    }
    bool good = weir_ok(q.c) && write_files(argv[1], argv[2], all, n);
    if (!good) fprintf(stderr, "weir-orders: %s\n", weir_ok(q.c) ? "no file" : weir_message(q.c));
    free(q.start);
    free(q.ends);
    weir_close(q.c);
    return good ? 0 : 1;
}
