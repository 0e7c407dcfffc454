/* serve.c - one copy of the weights, many threads: each has a context of its own and a share of the model, and answers by itself.
 *
 * prints: 4 threads, 400 requests answered
 * prints: every answer as one thread gives it, to the bit: yes
 * prints: a share costs less than a tenth of the model's memory: yes
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <weir.h>

enum { THREADS = 4, REQUESTS = 100, ROWS = 16, DIM = 8 };

typedef struct worker {
    pthread_t thread;
    weir_ctx *c;
    weir_model *m;
    int answered;
    double log_p[REQUESTS][ROWS];
    bool good;
} worker;

static void question(int number, float x[ROWS][DIM])
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < DIM; j++) x[i][j] = (float)((number * 131 + i * 17 + j * 7) % 97) / 48 - 1;
}

static void *work(void *user)
{
    worker *w = user;
    float x[ROWS][DIM];
    for (int r = 0; r < REQUESTS; r++) {
        question(r, x);
        w->answered += weir_model_log_prob_into(w->m, x[0], ROWS, NULL, w->log_p[r], NULL) == WEIR_OK;
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

int main(void)
{
    static worker all[THREADS], alone;
    weir_ctx *c = weir_open(1);
    weir_model *m = weir_model_new(c, "nice", "dim=8 hidden=256,256 init=pytorch");
    hire(&alone, m);
    work(&alone);
    int64_t model_bytes = weir_memory(c).live_bytes, share_bytes = 0;
    for (int i = 0; i < THREADS; i++) hire(&all[i], m), share_bytes += weir_memory(all[i].c).live_bytes;
    int answered = 0, started = 0;
    while (started < THREADS && pthread_create(&all[started].thread, NULL, work, &all[started]) == 0) started++;
    bool same = true, good = weir_ok(c) && started == THREADS;
    for (int i = 0; i < THREADS; i++) {
        if (i < started) pthread_join(all[i].thread, NULL);
        answered += all[i].answered;
        same &= memcmp(all[i].log_p, alone.log_p, sizeof alone.log_p) == 0;
        dismiss(&all[i]);
        good &= all[i].good;
    }
    printf("%d threads, %d requests answered\nevery answer as one thread gives it, to the bit: %s\n", THREADS, answered, same ? "yes" : "no");
    printf("a share costs less than a tenth of the model's memory: %s\n", share_bytes / THREADS < model_bytes / 10 ? "yes" : "no");
    dismiss(&alone);
    weir_model_free(m);
    weir_close(c);
    return good ? 0 : 1;
}
