/* export.c - a model in another code: the list of these, and finding one by its name. */
#include <string.h>
#include "models/export.h"
#include "weir/import.h"

#define F(n) &weir__export_##n.row,
const weir_row *const weir__export_rows[] = { WEIR__EXPORT_LIST(F) };
#undef F
const int64_t weir__export_row_count = sizeof weir__export_rows / sizeof *weir__export_rows;

void weir__sheet_put(weir__sheet *s, const char *text, size_t n)
{
    int64_t need = s->used + (int64_t)n + 1;
    if (!weir_ok(s->c) || !weir__grow(s->c, &s->at, &s->cap, need, 1)) return;
    memcpy(s->at + s->used, text, n);
    s->used += (int64_t)n;
    s->at[s->used] = 0;
}

void weir__sheet_text(weir__sheet *s, const char *text) { weir__sheet_put(s, text, strlen(text)); }

weir_status weir_model_export(weir_model *m, const char *code, const char *folder)
{
    WEIR__AS_FOUND;
    static const char who[] = "model_export";
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = weir__ctx_of(m);
    if (!weir__model_usable(m, who)) return weir_status_of(c);
    if (!code || !folder)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected a code and a folder", who);
    const weir_row *row = weir_row_find(c, "export", code);
    return row ? ((const weir__export_row *)row)->put(m, folder) : weir_status_of(c);
}
