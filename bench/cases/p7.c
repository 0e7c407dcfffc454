/* p7.c - case p7 of the peers: a fresh process that loads p1's network, draws 1,000 points by 100
 * Euler steps and writes them as npy, which is `weir sample` of the command beside this program. */
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

typedef struct process {
    weir__bench *b;
    char command[4096], folder[PATHS], weights[PATHS + 32], points[PATHS + 32], threads[16];
    weir__times times;
} process;

/* The command lies beside this program. */
static bool p7_command(process *p)
{
    char self[4000];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash) *slash = 0;
    snprintf(p->command, sizeof p->command, "%s/weir", self);
    if (slash && access(p->command, X_OK) == 0) return true;
    weir_fail(p->b->ctx, WEIR_ERROR_IO, "bench p7: %.300s: expected the command there", p->command);
    return false;
}

static bool p7_folder(process *p)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(p->folder, sizeof p->folder, "%s/weir-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(p->folder)) {
        weir_fail(p->b->ctx, WEIR_ERROR_IO, "bench p7: %.200s: expected a folder to write to",
                  p->folder);
        return false;
    }
    snprintf(p->weights, sizeof p->weights, "%s/model.safetensors", p->folder);
    snprintf(p->points, sizeof p->points, "%s/x.npy", p->folder);
    return true;
}

static bool p7_open(process *p)
{
    weir_ctx *c = p->b->ctx;
    if (!p7_command(p) || !p7_folder(p)) return false;
    snprintf(p->threads, sizeof p->threads, "%d", p->b->threads);
    const char *options = "dim=2 net.hidden=64,64,64 net.activation=silu";
    weir_model *m = weir_model_new(c, "rectified-flow", options);
    bool good = weir_model_save(m, p->weights) == WEIR_OK;
    weir_model_free(m);
    return good && weir__times_open(p->b, &p->times, CALLS_MAX);
}

static void p7_call(void *user)
{
    process *p = user;
    const char *argv[] = { "weir",     "sample",   p->weights, "-n",      "1000", "-o",
                           p->points,  "--solver", "euler",    "--steps", "100",  "--threads",
                           p->threads, "--batch",  "1000",     NULL };
    char *const *args = (char *const *)(uintptr_t)argv;
    pid_t child;
    int status = -1;
    if (posix_spawn(&child, p->command, NULL, NULL, args, environ) == 0) waitpid(child, &status, 0);
    if (status == 0) return;
    weir_fail(p->b->ctx, WEIR_ERROR_IO,
              "bench p7: weir sample: expected it to end well, not with status %d", status);
}

static int64_t p7_children_mb(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return u.ru_maxrss / 1024;
}

static void p7_measure(process *p)
{
    weir__bench *b = p->b;
    p7_call(p);
    weir__times_of(b, &p->times, b->seconds, p7_call, p);
    weir__result r = {
        "p7", "process_load_sample_1000_euler100", &p->times, p7_children_mb(), 0, NULL,
    };
    if (weir_ok(b->ctx)) weir__result_print(b, &r, NULL);
}

static int p7_run(weir__bench *b)
{
    process p = { .b = b };
    if (p7_open(&p)) p7_measure(&p);
    unlink(p.weights);
    unlink(p.points);
    rmdir(p.folder);
    free(p.times.at);
    return WEIR__EXIT_OK;
}

BENCH_ROW(p7, "a fresh process: load p1's network, draw 1,000 points, write them",
          "p7 --json --seconds 0.1");
