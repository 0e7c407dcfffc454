/* killed.h - runs in child processes that die at a chosen moment, and comparisons of what they leave. */
#ifndef KILLED_H
#define KILLED_H
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"
#include "normed.h"

/* A child trains in `folder` until it ends or dies; returns what waitpid says. */
typedef struct plan { const char *folder, *config; int threads; } plan;

static inline int train_here(const plan *p)
{
    weir_ctx *c = normed_open(p->threads);
    weir_run *r = weir_run_open(c, p->folder, p->config, true);
    weir_status s = weir_run_train(r, NULL);
    if (s != WEIR_OK) fprintf(stderr, "%s\n", weir_message(c));
    weir_run_free(r);
    weir_close(c);
    return s == WEIR_OK ? 0 : 1;
}

static inline pid_t start(const plan *p, void (*before)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child != 0) return child;
    if (before) before();
    _exit(train_here(p));
}

static inline int wait_for(pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child) fail_msg("waitpid");
    return status;
}

static inline char *read_whole(const char *folder, const char *name, size_t *n)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s is not there", path);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *data = malloc(*n + 1);
    assert_int_equal(fread(data, 1, *n, f), *n);
    data[*n] = 0;
    fclose(f);
    return data;
}

/* Blanks what a clock wrote: the text from `"seconds"` to the next '}' or ',' outside of a text value. */
static inline void blank_seconds(char *s, size_t n)
{
    for (char *p = s; (p = memmem(p, n - (size_t)(p - s), "\"seconds\"", 9));)
        for (p += 9; p < s + n && *p != '}' && *p != ',' && *p != '\n'; p++) *p = ' ';
}

/* Where the paths of its data begin: another folder's run has another. */
static inline void blank_folder(char *s, size_t n)
{
    char *p = memmem(s, n, "\"folder\"", 8);
    for (; p && p < s + n && *p != '\n'; p++) *p = ' ';
}

static inline void same_file(const char *a, const char *b, const char *name)
{
    size_t n, m;
    char *x = read_whole(a, name, &n), *y = read_whole(b, name, &m);
    blank_seconds(x, n);
    blank_seconds(y, m);
    blank_folder(x, n);
    blank_folder(y, m);
    /* lengths may differ by the digits of a clock: compare without blanks */
    size_t i = 0, j = 0;
    bool text = strstr(name, ".json") != NULL;
    while (i < n || j < m) {
        while (text && i < n && x[i] == ' ') i++;
        while (text && j < m && y[j] == ' ') j++;
        if (i >= n || j >= m || x[i] != y[j]) {
            if (i >= n && j >= m) break;
            fail_msg("%s: %s and %s differ at byte %zu", name, a, b, i);
        }
        i++, j++;
    }
    free(x);
    free(y);
}

/* The tensors of two checkpoints, and their metadata but for the clock. */
static inline void same_checkpoint(const char *a, const char *b)
{
    weir_ctx *c = weir_open(1);
    weir__weights w[2];
    const char *const folder[] = { a, b };
    for (int i = 0; i < 2; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/checkpoint/state.safetensors", folder[i]);
        if (weir__safetensors_load(c, path, &w[i])) fail_msg("%s", weir_message(c));
        json_object_del(w[i].metadata, "seconds");
        json_object_del(w[i].metadata, "metrics_bytes"); /* a clock's digits */
        json_object_del(w[i].metadata, "events_bytes");
    }
    assert_int_equal(w[0].n, w[1].n);
    if (!json_equal(w[0].metadata, w[1].metadata)) fail_msg("checkpoints of %s and %s differ in metadata", a, b);
    for (int64_t i = 0; i < w[0].n; i++) {
        assert_string_equal(w[0].at[i].name, w[1].at[i].name);
        assert_memory_equal(w[0].at[i].data, w[1].at[i].data, w[0].at[i].bytes);
    }
    for (int i = 0; i < 2; i++) weir__weights_free(c, &w[i]);
    weir_close(c);
}

/* TensorBoard events but for their wall times (the first 9 bytes of a message) and the checksums over these. */
static inline void same_events(const char *a, const char *b)
{
    const char *const folder[] = { a, b };
    char *data[2];
    size_t n[2];
    for (int i = 0; i < 2; i++) {
        data[i] = read_whole(folder[i], "events.out.tfevents.weir", &n[i]);
        for (size_t at = 0; at + 12 <= n[i];) {
            uint64_t size;
            memcpy(&size, data[i] + at, sizeof size);
            if (size < 9 || size > n[i] - at - 16) fail_msg("%s: the record at byte %zu of the events is cut", folder[i], at);
            memset(data[i] + at + 12, 0, 9);
            memset(data[i] + at + 12 + size, 0, 4);
            at += 16 + size;
        }
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(data[0], data[1], n[0]);
    for (int i = 0; i < 2; i++) free(data[i]);
}

static inline void same_run(const char *a, const char *b)
{
    same_checkpoint(a, b);
    if (strstr(weir_build_features(), "protobuf")) same_events(a, b);
    same_file(a, b, "model.safetensors");
    same_file(a, b, "metrics.jsonl");
    same_file(a, b, "config.json");
}

static inline void remove_run(const char *folder)
{
    char command[1200];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) fail_msg("%s", command);
}

static inline void say_config(weir_ctx *c, char *out, size_t bytes, int n, const char *const *set)
{
    json_t *o = weir__config_resolve(c, "nice", "toy:moons,n=400", NULL, n, set);
    if (!o) fail_msg("%s", weir_message(c));
    char *text = json_dumps(o, 0);
    assert_true(strlen(text) < bytes);
    strcpy(out, text);
    free(text);
    json_decref(o);
}
#define CONFIG(c, out, ...) say_config(c, out, sizeof out, (int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), (const char *[]){ __VA_ARGS__ })

#endif
