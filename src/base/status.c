/* status.c - texts of statuses and the one function that sets an error, so that one breakpoint finds them all. */
#include "base/base.h"

const char *weir_status_text(weir_status status)
{
    switch (status) {
#define WEIR_STATUS_CASE(name, value, text) \
    case name: \
        return text;
        WEIR_STATUS_LIST(WEIR_STATUS_CASE)
#undef WEIR_STATUS_CASE
    }
    return "unknown status";
}

weir_status weir_fail(weir_ctx *c, weir_status status, const char *format, ...)
{
    if (c == NULL || c == weir__orphan()) return WEIR_ERROR_ARGUMENT;
    if (c->status != WEIR_OK) return c->status; /* the first error wins: later ones are its consequences */
    c->status = status == WEIR_OK ? WEIR_ERROR_STATE : status;
    va_list args;
    if (!format) format = weir_status_text(c->status);
    va_start(args, format);
    weir__vformat(c->message, sizeof c->message, format, args);
    va_end(args);
    for (char *p = c->message; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = ' '; /* one line, whatever a file name holds */
    return c->status;
}

weir_status weir_fail_text(weir_ctx *c, weir_status status, const char *text) { return weir_fail(c, status, "%s", text ? text : ""); }

bool weir_ok(const weir_ctx *c) { return c != NULL && c->status == WEIR_OK; }

weir_status weir_status_of(const weir_ctx *c) { return c == NULL ? WEIR_ERROR_ARGUMENT : c->status; }

const char *weir_message(const weir_ctx *c) { return c == NULL ? "context: NULL: expected one from weir_open" : c->message; }

void weir_clear(weir_ctx *c)
{
    if (c == NULL || c == weir__orphan()) return;
    c->status = WEIR_OK;
    c->message[0] = 0;
}
