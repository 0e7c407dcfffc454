/* base.h - what every room above may use: the context, memory, errors, rows, random numbers, text.
 * No tensors here. */
#ifndef WEIR_BASE_H
#define WEIR_BASE_H
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include "base/caller.h"
#include "weir/context.h"
#include "weir/registry.h"

/* -- objects: every handle begins with this ---------------------------------------------------- */
typedef enum weir__kind {
    WEIR__TENSOR,
    WEIR__CONDITION,
    WEIR__BATCH,
    WEIR__MODULE,
    WEIR__OPTIM,
    WEIR__DATASET,
    WEIR__LOADER,
    WEIR__MODEL,
    WEIR__RUN,
    WEIR__KINDS,
    WEIR__EMA = WEIR__KINDS /* a handle without a nil of its own */
} weir__kind;

/* What a live handle begins with, and one whose memory went back to the pool: pool.c writes that
 * over every block it takes back, with `nil`, so that a handle used too late is one until the
 * memory is used again. */
enum { WEIR__ALIVE = 0x57656972, WEIR__GONE = 0x676f6e65, WEIR__SPENT = 0x7370656e };

typedef struct weir__object {
    uint32_t alive;
    int32_t refs; /* counted only by the owning context: children borrow */
    weir_ctx *ctx;
    void (*destroy)(struct weir__object *);
    uint8_t kind;
    uint8_t keep; /* scope ends it still has to survive */
    bool home; /* lives outside scopes, freed by its own `_free` */
    bool nil;
    bool scoped; /* a scope holds one of the references */
    uint16_t retained; /* references that weir_retain gave */
    /* Under the lock of its context's list (later.c): how often it was given back, and the next. */
    int32_t given;
    struct weir__object *next_given;
} weir__object;

/* What is left of a handle that ended before its scope: its memory is not used again until then,
 * so that every use is told. */
typedef struct weir__husk {
    weir__object object;
    char what[96]; /* "tensor f32 [4, 3], given back by net.0" */
} weir__husk;

/* The head of a new handle outside scopes, and of a kind's nil object. */
static inline weir__object weir__object_home(weir_ctx *c, weir__kind kind,
                                             void (*destroy)(weir__object *))
{
    return (weir__object){
        .alive = WEIR__ALIVE,
        .refs = 1,
        .ctx = c,
        .destroy = destroy,
        .kind = (uint8_t)kind,
        .home = true,
    };
}

static inline weir__object weir__object_nil(weir_ctx *c, weir__kind kind)
{
    weir__object o = weir__object_home(c, kind, NULL);
    o.nil = true;
    return o;
}

/* Of the nil object of no context. */
#define WEIR__OBJECT_ORPHAN(of_kind, of_ctx) \
    { .alive = WEIR__ALIVE, .refs = 1, .ctx = of_ctx, .kind = of_kind, .home = true, .nil = true }

/* -- object.c: handles that live, and that belong together ------------------------------------- */
/* Sets the error where it is known whose the handle was; false. */
bool weir__gone(const void *handle, const char *who);
/* False, after an error, for a handle used after its end. Not for NULL. */
static inline bool weir__lives(const void *handle, const char *who)
{
    return ((const weir__object *)handle)->alive == WEIR__ALIVE || weir__gone(handle, who);
}
/* Ends a handle whose scope holds the last reference; what it had is returned already. `what` is
 * the husk's, for which the handle's memory has room. */
void weir__object_spend(weir__object *o, const char *what);
/* The handle's context, a gone one's too where it is known; else nobody's. Never NULL. */
weir_ctx *weir__ctx_of(const void *handle);
/* False, after an error in c that names `what`, where the handle's context is on another line of
 * descent than c: neither may know when memory of the other ends. NULL and nil pass. */
bool weir__meets(weir_ctx *c, const void *handle, const char *who, const char *what);
/* The same where c must outlive nothing of the handle's: its context is c or an ancestor. */
bool weir__reaches(weir_ctx *c, const void *handle, const char *who, const char *what);
/* The nil object of a kind: what a failed call returns. Never NULL, even for a NULL context. */
void *weir__nil(weir_ctx *c, weir__kind kind);

/* -- sizes ------------------------------------------------------------------------------------- */
/* Products and sums of counts. One that does not fit, or is of a negative count, is WEIR__ABSURD;
 * so are further ones of it (but 0 times it), and no memory is had for it: a size is computed
 * without a check and looked at once, by weir__alloc. */
#define WEIR__ABSURD INT64_MAX

static inline int64_t weir__size_times(int64_t a, int64_t b)
{
    int64_t product;
    if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product)) return WEIR__ABSURD;
    return product;
}

static inline int64_t weir__size_plus(int64_t a, int64_t b)
{
    int64_t sum;
    if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum)) return WEIR__ABSURD;
    return sum;
}

/* Bytes of n elements; SIZE_MAX where they do not fit. */
static inline size_t weir__bytes_of(int64_t n, size_t element)
{
    size_t bytes;
    if (n < 0 || __builtin_mul_overflow((uint64_t)n, element, &bytes)) return SIZE_MAX;
    return bytes;
}

/* -- memory: one door -------------------------------------------------------------------------- */
/* 64-byte aligned, not cleared (weir__alloc0 clears); sets the sticky error and returns NULL when
 * there is none. Zero bytes is one. */
void *weir__alloc(weir_ctx *c, size_t bytes);
void *weir__alloc0(weir_ctx *c, size_t bytes);
/* Grows or shrinks, keeping contents; the old block stays valid when it returns NULL. */
void *weir__realloc(weir_ctx *c, void *block, size_t bytes);
void weir__free(weir_ctx *c, void *block); /* NULL: nothing */
char *weir__strdup(weir_ctx *c, const char *text);
/* The same for n elements: memory for a size that does not fit is not had, like any other. */
void *weir__alloc_n(weir_ctx *c, int64_t n, size_t element);
void *weir__alloc0_n(weir_ctx *c, int64_t n, size_t element);
/* Grows `*array` (elements of `element` bytes) so that it holds `need`; false on no memory. */
bool weir__grow(weir_ctx *c, void *array_pointer, int64_t *capacity, int64_t need, size_t element);

/* claim.c: what data may take of memory while they are opened, so that a small file that claims
 * much does not take the machine's. */
typedef struct weir__claim {
    const char *where; /* what is opened, borrowed; NULL: nothing is */
    int64_t most, begin; /* weir_open_opts.file_bytes; live bytes before */
    int64_t on_disk; /* of the files found so far */
} weir__claim;
void weir__claim_begin(weir_ctx *c, const char *where);
void weir__claim_add(weir_ctx *c, int64_t on_disk);
void weir__claim_end(weir_ctx *c);
/* file_bytes, or its default: what samples that are decoded may take of memory, too */
int64_t weir__claim_most(const weir_ctx *c);
/* Whether so many bytes more may be had; the error is set where not. */
bool weir__claim_allows(weir_ctx *c, size_t bytes);

/* context.c: the first warnings of a context, for those that show them beside a result. */
enum { WEIR__WARNINGS_MAX = 64 };
typedef struct weir__warnings {
    int64_t n;
    char *at[WEIR__WARNINGS_MAX]; /* without "warning: " */
} weir__warnings;

/* -- pool.c: blocks kept for reuse, by size class ---------------------------------------------- */
enum {
    WEIR__POOL_BITS = 46, /* blocks of up to 2^46 bytes, header included */
    WEIR__POOL_CLASSES = 16 + (WEIR__POOL_BITS - 10) * 8 + 1,
};
typedef struct weir__block weir__block;
typedef struct weir__pool {
    weir_resize_fn resize;
    void *user;
    weir_memory_info info;
    weir__block *spare[WEIR__POOL_CLASSES];
    uint64_t used[WEIR__POOL_CLASSES], uses; /* when a class was last used; blocks taken or given */
} weir__pool;
void *weir__pool_take(weir__pool *p, size_t bytes); /* NULL: the allocator had none */
void weir__pool_give(weir__pool *p, void *block);
size_t weir__pool_size(const void *block); /* bytes asked for */
void weir__pool_trim(weir__pool *p);

/* -- threads.c: the threads of a context ------------------------------------------------------- */
enum { WEIR__MOST_THREADS = 1024 };
typedef struct weir__workers weir__workers;
/* A caller and up to `threads` - 1 workers, which start with the first job. NULL: no memory, the
 * error is set. */
weir__workers *weir__workers_new(weir_ctx *c, int threads);
void weir__workers_free(weir__workers *w); /* waits for their end; NULL: nothing */
/* piece(user, i) once for each i < n, n at most `threads`, several at once; returns when all are
 * done. The caller does all of them where `workers` is NULL, from within a piece, in an OpenMP
 * region of the host's, and where no thread can be had. `workers` (a weir__workers; kern.h asks for
 * a pointer to anything) belongs to one thread at a time, as its context does. */
void weir__workers_run(void *workers, int n, void (*piece)(void *user, int i), void *user);

/* -- processors.c: how many, where the program does not say ------------------------------------ */
enum { WEIR__GROUP_PATH = 4096 };
int weir__default_threads(void); /* 0: WEIR_NUM_THREADS is set and no number from 1 */
/* "4", or "4,2" with ',' after it; 0: no number from 1 */
int weir__threads_of_text(const char *text, char after);
/* "QUOTA PERIOD" in microseconds, rounded up to processors; 0: no limit */
int weir__quota_of_text(const char *text);
/* The least quota of the groups in a file like /proc/self/cgroup and of those around them, mounted
 * at `mount`; 0: none. */
int weir__quota(const char *groups, const char *mount);

/* -- the random frame (rng.c) ------------------------------------------------------------------ */
/* A draw's key is a hash of (seed, stream, step, call): the frame supplies all but the draw. Sample
 * ids give axis 0. */
typedef struct weir__frame {
    uint64_t stream, step;
    uint64_t call; /* draws made in this frame so far */
    const int64_t *ids; /* borrowed; NULL: 0 .. n-1 */
    int64_t n_ids;
} weir__frame;
/* How a context runs, as calls inside the library set it for a while: in a scope, whose end puts it
 * back. What a program sets (seed, position of samples, threads) is not among them. */
typedef struct weir__modes {
    bool no_grad; /* ops record nothing */
    bool first_batch; /* modules with a data-dependent start take it from what reaches them
                         (nn/first.c) */
    bool hunting; /* modules run their layers one by one, for the layers' names stand in messages */
    bool trap_nan; /* forensics: fail at the first op that makes a non-finite value */
    bool seeded; /* draws go by `seed` instead of the context's */
    uint64_t seed;
    const char *label; /* layer being run, for forensics; NULL: none */
    const struct weir__bijection_watch *watch; /* told of bijections; NULL: none */
} weir__modes;

uint64_t weir__hash_text(const char *text);
uint64_t weir__hash_mix(uint64_t a, uint64_t b);
/* For calls whose results must outlive them, so that no scope may end: the modes and the frame, to
 * be put back by hand. */
typedef struct weir__saved_modes {
    weir__modes modes;
    weir__frame frame;
} weir__saved_modes;
weir__saved_modes weir__modes_save(const weir_ctx *c);
void weir__modes_restore(weir_ctx *c, weir__saved_modes saved);
uint64_t weir__seed(const weir_ctx *c); /* that draws go by */
void weir__seed_set(weir_ctx *c, uint64_t seed); /* until the innermost scope ends */
uint64_t weir__draw_key(weir_ctx *c); /* of the next draw in the frame; advances `call` */
/* Philox4x32-10 (Salmon et al. 2011): the block of four 32-bit words at `counter` under `key`. */
void weir__philox(uint64_t key, uint64_t counter_hi, uint64_t counter_lo, uint32_t out[4]);
/* Sets the frame and returns the old one. The innermost scope puts back what was there when it
 * began. */
weir__frame weir__frame_set(weir_ctx *c, weir__frame frame);
/* For code that draws outside tensors (shuffles, splits, toys): element `index` of sample `id`
 * under `key`. */
double weir__uniform(uint64_t key, uint64_t id, uint64_t index); /* [0, 1), 53 bits */
double weir__normal(uint64_t key, uint64_t id, uint64_t index);

/* -- the context ------------------------------------------------------------------------------- */
typedef struct weir__scope_mark {
    int64_t first; /* index of its first object */
    uint64_t generation;
    weir__modes modes; /* as they were before: put back when the scope ends */
    weir__frame frame; /* likewise, where it was set within the scope */
    bool has_frame;
} weir__scope_mark;

typedef struct weir__kind_table {
    const char *kind;
    const weir_row *const *rows;
    int64_t n;
} weir__kind_table;

/* A kind whose rows programs may add. NULL: there is none of this name. (src/kinds.c) */
typedef struct weir__row_kind {
    const char *kind;
    size_t row_size; /* of the whole row */
    const char *(*wants)(const weir_row *row); /* what is missing in a row; NULL: nothing */
} weir__row_kind;
const weir__row_kind *weir__row_kind_of(const char *kind);

/* A copy of a row that came with an older header, at its present size (row_look.c). */
typedef struct weir__adopted {
    struct weir__adopted *next;
    const weir_row *given, *row;
    const void *was; /* the bytes that were given */
} weir__adopted;

/* Handles that other threads gave back (later.c). */
typedef struct weir__later {
    atomic_bool any;
    atomic_flag lock; /* of what follows */
    weir__object *first[WEIR__KINDS + 1]; /* by kind */
    bool freeing; /* of the context's own thread */
} weir__later;

typedef struct weir__registered {
    struct weir__registered *next;
    const weir_row *row;
} weir__registered;

/* While shards run below a context (region.c). */
typedef struct weir__region {
    atomic_bool open;
    atomic_flag lock; /* of what follows */
    weir_status status; /* of the refusal that stands; message "": none */
    char message[256];
    void **copies; /* a list of blocks, each of which begins with the next */
} weir__region;

struct weir_ctx {
    weir_ctx *parent;
    int depth; /* 0: root */
    weir_status status;
    char message[768];
    weir__pool pool;
    weir__region region;
    weir__later later;
    /* scopes */
    weir__object **objects;
    int64_t n_objects, objects_cap;
    weir__scope_mark *scopes;
    int64_t n_scopes, scopes_cap;
    uint64_t generation;
    weir__modes modes;
    /* random */
    uint64_t seed;
    weir__frame frame;
    weir__claim claim;
    /* machine */
    int n_threads;
    weir__workers *workers; /* NULL: one thread */
    const struct weir__threads *threads; /* the same, as kernels see them */
    weir_isa isa;
    const struct weir__isa *kern; /* the kernels of that isa */
    void (*log)(void *, const char *);
    void *log_user;
    weir__warnings warnings;
    /* what upper rooms put here */
    weir__object *nil[WEIR__KINDS];
    const weir__kind_table *tables;
    int64_t n_tables;
    weir__registered *registered;
    weir__adopted *adopted;
    uint64_t sequence; /* of the next graph node */
    struct weir__worker_grads *worker; /* where a worker's leaf gradients go; NULL: to the leaves */
    const struct weir__grad_hooks *hooks; /* what grad needs of ops */
    struct weir__group *group; /* of ranks (dist/group.c); NULL: alone, as workers are */
    bool grouped; /* opened with a group, if of one rank */
    struct weir__lapack *lapack; /* routines of the system's LAPACK; NULL until this context, or one
                                    above, wants them */
    const char *trap_op; /* which op that was, in which layer, at which index of axis 0 */
    char trap_label[128];
};

/* A failed context that is no one's: nil objects of NULL handles point here. Never written to. */
extern weir_ctx weir__orphan_ctx; /* defined in src/weir.c, which knows the nil objects */
weir_ctx *weir__orphan(void);
/* Adds `o` (refs already 1) to the innermost scope; false, with the error set and `o` untouched,
 * when the list cannot grow. */
bool weir__scope_add(weir_ctx *c, weir__object *o);
/* Whether o was made in the innermost scope, or kept into it. */
bool weir__scope_has(const weir_ctx *c, const weir__object *o);
/* Ends `s`; of the n objects those made inside it move to the scope around (others stay where they
 * are). */
void weir__scope_end_keeping(weir_scope s, int n, void *const *kept);
/* The younger of two contexts on one line of descent, or NULL. */
weir_ctx *weir__younger(weir_ctx *a, weir_ctx *b);
/* Opens the context alone; src/weir.c adds nil objects, kernels, threads and tables. */
weir_ctx *weir__ctx_new(weir_ctx *parent, const weir_open_opts *o);
void weir__ctx_delete(weir_ctx *c);
/* One line to the log of c, or of the first context above that has one. */
void weir__log(weir_ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for what is no error, but may not be what was meant: `what: where: what to do`, which
 * the log gets as "warning: ..." and the command prints. */
void weir__warn(weir_ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* -- clock.c, sorting -------------------------------------------------------------------------- */
double weir__seconds(void); /* of a clock that only goes forward */
/* For qsort: doubles, the smallest first. */
static inline int weir__ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* -- region.c: a context while shards of a step run below it, which read it without a lock -------
 */
void weir__region_begin(weir_ctx *c);
/* What was refused meanwhile becomes the context's error. */
void weir__region_end(weir_ctx *c);
static inline bool weir__region_open(weir_ctx *c)
{
    return atomic_load_explicit(&c->region.open, memory_order_relaxed);
}
void weir__region_refuse(weir_ctx *c, const char *who, const char *expected);
/* Does a region run? Then `who` is refused, on whatever thread: the caller does nothing and gives
 * nil. */
static inline bool weir__region_refuses(weir_ctx *c, const char *who, const char *expected)
{
    if (!weir__region_open(c)) return false;
    weir__region_refuse(c, who, expected);
    return true;
}
void weir__region_note(weir_ctx *c, weir_status status, const char *text);
/* Memory to write into in place of the context's own, until the region ends; NULL: there is none.
 */
void *weir__region_copy(weir_ctx *c, const void *data, size_t bytes);
#define WEIR__REGION_OP \
    "weir_parameter_here(x, t), x of the shard, for what is made of its tensors alone"
#define WEIR__REGION_MAKE "objects of a shard's own context, weir_ctx_of(x) of its x"
#define WEIR__REGION_CHANGE "it to change before the step, or after"

/* -- later.c: handles given back on other threads --------------------------------------------- */
void weir__later_free(weir_ctx *c);
static inline void weir__later_look(weir_ctx *c) /* where nothing of them is in use */
{
    if (atomic_load_explicit(&c->later.any, memory_order_relaxed)) weir__later_free(c);
}
/* kinds.c: frees it, or gives back `times` references to a tensor. False: a model whose shares are
 * out, which stays as it was. */
bool weir__kind_free(weir__object *o, int times);

/* -- text -------------------------------------------------------------------------------------- */
/* Appends to a bounded buffer, never overflows; *used counts what would have been written. */
void weir__append(char *buffer, size_t bytes, size_t *used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "[4, 3]" */
void weir__append_shape(char *buffer, size_t bytes, size_t *used, int ndim, const int64_t *shape);
/* snprintf and fprintf in the C locale (format.c), so that a real has a point for its decimal
 * point; what goes into `buffer` is cut to fit. */
int weir__format(char *buffer, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int weir__vformat(char *buffer, size_t bytes, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
void weir__print(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
double weir__strtod(const char *text, char **end);
float weir__strtof(const char *text);
/* What errno says, in English. */
const char *weir__error_text(int number);
/* Levenshtein distance, for "did you mean". */
int weir__edit_distance(const char *a, const char *b);
/* Bytes of the UTF-8 sequence that begins at s; 0: there is none. Over-long forms, surrogates and
 * control characters but \n and \t are none. */
size_t weir__utf8_sequence(const unsigned char *s);
/* Whether the n bytes of text are `word`, which is in lower case, with ASCII letters of either
 * case. */
bool weir__is_word(const char *text, size_t n, const char *word);
/* Whether text is more than `end`, in lower case, and ends with it, in either case. */
bool weir__ends_with(const char *text, const char *end);
/* Whole-string parses; false unless all of `text` is one value. "1e4" is a valid integer. */
bool weir__parse_int(const char *text, int64_t *out);
bool weir__parse_real(const char *text, double *out);
bool weir__parse_bool(const char *text, bool *out);

/* -- decimal numbers (number.c) ---------------------------------------------------------------- */
/* All of the n characters must be one decimal number, nan or inf (of any case); rounded once, to
 * even. No blanks, no hexadecimal. */
bool weir__parse_number(const char *text, size_t n, double *out);
extern const uint64_t weir__power5[28]; /* 5^0 to 5^27 */
/* The shortest text that reads back to the same bits, by the function above and by any other that
 * rounds correctly; laid out as %.15g lays out a double and %.6g a float, with more digits where it
 * takes more. "nan" (of either sign), "inf", "-inf". Returns the length. */
enum { WEIR__REAL_TEXT = 40 };
int weir__format_f64(double value, char out[WEIR__REAL_TEXT]);
int weir__format_f32(float value, char out[WEIR__REAL_TEXT]);
/* A double laid out as %.6g does: the text of an option. */
int weir__format_option(double value, char out[WEIR__REAL_TEXT]);

#include "base/options.h"

#endif
