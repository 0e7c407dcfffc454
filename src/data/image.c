/* image.c - which samples are images, and mirroring them from left to right. */
#include <string.h>
#include "data/data.h"

static int64_t square_root(int64_t n)
{
    int64_t side = (int64_t)(sqrt((double)n) + 0.5);
    return side * side == n ? side : 0;
}

/* A list of values is an image where it could be a square one: of integers from 4 x 4 on, as the
 * samples of digits are, of others from 8 x 8. */
static bool image_square(int64_t dim, int64_t levels, weir__image_shape *s)
{
    int64_t side = square_root(dim);
    *s = (weir__image_shape){ 1, side, side };
    return side > 0 && dim >= (levels > 0 ? 16 : 64);
}

bool weir__image_shape_of(int ndim, const int64_t *shape, int64_t levels, weir__image_shape *s)
{
    *s = (weir__image_shape){ 0 };
    if (ndim == 1) return image_square(shape[0], levels, s);
    if (ndim == 2) *s = (weir__image_shape){ 1, shape[0], shape[1] };
    if (ndim == 3 && (shape[0] == 1 || shape[0] == 3))
        *s = (weir__image_shape){ (int)shape[0], shape[1], shape[2] };
    return s->h > 1 && s->w > 1;
}

/* -- mirrored ---------------------------------------------------------------------------------- */
static void image_mirror_line(int64_t w, size_t bytes, char *line)
{
    char kept[sizeof(double)];
    for (int64_t left = 0, right = w - 1; left < right; left++, right--) {
        memcpy(kept, line + (size_t)left * bytes, bytes);
        memcpy(line + (size_t)left * bytes, line + (size_t)right * bytes, bytes);
        memcpy(line + (size_t)right * bytes, kept, bytes);
    }
}

void weir__image_mirror(const weir__image_shape *s, weir_dtype t, void *image)
{
    size_t bytes = weir_dtype_size(t);
    for (int64_t i = 0; i < s->channels * s->h; i++)
        image_mirror_line(s->w, bytes, (char *)image + (size_t)(i * s->w) * bytes);
}
