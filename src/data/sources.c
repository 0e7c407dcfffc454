/* sources.c - what a data set can be read from: which row takes a name, and the readers of the file
 * kinds. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "data/data.h"

static const weir__dataset_row *toy_named(weir_ctx *c, const char *name)
{
    const char *near = NULL;
    int distance = (int)strlen(name) / 2 + 1;
    for (int64_t i = 0; i < weir__dataset_row_count; i++) {
        const weir__dataset_row *row = (const weir__dataset_row *)weir__dataset_rows[i];
        const char *candidate = row->row.name + strlen("dataset.");
        if (!row->draw) continue;
        int d = weir__edit_distance(name, candidate);
        if (d == 0) return row;
        if (d <= distance && (!near || d < distance)) {
            near = candidate;
            distance = d;
        }
    }
    const char *what = near ? "perhaps toy:" : "one that `weir list dataset` shows";
    weir_fail(c, WEIR_ERROR_NAME, "toy:%.100s: unknown toy: expected %s%s", name, what,
              near ? near : "");
    return NULL;
}

static weir_status read_unpacked(weir_ctx *c, const char *path, bool pipe, weir__bytes *bytes)
{
    if (pipe) weir__stream_read(c, path, bytes);
    else weir__file_read(c, path, SIZE_MAX, bytes);
    if (!weir_ok(c)) return weir_status_of(c);
    if (!weir__gzip_is(bytes->data, bytes->size)) return WEIR_OK;
    weir__bytes packed = *bytes;
    *bytes = (weir__bytes){ 0 };
    weir__gunzip(c, path, packed.data, packed.size, SIZE_MAX, bytes);
    weir__free(c, packed.data);
    return weir_status_of(c);
}

/* Does `path` end with one of the words, in either case? */
static bool has_ending(const char *path, const char *endings)
{
    char end[24];
    for (const char *e = endings; e && *e; e += strspn(e, " ")) {
        size_t n = strcspn(e, " ");
        snprintf(end, sizeof end, "%.*s", (int)n, e);
        if (weir__ends_with(path, end)) return true;
        e += n;
    }
    return false;
}

static bool is_zip(weir__bytes b) { return b.size >= 4 && memcmp(b.data, "PK\3\4", 4) == 0; }

/* By content where it tells; else by name, so that a damaged file gets the message of its own
 * reader. */
static const weir__dataset_row *file_kind(weir_ctx *c, const char *path, bool pipe, weir__bytes b)
{
    for (int by_name = 0; by_name < 2; by_name++)
        for (int64_t i = 0; i < weir__dataset_row_count; i++) {
            const weir__dataset_row *row = (const weir__dataset_row *)weir__dataset_rows[i];
            if (by_name ? has_ending(path, row->endings) : row->is && row->is(b.data, b.size))
                return row;
        }
    if (pipe && !is_zip(b)) return &weir__dataset_csv; /* it has no name that says more */
    if (is_zip(b))
        weir_fail(c, WEIR_ERROR_FORMAT,
                  "%.300s: an archive: expected one array, as numpy.save writes it (npz holds "
                  "several)",
                  path);
    else
        weir_fail(c, WEIR_ERROR_FORMAT,
                  "%.300s: unknown kind of file: expected npy, IDX, .csv, .tsv, .txt (gzipped or "
                  "not), an image or a folder",
                  path);
    return NULL;
}

void weir__source_free(weir_ctx *c, weir__source *s)
{
    if (!s->map.data) weir__free(c, s->bytes.data);
    weir__mapped_end(&s->map);
    weir__files_free(c, &s->files);
    *s = (weir__source){ 0 };
}

/* Of a file that is mapped, as its first bytes say; else nothing. */
static bool source_map(const char *path, weir__source *s)
{
    unsigned char first[8];
    size_t n = weir__file_begins(path, first, sizeof first);
    for (int64_t i = 0; n == sizeof first && !s->row && i < weir__dataset_row_count; i++) {
        const weir__dataset_row *row = (const weir__dataset_row *)weir__dataset_rows[i];
        if (row->together && row->is(first, n)) s->row = row;
    }
    if (!s->row) return false;
    if (!weir__file_map(path, &s->map)) {
        s->row = NULL;
        return false;
    }
    s->bytes = (weir__bytes){ (unsigned char *)(uintptr_t)s->map.data, s->map.size };
    return true;
}

static bool source_file(weir_ctx *c, const char *name, bool pipe, weir__source *s)
{
    if (!pipe && source_map(name, s)) return true;
    if (read_unpacked(c, name, pipe, &s->bytes) == WEIR_OK)
        s->row = file_kind(c, name, pipe, s->bytes);
    if (!s->row) weir__source_free(c, s);
    return s->row != NULL;
}

/* Of several files each is looked at when it is read; the first says which row's options they
 * take. */
static bool source_files(weir_ctx *c, const char *name, weir__source *s)
{
    weir__source first;
    weir__files files;
    if (!weir__files_find(c, name, &files)) {
        if (weir_ok(c))
            weir_fail(c, WEIR_ERROR_IO, "%.300s: no such file: expected one or more", name);
        return false;
    }
    if (weir__source_find(c, files.at[0], &first)) s->row = first.row;
    weir__source_free(c, &first);
    s->files = files;
    if (s->row && s->row->together) return true;
    if (s->row)
        weir_fail(c, WEIR_ERROR_FORMAT, "%.300s: one of several files: expected npy or IDX",
                  files.at[0]);
    weir__source_free(c, s);
    return false;
}

static bool source_missing(weir_ctx *c, const char *name)
{
    weir_fail(c, WEIR_ERROR_IO,
              "%.300s: %s: expected digits, toy:NAME, a file or a folder (a file name "
              "with a comma stands in quotes)",
              name, weir__error_text(errno));
    return false;
}

bool weir__source_find(weir_ctx *c, const char *name, weir__source *s)
{
    struct stat st;
    *s = (weir__source){ 0 };
    if (strcmp(name, "digits") == 0) s->row = &weir__dataset_digits;
    else if (strncmp(name, "toy:", 4) == 0) s->row = toy_named(c, name + 4);
    if (s->row || !weir_ok(c)) return s->row != NULL;
    bool pipe = strcmp(name, "-") == 0;
    if (!pipe && weir__files_is_pattern(name)) return source_files(c, name, s);
    if (!pipe && stat(name, &st) != 0) return source_missing(c, name);
    if (!pipe && S_ISDIR(st.st_mode)) s->row = &weir__dataset_folder;
    if (s->row) return true;
    if (!pipe) weir__claim_add(c, (int64_t)st.st_size);
    return source_file(c, name, pipe || S_ISFIFO(st.st_mode), s);
}

/* -- the kinds of files ------------------------------------------------------------------------ */

static weir_status read_npy(weir_ctx *c, const char *path, weir__bytes b, weir__array *a,
                            weir__csv *csv)
{
    weir__npy_fields fields = { 0 };
    if (weir__npy_view(c, path, b.data, b.size, a, &fields) != WEIR_OK) return weir_status_of(c);
    csv->header = fields.names; /* as a CSV has them, who frees them */
    csv->columns = fields.n;
    if (a->dtype == WEIR_U8) a->levels = 256;
    if (a->dtype == WEIR_BOOL) a->levels = 2;
    return WEIR_OK;
}

static const weir_option npy_options[] = {
    WEIR__OPTIONS_ROWS,   WEIR__OPTION_LEVELS("0"), WEIR__OPTIONS_COLUMNS,
    WEIR__OPTIONS_BESIDE, WEIR__OPTION_MAP,         { 0 },
};

const weir__dataset_row weir__dataset_npy = {
    .row = {
        .size = sizeof(weir__dataset_row),
        .version = 1,
        .name = "dataset.npy",
        .doc = "NumPy array FILE.npy, or several such as data-*.npy, samples along the first axis; "
               "bytes are integers of 256 levels, fields of a structured one are columns",
        .options = npy_options,
        .options_size = sizeof(weir__dataset_opts),
        .test = "tests/data/files/small.npy,valid=0.25",
    },
    .is = weir__npy_is,
    .endings = ".npy .npy.gz",
    .together = true,
    .read = read_npy,
    .entropy = WEIR__UNKNOWN,
};

static weir_status read_csv(weir_ctx *c, const char *path, weir__bytes b, weir__array *a,
                            weir__csv *csv)
{
    weir__csv_form form = csv->form;
    if (weir__csv_read(c, path, b.data, b.size, &form, csv) != WEIR_OK) return weir_status_of(c);
    *a = (weir__array){
        .dtype = WEIR_F64, .ndim = 2, .shape = { csv->rows, csv->columns }, .data = csv->values
    };
    csv->values = NULL;
    return WEIR_OK;
}

static const weir_option csv_options[] = {
    WEIR__OPTIONS_ROWS,
    WEIR__OPTION_LEVELS("0"),
    WEIR__OPTIONS_COLUMNS,
    WEIR__OPTIONS_BESIDE,
    { "header", WEIR_OPTION_CHOICE, WEIR__OPT(header), "auto", 0, 0, "auto|yes|no",
      "the first line names the columns; auto: where none of them is a number, or they are 0, 1, "
      "2 .." },
    { 0 },
};

const weir__dataset_row weir__dataset_csv = {
    .row = {
        .size = sizeof(weir__dataset_row),
        .version = 1,
        .name = "dataset.csv",
        .doc = "table FILE.csv, .tsv or .txt, gzipped or not, one sample a line",
        .options = csv_options,
        .options_size = sizeof(weir__dataset_opts),
        .test = "tests/data/files/small.csv,label=class,weight=4,condition=y",
    },
    .endings = ".csv .csv.gz .tsv .tsv.gz .txt .txt.gz",
    .read = read_csv,
    .entropy = WEIR__UNKNOWN,
};

static weir_status read_idx(weir_ctx *c, const char *path, weir__bytes b, weir__array *a,
                            weir__csv *csv)
{
    (void)csv;
    if (weir__idx_view(c, path, b.data, b.size, a) != WEIR_OK) return weir_status_of(c);
    if (a->ndim != 3) return WEIR_OK;
    a->shape[3] = a->shape[2];
    a->shape[2] = a->shape[1];
    a->shape[1] = 1;
    a->ndim = 4; /* images of one channel */
    return WEIR_OK;
}

static const weir_option idx_options[] = {
    WEIR__OPTIONS_ROWS, WEIR__OPTION_LEVELS("256"), WEIR__OPTIONS_BESIDE, WEIR__OPTION_MAP, { 0 },
};

const weir__dataset_row weir__dataset_idx = {
    .row = {
        .size = sizeof(weir__dataset_row),
        .version = 1,
        .name = "dataset.idx",
        .doc = "IDX file as MNIST ships it, gzipped or not; bytes are integers of 256 levels",
        .options = idx_options,
        .options_size = sizeof(weir__dataset_opts),
        .test = "tests/data/files/small-idx3-ubyte,labels=tests/data/files/small-labels-idx1-ubyte",
    },
    .is = weir__idx_is,
    .endings = "-ubyte -ubyte.gz .idx .idx.gz",
    .together = true,
    .read = read_idx,
    .entropy = WEIR__UNKNOWN,
};

static bool image_is(const void *data, size_t size)
{
    return weir__png_is(data, size) || weir__jpeg_is(data, size);
}

static weir_status sources_read_image(weir_ctx *c, const char *path, weir__bytes b, weir__array *a,
                                      weir__csv *csv)
{
    (void)csv;
    return weir__image_read(c, path, b.data, b.size, a);
}

static const weir_option image_options[] = {
    WEIR__OPTIONS_ROWS, WEIR__OPTION_LEVELS("256"), WEIR__OPTIONS_BESIDE, { 0 }
};

const weir__dataset_row weir__dataset_image = {
    .row = {
        .size = sizeof(weir__dataset_row),
        .version = 1,
        .name = "dataset.image",
        .doc = "one PNG or JPEG image, which is one sample",
        .options = image_options,
        .options_size = sizeof(weir__dataset_opts),
        .test = "tests/data/files/images/a/0.png",
    },
    .is = image_is,
    .endings = ".png .jpg .jpeg",
    .read = sources_read_image,
    .entropy = WEIR__UNKNOWN,
};

static weir_status read_folder(weir_ctx *c, const char *path, weir__bytes b, weir__array *a,
                               weir__csv *csv)
{
    (void)csv;
    (void)b;
    return weir__image_folder_open(c, path, a);
}

static const weir_option folder_options[] = {
    WEIR__OPTIONS_ROWS, WEIR__OPTION_LEVELS("256"), WEIR__OPTIONS_BESIDE, WEIR__OPTION_MAP, { 0 },
};

const weir__dataset_row weir__dataset_folder = {
    .row = {
        .size = sizeof(weir__dataset_row),
        .version = 1,
        .name = "dataset.folder",
        .doc = "folder of PNG or JPEG images of one size; sub-folders are classes",
        .options = folder_options,
        .options_size = sizeof(weir__dataset_opts),
        .test = "tests/data/files/images,valid=last:1",
    },
    .read = read_folder,
    .entropy = WEIR__UNKNOWN,
};
