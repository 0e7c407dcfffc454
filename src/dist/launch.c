/* launch.c - finds the MPI of a process and loads the file that speaks it (dist/mpi): the one of
 * the program's own communicator, or of the launcher that has started the process. The library
 * itself is linked to none. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dist/dist.h"
#include "dist/mpi/mpi.h"

#ifndef WEIR_LIBDIR
#define WEIR_LIBDIR "lib"
#endif

typedef struct launch_mpi {
    const char *name, *file;
    const char *calls_itself; /* in MPI_Get_library_version */
    const char *rank[2];      /* environment of its launchers */
} launch_mpi;

static const launch_mpi launch_known[] = {
    { "openmpi", "libweir_mpi_openmpi.so", "Open MPI", { "OMPI_COMM_WORLD_RANK", "PMIX_RANK" } },
    { "mpich", "libweir_mpi_mpich.so", "MPICH", { "PMI_RANK", NULL } },
};
enum { LAUNCH_KNOWN = sizeof launch_known / sizeof *launch_known, LAUNCH_TEXT = 512 };

static const weir__mpi *launch_loaded; /* of the process: there is one MPI in it */
static char launch_why[LAUNCH_TEXT];   /* no group could be had */

static bool launch_fails(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool launch_fails(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    weir__vformat(launch_why, sizeof launch_why, format, args);
    va_end(args);
    return false;
}

/* -- which ------------------------------------------------------------------------------------ */
static const char *launch_asked(void) { return getenv("WEIR_MPI"); }

static const char *launch_rank_text(const launch_mpi *m)
{
    const char *text = NULL;
    for (int i = 0; i < 2 && !text; i++)
        if (m->rank[i]) text = getenv(m->rank[i]);
    return text;
}

int weir__launch_rank(void)
{
    const char *text = NULL, *asked = launch_asked();
    int64_t rank;
    if (asked && strcmp(asked, "none") == 0) return -1;
    for (int i = 0; i < LAUNCH_KNOWN && !text; i++) text = launch_rank_text(&launch_known[i]);
    if (!text) return asked && asked[0] ? 0 : -1;
    return weir__parse_int(text, &rank) && rank >= 0 && rank < INT_MAX ? (int)rank : 0;
}

/* What WEIR_MPI names, or the environment of a launcher; NULL: neither */
static const char *launch_file_of_launcher(void)
{
    const char *asked = launch_asked();
    for (int i = 0; i < LAUNCH_KNOWN; i++) {
        const launch_mpi *m = &launch_known[i];
        if (asked && asked[0] ? strcmp(asked, m->name) == 0 : launch_rank_text(m) != NULL)
            return m->file;
    }
    return asked && asked[0] ? asked : NULL;
}

/* What WEIR_MPI names, or the MPI that the program has loaded; NULL: none is known */
static const char *launch_file_of_program(void)
{
    enum { MOST = 8192 }; /* MPICH's MPI_MAX_LIBRARY_VERSION_STRING, the largest */
    static char text[MOST];
    int (*version)(char *, int *) = NULL, length = 0;
    if (launch_asked() && launch_asked()[0]) return launch_file_of_launcher();
    *(void **)&version = dlsym(RTLD_DEFAULT, "MPI_Get_library_version");
    if (!version || version(text, &length) != 0) return NULL;
    for (int i = 0; i < LAUNCH_KNOWN; i++)
        if (strstr(text, launch_known[i].calls_itself)) return launch_known[i].file;
    return NULL;
}

/* -- loading ---------------------------------------------------------------------------------- */
/* The folder of a file; "" where the file has none. */
static void launch_folder(char *path)
{
    char *slash = strrchr(path, '/');
    path[slash ? slash - path : 0] = 0;
}

static void *launch_open_near(const char *file, const char *folder)
{
    static const char *const between[] = { "", "../", "../" WEIR_LIBDIR "/", "../lib/" };
    void *library = NULL;
    for (size_t i = 0; folder[0] && !library && i < sizeof between / sizeof *between; i++) {
        char path[2 * PATH_MAX];
        size_t used = 0;
        weir__append(path, sizeof path, &used, "%s/%s%s", folder, between[i], file);
        if (access(path, R_OK) == 0) library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    }
    return library;
}

/* Beside this library, or the program that it is part of, or wherever the loader looks. Global, for
 * an MPI loads parts of its own that want its symbols. */
static void *launch_open(const char *file)
{
    char folder[PATH_MAX] = "";
    Dl_info at;
    if (strchr(file, '/')) return dlopen(file, RTLD_NOW | RTLD_GLOBAL);
    size_t used = 0;
    if (dladdr((void *)(uintptr_t)launch_open_near, &at) != 0 && at.dli_fname)
        weir__append(folder, sizeof folder, &used, "%s", at.dli_fname);
    launch_folder(folder);
    void *library = launch_open_near(file, folder);
    ssize_t n = library ? 0 : readlink("/proc/self/exe", folder, sizeof folder - 1);
    folder[n > 0 ? n : 0] = 0;
    launch_folder(folder);
    if (!library) library = launch_open_near(file, folder);
    return library ? library : dlopen(file, RTLD_NOW | RTLD_GLOBAL);
}

static bool launch_load(const char *file)
{
    weir__mpi_get *get = NULL;
    if (launch_loaded) return true;
    void *library = launch_open(file);
    if (!library)
        return launch_fails("%.200s: %.200s: expected the file that weir was built with for this "
                            "MPI (WEIR_MPI=openmpi, mpich or none says which)",
                            file, dlerror());
    *(void **)&get = dlsym(library, WEIR__MPI_GET);
    const weir__mpi *m = get ? get() : NULL;
    if (!m || m->size != sizeof *m || strcmp(m->version, weir_version()) != 0)
        return launch_fails("%.200s: not of this weir: expected that of version %s", file,
                            weir_version());
    launch_loaded = m;
    return true;
}

/* -- groups ----------------------------------------------------------------------------------- */
const char *weir__launch_why(const weir_group *g)
{
    return g->ranks == 0 && launch_why[0] ? launch_why : NULL;
}

static weir_status launch_refuse(weir_group *g, weir_status s)
{
    g->ranks = 0;
    return s;
}

static weir_status launch_group(weir_group *g, int comm)
{
    weir_status s = launch_loaded->open(g, comm, launch_why, sizeof launch_why);
    return s == WEIR_OK ? s : launch_refuse(g, s);
}

/* The launcher's, of all its processes; MPI is started. */
static weir_status launch_world(weir_group *g)
{
    const char *file = launch_file_of_launcher();
    if (!file || !launch_load(file)) return launch_refuse(g, WEIR_ERROR_UNSUPPORTED);
    if (!launch_loaded->begin(launch_why, sizeof launch_why))
        return launch_refuse(g, WEIR_ERROR_IO);
    return launch_group(g, launch_loaded->world());
}

weir_status weir__launch_open(weir_group *g)
{
    *g = weir_group_defaults();
    return weir__launch_rank() < 0 ? WEIR_OK : launch_world(g);
}

bool weir__launch_is_over(const weir_group *g)
{
    return g->user && launch_loaded && launch_loaded->is_over(g);
}

void weir__launch_close(weir_group *g, bool speaks)
{
    if (!g->user || !launch_loaded) return;
    bool over = launch_loaded->is_over(g);
    if (over) launch_loaded->part(g, speaks, g->seconds);
    launch_loaded->close(g);
    if (!over) launch_loaded->end();
}

weir_status weir_group_mpi(weir_group *g, int comm)
{
    WEIR__AS_FOUND;
    weir_group whole = weir_group_defaults();
    if (!g || !weir__sized_read(NULL, "", "", g, &whole, sizeof whole)) return WEIR_ERROR_ARGUMENT;
    const char *file = launch_file_of_program();
    weir_status s = WEIR_ERROR_UNSUPPORTED;
    if (!file)
        launch_fails("group_mpi: no MPI in this process: expected a program that is linked to Open "
                     "MPI or MPICH, or WEIR_MPI=openmpi or mpich");
    if (file && launch_load(file)) s = launch_group(&whole, comm);
    else launch_refuse(&whole, s);
    weir__sized_write(g, &whole, sizeof whole);
    return s;
}

void weir_group_mpi_free(weir_group *g)
{
    WEIR__AS_FOUND;
    weir_group whole = weir_group_defaults();
    if (!g || !weir__sized_read(NULL, "", "", g, &whole, sizeof whole)) return;
    if (!whole.user || !launch_loaded) return;
    launch_loaded->close(&whole);
    whole = weir_group_defaults();
    weir__sized_write(g, &whole, sizeof whole);
}
