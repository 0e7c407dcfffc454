/* progress.c - how a training run shows itself: one line redrawn on a terminal; elsewhere (and on a
 * dumb one) a line after the first second, then about every ten and at validations, not closer than
 * a second. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cli/cli.h"

enum { BAR = 20, QUIET_SECONDS = 10 };

/* Whether a line there can be drawn anew. */
static bool redraws(FILE *out)
{
    const char *term = getenv("TERM");
    return isatty(fileno(out)) == 1 && !(term && strcmp(term, "dumb") == 0);
}

void weir__meter_begin(weir__meter *m, FILE *out)
{
    *m = (weir__meter){
        .out = out, .terminal = redraws(out), .last_valid = NAN, .last_line = weir__seconds()
    };
}

static void put_time(char *text, size_t bytes, size_t *used, double seconds)
{
    long long s = isfinite(seconds) && seconds > 0 && seconds < 1e9 ? (long long)(seconds + 0.5)
                                                                    : 0;
    if (s >= 3600)
        weir__append(text, bytes, used, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else weir__append(text, bytes, used, "%lld:%02lld", s / 60, s % 60);
}

/* Held-out samples that failed: how many, and the first by their ids. */
static void put_failed(char *text, size_t bytes, size_t *used, const weir_progress *p)
{
    enum { SHOWN = 3 };
    if (p->failed == 0) return;
    weir__append(text, bytes, used, " (%lld failed: sample", (long long)p->failed);
    for (int64_t i = 0; i < p->failed && i < SHOWN; i++)
        weir__append(text, bytes, used, i ? ", %lld" : " %lld", (long long)p->failed_ids[i]);
    weir__append(text, bytes, used, p->failed > SHOWN ? ", ..)" : ")");
}

static void put_mean(char *text, size_t bytes, size_t *used, const weir_progress *p)
{
    if (!isfinite(p->valid) && p->failed > 0) weir__append(text, bytes, used, "  held-out -");
    if (!isfinite(p->valid)) return;
    if (p->levels > 0)
        weir__append(text, bytes, used, "  held-out %.4f bits/dim",
                     weir_bits_per_dim(p->valid, p->dim, p->levels));
    else weir__append(text, bytes, used, "  held-out %.4f nats", p->valid);
}

static void put_valid(char *text, size_t bytes, size_t *used, const weir_progress *p)
{
    put_mean(text, bytes, used, p);
    put_failed(text, bytes, used, p);
}

/* Share of this call that is done, by steps or by the clock, and the seconds left. */
static double share(const weir__meter *m, const weir_progress *p, double *left)
{
    double by_steps = m->open_ended
                          ? 0
                          : (double)(p->step - m->first_step) / (double)(p->steps - m->first_step);
    double by_clock = m->minutes > 0 ? p->seconds / (60 * m->minutes) : 0;
    double done = fmin(1, fmax(by_steps, by_clock));
    *left = done > 0 ? p->seconds * (1 - done) / done : NAN;
    return done;
}

/* How wide a line may be. */
static int progress_room(const weir__meter *m)
{
    struct winsize w = { 0 };
    return ioctl(fileno(m->out), TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col - 1 : 100;
}

/* Before the line: what is done, its bar as long as the rest leaves room for. */
static void put_bar(const weir__meter *m, double done, const char *line)
{
    char bar[BAR + 1];
    int n = progress_room(m) - (int)strlen(line) - 7;
    if (n > BAR) n = BAR;
    if (n < 0) n = 0;
    for (int i = 0; i < n; i++) bar[i] = (double)i < done * n ? '#' : '.';
    bar[n] = 0;
    char share_done[16];
    weir__format(share_done, sizeof share_done, "%3.0f%%", 100 * done);
    fprintf(m->out, "\r%s %s  %.*s\033[K", bar, share_done, progress_room(m) - n - 7, line);
    fflush(m->out);
}

static double compose(const weir__meter *m, const weir_progress *p, char *text, size_t bytes)
{
    double left, done = share(m, p, &left);
    size_t used = 0;
    weir__append(text, bytes, &used, "step %lld", (long long)p->step);
    if (!m->open_ended) weir__append(text, bytes, &used, "/%lld", (long long)p->steps);
    weir__append(text, bytes, &used, "  loss %.4f", p->loss);
    put_valid(text, bytes, &used, p);
    if (done >= 1 || !isfinite(left)) return done;
    weir__append(text, bytes, &used, "  ETA ");
    put_time(text, bytes, &used, left);
    return done;
}

void weir__meter_show(weir__meter *m, const weir_progress *p)
{
    char text[320];
    double now = weir__seconds();
    bool validated = isfinite(p->valid) && p->valid != m->last_valid;
    double quiet = now - m->last_line;
    if (weir__is_quiet()) return;
    if (!m->shown) quiet += QUIET_SECONDS - 1; /* the first line after a second: it has the ETA */
    if (!m->terminal && quiet < QUIET_SECONDS && !(validated && quiet >= 1) && p->step != p->steps)
        return;
    double done = compose(m, p, text, sizeof text);
    if (m->terminal) {
        put_bar(m, done, text);
    } else {
        fprintf(m->out, "%s\n", text);
        fflush(m->out);
    }
    m->shown = true;
    m->last_line = now;
    m->last_valid = p->valid;
}

void weir__meter_end(weir__meter *m)
{
    if (m->terminal && m->shown) fputc('\n', m->out);
}
