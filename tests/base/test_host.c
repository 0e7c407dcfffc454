/* test_host.c - a host that loads the shared library, calls it on two threads, forks, and unloads
 * it. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"

enum { SIDE = 400 };

#define CALLS(of) \
    of(open_defaults_sized) of(open_with) of(close) of(ok) of(randn) of(matmul) of(data) of(scope_begin) \
    of(scope_end)
typedef struct library {
    void *handle;
#define POINTER(name) __typeof__(&weir_##name) name;
    CALLS(POINTER)
#undef POINTER
} library;

static const char *library_path(void)
{
    static char path[4096];
    const char *build = getenv("BUILD");
    assert_non_null(build);
    snprintf(path, sizeof path, "%s/libweir.so", build);
    return path;
}

static library library_load(void)
{
    library l = { .handle = dlopen(library_path(), RTLD_NOW | RTLD_LOCAL) };
    if (!l.handle) fail_msg("%s", dlerror());
#define FIND(name) \
    *(void **)&l.name = dlsym(l.handle, "weir_" #name); \
    assert_non_null(l.name);
    CALLS(FIND)
#undef FIND
    return l;
}

static weir_ctx *library_open(const library *l, int threads)
{
    weir_open_opts o;
    l->open_defaults_sized(&o, sizeof o);
    o.threads = threads;
    return l->open_with(&o);
}

/* A product large enough for two threads; one of its numbers */
static float product(const library *l, weir_ctx *c)
{
    weir_scope s = l->scope_begin(c);
    weir_tensor *a = l->randn(c, WEIR_F32, 2, SHAPE(SIDE, SIDE));
    weir_tensor *y = l->matmul(a, a);
    float corner = ((const float *)l->data(y))[SIDE * SIDE - 1];
    l->scope_end(s);
    assert_true(l->ok(c));
    return corner;
}

static int threads_of_this_process(void)
{
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) return -1;
    int n = 0;
    for (struct dirent *e = readdir(tasks); e; e = readdir(tasks)) n += e->d_name[0] != '.';
    closedir(tasks);
    return n;
}

static void a_child_works_on_threads_and_ends(void **state)
{
    (void)state;
    library l = library_load();
    weir_ctx *c = library_open(&l, 2);
    product(&l, c);
    pid_t child = fork();
    if (child == 0) {
        alarm(300); /* a child that hangs fails, and ends */
        product(&l, c);
        l.close(c);
        _exit(0);
    }
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    assert_int_equal(status, 0);
    product(&l, c);
    l.close(c);
    assert_int_equal(dlclose(l.handle), 0);
}

static void the_library_can_be_unloaded(void **state)
{
    (void)state;
    int before = threads_of_this_process();
    for (int round = 0; round < 3; round++) {
        library l = library_load();
        weir_ctx *one = library_open(&l, 1), *two = library_open(&l, 2);
        assert_true(product(&l, one) == product(&l, two));
        l.close(one);
        l.close(two);
        assert_int_equal(threads_of_this_process(), before);
        assert_int_equal(dlclose(l.handle), 0);
        assert_null(dlopen(library_path(), RTLD_NOW | RTLD_NOLOAD));
        usleep(20000); /* whatever still ran in it would fall */
    }
}

int main(void)
{
    CASES(cmocka_unit_test(a_child_works_on_threads_and_ends),
          cmocka_unit_test(the_library_can_be_unloaded));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
