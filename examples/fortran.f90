! fortran.f90 - a Fortran program that trains a flow on an array it fills, saves it, loads it again, samples and scores.
!
! prints: trained 300 steps, the loss fell: yes
! prints: 500 samples, mean within 0.2 of (1, -1): yes
! prints: loaded again, same samples to the bit: yes
! prints: the next call draws others: yes, and from number 0 on the same: yes
! prints: of one seed the same on two threads: yes
! prints: denser where the data are: yes
! prints: the data score as their samples do: yes
! prints: error: model.nice: dim=1: expected 2 or more
program flow
    use weir
    implicit none
    integer, parameter :: n = 200
    type(weir_context) :: c, other_thread
    type(weir_model) :: m, again, share
    type(weir_dataset) :: data
    type(weir_optim) :: opt
    real(c_double) :: x(2, n) ! the simulation's own kind; single precision is taken as well
    real(c_float) :: drawn(2, 500), other(2, 500)
    real(c_double) :: weights(n), log_p(2), all_log_p(n), loss, first, nats
    integer :: step
    logical :: fresh

    c = weir_open(1_c_int64_t)
    m = weir_new(c, 'nice', 'dim=2 hidden=32,32 base=normal init=pytorch')
    opt = weir_optimizer(m, 'adam', 'lr=5e-3')
    weights = 1
    weights(1) = 0 ! as if it were not there
    do step = 1, 300
        call observe(step)
        loss = weir_train_step(m, opt, x, weights)
        if (step == 1) first = loss
        if (.not. weir_ok(c)) error stop 'fortran: training failed'
    end do
    print '(a)', 'trained 300 steps, the loss fell: ' // yes(loss < first - 0.5_c_double)

    if (weir_sample(m, drawn) /= weir_ok_status) call stop_with(weir_message(c))
    print '(a)', '500 samples, mean within 0.2 of (1, -1): ' // &
        yes(all(abs(sum(drawn, 2) / 500 - [1.0, -1.0]) < 0.2))

    if (weir_save(m, 'fortran.safetensors') /= weir_ok_status) call stop_with(weir_message(c))
    again = weir_load(c, 'fortran.safetensors')
    if (weir_sample(again, other) /= weir_ok_status) call stop_with(weir_message(c))
    print '(a)', 'loaded again, same samples to the bit: ' // yes(.not. any(transfer(drawn, [0]) /= transfer(other, [0])))

    if (weir_sample(again, other) /= weir_ok_status) call stop_with(weir_message(c))
    fresh = all(transfer(drawn, [0]) /= transfer(other, [0])) .and. weir_sample_position(again) == 1000
    if (weir_set_sample_position(again, 0_c_int64_t) /= weir_ok_status) call stop_with(weir_message(c))
    if (weir_sample(again, other) /= weir_ok_status) call stop_with(weir_message(c))
    print '(a)', 'the next call draws others: ' // yes(fresh) // ', and from number 0 on the same: ' // &
        yes(all(transfer(drawn, [0]) == transfer(other, [0])))

    other_thread = weir_open(1_c_int64_t, threads=1) ! where there is another, it would open this
    share = weir_model_share(other_thread, again)
    if (weir_sample(again, drawn, seed=7_c_int64_t, temperature=0.9_c_double) /= weir_ok_status) call stop_with(weir_message(c))
    if (weir_sample(share, other, seed=7_c_int64_t, temperature=0.9_c_double) /= weir_ok_status) &
        call stop_with(weir_message(other_thread))
    print '(a)', 'of one seed the same on two threads: ' // yes(all(transfer(drawn, [0]) == transfer(other, [0])))
    call weir_free(share)
    call weir_close(other_thread)

    if (weir_log_prob(again, reshape([1d0, -1d0, 4d0, 4d0], [2, 2]), log_p) /= weir_ok_status) call stop_with(weir_message(c))
    print '(a)', 'denser where the data are: ' // yes(log_p(1) > log_p(2) + 2)
    data = weir_dataset_from(c, x)
    if (weir_log_prob(again, x, all_log_p) /= weir_ok_status) call stop_with(weir_message(c))
    if (weir_score(again, data, nats) /= weir_ok_status) call stop_with(weir_message(c))
    print '(a)', 'the data score as their samples do: ' // yes(abs(nats - sum(all_log_p) / n) < 1e-9_c_double * abs(nats))
    call weir_free(data)
    call weir_free(opt)
    call weir_free(again)
    call weir_free(m)

    m = weir_new(c, 'nice', 'dim=1') ! an error sticks until it is cleared
    print '(a)', 'error: ' // weir_message(c)
    call weir_clear(c)
    call weir_close(c)

contains

    ! Points around (1, -1), new ones each step.
    subroutine observe(step)
        integer, intent(in) :: step
        integer :: i
        do i = 1, n
            x(1, i) = 1 + 0.3 * wave(step * n + i, 12.9898)
            x(2, i) = -1 + 0.3 * wave(step * n + i, 78.233)
        end do
        x(:, 1) = 1e3 ! an outlier that weighs nothing
    end subroutine

    real function wave(k, a)
        integer, intent(in) :: k
        real, intent(in) :: a
        wave = 2 * modulo(sin(real(modulo(k, 4093)) * a) * 43.7585, 1.0) - 1
    end function

    function yes(test) result(word)
        logical, intent(in) :: test
        character(:), allocatable :: word
        word = merge('yes', 'no ', test)
        word = trim(word)
    end function

    subroutine stop_with(text)
        character(*), intent(in) :: text
        print '(a)', 'fortran: ' // text
        error stop
    end subroutine
end program
