/* memory.c - a model to and from a buffer: what a database field, a message or a program's own file
 * format needs. No file is touched.
 *
 * prints: saved: more than 1000 bytes, a safetensors file: yes
 * prints: loaded in another context: same samples to the bit yes, same scores yes
 * prints: cut short: refused
 */
#include <stdio.h>
#include <string.h>
#include <weir.h>

enum { N = 64, DIM = 3 };
typedef struct results {
    float x[N][DIM];
    double log_p[N];
} results;

static const char *yes_no(bool b) { return b ? "yes" : "no"; }

/* Samples of the model, and their log-densities. */
static bool use(weir_model *m, results *r)
{
    return weir_model_sample_into(m, N, NULL, r->x[0]) == WEIR_OK
           && weir_model_log_prob_into(m, r->x[0], N, NULL, r->log_p, NULL) == WEIR_OK;
}

/* A buffer belongs to the context that made it. */
static bool save(void **data, size_t *bytes, weir_ctx *c, results *r)
{
    weir_model *m = weir_model_new(c, "nice", "dim=3 hidden=16,16 init=pytorch");
    bool good = use(m, r) && weir_model_save_to_memory(m, data, bytes) == WEIR_OK;
    /* A safetensors file: 8 bytes with the length of a header, then the header, in JSON. */
    bool right = good && *bytes > 1000 && ((char *)*data)[8] == '{';
    if (good) printf("saved: more than 1000 bytes, a safetensors file: %s\n", yes_no(right));
    weir_model_free(m);
    return good;
}

static bool load(const void *data, size_t bytes, const results *r)
{
    weir_ctx *c = weir_open(1);
    weir_model *m = weir_model_load_from_memory(c, data, bytes);
    results again;
    bool good = use(m, &again);
    if (good) {
        bool same_x = memcmp(again.x, r->x, sizeof again.x) == 0;
        bool same_p = memcmp(again.log_p, r->log_p, sizeof again.log_p) == 0;
        printf("loaded in another context: same samples to the bit %s, same scores %s\n",
               yes_no(same_x), yes_no(same_p));
    }
    weir_model *broken = weir_model_load_from_memory(c, data, bytes / 2);
    printf("cut short: %s\n", weir_ok(c) ? "taken" : "refused");
    weir_model_free(broken);
    weir_model_free(m);
    weir_close(c);
    return good;
}

int main(void)
{
    static results r;
    void *data = NULL;
    size_t bytes = 0;
    weir_ctx *c = weir_open(1);
    bool good = save(&data, &bytes, c, &r) && load(data, bytes, &r);
    if (!weir_ok(c)) fprintf(stderr, "memory: %s\n", weir_message(c));
    weir_buffer_free(c, data);
    weir_close(c);
    return good ? 0 : 1;
}
