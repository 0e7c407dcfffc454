/* Allocations of jansson refused while a small model is trained, kept in its folder, loaded, asked for samples and scored: each in turn with
 * all that follow, and, while training writes, each in turn alone. No crash, no leak, the memory status (alone: some error) or the whole
 * result; and afterwards the same work succeeds. */
#define _GNU_SOURCE
#include <unistd.h>
#include <jansson.h>
#include "train/killed.h"

static int64_t calls, fail_at = -1, out;
/* The one allocation, not those after it: only while training writes, for jansson 2.14's reader then frees what it never had. */
static bool alone, writing;
static void *take(size_t bytes)
{
    int64_t call = alone && !writing ? -1 : calls++;
    if (fail_at >= 0 && (alone ? call == fail_at : call >= fail_at)) return NULL;
    void *m = malloc(bytes);
    out += m != NULL;
    return m;
}
static void give(void *block)
{
    out -= block != NULL;
    free(block);
}

static char config[8192];

static weir_status work(weir_ctx *c)
{
    float x[8];
    double p[4];
    weir_run *r = weir_run_open(c, "short", config, true);
    writing = true;
    weir_status s = weir_run_train(r, NULL);
    writing = false;
    weir_run_free(r);
    if (s != WEIR_OK) return s;
    weir_model *m = weir_model_load(c, "short");
    s = weir_model_sample_into(m, 4, NULL, x);
    if (s == WEIR_OK) s = weir_model_log_prob_into(m, x, 4, NULL, p, NULL);
    weir_model_free(m);
    return s;
}

static void refuse_each(void)
{
    int64_t refused = 0;
    for (int64_t n = 0;; n++) {
        remove_run("short");
        calls = 0, fail_at = n;
        weir_ctx *c = weir_open(1);
        weir_status s = work(c);
        bool done = calls <= n;
        fail_at = -1;
        if (s == WEIR_OK && !done && alone) same_run("untouched", "short");
        else if (done ? s != WEIR_OK : s != WEIR_ERROR_MEMORY && !alone) fail_msg("allocation %lld: status %d: %s", (long long)n, (int)s, weir_message(c));
        weir_close(c);
        if (out != 0) fail_msg("allocation %lld: %lld blocks of jansson's leaked", (long long)n, (long long)out);
        if (done) break;
        refused++;
        if (n % 10) continue;
        c = weir_open(1); /* what the refusal left is a run that goes on, or none */
        if (work(c) != WEIR_OK) fail_msg("after a refusal of allocation %lld: %s", (long long)n, weir_message(c));
        weir_close(c);
        same_run("untouched", "short");
    }
    assert_true(refused > 100);
    same_run("untouched", "short");
}

static void every_allocation_may_fail(void **state) { (void)state, alone = false, refuse_each(); }
static void each_one_may_fail_alone(void **state) { (void)state, alone = true, refuse_each(); }

int main(void)
{
    char folder[] = "/tmp/weir-json-memory-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
    weir_ctx *c = weir_open(1);
    json_t *o = weir__config_resolve(c, "nice", "toy:moons,n=60", NULL, 8,
                                     (const char *[]){ "hidden=4", "couplings=2", "steps=3", "batch=20", "ema=0.9", "optimizer=adam", "shards=2", "valid_every=2" });
    char *text = json_dumps(o, 0);
    snprintf(config, sizeof config, "%s", text);
    free(text);
    json_decref(o);
    weir_run *r = weir_run_open(c, "untouched", config, false);
    if (weir_run_train(r, NULL) != WEIR_OK) return 1;
    weir_run_free(r);
    weir_close(c);
    json_set_alloc_funcs(take, give);
    CASES(cmocka_unit_test(every_allocation_may_fail), cmocka_unit_test(each_one_may_fail_alone));
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    json_set_alloc_funcs(malloc, free);
    if (failed == 0 && chdir("/") == 0) remove_run(folder);
    return failed;
}
