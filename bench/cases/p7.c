/* p7.c - case p7 of the peers: a fresh process that loads p1's network, draws 1,000 points by 100 Euler steps and writes them as npy,
 * which is `weir sample` of the command beside this program. */
#define _POSIX_C_SOURCE 200809L
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

enum { CALLS_MAX = 10000, PATHS = 256 };
extern char **environ;

typedef struct bench_run {
    weir__bench *b;
    char command[4096], folder[PATHS], weights[PATHS + 32], points[PATHS + 32], threads[16];
    weir__times times;
} bench_run;

/* The command lies beside this program. */
static bool find_command(bench_run *r)
{
    char self[4000];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash) *slash = 0;
    snprintf(r->command, sizeof r->command, "%s/weir", self);
    if (slash && access(r->command, X_OK) == 0) return true;
    weir_fail(r->b->ctx, WEIR_ERROR_IO, "bench p7: %.300s: expected the command there", r->command);
    return false;
}

static bool open_run(bench_run *r)
{
    weir_ctx *c = r->b->ctx;
    const char *tmp = getenv("TMPDIR");
    snprintf(r->folder, sizeof r->folder, "%s/weir-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!find_command(r)) return false;
    if (!mkdtemp(r->folder)) return weir_fail(c, WEIR_ERROR_IO, "bench p7: %.200s: expected a folder to write to", r->folder), false;
    snprintf(r->weights, sizeof r->weights, "%s/model.safetensors", r->folder);
    snprintf(r->points, sizeof r->points, "%s/x.npy", r->folder);
    snprintf(r->threads, sizeof r->threads, "%d", r->b->threads);
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=64,64,64 net.activation=silu");
    bool good = weir_model_save(m, r->weights) == WEIR_OK;
    weir_model_free(m);
    return good && weir__times_open(r->b, &r->times, CALLS_MAX);
}

static void call(void *user)
{
    bench_run *r = user;
    const char *argv[] = { "weir", "sample", r->weights, "-n", "1000", "-o", r->points, "--solver", "euler", "--steps", "100", "--threads", r->threads, "--batch", "1000", NULL };
    pid_t child;
    int status = -1;
    if (posix_spawn(&child, r->command, NULL, NULL, (char *const *)(uintptr_t)argv, environ) == 0) waitpid(child, &status, 0);
    if (status != 0) weir_fail(r->b->ctx, WEIR_ERROR_IO, "bench p7: weir sample: expected it to end well, not with status %d", status);
}

static int64_t children_mb(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return u.ru_maxrss / 1024;
}

static int run(weir__bench *b)
{
    bench_run r = { .b = b };
    if (open_run(&r)) {
        call(&r);
        weir__times_of(b, &r.times, b->seconds, call, &r);
        if (weir_ok(b->ctx)) weir__result_print(b, &(weir__result){ "p7", "process_load_sample_1000_euler100", &r.times, children_mb(), 0, NULL }, NULL);
    }
    unlink(r.weights), unlink(r.points), rmdir(r.folder);
    free(r.times.at);
    return WEIR__EXIT_OK;
}

const weir__bench_row weir__bench_p7 = {
    .row = { .size = sizeof(weir__bench_row), .version = 1, .name = "bench.p7", .doc = "a fresh process: load p1's network, draw 1,000 points, write them",
             .test = "p7 --json --seconds 0.1" },
    .run = run,
};
