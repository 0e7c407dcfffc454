/* data.h - the inside of data sets, batches and loaders, for this room and for those that train and
 * report.
 *
 * A data set is a *store* (the values as they were read, in the type they were read) and a list of
 * *rows* of it (a split, a limit). Views of one store share it. A sample's id is its place in the
 * store, whatever the split.
 */
#ifndef WEIR_DATA_INTERNAL_H
#define WEIR_DATA_INTERNAL_H
#include <math.h>
#include "base/base.h"
#include "io/io.h"
#include "tensor/tensor.h"
#include "weir/data.h"

/* -- options of a SPEC: what stands after its first comma -------------------------------------- */
typedef enum weir__split {
    WEIR__SPLIT_ALL,
    WEIR__SPLIT_TRAIN,
    WEIR__SPLIT_VALID,
    WEIR__SPLIT_TEST,
    WEIR__SPLITS
} weir__split;
extern const char *const weir__split_names[WEIR__SPLITS]; /* "all", "train" ... */

typedef enum weir__standardize {
    WEIR__STANDARDIZE_NO,
    WEIR__STANDARDIZE_YES,
    WEIR__STANDARDIZE_ROBUST, /* by median and quartiles */
} weir__standardize;

typedef enum weir__na { WEIR__NA_ERROR, WEIR__NA_DROP } weir__na;

/* What weights may be, of a SPEC and of a loader's stream. */
typedef enum weir__weights_sign { WEIR__WEIGHTS_POSITIVE, WEIR__WEIGHTS_SIGNED } weir__weights_sign;
#define WEIR__WEIGHTS_SIGNS "positive|signed"

typedef struct weir__dataset_opts {
    size_t size;
    int32_t split;
    char *valid;
    char *test; /* "": none of the caller's own */
    int64_t limit;
    bool limit_first; /* no option: it leaves the first samples, as in weir 0.1.0 */
    int32_t standardize; /* weir__standardize */
    int64_t n; /* toys */
    int64_t levels, bits;
    char *label, *labels, *weight; /* "": none; NULL: the source has no such option */
    int32_t weights; /* weir__weights_sign */
    weir_words condition; /* n 0: none */
    char *conditions;
    int32_t header; /* weir__csv_header */
    weir_words columns, skip; /* n 0: all; none */
    int32_t na; /* weir__na */
    bool map;
} weir__dataset_opts;
static inline bool weir__is_said(const char *text) { return text && text[0]; }

/* No limit: more samples than any file of ours has. */
#define WEIR__LIMIT_MAX 1e15
/* Integers up to here are exact in f32, which batches are made of. */
#define WEIR__LEVELS_MAX 16777216

/* The options each kind of source takes are sums of these lists (initializers only, no logic). */
#define WEIR__OPT(field) offsetof(weir__dataset_opts, field)
#define WEIR__OPTIONS_ROWS \
    { "split", WEIR_OPTION_CHOICE, WEIR__OPT(split), "all", 0, 0, "all|train|valid|test", \
      "which samples" }, \
    { "valid", WEIR_OPTION_TEXT, WEIR__OPT(valid), "1/6", 0, 0, NULL, \
      "samples kept for validation: a fraction in [0, 1), chosen by a fixed hash of the sample " \
      "number, or last:N" }, \
    { "test", WEIR_OPTION_TEXT, WEIR__OPT(test), "", 0, 0, NULL, \
      "samples of split=test, taken out before valid: a fraction or last:N likewise; none unless " \
      "said" }, \
    { "limit", WEIR_OPTION_INT, WEIR__OPT(limit), "1e15", 1, WEIR__LIMIT_MAX, NULL, \
      "only N samples of the split, chosen by a fixed hash of the sample number" }, \
    { "standardize", WEIR_OPTION_CHOICE, WEIR__OPT(standardize), "no", 0, 0, "no|yes|robust", \
      "scale columns to mean 0 and standard deviation 1 inside the model, by the training " \
      "samples; robust: to median 0 and the quartiles of a normal distribution" }
#define WEIR__OPTION_N \
    { "n", WEIR_OPTION_INT, WEIR__OPT(n), "10000", 1, 1e8, NULL, \
      "samples drawn; n=100 is the beginning of n=1000" }
#define WEIR__OPTION_LEVELS(def) \
    { "levels", WEIR_OPTION_INT, WEIR__OPT(levels), def, 0, WEIR__LEVELS_MAX, NULL, \
      "values are integers 0 .. N-1 (0: continuous)" }, \
    { "bits", WEIR_OPTION_INT, WEIR__OPT(bits), "0", 0, 16, NULL, \
      "of such integers, v becomes floor(2^N v / levels), of 2^N levels (0: as they are)" }
#define WEIR__OPTION_MAP \
    { "map", WEIR_OPTION_BOOL, WEIR__OPT(map), "yes", 0, 0, NULL, \
      "values are read from the file as they are wanted, and it must stay as it is; no: all are " \
      "copied into memory" }
#define WEIR__OPTIONS_BESIDE \
    { "labels", WEIR_OPTION_TEXT, WEIR__OPT(labels), "", 0, 0, NULL, \
      "file with the class of every sample: IDX, npy or CSV; integers, or words below a header" }, \
    { "conditions", WEIR_OPTION_TEXT, WEIR__OPT(conditions), "", 0, 0, NULL, \
      "file with what every sample is conditioned on, one or more values: IDX, npy or CSV" }
#define WEIR__OPTIONS_COLUMNS \
    { "label", WEIR_OPTION_TEXT, WEIR__OPT(label), "", 0, 0, NULL, \
      "column with the class, an integer or a word, taken out of the data: its name in the " \
      "header or its number from 1" }, \
    { "weight", WEIR_OPTION_TEXT, WEIR__OPT(weight), "", 0, 0, NULL, \
      "column with the weight of the sample, taken out of the data: name or number from 1" }, \
    { "weights", WEIR_OPTION_CHOICE, WEIR__OPT(weights), "positive", 0, 0, WEIR__WEIGHTS_SIGNS, \
      "0 or more, or below 0 too, as Monte Carlo events may have them" }, \
    { "condition", WEIR_OPTION_WORDS, WEIR__OPT(condition), "", 0, 0, NULL, \
      "columns that the others are conditioned on, taken out of the data: \"a,b,c\" in " \
      "quotes, or 3-7" }, \
    { "columns", WEIR_OPTION_WORDS, WEIR__OPT(columns), "", 0, 0, NULL, \
      "columns that are the data, in the order of the file, \"a,b,c\" or 3-7; all others are " \
      "left out, text too" }, \
    { "skip", WEIR_OPTION_WORDS, WEIR__OPT(skip), "", 0, 0, NULL, \
      "columns that are left out, likewise" }, \
    { "na", WEIR_OPTION_CHOICE, WEIR__OPT(na), "error", 0, 0, "error|drop", \
      "samples that lack a value (empty, NA, NaN, null ..) are an error, or are left out before " \
      "samples are counted" }

/* -- where data lie ---------------------------------------------------------------------------- */
/* files.c: what a pattern such as data-*.npy names, in order. */
typedef struct weir__files {
    int64_t n, room;
    char **at; /* [n] paths */
} weir__files;
bool weir__files_is_pattern(const char *name); /* and not the name of a file */
/* false: there is none, or the error is set */
bool weir__files_find(weir_ctx *c, const char *pattern, weir__files *f);
void weir__files_free(weir_ctx *c, weir__files *f);

/* sources.c: which row reads a name, and what it reads. */
typedef struct weir__source {
    const struct weir__dataset_row *row;
    weir__bytes bytes; /* of the file, unpacked; none of toys, folders and several files */
    weir__mapped map; /* where they lie, if that is mapped; then there is no 0 behind them */
    weir__files files; /* of a pattern; row is that of the first */
} weir__source;
/* false: the error is set */
bool weir__source_find(weir_ctx *c, const char *name, weir__source *s);
void weir__source_free(weir_ctx *c, weir__source *s);

/* -- stores ------------------------------------------------------------------------------------ */
/* Rows that lie where they were read */
typedef struct weir__part {
    int64_t first, n;
    const char *data; /* [n, dim] */
    void *own; /* memory that holds them; NULL: the map does */
    weir__mapped map;
    char *path;
} weir__part;

/* Samples that lie in files of their own, and are decoded when they are read (decoded.c) */
typedef struct weir__decoded {
    weir__image_files *files;
    size_t each; /* bytes of a sample */
    int64_t room, kept; /* samples that stay in memory: at most, and by now */
    int64_t a_block; /* of them in one block */
    char **blocks;
    int64_t n_blocks, blocks_room;
    char **at; /* [n] where a sample that stays lies; NULL: it does not, or not yet */
    char *window; /* [window_rows, each] of others; NULL: none was wanted yet */
    int64_t window_rows; /* samples at one look, too */
    /* Levels that pixels must be of (0: no look is needed), and what bits= leaves of them (0: all)
     */
    int64_t levels, few;
    weir_ctx **workers; /* of the threads that decode */
    int n_workers;
    int64_t decodes; /* so far */
} weir__decoded;

typedef struct weir__store {
    weir_dtype dtype;
    int64_t n, dim;
    int ndim; /* of one sample */
    int64_t shape[WEIR_RANK_MAX]; /* of one sample */
    void *data; /* [n, dim]; NULL: in several parts, or decoded as they are read */
    weir__part *parts; /* by row; none: data is the store's own. Of one part data is its. */
    int64_t n_parts, parts_room;
    weir__decoded *decoded; /* NULL: values lie in data or in parts */
    int64_t levels; /* 0: continuous */
    weir_words columns; /* their names, where the source has some; n 0: none */
    int32_t *labels; /* [n] or NULL; -1: of none that is known */
    weir_words classes; /* names of label 0, 1, ..; n 0: none */
    bool labels_asked; /* by a SPEC or a caller; else the source has them by nature */
    /* values, shape and names of what samples are conditioned on; or NULL */
    struct weir__store *context;
    double *weights; /* [n] or NULL */
    bool weights_signed; /* some may be below 0 */
    int64_t weights_set; /* how often they were given anew: views keep what follows */
    int64_t *removed, n_removed; /* columns of the file taken out, ascending, from 0 */
    weir_words removed_as; /* of each, "w is the weight"; n 0 where none is */
} weir__store;

/* -- rows of the kind "dataset" ---------------------------------------------------------------- */
#define WEIR__UNKNOWN NAN /* entropy */
typedef struct weir__dataset_row {
    weir_row row; /* row.test is a SPEC, paths relative to the root of the source tree */
    int64_t test_rows; /* the last samples of the source are its test split; 0: it has none */
    /* Files are known by what they begin with, else by how their name ends. */
    bool (*is)(const void *data, size_t size); /* NULL: by name alone */
    const char *endings; /* such as ".npy .npy.gz", blanks between; NULL: none */
    bool together; /* several files may be one set, and are mapped */
    /* Files: reads `path` (NULL: built in) into `a`, and the header of a CSV. Bytes are the file's,
     * unpacked; folders have none. Values may lie in them. */
    weir_status (*read)(weir_ctx *c, const char *path, weir__bytes bytes, weir__array *a,
                        weir__csv *csv);
    /* Toys: sample `id`, of 2 values; NULL for files. */
    void (*draw)(uint64_t key, uint64_t id, double *x);
    double (*log_density)(const double *x); /* nats; NULL: not known in closed form */
    double entropy; /* nats; NaN: not known */
} weir__dataset_row;

/* Every source of data, in the order of the listing: dataset.npy is weir__dataset_npy, and so on.
 */
#define WEIR__DATASET_LIST(F) \
    F(digits) F(npy) F(csv) F(idx) F(image) F(folder) F(moons) F(8gaussians) F(pinwheel) \
    F(rings) F(spirals) F(checkerboard) F(swissroll) F(gmm3) F(gaussian)
#define F(n) extern const weir__dataset_row weir__dataset_##n;
WEIR__DATASET_LIST(F)
#undef F
extern const weir_row *const weir__dataset_rows[];
extern const int64_t weir__dataset_row_count;
extern const weir_row weir__loader_row; /* options of a loader */

/* -- passes that several share ----------------------------------------------------------------- */
/* The ranks of a group that all make the same pass over the samples, each over its part of them */
typedef struct weir__sharing {
    int rank, ranks;
    void *user;
    /* Whether all are well; what one has not is an error of all. */
    bool (*well)(void *user);
    /* Rank r has filled bytes ends[r - 1] (0 for the first) to ends[r] - 1 of `all`: all get all.
     * False: the error is set. */
    bool (*gather)(void *user, void *all, const size_t *ends);
} weir__sharing;
/* Of n things rank r has those from here on. */
static inline int64_t weir__sharing_part(const weir__sharing *all, int r, int64_t n)
{
    return n / all->ranks * r + n % all->ranks * r / all->ranks;
}
/* This one's: [begin, end); alone all. */
static inline int64_t weir__sharing_begin(const weir__sharing *all, int64_t n)
{
    return all ? weir__sharing_part(all, all->rank, n) : 0;
}
static inline int64_t weir__sharing_end(const weir__sharing *all, int64_t n)
{
    return all ? weir__sharing_part(all, all->rank + 1, n) : n;
}
static inline bool weir__sharing_well(const weir__sharing *all, const weir_ctx *c)
{
    return all ? all->well(all->user) : weir_ok(c);
}

/* -- data sets --------------------------------------------------------------------------------- */
struct weir_dataset {
    weir__object object;
    const weir__dataset_row *row; /* NULL: the caller's array */
    weir__store *store;
    bool owner; /* false: a view */
    const weir__sharing *sharing; /* of checks and statistics; NULL: this one looks at all */
    weir_dtype real; /* of batches: f64 where f32 may lose digits of the store */
    weir__dataset_opts opts; /* of its texts only `valid` and `test`, which it owns */
    int64_t *ids; /* [n] places in the store; NULL: 0 .. n-1 */
    int64_t n;
    double mean_weight; /* of its samples, as of mean_weight_of = weights_set + 1 */
    int64_t mean_weight_of;
    char *spec;
    char *name; /* what messages call it: the SPEC before its first comma */
};

struct weir_batch {
    weir__object object;
    weir_tensor *x;
    const weir_condition *condition; /* NULL: none */
    const weir_condition *prepared; /* what the model's row added; NULL: nothing */
    int64_t n;
    int64_t *ids;
    double *weights; /* NULL: 1 */
    double mean_weight; /* of the samples that it was drawn from; 1 where nobody knows */
    bool offered; /* by data: what a model does not want of the condition is dropped */
    bool has_class_by_nature; /* nobody asked for the class that is offered */
    bool ready; /* its condition is what a model's row sees: checked, standardised */
    /* A rank's part of a batch: x and "context" have the values of samples [from, to) alone, and 0
     * for the others; ids, weights and classes are of all. */
    bool partial;
    int64_t from, to;
};

/* spec.c: splits SPEC at its first comma; `*name` is to be freed. `*options` points into spec,
 * NULL: none. */
weir_status weir__spec_split(weir_ctx *c, const char *spec, char **name, const char **options);
/* Fills `o` from `options`, to be freed as the row says (after an error it holds nothing); `*given`
 * has bit i where option i of the row was written. */
weir_status weir__spec_options(weir_ctx *c, const char *spec, const weir__dataset_row *row,
                               const char *options, weir__dataset_opts *o, uint32_t *given);
/* "option=value" as it stands in the SPEC, *n bytes, quotes included; NULL: it is not spoken of. */
const char *weir__spec_option(const char *spec, const char *option, size_t *n);
/* The SPEC with the paths that begin at `folder` where nothing is found from here, to be freed.
 * NULL: they are as they were, or the error is set. */
char *weir__spec_from(weir_ctx *c, const char *spec, const char *folder);
/* Whether a file of the spec is named from the folder one is in. */
bool weir__spec_is_relative(weir_ctx *c, const char *spec);
/* Whether the SPEC speaks of an option. */
bool weir__spec_says(const char *spec, const char *option);
/* "1/6", "0.2" or "last:N" of an option -> how many of n samples that is, and whether the last. */
weir_status weir__spec_part(weir_ctx *c, const char *where, const char *option, const char *text,
                            int64_t n, int64_t *count, bool *last);

/* split.c: the samples of a split, in file order, thinned out to o->limit. `*ids` NULL: 0 .. n-1.
 */
weir_status weir__split_rows(weir_ctx *c, const char *where, const weir__dataset_opts *o,
                             weir__split split, int64_t n, int64_t test_rows, int64_t **ids,
                             int64_t *count);

/* store.c: reads or draws the store; of `from` it takes what values lie in. NULL: the error is
 * set. */
weir__store *weir__store_open(weir_ctx *c, const char *name, weir__source *from,
                              const weir__dataset_opts *o, bool levels_given);
void weir__store_free(weir_ctx *c, weir__store *s);
/* parts.c: the array's rows behind those of the store, whose type and shape they have; what they
 * lie in is the store's then. */
weir_status weir__parts_add(weir_ctx *c, weir__store *s, const char *path, weir__array *a,
                            weir__source *from);
/* All files; `shape` becomes an array of all samples without values, `csv` has names of columns. */
weir_status weir__parts_read(weir_ctx *c, const weir__files *files, weir__store *s,
                             weir__array *shape, weir__csv *csv);
void weir__parts_free(weir_ctx *c, weir__store *s);
const char *weir__parts_row(const weir__store *s, int64_t row);
/* Values in memory of the store's own, which may be written to; false: there is none. */
bool weir__store_own(weir_ctx *c, weir__store *s);
/* For what reads column by column: samples that would be decoded for each are all put in memory. */
static inline bool weir__store_undecoded(weir_ctx *c, weir__store *s)
{
    return !s->decoded || weir__store_own(c, s);
}
/* Whether files that are mapped are still as they were; else the error is set. */
bool weir__store_holds(weir_ctx *c, const weir__store *s);
/* decoded.c: of a store whose n, dim and type are set; takes `files` over unless it fails. */
weir__decoded *weir__decoded_new(weir_ctx *c, const weir__store *s, weir__image_files *files);
void weir__decoded_free(weir_ctx *c, weir__decoded *d);
/* Pixels must be of so many levels (0: any), and become floor(few v / levels) where few > 0. */
void weir__decoded_levels(weir__decoded *d, int64_t levels, int64_t few);
/* As weir__store_look, weir__store_gather and weir__store_own below and above. */
bool weir__decoded_look(weir_ctx *c, const weir__store *s, const int64_t *ids, int64_t n,
                        const char **at);
bool weir__decoded_gather(weir_ctx *c, const weir__store *s, weir_dtype t, const int64_t *ids,
                          int64_t n, void *x);
bool weir__decoded_own(weir_ctx *c, weir__store *s);
/* store.c: whether the values of one sample are integers of so many levels, or not finite. */
bool weir__store_check_row(weir_ctx *c, const char *name, const weir__store *s, int64_t levels,
                           int64_t row, const char *at);
/* n values of `levels` levels become floor(few v / levels); NaN and infinities stay. */
void weir__reduce_values(weir_dtype t, void *at, int64_t n, int64_t levels, int64_t few);
/* Where a sample lies, of a store that is not decoded. */
static inline const char *weir__store_row(const weir__store *s, int64_t row)
{
    size_t bytes = (size_t)s->dim * weir_dtype_size(s->dtype);
    return s->data ? (const char *)s->data + (size_t)row * bytes : weir__parts_row(s, row);
}
/* rows.c: where the n samples `ids` lie, until the next look at the store; n is at most
 * WEIR__LOOK_MOST, and weir__store_at_once. False: one could not be decoded, the error is set.
 * Of a store that is decoded from the thread of c alone. */
enum { WEIR__LOOK_MOST = 256 };
static inline int64_t weir__store_at_once(const weir__store *s)
{
    return s->decoded ? s->decoded->window_rows : WEIR__LOOK_MOST;
}
bool weir__store_look(weir_ctx *c, const weir__store *s, const int64_t *ids, int64_t n,
                      const char **at);
/* columns.c: the columns that columns= and skip= leave out of a table of so many; header NULL:
 * none. An error may be set. */
void weir__columns_left_out(weir_ctx *c, const char *name, const weir__dataset_opts *o,
                            int64_t columns, char *const *header, bool *left_out);
/* columns.c: takes label=, weight= and condition= out of an array; columns of `csv` may have names,
 * and one of them words. */
weir_status weir__store_columns(weir_ctx *c, const char *name, weir__store *s, const weir__csv *csv,
                                const weir__dataset_opts *o);
/* beside.c: labels= and conditions= */
weir_status weir__store_labels_file(weir_ctx *c, const char *name, weir__store *s,
                                    const char *path);
weir_status weir__store_conditions_file(weir_ctx *c, const char *name, weir__store *s,
                                        const char *path);
/* labels.c: of every sample, from a column of numbers of `from` ("sample 3, column 2" in messages
 * where that has several), or one word of each. */
weir_status weir__labels_numbers(weir_ctx *c, const char *where, weir__store *s,
                                 const weir__store *from, int64_t column);
weir_status weir__labels_words(weir_ctx *c, weir__store *s, const weir_words *words);
int64_t weir__labels_end(const weir__store *s); /* the largest label + 1; 0: there are none */
/* Numbers the classes of d, where they have names, as `names` does, of classes 0 .. end-1; a name
 * that is not there is an error, but of samples outside d -1. Where `names` is empty names must be
 * such numbers. */
weir_status weir__dataset_renumber(weir_dataset *d, const weir_words *names, int64_t end);
/* context.c: an empty context of so many values a sample, in place of the one there is. NULL: the
 * error is set. */
weir__store *weir__context_new(weir_ctx *c, weir__store *s, weir_dtype t, int ndim,
                               const int64_t *shape);
/* What the samples of these ids are conditioned on, in the current scope; NULL: d offers nothing.
 */
weir_condition *weir__dataset_condition(const weir_dataset *d, int64_t n, const int64_t *ids);
/* The same, its context read for ids[from .. to - 1] and 0 for the others. */
weir_condition *weir__dataset_condition_part(const weir_dataset *d, int64_t n, const int64_t *ids,
                                             int64_t from, int64_t to);
/* names.c: in place of what is in `to`, in UTF-8, whatever the text. */
weir_status weir__names_copy(weir_ctx *c, weir_words *to, int64_t n, const char *const *from);
void weir__names_free(weir_ctx *c, weir_words *w);
int64_t weir__names_find(const weir_words *w, const char *name); /* -1: not there */
const char *weir__names_near(const weir_words *w,
                             const char *name); /* the nearest; "" where none is near */
/* toys.c: n samples of f32 into s. */
weir_status weir__toy_store(weir_ctx *c, const weir__dataset_row *row, int64_t n, weir__store *s);
/* Column of the file, from 1, that element `j` of a sample came from. */
int64_t weir__store_column(const weir__store *s, int64_t j);
double weir__store_value(const weir__store *s, int64_t row, int64_t j); /* as weir__store_read */
/* n samples into x [n, dim] of type t; false: one could not be decoded, the error is set. */
bool weir__store_gather(weir_ctx *c, const weir__store *s, weir_dtype t, const int64_t *rows,
                        int64_t n, void *x);
/* The same of [from, to) of them; the others are 0. */
bool weir__store_gather_part(weir_ctx *c, const weir__store *s, weir_dtype t, const int64_t *rows,
                             int64_t n, int64_t from, int64_t to, void *x);
/* The real type that loses nothing of t: of integers up to 2^24 f32. */
static inline weir_dtype weir__store_real(weir_dtype t)
{
    return t == WEIR_F64 || t == WEIR_I64 || t == WEIR_I32 ? WEIR_F64 : WEIR_F32;
}
/* Elements first .. first+n-1 of a sample, as doubles, of a store that is not decoded. */
void weir__store_read(const weir__store *s, int64_t row, int64_t first, int64_t n, double *out);

static inline bool weir__dataset_dead(const weir_dataset *d)
{
    return !d || !weir__lives(d, "dataset") || d->object.nil;
}
/* The error of a call on NULL or nil. */
static inline weir_status weir__dataset_none(const weir_dataset *d, const char *who)
{
    return weir_fail(d ? weir__ctx_of(d) : NULL, WEIR_ERROR_ARGUMENT,
                     "%s: nil: expected a data set", who);
}
/* The error, or not, of a call that sets something of every sample of the source. */
weir_status weir__dataset_whole(const weir_dataset *d, const char *who);
static inline int64_t weir__dataset_id(const weir_dataset *d, int64_t row)
{
    return d->ids ? d->ids[row] : row;
}

/* decoded.c: passes in order over samples that are decoded, by the ranks of d->sharing, in rounds
 * of one turn each: so many samples a turn; those of a rank in the round that begins at `first`. */
typedef struct weir__turn {
    int64_t begin, end; /* begin = end: none */
} weir__turn;
int64_t weir__turn_samples(const weir_dataset *d);
weir__turn weir__turn_of(const weir_dataset *d, int64_t first, int64_t turn, int rank);

/* A batch of the samples `rows[0..n-1]` of d (NULL: first .. first+n-1), in the current scope. */
weir_batch *weir__dataset_gather(weir_dataset *d, const int64_t *rows, int64_t first, int64_t n);
/* The same of which only samples [from, to) are read: a partial batch, unless they are all. */
weir_batch *weir__dataset_gather_part(weir_dataset *d, const int64_t *rows, int64_t first,
                                      int64_t n, int64_t from, int64_t to);
/* As weir_dataset_open, for runs of weir 0.1.0: limit= and weir__dataset_some take the first
 * samples.
 */
weir_dataset *weir__dataset_open_first(weir_ctx *c, const char *spec);
/* A view of k samples of d, as limit=k chooses them; all where there are no more. Nil of a nil one.
 */
weir_dataset *weir__dataset_some(weir_dataset *d, int64_t k);
/* Batches of another type than the data set's own choice. */
void weir__dataset_set_real(weir_dataset *d, weir_dtype real);
/* Refuses NaN and infinities of the values as type t holds them, or of the context as f64, naming
 * the sample (its id) and the column or the condition of the first. */
weir_status weir__dataset_check_finite(weir_dataset *d, weir_dtype t);
weir_status weir__dataset_check_context(weir_dataset *d);
/* statistics.c: mean and deviation of every column by weight, 0 for a constant one. For data sets
 * of at least one sample. */
weir_status weir__dataset_moments(weir_dataset *d, double *mean, double *std);
/* quantile.c: values with weights, put in order, and the least value up to which at least the part
 * q of the total weight lies; n at least 1. */
typedef struct weir__weighted {
    double value, weight;
} weir__weighted;
void weir__weighted_sort(weir__weighted *e, int64_t n);
double weir__weighted_quantile(const weir__weighted *sorted, int64_t n, double total, double q);
/* quantile.c: the median of every column, and the distance of its quartiles over that of a standard
 * normal distribution's: a deviation that single samples do not move; 0 where half are equal. */
weir_status weir__dataset_robust(weir_dataset *d, double *median, double *spread);
/* rows.c: "column 3" of the file, or "condition a", by its name or number from 1: an element of the
 * samples of d's store, or of its context, as messages call it. */
const char *weir__store_place(const weir__store *s, bool context, int64_t j, char *text,
                              size_t bytes);
/* warn.c: for models that do not standardize: one warning where floats, the type of the model,
 * cannot tell the values of a column apart that the data set can, or where values are far larger
 * than the noise of 1 that it mixes them with. */
weir_status weir__dataset_warn_scale(weir_dataset *d, weir_dtype dtype, bool noise);
/* warn_columns.c: warnings of continuous data on which a density has no bound, and of single values
 * that decide what a model standardizes by, or the mean over held-out samples. Of files alone: what
 * a program gives, it knows. */
weir_status weir__dataset_warn_columns(weir_dataset *d, weir_dataset *held, bool standardized);
/* True differential entropy in nats of a toy; NaN where it is not known. */
double weir__dataset_entropy(const weir_dataset *d);

/* The mean weight of d's samples; 1 without weights. */
double weir__dataset_mean_weight(weir_dataset *d);
/* Weight of sample i of d; 1 without weights. */
static inline double weir__dataset_weight(const weir_dataset *d, int64_t i)
{
    return d->store->weights ? d->store->weights[weir__dataset_id(d, i)] : 1;
}
/* Its size: what statistics count by. */
static inline double weir__dataset_size(const weir_dataset *d, int64_t i)
{
    double w = weir__dataset_weight(d, i);
    return w < 0 ? -w : w;
}
/* batch.c: the first of n weights that is not finite, is negative where `sign` refuses that, or
 * takes the sum of their sizes beyond the largest double; -1: none. `text` gets what is wrong with
 * it: "expected a weight, .., found ..". */
int64_t weir__weights_bad(const double *w, int64_t n, weir__weights_sign sign, char *text,
                          size_t bytes);

/* weir_batch_wrap of weights that were looked at before, of either sign. */
weir_batch *weir__batch_wrap(weir_ctx *c, weir_tensor *x, const int64_t *ids, const double *weights,
                             const weir_condition *condition);
/* A copy of b in c, which is its context or below it, with another condition. */
weir_batch *weir__batch_with_condition(weir_ctx *c, const weir_batch *b, const weir_condition *k);
/* A batch in the current scope that takes over `ids` and `weights` (freed on failure too). */
weir_batch *weir__batch_new(weir_ctx *c, weir_tensor *x, int64_t *ids, double *weights,
                            const weir_condition *condition);

/* loader.c: samples of a whole batch. */
int64_t weir__loader_batch(const weir_loader *l);
/* As weir_loader_next, but of a data set only samples [from, to) of the batch are read; a stream's
 * batch is whole. */
weir_batch *weir__loader_next_part(weir_loader *l, int64_t from, int64_t to);

/* image.c: whether samples of that shape, integers of `levels` levels or (0) others, are images. */
typedef struct weir__image_shape {
    int channels;
    int64_t h, w;
} weir__image_shape;
bool weir__image_shape_of(int ndim, const int64_t *shape, int64_t levels, weir__image_shape *s);
/* image.c: exchanges left and right of one image [channels, h, w] of type t, in place. */
void weir__image_mirror(const weir__image_shape *s, weir_dtype t, void *image);

/* hash.c: a 64-bit hash of a stream of bytes, the same however it is cut. */
typedef struct weir__hasher {
    uint64_t lane[4], total;
    unsigned char pending[32];
    size_t n_pending;
} weir__hasher;
void weir__hasher_begin(weir__hasher *h);
void weir__hasher_add(weir__hasher *h, const void *data, size_t bytes);
uint64_t weir__hasher_end(const weir__hasher *h);

/* Nil objects: what failed calls return; one of each kind per context. */
weir__object *weir__dataset_nil_new(weir_ctx *c);
weir__object *weir__loader_nil_new(weir_ctx *c);
weir__object *weir__batch_nil_new(weir_ctx *c);
extern weir_dataset weir__orphan_dataset;
extern weir_loader weir__orphan_loader;
extern weir_batch weir__orphan_batch;

#endif
