/* status.c - texts of statuses and the one function that sets an error, so that one breakpoint
 * finds them all. */
#include "base/base.h"

const char *weir_status_text(weir_status status)
{
    switch (status) {
#define WEIR_STATUS_CASE(name, value, text) \
    case name: return text;
        WEIR_STATUS_LIST(WEIR_STATUS_CASE)
#undef WEIR_STATUS_CASE
    }
    return "unknown status";
}

/* One line, whatever a file name holds. */
static void status_line(char *text)
{
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = ' ';
}

/* The error of a context that others read at this moment. */
static weir_status status_note(weir_ctx *c, weir_status status, const char *format, va_list args)
{
    char text[sizeof c->region.message];
    weir__vformat(text, sizeof text, format, args);
    status_line(text);
    weir__region_note(c, status, text);
    return status;
}

weir_status weir_fail(weir_ctx *c, weir_status status, const char *format, ...)
{
    WEIR__AS_FOUND;
    if (c == NULL || c == weir__orphan()) return WEIR_ERROR_ARGUMENT;
    if (c->status != WEIR_OK)
        return c->status; /* the first error wins: later ones are its consequences */
    if (status == WEIR_OK) status = WEIR_ERROR_STATE;
    va_list args;
    if (!format) format = weir_status_text(status);
    va_start(args, format);
    if (weir__region_open(c)) {
        status_note(c, status, format, args);
    } else {
        c->status = status;
        weir__vformat(c->message, sizeof c->message, format, args);
        status_line(c->message);
    }
    va_end(args);
    return status;
}

weir_status weir_fail_text(weir_ctx *c, weir_status status, const char *text)
{
    WEIR__AS_FOUND;
    return weir_fail(c, status, "%s", text ? text : "");
}

bool weir_ok(const weir_ctx *c) { return c != NULL && c->status == WEIR_OK; }

weir_status weir_status_of(const weir_ctx *c)
{
    return c == NULL ? WEIR_ERROR_ARGUMENT : c->status;
}

const char *weir_message(const weir_ctx *c)
{
    return c == NULL ? "context: NULL: expected one from weir_open" : c->message;
}

void weir_clear(weir_ctx *c)
{
    WEIR__AS_FOUND;
    if (c == NULL || c == weir__orphan() || weir__region_open(c)) return;
    c->status = WEIR_OK;
    c->message[0] = 0;
}
