/* journal.c - what a run writes as it goes: metrics.jsonl, one object a line, and the same as TensorBoard events.
 *
 * The checkpoint records the lengths of both; on resume they are cut back to these, so that lines are never missing or doubled.
 * Wall-clock fields are "seconds" (since the run began) in the log and the wall times of events; everything else repeats to the bit. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "train/train.h"

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static weir_status io_error(weir_run *r, const char *path)
{
    return weir_fail(r->object.ctx, WEIR_ERROR_IO, "%s: %s: expected a file that can be written", path, strerror(errno));
}

weir_status weir__journal_open(weir_run *r, int64_t metrics_bytes, int64_t events_bytes)
{
    char path[4096];
    weir__run_path(r, "metrics.jsonl", path, sizeof path);
    FILE *f = fopen(path, "ab");
    if (!f) return io_error(r, path);
    if (ftruncate(fileno(f), metrics_bytes) != 0) {
        io_error(r, path);
        fclose(f);
        return weir_status_of(r->object.ctx);
    }
    r->metrics = f;
#ifdef WEIR_HAVE_PROTOBUF
    weir__run_path(r, "events.out.tfevents.weir", path, sizeof path);
    r->events = weir__events_open(r->object.ctx, path, wall(), events_bytes);
#else
    (void)events_bytes, (void)wall;
#endif
    return weir_status_of(r->object.ctx);
}

static void scalar(weir_run *r, const char *tag, double value)
{
    if (r->events) weir__events_scalar(r->events, tag, r->step, wall(), value);
}

static weir_status write_line(weir_run *r, const char *line)
{
    if (fputs(line, r->metrics) >= 0 && fflush(r->metrics) == 0) return weir_status_of(r->object.ctx);
    return io_error(r, "metrics.jsonl");
}

static void number(char *line, size_t bytes, size_t *used, const char *key, double v) /* JSON has no NaN: such a field is left out */
{
    if (isfinite(v)) weir__append(line, bytes, used, ", \"%s\": %.17g", key, v);
}

weir_status weir__journal_step(weir_run *r, double lr, double seconds)
{
    char line[512];
    size_t used = 0;
    double n = (double)r->loss_count, loss = r->loss_sum / n;
    weir__append(line, sizeof line, &used, "{\"step\": %lld", (long long)r->step);
    number(line, sizeof line, &used, "loss", loss);
    number(line, sizeof line, &used, "lr", lr);
    if (r->config.train.clip > 0) number(line, sizeof line, &used, "grad_norm", r->norm_sum / n);
    weir__append(line, sizeof line, &used, ", \"seconds\": %.3f}\n", seconds);
    scalar(r, "train/loss", loss);
    scalar(r, "train/lr", lr);
    r->loss_sum = r->norm_sum = 0;
    r->loss_count = 0;
    return write_line(r, line);
}

weir_status weir__journal_valid(weir_run *r, double valid, double stderr_, double seconds)
{
    char line[512];
    size_t used = 0;
    weir__append(line, sizeof line, &used, "{\"step\": %lld", (long long)r->step);
    number(line, sizeof line, &used, "valid", valid);
    number(line, sizeof line, &used, "valid_stderr", stderr_);
    weir__append(line, sizeof line, &used, ", \"best\": %s, \"seconds\": %.3f}\n", r->best_step == r->step ? "true" : "false", seconds);
    if (isfinite(valid)) scalar(r, "valid/nats", valid);
    return write_line(r, line);
}

weir_status weir__journal_sync(weir_run *r, int64_t *metrics_bytes, int64_t *events_bytes)
{
    *metrics_bytes = *events_bytes = 0;
    if (fflush(r->metrics) != 0 || fsync(fileno(r->metrics)) != 0) return io_error(r, "metrics.jsonl");
    *metrics_bytes = (int64_t)ftello(r->metrics);
    if (!r->events) return WEIR_OK;
    if (weir__events_sync(r->events) != WEIR_OK) return weir_status_of(r->object.ctx);
    *events_bytes = weir__events_bytes(r->events);
    return WEIR_OK;
}

void weir__journal_close(weir_run *r)
{
    if (r->metrics) fclose(r->metrics);
    if (r->events) weir__events_close(r->events);
    r->metrics = NULL;
    r->events = NULL;
}
