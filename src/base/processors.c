/* processors.c - how many threads a context uses where the program does not say: WEIR_NUM_THREADS,
 * else OMP_NUM_THREADS, else the processors that the process may run on, within the quota of its
 * control groups (Linux: cgroups(7), v1 and v2). */
#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/base.h"

static int smaller_of_known(int a, int b)
{
    if (a == 0 || b == 0) return a + b;
    return a < b ? a : b;
}

static int count_within(int64_t n)
{
    return n > WEIR__MOST_THREADS ? WEIR__MOST_THREADS : (int)n;
}

/* The number that begins *text, which moves behind it and the blanks around; -1: none */
static int64_t count_read(const char **text)
{
    const int64_t large = (int64_t)1 << 50;
    const char *p = *text + strspn(*text, " \n");
    int64_t n = *p >= '0' && *p <= '9' ? 0 : -1;
    for (; *p >= '0' && *p <= '9'; p++) n = n < large ? 10 * n + (*p - '0') : n;
    *text = p + strspn(p, " \n");
    return n;
}

int weir__threads_of_text(const char *text, char after)
{
    int64_t n = count_read(&text);
    bool ends = *text == '\0' || *text == after;
    return ends && n > 0 ? count_within(n) : 0;
}

/* -- processors that the process may run on --------------------------------------------------- */
#if defined(__linux__)
static int processors_of_mask(int most)
{
    cpu_set_t *set = CPU_ALLOC((size_t)most);
    size_t bytes = CPU_ALLOC_SIZE((size_t)most);
    if (!set) return 0;
    int n = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    return n;
}

/* The system refuses a mask that is shorter than its own. */
static int processors_allowed(void)
{
    int n = 0;
    for (int most = 1024; n == 0 && most <= 1 << 18; most *= 4) n = processors_of_mask(most);
    return n;
}
#else
static int processors_allowed(void) { return (int)sysconf(_SC_NPROCESSORS_ONLN); }
#endif

/* -- the quota of control groups -------------------------------------------------------------- */
int weir__quota_of_text(const char *text)
{
    int64_t quota = count_read(&text);
    int64_t period = count_read(&text);
    if (quota <= 0 || period <= 0) return 0;
    return count_within(quota / period + (quota % period > 0));
}

/* The first line of a file; "" where there is none */
static void quota_read(const char *folder, const char *name, char *line, int bytes)
{
    char path[WEIR__GROUP_PATH + 64];
    line[0] = '\0';
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return;
    FILE *f = fopen(path, "r");
    if (!f) return;
    if (!fgets(line, bytes, f)) line[0] = '\0';
    fclose(f);
}

static int quota_of_folder(const char *folder)
{
    char quota[64], period[64], both[130];
    quota_read(folder, "cpu.max", quota, sizeof quota);
    if (quota[0]) return weir__quota_of_text(quota);
    quota_read(folder, "cpu.cfs_quota_us", quota, sizeof quota);
    quota_read(folder, "cpu.cfs_period_us", period, sizeof period);
    snprintf(both, sizeof both, "%s %s", quota, period);
    return weir__quota_of_text(both);
}

/* The least of a group and of those it lies in. In a container a group's name may be one outside;
 * its root is the mount's. */
static int quota_of_group(const char *mount, const char *group)
{
    char folder[WEIR__GROUP_PATH];
    if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder) return 0;
    for (int quota = 0;;) {
        quota = smaller_of_known(quota, quota_of_folder(folder));
        char *slash = strrchr(folder + strlen(mount), '/');
        if (!slash) return quota;
        *slash = '\0';
    }
}

/* A line of /proc/self/cgroup, "number:controllers:group"; v2 has no controllers there. */
static int quota_of_line(char *line, const char *mount)
{
    char v1[WEIR__GROUP_PATH], list[256];
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return 0;
    *group++ = '\0';
    controllers++;
    if (*controllers == '\0') return quota_of_group(mount, group);
    snprintf(list, sizeof list, ",%s,", controllers);
    if (!strstr(list, ",cpu,")) return 0;
    snprintf(v1, sizeof v1, "%s/cpu", mount);
    return quota_of_group(v1, group);
}

int weir__quota(const char *groups, const char *mount)
{
    char line[WEIR__GROUP_PATH];
    int quota = 0;
    FILE *f = fopen(groups, "r");
    while (f && fgets(line, sizeof line, f))
        quota = smaller_of_known(quota, quota_of_line(line, mount));
    if (f) fclose(f);
    return quota;
}

int weir__default_threads(void)
{
    const char *ours = getenv("WEIR_NUM_THREADS"), *openmp = getenv("OMP_NUM_THREADS");
    if (ours && *ours) return weir__threads_of_text(ours, '\0');
    int n = openmp ? weir__threads_of_text(openmp, ',') : 0, before = errno;
    if (n > 0) return n;
    n = smaller_of_known(processors_allowed(), weir__quota("/proc/self/cgroup", "/sys/fs/cgroup"));
    errno = before;
    return n > 0 ? count_within(n) : 1;
}
