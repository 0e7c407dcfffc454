/* race.c - what tools/tsan tries its tools on: a race when given an argument, none otherwise, though two regions write the same places. */
#include <stdio.h>

int main(int argc, char **argv)
{
    int sum = 0, part[2] = { 0, 0 };
    (void)argv;
#pragma omp parallel num_threads(2)
    for (int i = 0; i < 1000; i++)
        if (argc > 1) sum++;
#pragma omp parallel for num_threads(2)
    for (int i = 0; i < 2; i++) part[i] = i;
#pragma omp parallel for num_threads(2)
    for (int i = 0; i < 2; i++) part[1 - i] += i;
    printf("%d\n", sum + part[0]);
    return 0;
}
