/* weir/status.h - what went wrong, as a number and as one line of text.
 *
 * Two kinds of failure, kept apart on purpose:
 *   errors  a wrong shape, no memory, a file that cannot be read. The first one sticks to the
 *           context: later calls on it do nothing and return nil objects, so a loop checks
 *           `weir_ok(c)` once. `weir_clear` makes the context usable again.
 *   values  a NaN sample, a solver out of steps. These are not errors: that sample says so, the
 * others go on.
 *
 *     weir_tensor *a = weir_ones(c, WEIR_F32, 1, (const int64_t[]){ 3 });
 *     weir_tensor *b = weir_ones(c, WEIR_F32, 1, (const int64_t[]){ 4 });
 *     weir_tensor *y = weir_exp(weir_add(a, b));     // nil: the shapes do not fit
 *     if (weir_status_of(c) == WEIR_ERROR_SHAPE)
 *         puts(weir_message(c));                     // add: [3] and [4]: expected ...
 *     weir_clear(c);                                 // forgotten; y is nil still
 *     if (weir_is_nil(y)) y = weir_exp(a);
 *
 * Everything with a lasting effect (files, checkpoints) returns a `weir_status` that the compiler
 * makes you look at.
 */
#ifndef WEIR_STATUS_H
#define WEIR_STATUS_H

#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
#define WEIR_MUST_CHECK __attribute__((warn_unused_result))
#else
#define WEIR_API
#define WEIR_MUST_CHECK
#endif

/* Structs that programs fill, or have filled, begin with `size_t size`, their sizeof as the program
 * was compiled. They grow at their end: of one from an older header, which is smaller, the fields
 * that it lacks are as their defaults; of one from a newer header, which is larger, what this
 * library does not know has to be 0. Of a struct that it fills the library writes what has room.
 *
 * A function that gives a struct by value is therefore made in the program, by this: NAME_sized
 * fills the first `size` bytes of one. Other languages call that. */
#define WEIR_DEFAULTS(type, name) \
    static inline type name(void) \
    { \
        type o; \
        name##_sized(&o, sizeof o); \
        return o; \
    }

#ifdef __cplusplus
extern "C" {
#endif

/* ENTRY(name, value, text): the whole list; texts come from weir_status_text. Values are part of
 * the ABI. */
#define WEIR_STATUS_LIST(ENTRY) \
    ENTRY(WEIR_OK, 0, "ok") \
    ENTRY(WEIR_ERROR_ARGUMENT, 1, "bad argument") \
    ENTRY(WEIR_ERROR_SHAPE, 2, "shapes do not fit") \
    ENTRY(WEIR_ERROR_DTYPE, 3, "wrong element type") \
    ENTRY(WEIR_ERROR_MEMORY, 4, "out of memory") \
    ENTRY(WEIR_ERROR_IO, 5, "input or output failed") \
    ENTRY(WEIR_ERROR_FORMAT, 6, "malformed file or text") \
    ENTRY(WEIR_ERROR_NAME, 7, "unknown name") \
    ENTRY(WEIR_ERROR_RANGE, 8, "value out of range") \
    ENTRY(WEIR_ERROR_GRAPH, 9, "gradient graph misused") \
    ENTRY(WEIR_ERROR_VALUE, 10, "bad value") \
    ENTRY(WEIR_ERROR_STATE, 11, "not possible in this state") \
    ENTRY(WEIR_ERROR_UNSUPPORTED, 12, "not supported in this build") \
    ENTRY(WEIR_STOPPED, 13, "stopped by the caller")

typedef enum weir_status {
#define WEIR_STATUS_ENTRY(name, value, text) name = value,
    WEIR_STATUS_LIST(WEIR_STATUS_ENTRY)
#undef WEIR_STATUS_ENTRY
} weir_status;

/* A short constant text for a status, never NULL. */
WEIR_API const char *weir_status_text(weir_status status);

#ifdef __cplusplus
}
#endif
#endif
