/* The time of day, off by as many seconds as a file says while it runs. Other clocks go as they are. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *off;

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("OUTRIGGER_STORY_CLOCK");
    int file = name ? open(name, O_RDONLY) : -1;
    void *at = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *off, PROT_READ, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) {
        abort();
    }
    off = at;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *to) {
    int told = (int)syscall(SYS_clock_gettime, clock, to);
    if (told == 0 && clock == CLOCK_REALTIME) {
        to->tv_sec += *off;
    }
    return told;
}
