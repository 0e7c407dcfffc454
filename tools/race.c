/* race.c - what tools/tsan tries the sanitizer on: a race when given an argument, none otherwise. */
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int sum;

static void *add(void *guarded)
{
    for (int i = 0; i < 1000; i++) {
        if (guarded) pthread_mutex_lock(&lock);
        sum++;
        if (guarded) pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t other;
    void *guarded = argc > 1 ? NULL : argv;
    pthread_create(&other, NULL, add, guarded);
    add(guarded);
    pthread_join(other, NULL);
    printf("%d\n", sum);
    return 0;
}
