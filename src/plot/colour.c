/* colour.c - viridis (van der Walt and Smith, CC0): equal steps look equal, in grey too, and to the
 * colour-blind. */
#include <math.h>
#include "plot/plot.h"

/* Every fifteenth of its 256 colours; straight lines between them stay within 5/255 of the others.
 */
enum { LAST = 17 };
static const unsigned char table[LAST + 1][3] = {
    { 68, 1, 84 },    { 72, 23, 105 },  { 71, 42, 122 },  { 67, 61, 132 },  { 61, 78, 138 },
    { 53, 94, 141 },  { 46, 109, 142 }, { 41, 123, 142 }, { 35, 137, 142 }, { 31, 151, 139 },
    { 33, 165, 133 }, { 46, 179, 124 }, { 70, 192, 111 }, { 101, 203, 94 }, { 137, 213, 72 },
    { 176, 221, 47 }, { 216, 226, 25 }, { 253, 231, 37 },
};

void weir__viridis(double t, unsigned char rgb[3])
{
    t = t > 0 ? fmin(t, 1) * LAST : 0; /* NaN is 0 */
    int i = t < LAST ? (int)t : LAST - 1;
    for (int k = 0; k < 3; k++)
        rgb[k] = (unsigned char)(table[i][k] + (t - i) * (table[i + 1][k] - table[i][k]) + 0.5);
}
