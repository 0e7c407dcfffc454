/* A small run, whole: every allocation refused in turn, from opening to the last checkpoint; whatever was refused, the next try ends
 * with the bits of an untouched run. */
#define _GNU_SOURCE
#include <unistd.h>
#include "train/killed.h"

static char config[8192];

static void begin_run(weir_ctx *c)
{
    if (weir_row_register(c, &normed_row.row) != WEIR_OK) return;
    weir_run *r = weir_run_open(c, "short", config, true);
    weir_status s = weir_run_train(r, NULL);
    (void)s; /* the context keeps it */
    weir_run_free(r);
}

/* Each try finds what the last one left behind, as after a series of deaths. */
static void every_allocation_may_fail_on_the_way(void **state)
{
    (void)state;
    remove_run("short");
    test_every_allocation(begin_run);
    same_run("untouched", "short");
}

/* From nothing, each time: an early refusal must not leave a folder that cannot be begun again. */
static void begin_afresh(weir_ctx *c)
{
    remove_run("short");
    begin_run(c);
    if (weir_ok(c)) return;
    weir_ctx *again = weir_open(1);
    begin_run(again);
    if (!weir_ok(again)) fail_msg("after \"%s\": %s", weir_message(c), weir_message(again));
    weir_close(again);
    same_run("untouched", "short");
}

static void every_allocation_may_fail_at_first(void **state)
{
    (void)state;
    test_every_allocation(begin_afresh);
    same_run("untouched", "short");
}

/* The run that none of the tries may differ from, of a model without buffers and of one with. */
static int begin_untouched(const char *model, int n, const char *const *set)
{
    weir_ctx *c = normed_open(1);
    json_t *o = weir__config_resolve(c, model, "toy:moons,n=60", NULL, n, set);
    char *text = json_dumps(o, 0);
    snprintf(config, sizeof config, "%s", text);
    free(text);
    json_decref(o);
    remove_run("untouched");
    weir_run *r = weir_run_open(c, "untouched", config, false);
    weir_status s = weir_run_train(r, NULL);
    weir_run_free(r);
    weir_close(c);
    return s == WEIR_OK ? 0 : 1;
}

static int plain(void **state)
{
    (void)state;
    static const char *const set[] = { "hidden=4", "couplings=2", "steps=3", "batch=20", "ema=0.9", "optimizer=adam", "shards=2", "valid_every=2" };
    return begin_untouched("nice", 8, set);
}

static int buffered(void **state)
{
    (void)state;
    static const char *const set[] = { "train.steps=3", "batch=20", "ema=0.9", "optimizer=adam", "shards=2", "valid_every=2", "model.fail_above=1" };
    return begin_untouched("normed", 7, set);
}

int main(void)
{
    char folder[] = "/tmp/weir-run-memory-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
    CASES(cmocka_unit_test_setup(every_allocation_may_fail_on_the_way, plain), cmocka_unit_test(every_allocation_may_fail_at_first),
          cmocka_unit_test_setup(every_allocation_may_fail_on_the_way, buffered), cmocka_unit_test(every_allocation_may_fail_at_first));
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    if (failed == 0 && chdir("/") == 0) remove_run(folder);
    return failed;
}
