/* replay.c - runs a fuzz target without libFuzzer: link it with one fuzz_*.c and give it files and folders (one level). So corpora
 * are ordinary tests under any compiler. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a block of exactly its size, so that a sanitizer sees one byte too far. */
static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    long size = f && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    uint8_t *data = size >= 0 ? malloc(size ? (size_t)size : 1) : NULL;
    int ok = data && fseek(f, 0, SEEK_SET) == 0 && fread(data, 1, (size_t)size, f) == (size_t)size;
    if (ok) LLVMFuzzerTestOneInput(data, (size_t)size);
    else fprintf(stderr, "%s: cannot be read\n", path);
    free(data);
    if (f) fclose(f);
    return ok;
}

static int run_folder(const char *path, DIR *d)
{
    char name[4096];
    int n = 0;
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        n += run_file(name);
    }
    return n;
}

int main(int argc, char **argv)
{
    int n = 0;
    for (int i = 1; i < argc; i++) {
        DIR *d = opendir(argv[i]);
        n += d ? run_folder(argv[i], d) : run_file(argv[i]);
        if (d) closedir(d);
    }
    printf("%d inputs\n", n);
    return n == 0; /* an empty run tests nothing */
}
