/* share.c - see bench.h. */
#include <stdlib.h>
#include "bench.h"

bool weir__times_open(weir__bench *b, weir__times *t, int64_t room)
{
    *t = (weir__times){ .at = malloc(sizeof(double) * (size_t)room), .room = room };
    if (!t->at) weir_fail(b->ctx, WEIR_ERROR_MEMORY, "bench: expected more free memory");
    return t->at != NULL;
}

void weir__times_of(const weir__bench *b, weir__times *t, double seconds, void (*call)(void *user),
                    void *user)
{
    double end = weir__seconds() + seconds;
    for (int done = 0; weir_ok(b->ctx) && t->n < t->room && (done < 1 || weir__seconds() < end);
         done++) {
        double begin = weir__seconds();
        call(user);
        t->at[t->n++] = weir__seconds() - begin;
    }
}

bool weir__roof_add(const weir__bench *b, const peers *p, const weir__product *q, double seconds,
                    weir__roof *r)
{
    peers_times t;
    if (!peers_measure(p, b->ctx->kern, WEIR__F32, q->layout, q->m, q->n, q->k, b->ctx->threads,
                       seconds, &t)) {
        weir_fail(b->ctx, WEIR_ERROR_MEMORY, "bench: expected more free memory");
        return false;
    }
    double best = t.median[PEERS_OURS];
    for (int i = 0; i < PEERS; i++) {
        if (t.median[i] > 0 && t.median[i] < best) best = t.median[i];
        r->seconds_of[i] += (double)q->count * t.median[i];
    }
    r->best += (double)q->count * best;
    r->flop += 2.0 * (double)(q->count * q->m * q->n * q->k);
    return true;
}

/* -- bytes ------------------------------------------------------------------------------------- */
typedef struct sum {
    const weir__isa *k;
    float *y, *a, *b;
} sum;

static void add(void *user, int64_t begin, int64_t end)
{
    const sum *s = user;
    s->k->binary[WEIR__F32][WEIR__B_add](end - begin, s->y + begin, 1, s->a + begin, 1,
                                         s->b + begin, 1);
}

double weir__stream(const weir__bench *b)
{
    enum { N = 16 << 20, TRIES = 7 };
    float *room = malloc(sizeof(float) * 3 * N);
    if (!room) {
        weir_fail(b->ctx, WEIR_ERROR_MEMORY, "bench: expected more free memory");
        return 0;
    }
    sum s = { b->ctx->kern, room, room + N, room + 2 * N };
    double best = 0;
    for (int64_t i = 0; i < 3 * N; i++) room[i] = 1;
    for (int i = 0; i < TRIES; i++) {
        double begin = weir__seconds();
        weir__parallel_range(N, b->ctx->threads, add, &s);
        double rate = 3.0 * sizeof(float) * N / (weir__seconds() - begin);
        if (rate > best) best = rate;
    }
    free(room);
    return best;
}

/* -- results ----------------------------------------------------------------------------------- */
static void print_text(const weir__bench *b, const weir__result *r, double ms, double least)
{
    const weir__roof *k = r->roof;
    weir__print(stdout, "%s %-22s %.4f ms median, %.4f least, %lld calls, %d threads, ", r->name,
                r->op, ms, least, (long long)r->times->n, b->threads);
    if (r->shards) printf("%lld shards, ", (long long)r->shards);
    printf("%lld MB\n", (long long)r->rss_mb);
    if (!k) return;
    weir__print(stdout, "   roofline        %.3f  (%.4f GFLOP at %.1f GFLOP/s: %.4f ms)\n",
                1e3 * k->best / ms, k->flop * 1e-9, k->flop / k->best * 1e-9, 1e3 * k->best);
    for (int i = 0; i < PEERS; i++)
        if (k->seconds_of[i] > 0)
            weir__print(stdout, "   products by %-9s %.4f ms\n", peers_name(i),
                        1e3 * k->seconds_of[i]);
}

static void add_roof(json_t *o, const weir__roof *k, double ms)
{
    json_object_set_new(o, "roofline", json_real(1e3 * k->best / ms));
    json_object_set_new(o, "roofline_gflops", json_real(k->flop / k->best * 1e-9));
    for (int i = 0; i < PEERS; i++) {
        char key[40];
        snprintf(key, sizeof key, "gemm_ms_%s", peers_name(i));
        if (k->seconds_of[i] > 0) json_object_set_new(o, key, json_real(1e3 * k->seconds_of[i]));
    }
}

void weir__result_print(const weir__bench *b, const weir__result *r, json_t *extra)
{
    double ms = 1e3 * weir__median(r->times->at, r->times->n);
    double least = 1e3 * r->times->at[0]; /* sorted by now */
    if (!b->json) {
        print_text(b, r, ms, least);
        json_decref(extra);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:f, s:f, s:i, s:I, s:I, s:s}", "case", r->name, "op", r->op,
                          "ms", ms, "min_ms", least, "threads", b->threads, "calls",
                          (json_int_t)r->times->n, "rss_mb", (json_int_t)r->rss_mb, "isa",
                          weir_isa_name(b->ctx));
    if (r->shards) json_object_set_new(o, "shards", json_integer(r->shards));
    if (r->roof) add_roof(o, r->roof, ms);
    if (extra) json_object_update(o, extra);
    weir__json_print(o, false);
    json_decref(o);
    json_decref(extra);
}
