/* export.h - the inside of writing a model in another code. */
#ifndef WEIR_MODELS_EXPORT_H
#define WEIR_MODELS_EXPORT_H
#include "models/models.h"

typedef struct weir__export_row {
    weir_row row;
    /* Writes the files into the folder, which is there. */
    weir_status (*put)(weir_model *m, const char *folder);
} weir__export_row;
#define WEIR__EXPORT_LIST(F) F(torch)
#define F(n) extern const weir__export_row weir__export_##n;
WEIR__EXPORT_LIST(F)
#undef F
extern const weir_row *const weir__export_rows[];
extern const int64_t weir__export_row_count;

/* Text that grows. `at` is NULL, or ends with a 0; weir__free it. */
typedef struct weir__sheet {
    weir_ctx *c;
    char *at;
    int64_t used, cap;
} weir__sheet;
void weir__sheet_put(weir__sheet *s, const char *text, size_t n);
void weir__sheet_text(weir__sheet *s, const char *text);

#endif
