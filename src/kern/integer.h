/* integer.h - loops over i64 and bool, and choices of any type. A part of kern.h. */
#ifndef WEIR_KERN_INTEGER_H
#define WEIR_KERN_INTEGER_H

/* y = f(a, b) of i64. What does not fit wraps. Divisors are not 0. */
#define WEIR__INTEGER_LIST(F) \
    F(add) F(sub) F(mul) F(max) F(min) \
    F(floor_divide) /* rounded towards minus infinity; the least by -1 is the least */ \
    F(remainder)    /* a - b floor_divide(a, b), of b's sign */
typedef enum weir__integer {
#define F(n) WEIR__I_##n,
    WEIR__INTEGER_LIST(F)
#undef F
        WEIR__INTEGERS
} weir__integer;

#endif
