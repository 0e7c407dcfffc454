/* kinds.c - everything that is chosen by name: the library's kinds, then those of the command line.
 * For the listing and the manual. */
#include <string.h>
#include "cli/cli.h"
#include "train/train.h"

typedef struct own_kind {
    const char *kind;
    const weir_row *const *rows;
    const int64_t *n;
} own_kind;
static const own_kind own[] = {
    { "command", weir__command_rows, &weir__command_row_count },
};
enum { OWN = sizeof own / sizeof *own };

int64_t weir__kinds(const weir_ctx *c) { return weir_kind_count(c) + OWN; }

const char *weir__kind_at(const weir_ctx *c, int64_t kind)
{
    int64_t n = weir_kind_count(c);
    return kind < n ? weir_kind_at(c, kind) : own[kind - n].kind;
}

int64_t weir__kind_rows(const weir_ctx *c, int64_t kind)
{
    int64_t n = weir_kind_count(c);
    return kind < n ? weir_row_count(c, weir_kind_at(c, kind)) : *own[kind - n].n;
}

const weir_row *weir__kind_row(const weir_ctx *c, int64_t kind, int64_t i)
{
    int64_t n = weir_kind_count(c);
    return kind < n ? weir_row_at(c, weir_kind_at(c, kind), i) : own[kind - n].rows[i];
}
