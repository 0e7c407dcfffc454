/* signals.c - the first Ctrl-C sets a flag, which commands read between steps or batches to stop
 * cleanly; the second one kills. */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include "cli/cli.h"

static volatile sig_atomic_t signalled;

static void on_signal(int number) { signalled = number; } /* the next one kills: SA_RESETHAND */

void weir__signals_catch(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction a = { 0 }, old;
        a.sa_handler = on_signal;
        a.sa_flags = (int)SA_RESETHAND;
        sigemptyset(&a.sa_mask);
        if (numbers[i] == SIGHUP && sigaction(SIGHUP, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
            continue; /* nohup */
        sigaction(numbers[i], &a, NULL);
    }
}

int weir__signalled(void) { return (int)signalled; }

int weir__signals_stop(void *user, int64_t done, int64_t n)
{
    (void)user;
    (void)done;
    (void)n;
    return signalled != 0;
}
