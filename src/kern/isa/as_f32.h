/* as_f32.h - what follows is compiled for float: T the type, U and I its bits, K(name) the name of
 * this type and instruction set, TYPED(name) that of this type alone. */
#undef T
#undef U
#undef I
#undef K
#undef TYPED
#undef WEIR_BITS
#define T float
#define U uint32_t
#define I int32_t
#define WEIR_BITS 32
#define K(name) WEIR__PASTE(WEIR__PASTE(weir__##name##_, WEIR_ISA), _f32)
#define TYPED(name) weir__##name##_f32
