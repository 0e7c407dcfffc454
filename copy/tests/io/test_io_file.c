/* Files: read and replaced whole, or left alone. This program has its own write, fsync, rename and close, which fail on demand. */
#include "io_test.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static struct { int write_error, fsync_error, fsync_skip, rename_error, interrupts; bool short_writes; int64_t write_room; } fault = { .write_room = -1 };

ssize_t write(int fd, const void *data, size_t n)
{
    if (fd > 2 && fault.interrupts > 0) return fault.interrupts--, errno = EINTR, -1;
    if (fd > 2 && fault.write_error) return errno = fault.write_error, -1;
    if (fd > 2 && fault.write_room == 0) return errno = ENOSPC, -1;
    if (fd > 2 && fault.short_writes && n > 7) n = 7;
    if (fd > 2 && fault.write_room > 0 && n > (size_t)fault.write_room) n = (size_t)fault.write_room;
    long r = syscall(SYS_write, fd, data, n);
    if (fd > 2 && fault.write_room > 0 && r > 0) fault.write_room -= r;
    return r;
}

int fsync(int fd)
{
    if (fault.fsync_error && fault.fsync_skip-- <= 0) return errno = fault.fsync_error, -1;
    return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to)
{
    if (fault.rename_error) return errno = fault.rename_error, -1;
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

static void no_faults(void)
{
    memset(&fault, 0, sizeof fault);
    fault.write_room = -1;
}

static void expect_contents(weir_ctx *c, const char *path, const void *data, size_t size)
{
    weir__bytes b;
    assert_int_equal(weir__file_read(c, path, 1 << 24, &b), WEIR_OK);
    assert_int_equal(b.size, size);
    assert_memory_equal(b.data, data, size);
    assert_int_equal(b.data[size], 0);
    weir__free(c, b.data);
}

static void round_trip(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a");
    static unsigned char big[300000];
    for (size_t i = 0; i < sizeof big; i++) big[i] = (unsigned char)(i * 7 + i / 256);
    const size_t sizes[] = { 0, 1, 65535, 65536, 65537, sizeof big };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(weir__file_write(c, path, big, sizes[i]), WEIR_OK);
        expect_contents(c, path, big, sizes[i]);
    }
    assert_int_equal(count_files(folder), 1);
    remove_folder(folder);
    close_ctx(c);
}

static void pieces_short_writes_and_interrupts(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a");
    static char text[100000];
    memset(text, 'x', sizeof text);
    fault.short_writes = true;
    fault.interrupts = 3;
    weir__writer *w = weir__writer_open(c, path);
    assert_non_null(w);
    for (size_t at = 0; at < sizeof text; at += 1000) assert_int_equal(weir__writer_put(w, text + at, 1000), WEIR_OK);
    assert_int_not_equal(access(path, F_OK), 0); /* nothing before the commit */
    assert_int_equal(weir__writer_commit(w), WEIR_OK);
    no_faults();
    expect_contents(c, path, text, sizeof text);
    remove_folder(folder);
    close_ctx(c);
}

/* Whatever fails: the message names path and reason, the old file is as it was, nothing else lies in the folder. */
static void check_fault(const char *what)
{
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a");
    char message[2048];
    static char text[200000];
    int old_error = fault.write_error, old_fsync = fault.fsync_error, old_rename = fault.rename_error;
    int64_t old_room = fault.write_room;
    no_faults();
    write_text(path, "old", 3);
    fault.write_error = old_error, fault.fsync_error = old_fsync, fault.rename_error = old_rename, fault.write_room = old_room;
    assert_int_equal(weir__file_write(c, path, text, sizeof text), WEIR_ERROR_IO);
    no_faults();
    snprintf(message, sizeof message, "%s: %s", path, what);
    expect(c, WEIR_ERROR_IO, message);
    expect_contents(c, path, "old", 3);
    assert_int_equal(count_files(folder), 1);
    remove_folder(folder);
    close_ctx(c);
}

static void faults_leave_the_old_file(void **state)
{
    (void)state;
    fault.write_error = EIO;
    check_fault("cannot be written: Input/output error: expected a place that can be written");
    fault.write_room = 70000; /* the disk is full half-way */
    check_fault("cannot be written: No space left on device: expected a place that can be written");
    fault.fsync_error = EIO;
    check_fault("cannot be flushed to the disk: Input/output error: expected a place that can be written");
    fault.rename_error = EXDEV;
    check_fault("cannot be put in place: Invalid cross-device link: expected a place that can be written");
}

static void folder_flush_is_reported(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a");
    fault.fsync_error = EIO, fault.fsync_skip = 1;
    assert_int_equal(weir__file_write(c, path, "x", 1), WEIR_ERROR_IO);
    no_faults();
    char message[2048];
    snprintf(message, sizeof message, "%s: written, but its folder cannot be flushed: Input/output error: expected a place that can be written", path);
    expect(c, WEIR_ERROR_IO, message);
    expect_contents(c, path, "x", 1);
    remove_folder(folder);
    close_ctx(c);
}

static void devices_are_written_not_replaced(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    struct stat st;
    assert_int_equal(weir__file_write(c, "/dev/full", "x", 1), WEIR_ERROR_IO);
    expect(c, WEIR_ERROR_IO, "/dev/full: cannot be written: No space left on device: expected a place that can be written");
    assert_int_equal(weir__file_write(c, "/dev/null", "x", 1), WEIR_OK);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    weir__array a = { .dtype = WEIR_F64, .ndim = 1, .shape = { 1 }, .data = &(double){ 1 } };
    assert_int_equal(weir__csv_write(c, "/dev/full", &a, NULL), WEIR_ERROR_IO);
    expect(c, WEIR_ERROR_IO, "/dev/full: cannot be written: No space left on device: expected a place that can be written");
    assert_int_equal(weir__npy_write(c, "/dev/full", &a), WEIR_ERROR_IO);
    expect(c, WEIR_ERROR_IO, "/dev/full: cannot be written: No space left on device: expected a place that can be written");
    assert_int_equal(weir__safetensors_save(c, "/dev/full", NULL, 0, NULL), WEIR_ERROR_IO);
    expect(c, WEIR_ERROR_IO, "/dev/full: cannot be written: No space left on device: expected a place that can be written");
    close_ctx(c);
}

static void modes_and_links_survive(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a"), *link_path = in_folder(folder, "link");
    struct stat st;
    write_text(path, "old", 3);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(symlink("a", link_path), 0);
    assert_int_equal(weir__file_write(c, link_path, "new", 3), WEIR_OK);
    assert_int_equal(lstat(link_path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    expect_contents(c, path, "new", 3);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    remove_folder(folder);
    close_ctx(c);
}

static void refusals(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a");
    char message[2048];
    weir__bytes b;
    assert_int_equal(weir__file_read(c, "no/such", 10, &b), WEIR_ERROR_IO);
    expect(c, WEIR_ERROR_IO, "no/such: cannot be opened: No such file or directory: expected a file that can be read");
    assert_null(b.data);
    assert_int_equal(weir__file_read(c, folder, 10, &b), WEIR_ERROR_IO);
    snprintf(message, sizeof message, "%s: is a folder: expected a regular file", folder);
    expect(c, WEIR_ERROR_IO, message);
    assert_int_equal(weir__file_read(c, "/dev/null", 10, &b), WEIR_ERROR_IO);
    expect(c, WEIR_ERROR_IO, "/dev/null: is not a file: expected a regular file");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(weir__file_read(c, path, 10, &b), WEIR_ERROR_IO); /* and does not wait */
    weir_clear(c);
    unlink(path);
    write_text(path, "12345", 5);
    assert_int_equal(weir__file_read(c, path, 4, &b), WEIR_ERROR_IO);
    snprintf(message, sizeof message, "%s: 5 bytes: expected at most 4", path);
    expect(c, WEIR_ERROR_IO, message);
    assert_null(weir__writer_open(c, "no/such"));
    expect(c, WEIR_ERROR_IO, "no/such: cannot be created: No such file or directory: expected a place that can be written");
    assert_null(weir__writer_open(c, folder));
    snprintf(message, sizeof message, "%s: cannot be written: Is a directory: expected a place that can be written", folder);
    expect(c, WEIR_ERROR_IO, message);
    assert_null(weir__writer_open(c, ""));
    expect(c, WEIR_ERROR_IO, ": cannot be created: No such file or directory: expected a place that can be written");
    remove_folder(folder);
    close_ctx(c);
}

static void protected_files_stay(void **state)
{
    (void)state;
    if (geteuid() == 0) skip(); /* root may write anywhere */
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a");
    char message[2048];
    write_text(path, "old", 3);
    assert_int_equal(chmod(path, 0444), 0);
    assert_int_equal(weir__file_write(c, path, "new", 3), WEIR_ERROR_IO);
    snprintf(message, sizeof message, "%s: cannot be written: Permission denied: expected a place that can be written", path);
    expect(c, WEIR_ERROR_IO, message);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_equal(weir__file_write(c, in_folder(folder, "b"), "new", 3), WEIR_ERROR_IO);
    weir_clear(c);
    assert_int_equal(chmod(folder, 0755), 0);
    expect_contents(c, path, "old", 3);
    remove_folder(folder);
    close_ctx(c);
}

static void failed_contexts_write_nothing(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a");
    weir__writer *w = weir__writer_open(c, path);
    assert_int_equal(weir__writer_put(w, "x", 1), WEIR_OK);
    weir_fail(c, WEIR_ERROR_SHAPE, "first");
    assert_int_equal(weir__writer_put(w, "x", 1), WEIR_ERROR_SHAPE);
    assert_int_equal(weir__writer_commit(w), WEIR_ERROR_SHAPE);
    assert_null(weir__writer_open(c, path));
    assert_int_equal(weir__file_write(c, path, "x", 1), WEIR_ERROR_SHAPE);
    assert_int_equal(count_files(folder), 0);
    expect(c, WEIR_ERROR_SHAPE, "first");
    w = weir__writer_open(c, path);
    weir__writer_cancel(w);
    weir__writer_cancel(NULL);
    assert_int_equal(count_files(folder), 0);
    remove_folder(folder);
    close_ctx(c);
}

static void long_paths_keep_the_reason(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    weir__bytes b;
    char path[3000], tail[] = ": cannot be opened: File name too long: expected a file that can be read";
    memset(path, 'n', sizeof path - 1);
    path[sizeof path - 1] = 0;
    assert_int_equal(weir__file_read(c, path, 10, &b), WEIR_ERROR_IO);
    const char *m = weir_message(c);
    assert_string_equal(m + strlen(m) - strlen(tail), tail);
    assert_memory_equal(m, "...nnn", 6);
    weir_clear(c);
    close_ctx(c);
}

/* A temporary file is a leftover once its writer is no more, however it ended; no other file is one. */
static void leftovers_are_told(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder();
    weir__writer *w = weir__writer_open(c, in_folder(folder, "a"));
    assert_non_null(w);
    char temp[4096] = "";
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d));)
        if (strncmp(e->d_name, ".weir-", 6) == 0) snprintf(temp, sizeof temp, "%s/%s", folder, e->d_name);
    closedir(d);
    assert_true(temp[0] != 0);
    assert_false(weir__is_leftover(temp));
    weir__writer_cancel(w);
    assert_false(weir__is_leftover(temp)); /* gone */
    assert_int_equal(weir__file_write(c, in_folder(folder, "b.tmp"), "x", 1), WEIR_OK);
    assert_false(weir__is_leftover(in_folder(folder, "b.tmp")));
    int fd = open(temp, O_WRONLY | O_CREAT, 0666);
    assert_true(fd >= 0);
    close(fd);
    assert_true(weir__is_leftover(temp));
    unlink(temp);
    weir_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(pieces_short_writes_and_interrupts),
        cmocka_unit_test(faults_leave_the_old_file),
        cmocka_unit_test(folder_flush_is_reported),
        cmocka_unit_test(devices_are_written_not_replaced),
        cmocka_unit_test(modes_and_links_survive),
        cmocka_unit_test(refusals),
        cmocka_unit_test(protected_files_stay),
        cmocka_unit_test(failed_contexts_write_nothing),
        cmocka_unit_test(long_paths_keep_the_reason),
        cmocka_unit_test(leftovers_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
