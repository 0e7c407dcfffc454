/* as_f64.h - what follows is compiled for double: see as_f32.h */
#undef T
#undef U
#undef I
#undef K
#undef TYPED
#undef WEIR_BITS
#define T double
#define U uint64_t
#define I int64_t
#define WEIR_BITS 64
#define K(name) WEIR__PASTE(WEIR__PASTE(weir__##name##_, WEIR_ISA), _f64)
#define TYPED(name) weir__##name##_f64
