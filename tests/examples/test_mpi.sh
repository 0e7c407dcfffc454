#!/usr/bin/env bash
# Programs of their own MPI, in C and Fortran, built with each MPI that is here: what they print does not depend on the number of ranks.
# Sanitizers: in make test-long.
set -u
. "$SRC/tests/install/installed.sh"
work=$PWD failures=0
. "$SRC/tests/cli/mpi.sh"
libs=$(pkg-config --cflags --libs weir)

# agrees FILE: it is what the example promises; a number behind ~ is any within a tenth
agrees() {
    sed -n -E 's/^ \* prints: (.*)$/\1/p' "$SRC/examples/mpi_simulate.c" | paste -d'|' - "$1" | awk -F'|' '
        { n = split($1, want, " "); if (split($2, got, " ") != n) bad = 1
          for (i = 1; i <= n; i++)
              if (want[i] ~ /^~/) { d = got[i] - substr(want[i], 2); if (d < -0.1 || d > 0.1) bad = 1 }
              else if (want[i] != got[i]) bad = 1 }
        END { exit bad || NR < 4 }'
}

into() { local file=$1; shift; "$@" > "$file"; } # FILE COMMAND...

cat > ranks.f90 <<'F'
program ranks
    use mpi
    use weir
    implicit none
    type(weir_context) :: c
    type(weir_model) :: m
    type(weir_optim) :: opt
    real(c_double) :: x(2, 64), loss
    real(c_float) :: drawn(2, 1), first(2, 1)
    integer :: step, i, bad
    call MPI_Init(bad)
    c = weir_open(1_c_int64_t, MPI_COMM_WORLD)
    m = weir_new(c, 'nice', 'dim=2 hidden=8 couplings=2 init=pytorch')
    opt = weir_optimizer(m, 'adam', 'lr=1e-2')
    do step = 1, 20
        do i = 1, 64
            x(1, i) = modulo(0.37d0 * i * step, 1d0)
            x(2, i) = modulo(0.71d0 * i + step, 1d0)
        end do
        loss = weir_train_step(m, opt, x)
    end do
    if (.not. weir_ok(c)) print '(a)', weir_message(c)
    if (weir_sample(m, drawn) /= weir_ok_status) print '(a)', weir_message(c)
    first = drawn
    call MPI_Bcast(first, 2, MPI_REAL, 0, MPI_COMM_WORLD, bad)
    if (weir_rank(c) > 0 .and. all(first == drawn)) print '(a)', 'a rank draws what rank 0 draws'
    if (weir_rank(c) == 0) print '(a, z16, 2z9)', 'loss and sample ', transfer(loss, 1_c_int64_t), transfer(drawn, [0])
    call weir_free(opt)
    call weir_free(m)
    call weir_close(c)
    call MPI_Finalize(bad)
end program
F
for mpi in $MPIS; do
    if ! command -v "mpicc.$mpi" > log; then echo "ok $mpi # SKIP no mpicc.$mpi: script/packages mpi"; continue; fi
    case_ "$mpi-builds" "mpicc.$mpi" -std=c11 $warnings -Wno-error "$SRC/examples/mpi_simulate.c" -o "simulate-$mpi" $libs -lm
    for n in 1 2 3; do case_ "$mpi-$n-runs" into "simulate-$mpi-$n" ranks "$mpi" "$n" "./simulate-$mpi"; done
    case_ "$mpi-prints" agrees "simulate-$mpi-3"
    for n in 2 3; do case_ "$mpi-$n-learns-what-1-does" grep -Fxf <(grep 'same weights: yes' "simulate-$mpi-1") "simulate-$mpi-$n"; done
    case $BUILD in *asan* | *tsan*) echo "ok $mpi-fortran # SKIP a sanitizer's runtime comes with the program"; continue ;; esac
    if ! command -v "mpifort.$mpi" > log || ! command -v gfortran > log; then echo "ok $mpi-fortran # SKIP no mpifort.$mpi: script/packages mpi fortran"; continue; fi
    mkdir -p "fortran-$mpi"
    case_ "$mpi-fortran-builds" "mpifort.$mpi" -J "fortran-$mpi" "$prefix/include/weir.f90" ranks.f90 -o "ranks-$mpi" $libs
    for n in 1 3; do case_ "$mpi-fortran-$n-runs" into "ranks-$mpi-$n" ranks "$mpi" "$n" "./ranks-$mpi"; done
    case_ "$mpi-fortran-says-it-once" sh -c '[ "$(wc -l < "$0")" -eq 1 ] && grep -q "^loss and sample " "$0"' "ranks-$mpi-3"
    case_ "$mpi-fortran-3-is-1" cmp "ranks-$mpi-1" "ranks-$mpi-3"
done
exit $bad
