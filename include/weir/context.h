/* weir/context.h - the context everything lives in, and the scopes that return memory.
 *
 *     weir_ctx *c = weir_open(1);                 // seed 1
 *     for (int step = 0; step < 1000 && weir_ok(c); step++) {
 *         weir_scope s = weir_scope_begin(c);
 *         weir_randn(c, WEIR_F32, 1, (const int64_t[]){ 8 });
 *         weir_scope_end(s);                      // all tensors made since the begin are returned
 *     }
 *     if (!weir_ok(c)) fprintf(stderr, "%s\n", weir_message(c));
 *     weir_close(c);
 *
 * A context belongs to one thread at a time. Tensors carry their context, so only constructors take
 * `c`. Its own threads start with the first call that has work for them and end in weir_close,
 * after which the library may be unloaded; a child after fork() starts its own. They take no
 * signals but faults. In an OpenMP region of the host's the calling thread works alone. The library
 * has no globals that change, never prints, aborts or exits, and installs no signal handler. Text
 * that it reads or writes (options, messages, files) has numbers with a point and no groups,
 * whatever locale the program has set. When a call returns, errno, the floating-point environment
 * (rounding, traps, flags) and the signal mask are as they were. Inside, the callbacks of the
 * program included, arithmetic is the default one: the same bits whatever the program has set.
 */
#ifndef WEIR_CONTEXT_H
#define WEIR_CONTEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_ctx weir_ctx;

/* -- simple ------------------------------------------------------------------------------------ */

/* Opens a context. Never NULL: a context that could not be made is a failed one that says why.
 * Close with weir_close. */
WEIR_API weir_ctx *weir_open(uint64_t seed);
/* Frees the context and everything still in its scopes. Handles with a `_free` of their own must be
 * freed before. NULL: nothing. */
WEIR_API void weir_close(weir_ctx *c);

/* True until the first error. */
WEIR_API bool weir_ok(const weir_ctx *c);
WEIR_API weir_status weir_status_of(const weir_ctx *c); /* WEIR_OK until the first error */
/* One line, `what: where: expected`; "" while there is no error; never NULL; valid until the next
 * error or weir_close. */
WEIR_API const char *weir_message(const weir_ctx *c);
/* Forgets the error. Parameters survive; gradients may be partial after a failed backward: they are
 * zeroed at the next weir_optim_zero_grad. */
WEIR_API void weir_clear(weir_ctx *c);
/* Sets the error unless there is one already (the first wins) and returns the status in force. For
 * programs that add ops or rows. */
WEIR_API weir_status weir_fail(weir_ctx *c, weir_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* The same without a format, for languages that cannot call variadic functions. */
WEIR_API weir_status weir_fail_text(weir_ctx *c, weir_status status, const char *text);

/* A mark in the context, by value. An early return that skips weir_scope_end heals when an outer
 * scope ends. */
typedef struct weir_scope {
    weir_ctx *ctx;
    uint32_t depth;
    uint64_t generation;
} weir_scope;

/* Begins a scope; cannot fail. Results of ops live in the innermost one. */
WEIR_API weir_scope weir_scope_begin(weir_ctx *c);
/* The same, and ops inside record no gradients until this scope or an outer one ends. */
WEIR_API weir_scope weir_scope_begin_no_grad(weir_ctx *c);
/* Returns everything made since the begin, inner scopes included. Ending a scope twice is an error
 * (WEIR_ERROR_STATE), and so is using a handle after its scope, or after its free, until its memory
 * is used for another handle; a build with WEIR_NO_POOL under a sanitizer tells all such uses. */
WEIR_API void weir_scope_end(weir_scope scope);

/* Frees a handle from any thread, such as a finaliser's, whatever the context's own does meanwhile:
 * as its own free function, or weir_release of a tensor, at the context's next call that begins or
 * ends a scope, makes a tensor, trims or closes. Of several given by then each goes before what it
 * is made of: runs, loaders, optimizers, averages, models, modules, data sets, tensors. A model
 * whose shares are out stays until they are freed. NULL, nil, batches and conditions, which go with
 * their scope: nothing. The handle must be one that lives, and is used no more; the context must
 * not be closed before the call returns. */
WEIR_API void weir_free_later(void *handle);

/* -- advanced ---------------------------------------------------------------------------------- */

typedef enum weir_isa {
    WEIR_ISA_AUTO = 0,
    WEIR_ISA_C = 1,
    WEIR_ISA_AVX2 = 2,
    WEIR_ISA_AVX512 = 3
} weir_isa;

/* resize(user, NULL, 0, n) allocates n bytes aligned to 64 or returns NULL; resize(user, p, n, 0)
 * frees. Called from one thread at a time per context, but worker contexts call it too: it must be
 * thread-safe. */
typedef void *(*weir_resize_fn)(void *user, void *block, size_t old_bytes, size_t new_bytes);

typedef struct weir_open_opts {
    size_t size; /* of this struct, set by weir_open_defaults */
    uint64_t seed;
    /* threads an op or the shards of a step may use, at most 1024, of which the caller is one; 0:
     * as many as WEIR_NUM_THREADS says, else OMP_NUM_THREADS, else as there are processors that the
     * process may run on (its affinity, and the quota of its control group). No number changes a
     * bit */
    int threads;
    /* which kernels; AUTO: the best the CPU has. Asking for more than it has is an error */
    weir_isa isa;
    weir_resize_fn resize; /* NULL: the C library's */
    void *resize_user;
    /* NULL: silence. Lines that begin with "warning: " say `what: where: what to do` of what is no
     * error, but may not be meant. */
    void (*log)(void *user, const char *line);
    void *log_user;
    /* of processes that train together (weir/group.h), copied; NULL: alone */
    const struct weir_group *group;
    /* Memory that opening data may take: so many bytes, or 16 times what the files take on disk
     * where that is more; 0: 2^30. Files that are packed (gzip, PNG, JPEG) can claim a thousand
     * times their size. Beyond it is an error (WEIR_ERROR_MEMORY) that names the data. Of images in
     * a folder, so many bytes of pixels (no more for large files) are kept once decoded; the others
     * are decoded each time they are read. */
    int64_t file_bytes;
} weir_open_opts;

/* weir_open_defaults(): seed 1, all threads, the best kernels. */
WEIR_API void weir_open_defaults_sized(weir_open_opts *o, size_t size);
WEIR_DEFAULTS(weir_open_opts, weir_open_defaults)
/* NULL: the defaults. Never NULL */
WEIR_API weir_ctx *weir_open_with(const weir_open_opts *options);

WEIR_API int weir_threads(const weir_ctx *c); /* that ops and shards may use */
/* The kernels in use: "avx512", "avx2" or "c": the machine class that bits depend on. */
WEIR_API const char *weir_isa_name(const weir_ctx *c);

typedef struct weir_memory_info {
    size_t size;
    int64_t live_blocks, live_bytes; /* handed out and not returned */
    int64_t peak_bytes; /* highest live_bytes */
    int64_t system_bytes; /* taken from the allocator: live + kept for reuse */
    int64_t system_calls; /* how often the allocator was asked */
} weir_memory_info;
/* Counts of this context alone (worker contexts have their own), into the first `size` bytes. */
WEIR_API void weir_memory_sized(const weir_ctx *c, weir_memory_info *info, size_t size);
static inline weir_memory_info weir_memory(const weir_ctx *c)
{
    weir_memory_info info;
    weir_memory_sized(c, &info, sizeof info);
    return info;
}
/* Returns what is kept for reuse to the allocator. */
WEIR_API void weir_memory_trim(weir_ctx *c);

/* A child that may run on another thread while its parent waits: own tape, scopes, status and
 * memory; it reads what its ancestors own (parameters, data) without counting it, so the parent
 * must not free or change these meanwhile. Nor may code that runs in the child: while the library
 * runs shards of a step in children, their parent refuses objects and changes, by an error that
 * names the call (weir_parameter_here says how it is done). Close it before the parent. */
WEIR_API weir_ctx *weir_worker_open(weir_ctx *parent, int threads);

/* "0.1.0" and what it was built with: "jansson zlib ...". */
WEIR_API const char *weir_version(void);
WEIR_API const char *weir_build_features(void);

#ifdef __cplusplus
}
#endif
#endif
