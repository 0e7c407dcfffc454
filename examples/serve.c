/* serve.c - one copy of the weights, many threads: each has a context of its own and a share of the
 * model, and answers by itself.
 *
 * prints: 4 threads, 400 requests answered
 * prints: every answer as one thread gives it, to the bit: yes
 * prints: a share costs less than a tenth of the model's memory: yes
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <weir.h>

enum { THREADS = 4, REQUESTS = 100, SAMPLES = 16, DIM = 8 };

typedef struct worker {
    pthread_t thread;
    weir_ctx *c;
    weir_model *m;
    int answered;
    double log_p[REQUESTS][SAMPLES];
    bool good;
} worker;

static void question(int number, float x[SAMPLES][DIM])
{
    for (int i = 0; i < SAMPLES; i++)
        for (int j = 0; j < DIM; j++)
            x[i][j] = (float)((number * 131 + i * 17 + j * 7) % 97) / 48 - 1;
}

static void *work(void *user)
{
    worker *w = user;
    float x[SAMPLES][DIM];
    for (int r = 0; r < REQUESTS; r++) {
        question(r, x);
        weir_status s = weir_model_log_prob_into(w->m, x[0], SAMPLES, NULL, w->log_p[r], NULL);
        w->answered += s == WEIR_OK;
    }
    return NULL;
}

/* Contexts and shares are made by the thread that owns the model, before the others begin. */
static void hire(worker *w, weir_model *m)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = 1;
    w->c = weir_open_with(&o);
    w->m = weir_model_share(w->c, m);
}

static void dismiss(worker *w)
{
    if (!weir_ok(w->c)) fprintf(stderr, "serve: %s\n", weir_message(w->c));
    w->good = weir_ok(w->c);
    weir_model_free(w->m); /* before the model itself */
    weir_close(w->c);
}

/* Runs all workers, each in a thread; returns how many threads there were. */
static int run(worker all[THREADS])
{
    int started = 0;
    while (started < THREADS) {
        worker *w = &all[started];
        if (pthread_create(&w->thread, NULL, work, w) != 0) break;
        started++;
    }
    for (int i = 0; i < started; i++) pthread_join(all[i].thread, NULL);
    return started;
}

static void report(const worker all[THREADS], const worker *alone, bool small)
{
    int answered = 0;
    bool same = true;
    for (int i = 0; i < THREADS; i++) {
        answered += all[i].answered;
        same = same && memcmp(all[i].log_p, alone->log_p, sizeof alone->log_p) == 0;
    }
    printf("%d threads, %d requests answered\n", THREADS, answered);
    printf("every answer as one thread gives it, to the bit: %s\n", same ? "yes" : "no");
    printf("a share costs less than a tenth of the model's memory: %s\n", small ? "yes" : "no");
}

int main(void)
{
    static worker all[THREADS], alone;
    weir_ctx *c = weir_open(1);
    weir_model *m = weir_model_new(c, "nice", "dim=8 hidden=256,256 init=pytorch");
    hire(&alone, m);
    work(&alone);
    int64_t model_bytes = weir_memory(c).live_bytes, share_bytes = 0;
    for (int i = 0; i < THREADS; i++) {
        hire(&all[i], m);
        share_bytes += weir_memory(all[i].c).live_bytes;
    }
    bool good = run(all) == THREADS && weir_ok(c);
    report(all, &alone, share_bytes / THREADS < model_bytes / 10);
    dismiss(&alone);
    for (int i = 0; i < THREADS; i++) {
        dismiss(&all[i]);
        good = good && all[i].good;
    }
    weir_model_free(m);
    weir_close(c);
    return good ? 0 : 1;
}
