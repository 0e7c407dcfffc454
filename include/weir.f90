! weir.f90 - the library from Fortran 2008: load, save, sample, score, train. Compile it with your program; it needs no macro and no
! preprocessor, and .mod files of other compilers do not matter.
!
!     use weir
!     type(weir_context) :: c
!     type(weir_model) :: m
!     real(c_float) :: x(2, 1000)                        ! a sample is a column: Fortran's (dim, n) is C's [n][dim], without a copy
!     real(c_double) :: log_p(1000)
!     c = weir_open(1_c_int64_t)                         ! seed 1
!     m = weir_load(c, 'run')
!     if (weir_sample(m, x) == weir_ok_status) print *, x(:, 1)
!     if (weir_log_prob(m, x, log_p) == weir_ok_status) print *, log_p(1)
!     if (.not. weir_ok(c)) print *, weir_message(c)
!     call weir_free(m)
!     call weir_close(c)
!
! Arrays may be real(c_float) or real(c_double). Errors stick to the context: the first sets a status and one line of text; later calls
! do nothing, so one look at weir_ok a loop is enough. A function below without a comment is the C function of its name (weir/model.h,
! weir/optim.h). A context belongs to one thread.
module weir
    use, intrinsic :: iso_c_binding, only: c_bool, c_char, c_double, c_float, c_int, c_int32_t, c_int64_t, c_loc, &
                                           c_null_char, c_null_ptr, c_ptr, c_size_t, c_f_pointer, c_associated
    implicit none
    private
    public :: weir_context, weir_model, weir_optim, weir_ok_status
    public :: weir_open, weir_close, weir_ok, weir_status, weir_message, weir_clear, weir_version
    public :: weir_new, weir_load, weir_save, weir_free, weir_dim
    public :: weir_sample, weir_sample_position, weir_set_sample_position, weir_log_prob
    public :: weir_optimizer, weir_set_lr, weir_train_step
    public :: c_float, c_double, c_int, c_int64_t

    integer(c_int), parameter :: weir_ok_status = 0

    type :: weir_context
        private
        type(c_ptr) :: p = c_null_ptr
    end type
    type :: weir_model
        private
        type(c_ptr) :: p = c_null_ptr
    end type
    type :: weir_optim
        private
        type(c_ptr) :: p = c_null_ptr
    end type

    ! weir_scope of weir/context.h, by value.
    type, bind(c) :: scope_mark
        type(c_ptr) :: ctx
        integer(c_int32_t) :: depth
        integer(c_int64_t) :: generation
    end type

    interface
        function c_open(seed) bind(c, name='weir_open') result(c)
            import :: c_int64_t, c_ptr
            integer(c_int64_t), value :: seed
            type(c_ptr) :: c
        end function
        subroutine c_close(c) bind(c, name='weir_close')
            import :: c_ptr
            type(c_ptr), value :: c
        end subroutine
        function c_ok(c) bind(c, name='weir_ok') result(yes)
            import :: c_bool, c_ptr
            type(c_ptr), value :: c
            logical(c_bool) :: yes
        end function
        function c_status_of(c) bind(c, name='weir_status_of') result(s)
            import :: c_int, c_ptr
            type(c_ptr), value :: c
            integer(c_int) :: s
        end function
        function c_message(c) bind(c, name='weir_message') result(text)
            import :: c_ptr
            type(c_ptr), value :: c
            type(c_ptr) :: text
        end function
        subroutine c_clear(c) bind(c, name='weir_clear')
            import :: c_ptr
            type(c_ptr), value :: c
        end subroutine
        function c_version() bind(c, name='weir_version') result(text)
            import :: c_ptr
            type(c_ptr) :: text
        end function
        function c_scope_begin(c) bind(c, name='weir_scope_begin') result(s)
            import :: c_ptr, scope_mark
            type(c_ptr), value :: c
            type(scope_mark) :: s
        end function
        subroutine c_scope_end(s) bind(c, name='weir_scope_end')
            import :: scope_mark
            type(scope_mark), value :: s
        end subroutine
        function c_strlen(text) bind(c, name='strlen') result(n)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: text
            integer(c_size_t) :: n
        end function
        function c_model_new(c, name, options) bind(c, name='weir_model_new') result(m)
            import :: c_char, c_ptr
            type(c_ptr), value :: c
            character(kind=c_char), intent(in) :: name(*), options(*)
            type(c_ptr) :: m
        end function
        function c_model_load(c, path) bind(c, name='weir_model_load') result(m)
            import :: c_char, c_ptr
            type(c_ptr), value :: c
            character(kind=c_char), intent(in) :: path(*)
            type(c_ptr) :: m
        end function
        function c_model_save(m, path) bind(c, name='weir_model_save') result(s)
            import :: c_char, c_int, c_ptr
            type(c_ptr), value :: m
            character(kind=c_char), intent(in) :: path(*)
            integer(c_int) :: s
        end function
        subroutine c_model_free(m) bind(c, name='weir_model_free')
            import :: c_ptr
            type(c_ptr), value :: m
        end subroutine
        function c_model_dim(m) bind(c, name='weir_model_dim') result(n)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t) :: n
        end function
        function c_model_ctx(m) bind(c, name='weir_model_ctx') result(c)
            import :: c_ptr
            type(c_ptr), value :: m
            type(c_ptr) :: c
        end function
        function c_model_module(m) bind(c, name='weir_model_module') result(module)
            import :: c_ptr
            type(c_ptr), value :: m
            type(c_ptr) :: module
        end function
        function c_sample_into(m, n, options, x) bind(c, name='weir_model_sample_into') result(s)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m, options, x
            integer(c_int64_t), value :: n
            integer(c_int) :: s
        end function
        function c_sample_position(m) bind(c, name='weir_model_sample_position') result(i)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t) :: i
        end function
        function c_set_sample_position(m, i) bind(c, name='weir_model_set_sample_position') result(s)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t), value :: i
            integer(c_int) :: s
        end function
        function c_log_prob_into(m, x, n, options, log_p, info) bind(c, name='weir_model_log_prob_into') result(s)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m, x, options, log_p, info
            integer(c_int64_t), value :: n
            integer(c_int) :: s
        end function
        function c_sample_into_f64(m, n, options, x) bind(c, name='weir_model_sample_into_f64') result(s)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m, options, x
            integer(c_int64_t), value :: n
            integer(c_int) :: s
        end function
        function c_log_prob_into_f64(m, x, n, options, log_p, info) bind(c, name='weir_model_log_prob_into_f64') result(s)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m, x, options, log_p, info
            integer(c_int64_t), value :: n
            integer(c_int) :: s
        end function
        function c_optim_new(module, name, options) bind(c, name='weir_optim_new') result(o)
            import :: c_char, c_ptr
            type(c_ptr), value :: module
            character(kind=c_char), intent(in) :: name(*), options(*)
            type(c_ptr) :: o
        end function
        subroutine c_optim_free(o) bind(c, name='weir_optim_free')
            import :: c_ptr
            type(c_ptr), value :: o
        end subroutine
        subroutine c_optim_set_lr(o, lr) bind(c, name='weir_optim_set_lr')
            import :: c_double, c_ptr
            type(c_ptr), value :: o
            real(c_double), value :: lr
        end subroutine
        function c_tensor_wrap(c, dtype, data, ndim, shape, strides, release, user) bind(c, name='weir_tensor_wrap') result(x)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: c, data, strides, release, user
            integer(c_int), value :: dtype, ndim
            integer(c_int64_t), intent(in) :: shape(*)
            type(c_ptr) :: x
        end function
        function c_batch_wrap(c, x, ids, weights, condition) bind(c, name='weir_batch_wrap') result(b)
            import :: c_ptr
            type(c_ptr), value :: c, x, ids, weights, condition
            type(c_ptr) :: b
        end function
        function c_train_step(m, o, b) bind(c, name='weir_train_step') result(loss)
            import :: c_double, c_ptr
            type(c_ptr), value :: m, o, b
            real(c_double) :: loss
        end function
        function c_fail(c, status, text) bind(c, name='weir_fail_text') result(s)
            import :: c_char, c_int, c_ptr
            type(c_ptr), value :: c
            integer(c_int), value :: status
            character(kind=c_char), intent(in) :: text(*)
            integer(c_int) :: s
        end function
    end interface

    interface weir_free
        module procedure free_model, free_optim
    end interface
    interface weir_sample
        module procedure sample_f32, sample_f64
    end interface
    interface weir_log_prob
        module procedure log_prob_f32, log_prob_f64
    end interface
    interface weir_train_step
        module procedure train_step_f32, train_step_f64
    end interface
    interface address
        module procedure address_f32, address_f64
    end interface

contains

    ! -- the context ---------------------------------------------------------------------------------------------------
    function weir_open(seed) result(c)
        integer(c_int64_t), intent(in) :: seed
        type(weir_context) :: c
        c%p = c_open(seed)
    end function

    ! Models and optimizers are freed before.
    subroutine weir_close(c)
        type(weir_context), intent(inout) :: c
        call c_close(c%p)
        c%p = c_null_ptr
    end subroutine

    logical function weir_ok(c)
        type(weir_context), intent(in) :: c
        weir_ok = logical(c_ok(c%p))
    end function

    integer(c_int) function weir_status(c)
        type(weir_context), intent(in) :: c
        weir_status = c_status_of(c%p)
    end function

    ! One line, `what: where: expected`; empty while there is no error.
    function weir_message(c) result(text)
        type(weir_context), intent(in) :: c
        character(:), allocatable :: text
        text = from_c(c_message(c%p))
    end function

    subroutine weir_clear(c)
        type(weir_context), intent(in) :: c
        call c_clear(c%p)
    end subroutine

    function weir_version() result(text)
        character(:), allocatable :: text
        text = from_c(c_version())
    end function

    ! -- models --------------------------------------------------------------------------------------------------------
    ! weir_new(c, 'nice', 'dim=2 hidden=32,32'): weir_model_new.
    function weir_new(c, name, options) result(m)
        type(weir_context), intent(in) :: c
        character(*), intent(in) :: name, options
        type(weir_model) :: m
        m%p = c_model_new(c%p, to_c(name), to_c(options))
    end function

    ! A run's folder or a safetensors file.
    function weir_load(c, path) result(m)
        type(weir_context), intent(in) :: c
        character(*), intent(in) :: path
        type(weir_model) :: m
        m%p = c_model_load(c%p, to_c(path))
    end function

    integer(c_int) function weir_save(m, path)
        type(weir_model), intent(in) :: m
        character(*), intent(in) :: path
        weir_save = c_model_save(m%p, to_c(path))
    end function

    subroutine free_model(m)
        type(weir_model), intent(inout) :: m
        call c_model_free(m%p)
        m%p = c_null_ptr
    end subroutine

    integer(c_int64_t) function weir_dim(m)
        type(weir_model), intent(in) :: m
        weir_dim = c_model_dim(m%p)
    end function

    ! Number of the next sample; samples are a function of the context's seed and their number.
    integer(c_int64_t) function weir_sample_position(m)
        type(weir_model), intent(in) :: m
        weir_sample_position = c_sample_position(m%p)
    end function

    integer(c_int) function weir_set_sample_position(m, position)
        type(weir_model), intent(in) :: m
        integer(c_int64_t), intent(in) :: position
        weir_set_sample_position = c_set_sample_position(m%p, position)
    end function

    ! weir_sample(m, x) fills x(dim, n) with n samples, others at every call.
    integer(c_int) function sample_f32(m, x) result(s)
        type(weir_model), intent(in) :: m
        real(c_float), intent(out), target, contiguous :: x(:, :)
        s = check_dim(m, size(x, 1, c_int64_t), 'sample')
        if (s == weir_ok_status) s = c_sample_into(m%p, size(x, 2, c_int64_t), c_null_ptr, address(x))
    end function

    integer(c_int) function sample_f64(m, x) result(s)
        type(weir_model), intent(in) :: m
        real(c_double), intent(out), target, contiguous :: x(:, :)
        s = check_dim(m, size(x, 1, c_int64_t), 'sample')
        if (s == weir_ok_status) s = c_sample_into_f64(m%p, size(x, 2, c_int64_t), c_null_ptr, address(x))
    end function

    ! weir_log_prob(m, x, log_p): log_p(i) of column i, in nats of the data as stored; NaN for a column that fails.
    integer(c_int) function log_prob_f32(m, x, log_p) result(s)
        type(weir_model), intent(in) :: m
        real(c_float), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(out), target, contiguous :: log_p(:)
        s = check_columns(m, shape(x, c_int64_t), size(log_p, 1, c_int64_t), 'log_prob: log_p')
        if (s == weir_ok_status .and. size(log_p) > 0) &
            s = c_log_prob_into(m%p, address(x), size(x, 2, c_int64_t), c_null_ptr, c_loc(log_p(1)), c_null_ptr)
    end function

    integer(c_int) function log_prob_f64(m, x, log_p) result(s)
        type(weir_model), intent(in) :: m
        real(c_double), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(out), target, contiguous :: log_p(:)
        s = check_columns(m, shape(x, c_int64_t), size(log_p, 1, c_int64_t), 'log_prob: log_p')
        if (s == weir_ok_status .and. size(log_p) > 0) &
            s = c_log_prob_into_f64(m%p, address(x), size(x, 2, c_int64_t), c_null_ptr, c_loc(log_p(1)), c_null_ptr)
    end function

    ! -- training ------------------------------------------------------------------------------------------------------
    ! weir_optimizer(m, 'adam', 'lr=1e-3'): weir_optim_new on the model's parameters.
    function weir_optimizer(m, name, options) result(o)
        type(weir_model), intent(in) :: m
        character(*), intent(in) :: name, options
        type(weir_optim) :: o
        o%p = c_optim_new(c_model_module(m%p), to_c(name), to_c(options))
    end function

    subroutine free_optim(o)
        type(weir_optim), intent(inout) :: o
        call c_optim_free(o%p)
        o%p = c_null_ptr
    end subroutine

    subroutine weir_set_lr(o, lr)
        type(weir_optim), intent(in) :: o
        real(c_double), intent(in) :: lr
        call c_optim_set_lr(o%p, lr)
    end subroutine

    ! weir_train_step(m, o, x [, weights]): one step on the columns of x, read where they are. Returns the (weighted) mean loss; NaN
    ! after an error.
    real(c_double) function train_step_f32(m, o, x, weights) result(loss)
        type(weir_model), intent(in) :: m
        type(weir_optim), intent(in) :: o
        real(c_float), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(in), target, contiguous, optional :: weights(:)
        loss = train_step(m, o, 0_c_int, address(x), shape(x, c_int64_t), weights)
    end function

    real(c_double) function train_step_f64(m, o, x, weights) result(loss)
        type(weir_model), intent(in) :: m
        type(weir_optim), intent(in) :: o
        real(c_double), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(in), target, contiguous, optional :: weights(:)
        loss = train_step(m, o, 1_c_int, address(x), shape(x, c_int64_t), weights)
    end function

    real(c_double) function train_step(m, o, dtype, x, extents, weights) result(loss)
        type(weir_model), intent(in) :: m
        type(weir_optim), intent(in) :: o
        integer(c_int), intent(in) :: dtype ! weir_dtype: 0 f32, 1 f64
        type(c_ptr), intent(in) :: x
        integer(c_int64_t), intent(in) :: extents(2)
        real(c_double), intent(in), target, contiguous, optional :: weights(:)
        type(scope_mark) :: s
        type(c_ptr) :: c, t, w
        integer(c_int) :: bad
        c = c_model_ctx(m%p)
        w = c_null_ptr
        if (present(weights)) then
            bad = check_columns(m, extents, size(weights, 1, c_int64_t), 'train_step: weights')
            if (size(weights) > 0) w = c_loc(weights(1))
        end if
        s = c_scope_begin(c)
        t = c_tensor_wrap(c, dtype, x, 2_c_int, extents(2:1:-1), c_null_ptr, c_null_ptr, c_null_ptr)
        loss = c_train_step(m%p, o%p, c_batch_wrap(c, t, c_null_ptr, w, c_null_ptr))
        call c_scope_end(s)
    end function

    ! -- between the languages -----------------------------------------------------------------------------------------
    integer(c_int) function check_dim(m, rows, who) result(s)
        type(weir_model), intent(in) :: m
        integer(c_int64_t), intent(in) :: rows
        character(*), intent(in) :: who
        integer(c_int64_t) :: dim
        dim = c_model_dim(m%p)
        s = c_status_of(c_model_ctx(m%p))
        if (s == weir_ok_status .and. rows /= dim) &
            s = c_fail(c_model_ctx(m%p), 2_c_int, to_c(who // ': x: expected as many rows as the model has values'))
    end function

    integer(c_int) function check_columns(m, extents, n, who) result(s)
        type(weir_model), intent(in) :: m
        integer(c_int64_t), intent(in) :: extents(2), n
        character(*), intent(in) :: who
        s = check_dim(m, extents(1), who)
        if (s == weir_ok_status .and. extents(2) /= n) &
            s = c_fail(c_model_ctx(m%p), 2_c_int, to_c(who // ': expected one element a column of x'))
    end function

    function address_f32(x) result(p)
        real(c_float), intent(in), target, contiguous :: x(:, :)
        type(c_ptr) :: p
        p = c_null_ptr
        if (size(x) > 0) p = c_loc(x(1, 1))
    end function

    function address_f64(x) result(p)
        real(c_double), intent(in), target, contiguous :: x(:, :)
        type(c_ptr) :: p
        p = c_null_ptr
        if (size(x) > 0) p = c_loc(x(1, 1))
    end function

    pure function to_c(text) result(chars)
        character(*), intent(in) :: text
        character(kind=c_char) :: chars(len_trim(text) + 1)
        integer :: i
        do i = 1, len_trim(text)
            chars(i) = text(i:i)
        end do
        chars(size(chars)) = c_null_char
    end function

    function from_c(p) result(text)
        type(c_ptr), intent(in) :: p
        character(:), allocatable :: text
        character(kind=c_char), pointer :: chars(:)
        integer :: i
        text = ''
        if (.not. c_associated(p)) return
        call c_f_pointer(p, chars, [c_strlen(p)])
        do i = 1, size(chars)
            text = text // chars(i)
        end do
    end function
end module
