/* test_openmp_host.c - a host with parallel regions of its own: in one, a context's caller works
 * alone. Linked to the compiler's OpenMP. */
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#include "test.h"
#include "base/base.h"

typedef struct crew {
    pthread_t caller;
    atomic_int pieces, elsewhere;
} crew;

static void look(void *user, int i)
{
    crew *w = user;
    (void)i;
    w->pieces++;
    if (!pthread_equal(pthread_self(), w->caller)) w->elsewhere++;
}

static void meet(void *user, int i)
{
    atomic_int *begun = user;
    (void)i;
    for (++*begun; *begun < 2;) usleep(10);
}

static weir_ctx *open_two(void)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = 2;
    return weir_open_with(&o);
}

static void a_region_of_the_hosts_keeps_to_its_threads(void **state)
{
    (void)state;
    atomic_int pieces = 0, elsewhere = 0;
#pragma omp parallel num_threads(2)
    {
        weir_ctx *c = open_two();
        crew w = { .caller = pthread_self() };
        for (int i = 0; i < 100; i++) weir__workers_run(c->workers, 2, look, &w);
        pieces += w.pieces;
        elsewhere += w.elsewhere;
        weir_close(c);
    }
    assert_int_equal(pieces, 2 * 2 * 100);
    assert_int_equal(elsewhere, 0);
}

static void outside_of_one_there_are_threads(void **state)
{
    (void)state;
    weir_ctx *c = open_two();
    atomic_int begun = 0;
    weir__workers_run(c->workers, 2, meet, &begun); /* ends when two threads have come */
    assert_int_equal(begun, 2);
    weir_close(c);
}

int main(void)
{
    CASES(cmocka_unit_test(a_region_of_the_hosts_keeps_to_its_threads),
          cmocka_unit_test(outside_of_one_there_are_threads));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
