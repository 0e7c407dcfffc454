/* mpi.h - between the library and the file that calls MPI, of which there is one for each MPI that
 * was found when weir was built: its types differ from MPI to MPI, so none stands here. */
#ifndef WEIR_DIST_MPI_H
#define WEIR_DIST_MPI_H
#include <stdbool.h>
#include <stddef.h>
#include "weir/group.h"

typedef struct weir__mpi {
    size_t size;         /* of this struct, as that file was compiled */
    const char *version; /* of weir */
    /* Starts MPI, on the calling thread, where it has not been. False: why gets a line. */
    bool (*begin)(char *why, size_t bytes);
    int (*world)(void); /* the Fortran handle of MPI_COMM_WORLD */
    /* Fills in all but g->seconds, from a communicator's Fortran handle; collective. */
    weir_status (*open)(weir_group *g, int comm, char *why, size_t bytes);
    /* Collective, unless the group has ended. */
    void (*close)(weir_group *g);
    bool (*is_over)(const weir_group *g);
    /* Of a group that has ended, at the end of a process: one that `speaks` says to the others that
     * it has done so, and they wait for that, at most so many seconds: a launcher may kill them all
     * when the first one goes. */
    void (*part)(weir_group *g, bool speaks, double seconds);
    void (*end)(void); /* of MPI, where `begin` has started it */
} weir__mpi;

/* What such a file exports */
typedef const weir__mpi *weir__mpi_get(void);
#define WEIR__MPI_GET "weir_mpi_transport"

#endif
