/* host.c - the library in a host's hands: memory from the host's allocator with a budget, notes to
 * its log, training that it stops and resumes. The library itself never prints, aborts or exits.
 *
 * prints: stopped by the host: stopped by the caller
 * prints: went on for 10 steps: ok
 * prints: log: weights: missing 1.weight
 * prints: log: weights: missing 1.bias
 * prints: over the budget: out of memory, and with more of it: ok
 * prints: memory came from the host, and all of it went back: yes
 */
#include <stdio.h>
#include <stdlib.h>
#include <weir.h>

typedef struct host {
    size_t out, most, budget; /* bytes */
    int64_t step;             /* of training, at the last call of on_step */
} host;

/* Blocks aligned to 64 bytes; NULL, which is an ordinary error of the library, beyond the budget.
 * Called by one thread at a time here, since the context has one. */
static void *resize(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    host *h = user;
    if (new_bytes == 0) {
        h->out -= old_bytes;
        free(block);
        return NULL;
    }
    if (h->out + new_bytes > h->budget) return NULL;
    void *p = aligned_alloc(64, (new_bytes + 63) / 64 * 64);
    if (!p) return NULL;
    h->out += new_bytes;
    if (h->out > h->most) h->most = h->out;
    return p;
}

static void log_line(void *user, const char *line)
{
    (void)user;
    printf("log: %s\n", line);
}

static weir_ctx *open_in(host *h)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = 1;
    o.resize = resize;
    o.resize_user = h;
    o.log = log_line;
    return weir_open_with(&o);
}

/* Called some ten times a second; not 0 stops the training. */
static int on_step(void *user, const weir_progress *p)
{
    ((host *)user)->step = p->step;
    return 1;
}

/* A run lives in a folder: opened again, it resumes, to the bits of a run that was not stopped. */
static void train(weir_ctx *c, host *h, const char *folder)
{
    static const char config[] = "{\"model\": {\"name\": \"nice\", \"hidden\": [16, 16]}, "
                                 "\"data\": \"toy:moons,n=600\", \"train\": {\"steps\": 1000000}}";
    weir_run *r = weir_run_open(c, folder, config, false);
    weir_train_opts o = weir_train_defaults();
    o.on_step = on_step;
    o.user = h;
    weir_status s = weir_run_train(r, &o);
    printf("stopped by the host: %s\n", weir_status_text(s));
    weir_run_free(r);
    r = weir_run_open(c, folder, NULL, true);
    o = weir_train_defaults();
    o.steps = h->step + 10;
    s = weir_run_train(r, &o);
    printf("went on for 10 steps: %s\n", weir_status_text(s));
    weir_run_free(r);
}

/* Part of a state dict: what is missing keeps its values, and the log says which. */
static void load_part(weir_ctx *c)
{
    weir_module *small = weir_module_new(c, "sequential", "");
    weir_module *large = weir_module_new(c, "sequential", "");
    weir_module_add(small, "0", weir_module_new(c, "linear", "in=2 out=4"));
    weir_module_add(large, "0", weir_module_new(c, "linear", "in=2 out=4"));
    weir_module_add(large, "1", weir_module_new(c, "linear", "in=4 out=1"));
    void *data = NULL;
    size_t bytes;
    bool good = weir_module_save_to_memory(small, &data, &bytes) == WEIR_OK
                && weir_module_load_from_memory(large, data, bytes, false, NULL) == WEIR_OK;
    if (!good) fprintf(stderr, "host: %s\n", weir_message(c));
    weir_buffer_free(c, data);
    weir_module_free(small);
    weir_module_free(large);
}

/* The error stays with the context until it is cleared; calls after it do nothing. */
static void run_out_of_memory(weir_ctx *c, host *h)
{
    size_t budget = h->budget;
    weir_memory_trim(c); /* what is kept for reuse goes back first */
    h->budget = h->out + 100000;
    weir_model *m = weir_model_new(c, "nice", "dim=64 hidden=512,512");
    float x[64];
    weir_status s = weir_model_sample_into(m, 1, NULL, x);
    weir_clear(c);
    weir_model_free(m);
    h->budget = budget;
    m = weir_model_new(c, "nice", "dim=64 hidden=512,512");
    printf("over the budget: %s, and with more of it: %s\n", weir_status_text(s),
           weir_status_text(weir_model_sample_into(m, 1, NULL, x)));
    weir_model_free(m);
}

int main(int argc, char **argv)
{
    host h = { .budget = (size_t)256 << 20 };
    weir_ctx *c = open_in(&h);
    train(c, &h, argc > 1 ? argv[1] : "host-run");
    load_part(c);
    run_out_of_memory(c, &h);
    bool good = weir_ok(c);
    if (!good) fprintf(stderr, "host: %s\n", weir_message(c));
    weir_close(c);
    printf("memory came from the host, and all of it went back: %s\n",
           h.most > 0 && h.out == 0 ? "yes" : "no");
    return good ? 0 : 1;
}
