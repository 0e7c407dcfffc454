/* test_processors.c - how many threads a context has where the program does not say. */
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "test.h"
#include "base/base.h"

static void numbers_are_read_whole(void **state)
{
    (void)state;
    assert_int_equal(weir__threads_of_text("4", '\0'), 4);
    assert_int_equal(weir__threads_of_text(" 12 ", '\0'), 12);
    assert_int_equal(weir__threads_of_text("3,2", ','), 3);
    assert_int_equal(weir__threads_of_text("100000", '\0'), WEIR__MOST_THREADS);
    assert_int_equal(weir__threads_of_text("99999999999999999999", '\0'), WEIR__MOST_THREADS);
    static const char *const none[] = { "", "0", "-2", "two", "4x", "3,2", "2.5", "," };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(weir__threads_of_text(none[i], '\0'), 0);
}

static void quotas_are_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(weir__quota_of_text("200000 100000\n"), 2);
    assert_int_equal(weir__quota_of_text("150000 100000"), 2);
    assert_int_equal(weir__quota_of_text("200001 100000"), 3);
    assert_int_equal(weir__quota_of_text("5000 100000"), 1);
    assert_int_equal(weir__quota_of_text("9000000000000 1000"), WEIR__MOST_THREADS);
    static const char *const none[] = { "max 100000", "-1 100000", "", "100000", "0 100000", "9 0", "x y" };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(weir__quota_of_text(none[i]), 0);
}

/* -- control groups in a folder --------------------------------------------------------------- */
static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void the_narrowest_group_decides(void **state)
{
    (void)state;
    char root[] = "/tmp/weir-groups-XXXXXX";
    assert_non_null(mkdtemp(root));
    assert_int_equal(chdir(root), 0);
    static const char *const folders[] = { "v2", "v2/a", "v2/a/b", "v1", "v1/cpu", "v1/cpu/c" };
    for (int i = 0; i < 6; i++) assert_int_equal(mkdir(folders[i], 0700), 0);
    write_file("v2/a/cpu.max", "300000 100000\n");
    write_file("v2/a/b/cpu.max", "max 100000\n");
    write_file("groups2", "0::/a/b\n");
    assert_int_equal(weir__quota("groups2", "v2"), 3);
    write_file("v2/a/b/cpu.max", "100000 100000\n");
    assert_int_equal(weir__quota("groups2", "v2"), 1);
    write_file("groups2", "0::/\n");
    assert_int_equal(weir__quota("groups2", "v2"), 0);
    write_file("v2/cpu.max", "700000 100000\n");
    assert_int_equal(weir__quota("groups2", "v2"), 7);
    write_file("groups2", "0::/another/container's/name\n");
    assert_int_equal(weir__quota("groups2", "v2"), 7);
    write_file("v1/cpu/cpu.cfs_quota_us", "-1\n");
    write_file("v1/cpu/cpu.cfs_period_us", "100000\n");
    write_file("v1/cpu/c/cpu.cfs_quota_us", "250000\n");
    write_file("v1/cpu/c/cpu.cfs_period_us", "100000\n");
    write_file("groups1", "5:memory:/c\n4:cpuset:/c\n3:cpuacct,cpu:/c\n0::/\n");
    assert_int_equal(weir__quota("groups1", "v1"), 3);
    write_file("groups1", "4:cpuset:/c\n1:name=systemd:/c\n");
    assert_int_equal(weir__quota("groups1", "v1"), 0);
    write_file("groups1", "nothing of the kind\n:\n\n");
    assert_int_equal(weir__quota("groups1", "v1"), 0);
    assert_int_equal(weir__quota("absent", "v1"), 0);
    assert_int_equal(chdir("/"), 0);
    char command[sizeof root + 16];
    snprintf(command, sizeof command, "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

/* -- the environment and the mask ------------------------------------------------------------- */
static int threads_opened(void)
{
    weir_ctx *c = weir_open(1);
    int n = weir_threads(c);
    assert_ok(c);
    weir_close(c);
    return n;
}

static void the_environment_decides(void **state)
{
    (void)state;
    setenv("OMP_NUM_THREADS", "3,2", 1);
    assert_int_equal(threads_opened(), 3);
    setenv("WEIR_NUM_THREADS", "5", 1);
    assert_int_equal(threads_opened(), 5);
    weir_open_opts o = weir_open_defaults();
    o.threads = 2; /* the program's word counts more */
    weir_ctx *c = weir_open_with(&o);
    assert_int_equal(weir_threads(c), 2);
    weir_close(c);
    setenv("WEIR_NUM_THREADS", "many", 1);
    c = weir_open(1);
    assert_fails(c, WEIR_ERROR_VALUE, "open: WEIR_NUM_THREADS=many: expected a number from 1");
    assert_int_equal(weir_threads(c), 1);
    weir_close(c);
    setenv("WEIR_NUM_THREADS", "", 1);
    assert_int_equal(threads_opened(), 3);
    unsetenv("WEIR_NUM_THREADS");
    setenv("OMP_NUM_THREADS", "what", 1); /* another library's variable: not for this one to judge */
    int all = threads_opened();
    assert_in_range(all, 1, WEIR__MOST_THREADS);
    unsetenv("OMP_NUM_THREADS");
    errno = 77;
    assert_int_equal(weir__default_threads(), all);
    assert_int_equal(errno, 77);
}

#if defined(__linux__)
static void the_mask_decides(void **state)
{
    (void)state;
    unsetenv("WEIR_NUM_THREADS");
    unsetenv("OMP_NUM_THREADS");
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(threads_opened(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    assert_in_range(threads_opened(), 1, CPU_COUNT(&before));
}
#endif

int main(void)
{
    CASES(cmocka_unit_test(numbers_are_read_whole), cmocka_unit_test(quotas_are_rounded_up),
          cmocka_unit_test(the_narrowest_group_decides),
          cmocka_unit_test(the_environment_decides),
#if defined(__linux__)
          cmocka_unit_test(the_mask_decides),
#endif
    );
    return cmocka_run_group_tests(cases, NULL, NULL);
}
