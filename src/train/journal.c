/* journal.c - what a run writes as it goes: metrics.jsonl, one object a line, and the same as
 * TensorBoard events.
 *
 * The checkpoint records the lengths of both; on resume they are cut back to these, so that lines
 * are never missing or doubled. Wall-clock fields are "seconds" (since the run began) in the log
 * and the wall times of events; everything else repeats to the bit. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "train/train.h"

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool cut_back(weir_run *r) /* to the lines that are whole */
{
    return ftruncate(r->metrics, (off_t)r->metrics_bytes) == 0
           && lseek(r->metrics, (off_t)r->metrics_bytes, SEEK_SET) >= 0;
}

static weir_status io_error(weir_run *r)
{
    char path[4096];
    return weir_fail(r->object.ctx, WEIR_ERROR_IO, "%s: %s: expected a file that can be written",
                     weir__run_path(r, "metrics.jsonl", path, sizeof path),
                     weir__error_text(errno));
}

/* An existing log is cut back to what the checkpoint knows; one that is shorter is not the log of
 * that checkpoint. */
static weir_status open_metrics(weir_run *r)
{
    char path[4096];
    struct stat st;
    const int64_t keep = r->metrics_bytes;
    r->metrics = open(weir__run_path(r, "metrics.jsonl", path, sizeof path),
                      O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (r->metrics < 0 || fstat(r->metrics, &st) != 0) return io_error(r);
    if (st.st_size < keep)
        return weir_fail(r->object.ctx, WEIR_ERROR_FORMAT,
                         "%s: %lld bytes: expected at least the %lld that the checkpoint follows",
                         path, (long long)st.st_size, (long long)keep);
    return cut_back(r) ? WEIR_OK : io_error(r);
}

static void scalar(weir_run *r, const char *tag, double value)
{
    if (r->events) weir__events_scalar(r->events, tag, r->step, wall(), value);
}

static weir_status write_line(weir_run *r, const char *line, size_t n)
{
    if (!weir_ok(r->object.ctx) || !weir__run_speaks(r)) return weir_status_of(r->object.ctx);
    for (size_t done = 0; done < n;) {
        ssize_t k = write(r->metrics, line + done, n - done);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) {
            io_error(r);
            cut_back(r);
            return weir_status_of(r->object.ctx);
        }
        done += (size_t)k;
    }
    r->metrics_bytes += (int64_t)n;
    return WEIR_OK;
}

/* What was said of data and settings when the run began. */
static weir_status write_warnings(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    if (r->warned == c->warnings.n || r->metrics_bytes > 0) return WEIR_OK;
    json_t *o = json_object(), *list = json_array();
    for (int64_t i = r->warned; i < c->warnings.n; i++)
        json_array_append_new(list, json_string(c->warnings.at[i]));
    json_object_set_new(o, "step", json_integer(0));
    json_object_set_new(o, "warnings", list);
    char *text = weir__json_text(o, 0);
    json_decref(o);
    if (!text) return weir_fail(c, WEIR_ERROR_MEMORY, "metrics.jsonl: expected more free memory");
    if (write_line(r, text, strlen(text)) == WEIR_OK) write_line(r, "\n", 1);
    weir__json_text_free(text);
    return weir_status_of(c);
}

weir_status weir__journal_open(weir_run *r)
{
    if (!weir__run_speaks(r)) return weir_status_of(r->object.ctx);
    if (open_metrics(r) != WEIR_OK || write_warnings(r) != WEIR_OK)
        return weir_status_of(r->object.ctx);
#ifdef WEIR_HAVE_PROTOBUF
    char path[4096];
    r->events = weir__events_open(r->object.ctx,
                                  weir__run_path(r, "events.out.tfevents.weir", path, sizeof path),
                                  wall(), r->events_bytes);
#else
    (void)wall;
#endif
    return weir_status_of(r->object.ctx);
}

static void journal_number(char *line, size_t bytes, size_t *used, const char *key,
                           double v) /* JSON has no NaN: such a field is left out */
{
    if (isfinite(v)) weir__append(line, bytes, used, ", \"%s\": %.17g", key, v);
}

weir_status weir__journal_step(weir_run *r, double lr, double seconds)
{
    char line[512];
    size_t used = 0;
    double n = (double)r->loss_count, loss = r->loss_sum / n;
    weir__append(line, sizeof line, &used, "{\"step\": %lld", (long long)r->step);
    journal_number(line, sizeof line, &used, "loss", loss);
    journal_number(line, sizeof line, &used, "lr", lr);
    if (r->config.train.clip > 0)
        journal_number(line, sizeof line, &used, "grad_norm", r->norm_sum / n);
    weir__append(line, sizeof line, &used, ", \"seconds\": %.3f}\n", seconds);
    scalar(r, "train/loss", loss);
    scalar(r, "train/lr", lr);
    r->loss_sum = r->norm_sum = 0;
    r->loss_count = 0;
    return write_line(r, line, used);
}

/* How many held-out samples failed, and which the first are. */
static void failures(const weir_run *r, char *line, size_t bytes, size_t *used)
{
    if (r->failed == 0) return;
    weir__append(line, bytes, used, ", \"failed\": %lld, \"failed_samples\": [",
                 (long long)r->failed);
    for (int64_t i = 0; i < r->failed && i < WEIR_FAILED_NAMED; i++)
        weir__append(line, bytes, used, i ? ", %lld" : "%lld", (long long)r->failed_ids[i]);
    weir__append(line, bytes, used, "]");
}

weir_status weir__journal_valid(weir_run *r, double stderr_, double seconds)
{
    char line[1024];
    size_t used = 0;
    bool best = r->best_step == r->step;
    weir__append(line, sizeof line, &used, "{\"step\": %lld", (long long)r->step);
    journal_number(line, sizeof line, &used, "valid", r->last_valid);
    journal_number(line, sizeof line, &used, "valid_stderr", stderr_);
    failures(r, line, sizeof line, &used);
    weir__append(line, sizeof line, &used, ", \"best\": %s, \"seconds\": %.3f}\n",
                 best ? "true" : "false", seconds);
    if (isfinite(r->last_valid)) scalar(r, "valid/nats", r->last_valid);
    return write_line(r, line, used);
}

weir_status weir__journal_sync(weir_run *r)
{
    if (!weir__run_speaks(r)) return weir_status_of(r->object.ctx);
    r->events_bytes = 0;
    while (fsync(r->metrics) != 0)
        if (errno != EINTR) return io_error(r);
    if (!r->events) return WEIR_OK;
    if (weir__events_sync(r->events) != WEIR_OK) return weir_status_of(r->object.ctx);
    r->events_bytes = weir__events_bytes(r->events);
    return WEIR_OK;
}

void weir__journal_close(weir_run *r)
{
    if (r->metrics >= 0) close(r->metrics);
    if (r->events) weir__events_close(r->events);
    r->metrics = -1;
    r->events = NULL;
}
