! weir.f90 - the library from Fortran 2008: models, data, loaders, training, runs, optimizers. Compile it with
! your program; it needs no macro and no preprocessor, and .mod files of other compilers do not matter.
!
!     use weir
!     type(weir_context) :: c
!     type(weir_model) :: m
!     real(c_float) :: x(2, 1000)        ! a sample is a column: Fortran's (dim, n) is C's [n][dim], without a copy
!     real(c_double) :: log_p(1000)
!     c = weir_open(1_c_int64_t)         ! seed 1
!     m = weir_load(c, 'run')
!     if (weir_sample(m, x, seed=5_c_int64_t) == weir_ok_status) print *, x(:, 1)
!     if (weir_log_prob(m, x, log_p) == weir_ok_status) print *, log_p(1)
!     if (.not. weir_ok(c)) print *, weir_message(c)
!     call weir_free(m)
!     call weir_close(c)
!
! Arrays are real(c_float) or real(c_double). Errors stick to the context: the first sets a status and one line of
! text; later calls do nothing, so one look at weir_ok a loop is enough. A procedure below without a comment is the
! C function of its name (weir/model.h, weir/data.h, weir/train.h, weir/optim.h); what C has in a struct of options
! are optional arguments here. A context belongs to one thread; weir_model_share gives another thread the model.
!
! Written by tools/bindings from the public headers and tools/bindings/weir.f90.in: not to be edited.
module weir
    use, intrinsic :: iso_c_binding, only: c_associated, c_bool, c_char, c_double, c_f_pointer, c_float, &
                                           c_funptr, c_int, c_int32_t, c_int64_t, c_loc, c_null_char, &
                                           c_null_funptr, c_null_ptr, c_ptr, c_size_t
    implicit none
    private
    public :: c_float, c_double, c_int, c_int64_t
    public :: weir_context, weir_model, weir_optim, weir_ema, weir_dataset, weir_loader, weir_run, weir_module
    public :: weir_open, weir_close, weir_ok, weir_status, weir_message, weir_clear, weir_version, weir_threads
    public :: weir_memory, weir_memory_trim, weir_memory_info
    public :: weir_new, weir_load, weir_save, weir_free, weir_dim
    public :: weir_sample, weir_sample_log_prob, weir_log_prob, weir_log_prob_grad, weir_encode
    public :: weir_sample_position, weir_set_sample_position
    public :: weir_optimizer, weir_set_lr, weir_train_step
    public :: weir_dataset_from, weir_loader_from, weir_next_step, weir_score, weir_run_train
    public :: weir_isa_name, weir_dataset_is_nil, weir_loader_is_nil, weir_dataset_open
    public :: weir_dataset_split, weir_dataset_samples, weir_dataset_dim, weir_dataset_levels
    public :: weir_dataset_standardize, weir_dataset_spec, weir_dataset_fingerprint, weir_dataset_label
    public :: weir_dataset_classes, weir_dataset_context_dim, weir_dataset_name, weir_loader_new
    public :: weir_loader_dataset, weir_loader_steps_per_epoch, weir_loader_step, weir_loader_seek
    public :: weir_optim_new, weir_optim_step, weir_optim_zero_grad, weir_optim_is_nil
    public :: weir_optim_lr, weir_optim_set_lr, weir_optim_steps, weir_optim_clip
    public :: weir_optim_state_count, weir_optim_set_steps, weir_ema_new, weir_ema_new_half_life
    public :: weir_ema_update, weir_ema_swap, weir_model_new, weir_model_load
    public :: weir_model_save, weir_model_share, weir_model_random_step, weir_model_set_random_step
    public :: weir_model_sample_position, weir_model_set_sample_position, weir_model_module, weir_model_ctx
    public :: weir_model_dim, weir_model_levels, weir_model_noise_dim, weir_model_wants
    public :: weir_model_classes, weir_model_context_dim, weir_model_name, weir_model_class
    public :: weir_model_bijection, weir_model_base, weir_model_data_dtype, weir_model_match_classes
    public :: weir_run_open, weir_run_is_nil, weir_run_model, weir_run_folder
    public :: weir_run_step, weir_run_horizon, weir_run_stop, weir_run_epoch
    public :: weir_run_dim, weir_run_levels, weir_run_best, weir_run_best_step
    public :: weir_rank, weir_ranks
    integer(c_int), parameter, public :: weir_ok_status = 0
    integer(c_int), parameter, public :: weir_error_argument = 1
    integer(c_int), parameter, public :: weir_error_shape = 2
    integer(c_int), parameter, public :: weir_error_dtype = 3
    integer(c_int), parameter, public :: weir_error_memory = 4
    integer(c_int), parameter, public :: weir_error_io = 5
    integer(c_int), parameter, public :: weir_error_format = 6
    integer(c_int), parameter, public :: weir_error_name = 7
    integer(c_int), parameter, public :: weir_error_range = 8
    integer(c_int), parameter, public :: weir_error_graph = 9
    integer(c_int), parameter, public :: weir_error_value = 10
    integer(c_int), parameter, public :: weir_error_state = 11
    integer(c_int), parameter, public :: weir_error_unsupported = 12
    integer(c_int), parameter, public :: weir_stopped = 13
    type, bind(c) :: weir_group
        integer(c_size_t) :: size = 0
        integer(c_int) :: rank
        integer(c_int) :: ranks
        real(c_double) :: seconds
        type(c_funptr) :: start = c_null_funptr
        type(c_funptr) :: wait = c_null_funptr
        type(c_funptr) :: fail = c_null_funptr
        type(c_ptr) :: user = c_null_ptr
    end type
    type, bind(c) :: weir_open_opts
        integer(c_size_t) :: size = 0
        integer(c_int64_t) :: seed
        integer(c_int) :: threads
        integer(c_int) :: isa
        type(c_funptr) :: resize = c_null_funptr
        type(c_ptr) :: resize_user = c_null_ptr
        type(c_funptr) :: log = c_null_funptr
        type(c_ptr) :: log_user = c_null_ptr
        type(c_ptr) :: group = c_null_ptr
        integer(c_int64_t) :: file_bytes
    end type
    type, bind(c) :: weir_memory_info
        integer(c_size_t) :: size = 0
        integer(c_int64_t) :: live_blocks
        integer(c_int64_t) :: live_bytes
        integer(c_int64_t) :: peak_bytes
        integer(c_int64_t) :: system_bytes
        integer(c_int64_t) :: system_calls
    end type
    type, bind(c) :: weir_sample_opts
        integer(c_size_t) :: size = 0
        integer(c_int64_t) :: seed
        logical(c_bool) :: use_seed
        integer(c_int64_t) :: first
        real(c_double) :: temperature
        type(c_ptr) :: noise = c_null_ptr
        type(c_ptr) :: noise_f64 = c_null_ptr
        type(c_ptr) :: solver = c_null_ptr
        integer(c_int64_t) :: steps
        type(c_ptr) :: condition = c_null_ptr
        integer(c_int64_t) :: batch
        type(c_funptr) :: on_step = c_null_funptr
        type(c_ptr) :: user = c_null_ptr
        type(c_ptr) :: report = c_null_ptr
        type(c_funptr) :: on_state = c_null_funptr
        type(c_ptr) :: trajectory = c_null_ptr
        type(c_ptr) :: trajectory_f64 = c_null_ptr
        type(c_funptr) :: around = c_null_funptr
        type(c_ptr) :: around_user = c_null_ptr
        type(c_ptr) :: start = c_null_ptr
    end type
    type, bind(c) :: weir_log_prob_opts
        integer(c_size_t) :: size = 0
        integer(c_int64_t) :: seed
        logical(c_bool) :: use_seed
        integer(c_int64_t) :: draws
        integer(c_int64_t) :: probes
        type(c_ptr) :: solver = c_null_ptr
        integer(c_int64_t) :: steps
        type(c_ptr) :: condition = c_null_ptr
        integer(c_int64_t) :: batch
        type(c_funptr) :: on_step = c_null_funptr
        type(c_ptr) :: user = c_null_ptr
        integer(c_int64_t) :: importance
        integer(c_int) :: bound
    end type
    type, bind(c) :: weir_step_opts
        integer(c_size_t) :: size = 0
        integer(c_int64_t) :: shards
        real(c_double) :: clip
        type(c_funptr) :: reduce = c_null_funptr
        type(c_ptr) :: reduce_user = c_null_ptr
    end type
    type, bind(c) :: weir_step_info
        integer(c_size_t) :: size = 0
        real(c_double) :: loss
        real(c_double) :: grad_norm
        integer(c_int64_t) :: bad_sample
        character(kind=c_char) :: bad_op(64)
        character(kind=c_char) :: bad_layer(128)
    end type
    type, bind(c) :: weir_train_opts
        integer(c_size_t) :: size = 0
        integer(c_int64_t) :: steps
        real(c_double) :: minutes
        type(c_funptr) :: on_step = c_null_funptr
        type(c_ptr) :: user = c_null_ptr
    end type
    type, bind(c) :: weir_data_log_prob_info
        integer(c_size_t) :: size = 0
        integer(c_int) :: kind
        integer(c_int64_t) :: n
        integer(c_int64_t) :: dim
        integer(c_int64_t) :: levels
        integer(c_int64_t) :: draws
        integer(c_int64_t) :: probes
        integer(c_int64_t) :: n_failed
        integer(c_int64_t) :: failed_ids(100)
        integer(c_int64_t) :: n_counted
        integer(c_int64_t) :: n_left_out
        real(c_double) :: n_effective
        logical(c_bool) :: weighted
        logical(c_bool) :: known
        real(c_double) :: nats
        real(c_double) :: nats_stderr
        real(c_double) :: estimator_stderr
        type(c_ptr) :: dequantizer = c_null_ptr
        type(c_ptr) :: solver = c_null_ptr
        integer(c_int64_t) :: fixed_steps
        integer(c_int64_t) :: n_doubled
        real(c_double) :: step_error
        real(c_double) :: step_bias
        real(c_double) :: bits_per_dim
        real(c_double) :: nats_unit_range
        real(c_double) :: excess
        real(c_double) :: excess_stderr
        integer(c_int64_t) :: importance
    end type
    type :: weir_context
        private
        type(c_ptr) :: p = c_null_ptr
        type(weir_group), pointer :: group => null()
    end type
    type :: weir_model
        private
        type(c_ptr) :: p = c_null_ptr
    end type
    type :: weir_optim
        private
        type(c_ptr) :: p = c_null_ptr
    end type
    type :: weir_ema
        private
        type(c_ptr) :: p = c_null_ptr
    end type
    type :: weir_dataset
        private
        type(c_ptr) :: p = c_null_ptr
    end type
    type :: weir_loader
        private
        type(c_ptr) :: p = c_null_ptr
    end type
    type :: weir_run
        private
        type(c_ptr) :: p = c_null_ptr
    end type
    type :: weir_module
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
        subroutine c_close(c) bind(c, name='weir_close')
            import :: c_ptr
            type(c_ptr), value :: c
        end subroutine
        function c_ok(c) bind(c, name='weir_ok') result(result_)
            import :: c_bool, c_ptr
            type(c_ptr), value :: c
            logical(c_bool) :: result_
        end function
        function c_status_of(c) bind(c, name='weir_status_of') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: c
            integer(c_int) :: result_
        end function
        function c_message(c) bind(c, name='weir_message') result(result_)
            import :: c_ptr
            type(c_ptr), value :: c
            type(c_ptr) :: result_
        end function
        subroutine c_clear(c) bind(c, name='weir_clear')
            import :: c_ptr
            type(c_ptr), value :: c
        end subroutine
        function c_fail_text(c, status, text) bind(c, name='weir_fail_text') result(result_)
            import :: c_char, c_int, c_ptr
            type(c_ptr), value :: c
            integer(c_int), value :: status
            character(kind=c_char), intent(in) :: text(*)
            integer(c_int) :: result_
        end function
        function c_scope_begin(c) bind(c, name='weir_scope_begin') result(result_)
            import :: c_ptr, scope_mark
            type(c_ptr), value :: c
            type(scope_mark) :: result_
        end function
        subroutine c_scope_end(scope) bind(c, name='weir_scope_end')
            import :: scope_mark
            type(scope_mark), value :: scope
        end subroutine
        subroutine c_open_defaults_sized(o, size) bind(c, name='weir_open_defaults_sized')
            import :: c_ptr, c_size_t
            type(c_ptr), value :: o
            integer(c_size_t), value :: size
        end subroutine
        function c_open_with(options) bind(c, name='weir_open_with') result(result_)
            import :: c_ptr
            type(c_ptr), value :: options
            type(c_ptr) :: result_
        end function
        function c_threads(c) bind(c, name='weir_threads') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: c
            integer(c_int) :: result_
        end function
        function c_isa_name(c) bind(c, name='weir_isa_name') result(result_)
            import :: c_ptr
            type(c_ptr), value :: c
            type(c_ptr) :: result_
        end function
        subroutine c_memory_sized(c, info, size) bind(c, name='weir_memory_sized')
            import :: c_ptr, c_size_t
            type(c_ptr), value :: c
            type(c_ptr), value :: info
            integer(c_size_t), value :: size
        end subroutine
        subroutine c_memory_trim(c) bind(c, name='weir_memory_trim')
            import :: c_ptr
            type(c_ptr), value :: c
        end subroutine
        function c_version() bind(c, name='weir_version') result(result_)
            import :: c_ptr
            type(c_ptr) :: result_
        end function
        function c_tensor_wrap(c, t, memory, ndim, shape, strides, release, user) bind(c, &
            name='weir_tensor_wrap') result(result_)
            import :: c_funptr, c_int, c_int64_t, c_ptr
            type(c_ptr), value :: c
            integer(c_int), value :: t
            type(c_ptr), value :: memory
            integer(c_int), value :: ndim
            integer(c_int64_t), intent(in) :: shape(*)
            type(c_ptr), value :: strides
            type(c_funptr), value :: release
            type(c_ptr), value :: user
            type(c_ptr) :: result_
        end function
        function c_dataset_is_nil(d) bind(c, name='weir_dataset_is_nil') result(result_)
            import :: c_bool, c_ptr
            type(c_ptr), value :: d
            logical(c_bool) :: result_
        end function
        function c_loader_is_nil(l) bind(c, name='weir_loader_is_nil') result(result_)
            import :: c_bool, c_ptr
            type(c_ptr), value :: l
            logical(c_bool) :: result_
        end function
        function c_batch_wrap(c, x, ids, weights, condition) bind(c, name='weir_batch_wrap') result(result_)
            import :: c_ptr
            type(c_ptr), value :: c
            type(c_ptr), value :: x
            type(c_ptr), value :: ids
            type(c_ptr), value :: weights
            type(c_ptr), value :: condition
            type(c_ptr) :: result_
        end function
        function c_dataset_open(c, spec) bind(c, name='weir_dataset_open') result(result_)
            import :: c_char, c_ptr
            type(c_ptr), value :: c
            character(kind=c_char), intent(in) :: spec(*)
            type(c_ptr) :: result_
        end function
        function c_dataset_from_f32(c, x, n, dim) bind(c, name='weir_dataset_from_f32') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: c
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            integer(c_int64_t), value :: dim
            type(c_ptr) :: result_
        end function
        function c_dataset_from_f64(c, x, n, dim) bind(c, name='weir_dataset_from_f64') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: c
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            integer(c_int64_t), value :: dim
            type(c_ptr) :: result_
        end function
        subroutine c_dataset_free(d) bind(c, name='weir_dataset_free')
            import :: c_ptr
            type(c_ptr), value :: d
        end subroutine
        function c_dataset_split(d, split) bind(c, name='weir_dataset_split') result(result_)
            import :: c_char, c_ptr
            type(c_ptr), value :: d
            character(kind=c_char), intent(in) :: split(*)
            type(c_ptr) :: result_
        end function
        function c_dataset_samples(d) bind(c, name='weir_dataset_samples') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: d
            integer(c_int64_t) :: result_
        end function
        function c_dataset_dim(d) bind(c, name='weir_dataset_dim') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: d
            integer(c_int64_t) :: result_
        end function
        function c_dataset_levels(d) bind(c, name='weir_dataset_levels') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: d
            integer(c_int64_t) :: result_
        end function
        function c_dataset_standardize(d) bind(c, name='weir_dataset_standardize') result(result_)
            import :: c_bool, c_ptr
            type(c_ptr), value :: d
            logical(c_bool) :: result_
        end function
        function c_dataset_spec(d) bind(c, name='weir_dataset_spec') result(result_)
            import :: c_ptr
            type(c_ptr), value :: d
            type(c_ptr) :: result_
        end function
        function c_dataset_fingerprint(d) bind(c, name='weir_dataset_fingerprint') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: d
            integer(c_int64_t) :: result_
        end function
        function c_dataset_label(d, sample) bind(c, name='weir_dataset_label') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: d
            integer(c_int64_t), value :: sample
            integer(c_int64_t) :: result_
        end function
        function c_dataset_classes(d) bind(c, name='weir_dataset_classes') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: d
            integer(c_int64_t) :: result_
        end function
        function c_dataset_context_dim(d) bind(c, name='weir_dataset_context_dim') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: d
            integer(c_int64_t) :: result_
        end function
        function c_dataset_name(d, which, index) bind(c, name='weir_dataset_name') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: d
            integer(c_int), value :: which
            integer(c_int64_t), value :: index
            type(c_ptr) :: result_
        end function
        function c_loader_new(d, options) bind(c, name='weir_loader_new') result(result_)
            import :: c_char, c_ptr
            type(c_ptr), value :: d
            character(kind=c_char), intent(in) :: options(*)
            type(c_ptr) :: result_
        end function
        function c_loader_from_array(c, x, n, dim, options) bind(c, name='weir_loader_from_array') result(result_)
            import :: c_char, c_int64_t, c_ptr
            type(c_ptr), value :: c
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            integer(c_int64_t), value :: dim
            character(kind=c_char), intent(in) :: options(*)
            type(c_ptr) :: result_
        end function
        function c_loader_from_array_f64(c, x, n, dim, options) bind(c, &
            name='weir_loader_from_array_f64') result(result_)
            import :: c_char, c_int64_t, c_ptr
            type(c_ptr), value :: c
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            integer(c_int64_t), value :: dim
            character(kind=c_char), intent(in) :: options(*)
            type(c_ptr) :: result_
        end function
        subroutine c_loader_free(l) bind(c, name='weir_loader_free')
            import :: c_ptr
            type(c_ptr), value :: l
        end subroutine
        function c_loader_next(l) bind(c, name='weir_loader_next') result(result_)
            import :: c_ptr
            type(c_ptr), value :: l
            type(c_ptr) :: result_
        end function
        function c_loader_dataset(l) bind(c, name='weir_loader_dataset') result(result_)
            import :: c_ptr
            type(c_ptr), value :: l
            type(c_ptr) :: result_
        end function
        function c_loader_steps_per_epoch(l) bind(c, name='weir_loader_steps_per_epoch') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: l
            integer(c_int64_t) :: result_
        end function
        function c_loader_step(l) bind(c, name='weir_loader_step') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: l
            integer(c_int64_t) :: result_
        end function
        subroutine c_loader_seek(l, step) bind(c, name='weir_loader_seek')
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: l
            integer(c_int64_t), value :: step
        end subroutine
        subroutine c_log_prob_defaults_sized(o, size) bind(c, name='weir_log_prob_defaults_sized')
            import :: c_ptr, c_size_t
            type(c_ptr), value :: o
            integer(c_size_t), value :: size
        end subroutine
        function c_model_log_prob_into(m, x, n, o, log_prob, info) bind(c, &
            name='weir_model_log_prob_into') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: log_prob
            type(c_ptr), value :: info
            integer(c_int) :: result_
        end function
        function c_model_log_prob_into_f64(m, x, n, o, log_prob, info) bind(c, &
            name='weir_model_log_prob_into_f64') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: log_prob
            type(c_ptr), value :: info
            integer(c_int) :: result_
        end function
        function c_model_log_prob_grad_into(m, x, n, o, log_prob, grad, info) bind(c, &
            name='weir_model_log_prob_grad_into') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: log_prob
            type(c_ptr), value :: grad
            type(c_ptr), value :: info
            integer(c_int) :: result_
        end function
        function c_model_log_prob_grad_into_f64(m, x, n, o, log_prob, grad, info) bind(c, &
            name='weir_model_log_prob_grad_into_f64') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: log_prob
            type(c_ptr), value :: grad
            type(c_ptr), value :: info
            integer(c_int) :: result_
        end function
        function c_optim_new(m, name, options) bind(c, name='weir_optim_new') result(result_)
            import :: c_char, c_ptr
            type(c_ptr), value :: m
            character(kind=c_char), intent(in) :: name(*)
            character(kind=c_char), intent(in) :: options(*)
            type(c_ptr) :: result_
        end function
        subroutine c_optim_free(o) bind(c, name='weir_optim_free')
            import :: c_ptr
            type(c_ptr), value :: o
        end subroutine
        function c_optim_step(o) bind(c, name='weir_optim_step') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: o
            integer(c_int) :: result_
        end function
        subroutine c_optim_zero_grad(o) bind(c, name='weir_optim_zero_grad')
            import :: c_ptr
            type(c_ptr), value :: o
        end subroutine
        function c_optim_is_nil(o) bind(c, name='weir_optim_is_nil') result(result_)
            import :: c_bool, c_ptr
            type(c_ptr), value :: o
            logical(c_bool) :: result_
        end function
        function c_optim_lr(o) bind(c, name='weir_optim_lr') result(result_)
            import :: c_double, c_ptr
            type(c_ptr), value :: o
            real(c_double) :: result_
        end function
        subroutine c_optim_set_lr(o, lr) bind(c, name='weir_optim_set_lr')
            import :: c_double, c_ptr
            type(c_ptr), value :: o
            real(c_double), value :: lr
        end subroutine
        function c_optim_steps(o) bind(c, name='weir_optim_steps') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: o
            integer(c_int64_t) :: result_
        end function
        function c_optim_clip(o, max_norm) bind(c, name='weir_optim_clip') result(result_)
            import :: c_double, c_ptr
            type(c_ptr), value :: o
            real(c_double), value :: max_norm
            real(c_double) :: result_
        end function
        function c_optim_state_count(o) bind(c, name='weir_optim_state_count') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: o
            integer(c_int) :: result_
        end function
        subroutine c_optim_set_steps(o, steps) bind(c, name='weir_optim_set_steps')
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: o
            integer(c_int64_t), value :: steps
        end subroutine
        function c_ema_new(m, decay) bind(c, name='weir_ema_new') result(result_)
            import :: c_double, c_ptr
            type(c_ptr), value :: m
            real(c_double), value :: decay
            type(c_ptr) :: result_
        end function
        function c_ema_new_half_life(m, batch, half_life, ramp) bind(c, name='weir_ema_new_half_life') result(result_)
            import :: c_double, c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t), value :: batch
            real(c_double), value :: half_life
            real(c_double), value :: ramp
            type(c_ptr) :: result_
        end function
        subroutine c_ema_free(e) bind(c, name='weir_ema_free')
            import :: c_ptr
            type(c_ptr), value :: e
        end subroutine
        subroutine c_ema_update(e) bind(c, name='weir_ema_update')
            import :: c_ptr
            type(c_ptr), value :: e
        end subroutine
        subroutine c_ema_swap(e) bind(c, name='weir_ema_swap')
            import :: c_ptr
            type(c_ptr), value :: e
        end subroutine
        function c_model_new(c, name, options) bind(c, name='weir_model_new') result(result_)
            import :: c_char, c_ptr
            type(c_ptr), value :: c
            character(kind=c_char), intent(in) :: name(*)
            character(kind=c_char), intent(in) :: options(*)
            type(c_ptr) :: result_
        end function
        function c_model_load(c, path) bind(c, name='weir_model_load') result(result_)
            import :: c_char, c_ptr
            type(c_ptr), value :: c
            character(kind=c_char), intent(in) :: path(*)
            type(c_ptr) :: result_
        end function
        function c_model_save(m, path) bind(c, name='weir_model_save') result(result_)
            import :: c_char, c_int, c_ptr
            type(c_ptr), value :: m
            character(kind=c_char), intent(in) :: path(*)
            integer(c_int) :: result_
        end function
        subroutine c_model_free(m) bind(c, name='weir_model_free')
            import :: c_ptr
            type(c_ptr), value :: m
        end subroutine
        function c_model_share(c, m) bind(c, name='weir_model_share') result(result_)
            import :: c_ptr
            type(c_ptr), value :: c
            type(c_ptr), value :: m
            type(c_ptr) :: result_
        end function
        function c_model_random_step(m) bind(c, name='weir_model_random_step') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t) :: result_
        end function
        function c_model_set_random_step(m, step) bind(c, name='weir_model_set_random_step') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t), value :: step
            integer(c_int) :: result_
        end function
        subroutine c_sample_defaults_sized(o, size) bind(c, name='weir_sample_defaults_sized')
            import :: c_ptr, c_size_t
            type(c_ptr), value :: o
            integer(c_size_t), value :: size
        end subroutine
        function c_model_sample_into(m, n, o, x) bind(c, name='weir_model_sample_into') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: x
            integer(c_int) :: result_
        end function
        function c_model_sample_into_f64(m, n, o, x) bind(c, name='weir_model_sample_into_f64') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: x
            integer(c_int) :: result_
        end function
        function c_model_sample_log_prob_into(m, n, o, x, log_q) bind(c, &
            name='weir_model_sample_log_prob_into') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: x
            type(c_ptr), value :: log_q
            integer(c_int) :: result_
        end function
        function c_model_sample_log_prob_into_f64(m, n, o, x, log_q) bind(c, &
            name='weir_model_sample_log_prob_into_f64') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: x
            type(c_ptr), value :: log_q
            integer(c_int) :: result_
        end function
        function c_model_sample_position(m) bind(c, name='weir_model_sample_position') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t) :: result_
        end function
        function c_model_set_sample_position(m, position) bind(c, &
            name='weir_model_set_sample_position') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t), value :: position
            integer(c_int) :: result_
        end function
        function c_model_module(m) bind(c, name='weir_model_module') result(result_)
            import :: c_ptr
            type(c_ptr), value :: m
            type(c_ptr) :: result_
        end function
        function c_model_ctx(m) bind(c, name='weir_model_ctx') result(result_)
            import :: c_ptr
            type(c_ptr), value :: m
            type(c_ptr) :: result_
        end function
        function c_model_dim(m) bind(c, name='weir_model_dim') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t) :: result_
        end function
        function c_model_levels(m) bind(c, name='weir_model_levels') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t) :: result_
        end function
        function c_model_noise_dim(m) bind(c, name='weir_model_noise_dim') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t) :: result_
        end function
        function c_model_wants(m, index) bind(c, name='weir_model_wants') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: m
            integer(c_int), value :: index
            type(c_ptr) :: result_
        end function
        function c_model_classes(m) bind(c, name='weir_model_classes') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t) :: result_
        end function
        function c_model_context_dim(m) bind(c, name='weir_model_context_dim') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int64_t) :: result_
        end function
        function c_model_name(m, which, index) bind(c, name='weir_model_name') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            integer(c_int), value :: which
            integer(c_int64_t), value :: index
            type(c_ptr) :: result_
        end function
        function c_model_class(m, name) bind(c, name='weir_model_class') result(result_)
            import :: c_char, c_int64_t, c_ptr
            type(c_ptr), value :: m
            character(kind=c_char), intent(in) :: name(*)
            integer(c_int64_t) :: result_
        end function
        function c_model_bijection(m) bind(c, name='weir_model_bijection') result(result_)
            import :: c_ptr
            type(c_ptr), value :: m
            type(c_ptr) :: result_
        end function
        function c_model_base(m) bind(c, name='weir_model_base') result(result_)
            import :: c_ptr
            type(c_ptr), value :: m
            type(c_ptr) :: result_
        end function
        function c_model_data_dtype(m) bind(c, name='weir_model_data_dtype') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: m
            integer(c_int) :: result_
        end function
        function c_model_match_classes(m, d) bind(c, name='weir_model_match_classes') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: m
            type(c_ptr), value :: d
            integer(c_int) :: result_
        end function
        subroutine c_step_defaults_sized(o, size) bind(c, name='weir_step_defaults_sized')
            import :: c_ptr, c_size_t
            type(c_ptr), value :: o
            integer(c_size_t), value :: size
        end subroutine
        function c_train_step_with(m, o, b, opts, info) bind(c, name='weir_train_step_with') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: m
            type(c_ptr), value :: o
            type(c_ptr), value :: b
            type(c_ptr), value :: opts
            type(c_ptr), value :: info
            integer(c_int) :: result_
        end function
        subroutine c_train_defaults_sized(o, size) bind(c, name='weir_train_defaults_sized')
            import :: c_ptr, c_size_t
            type(c_ptr), value :: o
            integer(c_size_t), value :: size
        end subroutine
        function c_run_open(c, folder, config, resume) bind(c, name='weir_run_open') result(result_)
            import :: c_bool, c_char, c_ptr
            type(c_ptr), value :: c
            character(kind=c_char), intent(in) :: folder(*)
            character(kind=c_char), intent(in) :: config(*)
            logical(c_bool), value :: resume
            type(c_ptr) :: result_
        end function
        function c_run_is_nil(r) bind(c, name='weir_run_is_nil') result(result_)
            import :: c_bool, c_ptr
            type(c_ptr), value :: r
            logical(c_bool) :: result_
        end function
        subroutine c_run_free(r) bind(c, name='weir_run_free')
            import :: c_ptr
            type(c_ptr), value :: r
        end subroutine
        function c_run_train(r, o) bind(c, name='weir_run_train') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: r
            type(c_ptr), value :: o
            integer(c_int) :: result_
        end function
        function c_run_model(r) bind(c, name='weir_run_model') result(result_)
            import :: c_ptr
            type(c_ptr), value :: r
            type(c_ptr) :: result_
        end function
        function c_run_folder(r) bind(c, name='weir_run_folder') result(result_)
            import :: c_ptr
            type(c_ptr), value :: r
            type(c_ptr) :: result_
        end function
        function c_run_step(r) bind(c, name='weir_run_step') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: r
            integer(c_int64_t) :: result_
        end function
        function c_run_horizon(r) bind(c, name='weir_run_horizon') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: r
            integer(c_int64_t) :: result_
        end function
        function c_run_stop(r) bind(c, name='weir_run_stop') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: r
            integer(c_int64_t) :: result_
        end function
        function c_run_epoch(r) bind(c, name='weir_run_epoch') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: r
            integer(c_int64_t) :: result_
        end function
        function c_run_dim(r) bind(c, name='weir_run_dim') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: r
            integer(c_int64_t) :: result_
        end function
        function c_run_levels(r) bind(c, name='weir_run_levels') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: r
            integer(c_int64_t) :: result_
        end function
        function c_run_best(r) bind(c, name='weir_run_best') result(result_)
            import :: c_double, c_ptr
            type(c_ptr), value :: r
            real(c_double) :: result_
        end function
        function c_run_best_step(r) bind(c, name='weir_run_best_step') result(result_)
            import :: c_int64_t, c_ptr
            type(c_ptr), value :: r
            integer(c_int64_t) :: result_
        end function
        function c_data_log_prob(m, d, o, info) bind(c, name='weir_data_log_prob') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: m
            type(c_ptr), value :: d
            type(c_ptr), value :: o
            type(c_ptr), value :: info
            integer(c_int) :: result_
        end function
        subroutine c_group_defaults_sized(g, size) bind(c, name='weir_group_defaults_sized')
            import :: c_ptr, c_size_t
            type(c_ptr), value :: g
            integer(c_size_t), value :: size
        end subroutine
        function c_group_mpi(g, comm) bind(c, name='weir_group_mpi') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: g
            integer(c_int), value :: comm
            integer(c_int) :: result_
        end function
        subroutine c_group_mpi_free(g) bind(c, name='weir_group_mpi_free')
            import :: c_ptr
            type(c_ptr), value :: g
        end subroutine
        function c_rank(c) bind(c, name='weir_rank') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: c
            integer(c_int) :: result_
        end function
        function c_ranks(c) bind(c, name='weir_ranks') result(result_)
            import :: c_int, c_ptr
            type(c_ptr), value :: c
            integer(c_int) :: result_
        end function
        function c_model_encode_into(m, x, n, o, z) bind(c, name='weir_model_encode_into') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: z
            integer(c_int) :: result_
        end function
        function c_model_encode_into_f64(m, x, n, o, z) bind(c, name='weir_model_encode_into_f64') result(result_)
            import :: c_int, c_int64_t, c_ptr
            type(c_ptr), value :: m
            type(c_ptr), value :: x
            integer(c_int64_t), value :: n
            type(c_ptr), value :: o
            type(c_ptr), value :: z
            integer(c_int) :: result_
        end function
        function c_strlen(text) bind(c, name='strlen') result(n)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: text
            integer(c_size_t) :: n
        end function
    end interface

    interface weir_free
        module procedure weir_dataset_free
        module procedure weir_loader_free
        module procedure weir_optim_free
        module procedure weir_ema_free
        module procedure weir_model_free
        module procedure weir_run_free
    end interface
    interface weir_sample
        module procedure sample_f32, sample_f64
    end interface
    interface weir_sample_log_prob
        module procedure sample_log_prob_f32, sample_log_prob_f64
    end interface
    interface weir_log_prob
        module procedure log_prob_f32, log_prob_f64
    end interface
    interface weir_log_prob_grad
        module procedure log_prob_grad_f32, log_prob_grad_f64
    end interface
    interface weir_encode
        module procedure encode_f32, encode_f64
    end interface
    interface weir_train_step
        module procedure train_step_f32, train_step_f64
    end interface
    interface weir_dataset_from
        module procedure dataset_from_f32, dataset_from_f64
    end interface
    interface weir_loader_from
        module procedure loader_from_f32, loader_from_f64
    end interface
    interface address
        module procedure address_f32, address_f64
    end interface

contains

    ! -- the context -------------------------------------------------------------------------------------------------
    ! weir_open(seed [, comm, threads]): weir_open_with. With an MPI communicator (MPI_COMM_WORLD of `use mpi`,
    ! comm%MPI_VAL of mpi_f08) its ranks train one model: each gives every weir_train_step the same whole batch.
    ! Collective, as weir_close is then; both between MPI_Init and MPI_Finalize.
    function weir_open(seed, comm, threads) result(c)
        integer(c_int64_t), intent(in) :: seed
        integer, intent(in), optional :: comm, threads
        type(weir_context) :: c
        type(weir_open_opts), target :: o
        integer(c_int) :: s
        call c_open_defaults_sized(c_loc(o), size_of_open_opts(o))
        o%seed = seed
        if (present(threads)) o%threads = int(threads, c_int)
        if (present(comm)) then
            allocate (c%group)
            call c_group_defaults_sized(c_loc(c%group), storage_size(c%group, c_size_t) / 8)
            s = c_group_mpi(c_loc(c%group), int(comm, c_int)) ! what is wrong the context says
            o%group = c_loc(c%group)
        end if
        c%p = c_open_with(c_loc(o))
    end function

    pure integer(c_size_t) function size_of_open_opts(o) result(n)
        type(weir_open_opts), intent(in) :: o
        n = storage_size(o, c_size_t) / 8
    end function

    ! Models, data, runs and optimizers are freed before.
    subroutine weir_close(c)
        type(weir_context), intent(inout) :: c
        call c_close(c%p)
        c%p = c_null_ptr
        if (.not. associated(c%group)) return
        call c_group_mpi_free(c_loc(c%group))
        deallocate (c%group)
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

    function weir_version() result(text)
        character(:), allocatable :: text
        text = from_c(c_version())
    end function

    ! live_blocks, live_bytes, peak_bytes ..: what the context has taken.
    function weir_memory(c) result(info)
        type(weir_context), intent(in) :: c
        type(weir_memory_info), target :: info
        call c_memory_sized(c%p, c_loc(info), storage_size(info, c_size_t) / 8)
    end function

    ! -- models ------------------------------------------------------------------------------------------------------
    ! weir_new(c, 'nice', 'dim=2 hidden=32,32'): weir_model_new.
    function weir_new(c, name, options) result(m)
        type(weir_context), intent(in) :: c
        character(*), intent(in) :: name, options
        type(weir_model) :: m
        m = weir_model_new(c, name, options)
    end function

    ! A run's folder or a safetensors file.
    function weir_load(c, path) result(m)
        type(weir_context), intent(in) :: c
        character(*), intent(in) :: path
        type(weir_model) :: m
        m = weir_model_load(c, path)
    end function

    integer(c_int) function weir_save(m, path)
        type(weir_model), intent(in) :: m
        character(*), intent(in) :: path
        weir_save = weir_model_save(m, path)
    end function

    integer(c_int64_t) function weir_dim(m)
        type(weir_model), intent(in) :: m
        weir_dim = weir_model_dim(m)
    end function

    ! Number of the next sample; samples are a function of the context's seed and their number.
    integer(c_int64_t) function weir_sample_position(m)
        type(weir_model), intent(in) :: m
        weir_sample_position = weir_model_sample_position(m)
    end function

    integer(c_int) function weir_set_sample_position(m, position)
        type(weir_model), intent(in) :: m
        integer(c_int64_t), intent(in) :: position
        weir_set_sample_position = weir_model_set_sample_position(m, position)
    end function

    ! Options of sampling; what is not present is as the library has it.
    subroutine sample_options(o, seed, first, steps, temperature)
        type(weir_sample_opts), intent(inout), target :: o
        integer(c_int64_t), intent(in), optional :: seed, first
        integer, intent(in), optional :: steps
        real(c_double), intent(in), optional :: temperature
        call c_sample_defaults_sized(c_loc(o), storage_size(o, c_size_t) / 8)
        if (present(seed)) o%seed = seed
        if (present(seed)) o%use_seed = .true._c_bool
        if (present(first)) o%first = first
        if (present(steps)) o%steps = int(steps, c_int64_t)
        if (present(temperature)) o%temperature = temperature
    end subroutine

    subroutine log_prob_options(o, seed, draws, probes, steps)
        type(weir_log_prob_opts), intent(inout), target :: o
        integer(c_int64_t), intent(in), optional :: seed
        integer, intent(in), optional :: draws, probes, steps
        call c_log_prob_defaults_sized(c_loc(o), storage_size(o, c_size_t) / 8)
        if (present(seed)) o%seed = seed
        if (present(seed)) o%use_seed = .true._c_bool
        if (present(draws)) o%draws = int(draws, c_int64_t)
        if (present(probes)) o%probes = int(probes, c_int64_t)
        if (present(steps)) o%steps = int(steps, c_int64_t)
    end subroutine

    ! A text that an option points to: "" where it is not present.
    pure function option_text(text) result(chars)
        character(*), intent(in), optional :: text
        character(kind=c_char), allocatable :: chars(:)
        if (present(text)) chars = to_c(text)
        if (.not. present(text)) chars = to_c('')
    end function
    ! weir_sample(m, x [, seed, first, steps, solver, temperature]) fills x(dim, n) with n samples: others at every
    ! call, or those of a seed from number `first` on. solver: "heun", "ddim eta=0.5", of continuous models.
    integer(c_int) function sample_f32(m, x, seed, first, steps, solver, temperature) result(s)
        type(weir_model), intent(in) :: m
        real(c_float), intent(out), target, contiguous :: x(:, :)
        integer(c_int64_t), intent(in), optional :: seed, first
        integer, intent(in), optional :: steps
        character(*), intent(in), optional :: solver
        real(c_double), intent(in), optional :: temperature
        type(weir_sample_opts), target :: o
        character(kind=c_char), allocatable, target :: text(:)
        call sample_options(o, seed, first, steps, temperature)
        text = option_text(solver)
        if (present(solver)) o%solver = c_loc(text)
        s = check_dim(m, size(x, 1, c_int64_t), 'sample')
        if (s == weir_ok_status) s = c_model_sample_into(m%p, size(x, 2, c_int64_t), c_loc(o), address(x))
    end function

    ! weir_sample_log_prob(m, x, log_q [, seed, first, temperature]): samples and the log-density of each.
    integer(c_int) function sample_log_prob_f32(m, x, log_q, seed, first, temperature) result(s)
        type(weir_model), intent(in) :: m
        real(c_float), intent(out), target, contiguous :: x(:, :)
        real(c_double), intent(out), target, contiguous :: log_q(:)
        integer(c_int64_t), intent(in), optional :: seed, first
        real(c_double), intent(in), optional :: temperature
        type(weir_sample_opts), target :: o
        call sample_options(o, seed, first, temperature=temperature)
        s = check_columns(m, shape(x, c_int64_t), size(log_q, 1, c_int64_t), 'sample_log_prob: log_q')
        if (s == weir_ok_status .and. size(log_q) > 0) &
            s = c_model_sample_log_prob_into(m%p, size(x, 2, c_int64_t), c_loc(o), address(x), c_loc(log_q(1)))
    end function

    ! weir_log_prob(m, x, log_p [, seed, draws, probes, steps, solver]): log_p(i) of column i, in nats of the data as
    ! stored; NaN for a column that fails.
    integer(c_int) function log_prob_f32(m, x, log_p, seed, draws, probes, steps, solver) result(s)
        type(weir_model), intent(in) :: m
        real(c_float), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(out), target, contiguous :: log_p(:)
        integer(c_int64_t), intent(in), optional :: seed
        integer, intent(in), optional :: draws, probes, steps
        character(*), intent(in), optional :: solver
        type(weir_log_prob_opts), target :: o
        character(kind=c_char), allocatable, target :: text(:)
        call log_prob_options(o, seed, draws, probes, steps)
        text = option_text(solver)
        if (present(solver)) o%solver = c_loc(text)
        s = check_columns(m, shape(x, c_int64_t), size(log_p, 1, c_int64_t), 'log_prob: log_p')
        if (s == weir_ok_status .and. size(log_p) > 0) &
            s = c_model_log_prob_into(m%p, address(x), size(x, 2, c_int64_t), c_loc(o), c_loc(log_p(1)), c_null_ptr)
    end function

    ! weir_log_prob_grad(m, x, log_p, grad [, seed, draws]): and grad(:, i) = d log_p(i) / d x(:, i).
    integer(c_int) function log_prob_grad_f32(m, x, log_p, grad, seed, draws) result(s)
        type(weir_model), intent(in) :: m
        real(c_float), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(out), target, contiguous :: log_p(:)
        real(c_float), intent(out), target, contiguous :: grad(:, :)
        integer(c_int64_t), intent(in), optional :: seed
        integer, intent(in), optional :: draws
        type(weir_log_prob_opts), target :: o
        call log_prob_options(o, seed, draws)
        s = check_columns(m, shape(x, c_int64_t), size(log_p, 1, c_int64_t), 'log_prob_grad: log_p')
        if (s == weir_ok_status) &
            s = check_columns(m, shape(grad, c_int64_t), size(log_p, 1, c_int64_t), 'log_prob_grad: grad')
        if (s == weir_ok_status .and. size(log_p) > 0) &
            s = c_model_log_prob_grad_into(m%p, address(x), size(x, 2, c_int64_t), c_loc(o), &
                                                 c_loc(log_p(1)), address(grad), c_null_ptr)
    end function

    ! weir_encode(m, x, z [, seed, steps, solver]): the noise z(noise_dim, n) that samples x are made of.
    integer(c_int) function encode_f32(m, x, z, seed, steps, solver) result(s)
        type(weir_model), intent(in) :: m
        real(c_float), intent(in), target, contiguous :: x(:, :)
        real(c_float), intent(out), target, contiguous :: z(:, :)
        integer(c_int64_t), intent(in), optional :: seed
        integer, intent(in), optional :: steps
        character(*), intent(in), optional :: solver
        type(weir_log_prob_opts), target :: o
        character(kind=c_char), allocatable, target :: text(:)
        call log_prob_options(o, seed, steps=steps)
        text = option_text(solver)
        if (present(solver)) o%solver = c_loc(text)
        s = check_columns(m, shape(x, c_int64_t), size(z, 2, c_int64_t), 'encode: z')
        if (s == weir_ok_status .and. size(z, 1, c_int64_t) /= c_model_noise_dim(m%p)) &
            s = c_fail_text(c_model_ctx(m%p), 2_c_int, to_c('encode: z: expected as many rows as noise has values'))
        if (s == weir_ok_status) s = c_model_encode_into(m%p, address(x), size(x, 2, c_int64_t), c_loc(o), address(z))
    end function
    ! weir_sample(m, x [, seed, first, steps, solver, temperature]) fills x(dim, n) with n samples: others at every
    ! call, or those of a seed from number `first` on. solver: "heun", "ddim eta=0.5", of continuous models.
    integer(c_int) function sample_f64(m, x, seed, first, steps, solver, temperature) result(s)
        type(weir_model), intent(in) :: m
        real(c_double), intent(out), target, contiguous :: x(:, :)
        integer(c_int64_t), intent(in), optional :: seed, first
        integer, intent(in), optional :: steps
        character(*), intent(in), optional :: solver
        real(c_double), intent(in), optional :: temperature
        type(weir_sample_opts), target :: o
        character(kind=c_char), allocatable, target :: text(:)
        call sample_options(o, seed, first, steps, temperature)
        text = option_text(solver)
        if (present(solver)) o%solver = c_loc(text)
        s = check_dim(m, size(x, 1, c_int64_t), 'sample')
        if (s == weir_ok_status) s = c_model_sample_into_f64(m%p, size(x, 2, c_int64_t), c_loc(o), address(x))
    end function

    ! weir_sample_log_prob(m, x, log_q [, seed, first, temperature]): samples and the log-density of each.
    integer(c_int) function sample_log_prob_f64(m, x, log_q, seed, first, temperature) result(s)
        type(weir_model), intent(in) :: m
        real(c_double), intent(out), target, contiguous :: x(:, :)
        real(c_double), intent(out), target, contiguous :: log_q(:)
        integer(c_int64_t), intent(in), optional :: seed, first
        real(c_double), intent(in), optional :: temperature
        type(weir_sample_opts), target :: o
        call sample_options(o, seed, first, temperature=temperature)
        s = check_columns(m, shape(x, c_int64_t), size(log_q, 1, c_int64_t), 'sample_log_prob: log_q')
        if (s == weir_ok_status .and. size(log_q) > 0) &
            s = c_model_sample_log_prob_into_f64(m%p, size(x, 2, c_int64_t), c_loc(o), address(x), c_loc(log_q(1)))
    end function

    ! weir_log_prob(m, x, log_p [, seed, draws, probes, steps, solver]): log_p(i) of column i, in nats of the data as
    ! stored; NaN for a column that fails.
    integer(c_int) function log_prob_f64(m, x, log_p, seed, draws, probes, steps, solver) result(s)
        type(weir_model), intent(in) :: m
        real(c_double), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(out), target, contiguous :: log_p(:)
        integer(c_int64_t), intent(in), optional :: seed
        integer, intent(in), optional :: draws, probes, steps
        character(*), intent(in), optional :: solver
        type(weir_log_prob_opts), target :: o
        character(kind=c_char), allocatable, target :: text(:)
        call log_prob_options(o, seed, draws, probes, steps)
        text = option_text(solver)
        if (present(solver)) o%solver = c_loc(text)
        s = check_columns(m, shape(x, c_int64_t), size(log_p, 1, c_int64_t), 'log_prob: log_p')
        if (s == weir_ok_status .and. size(log_p) > 0) &
            s = c_model_log_prob_into_f64(m%p, address(x), size(x, 2, c_int64_t), c_loc(o), c_loc(log_p(1)), c_null_ptr)
    end function

    ! weir_log_prob_grad(m, x, log_p, grad [, seed, draws]): and grad(:, i) = d log_p(i) / d x(:, i).
    integer(c_int) function log_prob_grad_f64(m, x, log_p, grad, seed, draws) result(s)
        type(weir_model), intent(in) :: m
        real(c_double), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(out), target, contiguous :: log_p(:)
        real(c_double), intent(out), target, contiguous :: grad(:, :)
        integer(c_int64_t), intent(in), optional :: seed
        integer, intent(in), optional :: draws
        type(weir_log_prob_opts), target :: o
        call log_prob_options(o, seed, draws)
        s = check_columns(m, shape(x, c_int64_t), size(log_p, 1, c_int64_t), 'log_prob_grad: log_p')
        if (s == weir_ok_status) &
            s = check_columns(m, shape(grad, c_int64_t), size(log_p, 1, c_int64_t), 'log_prob_grad: grad')
        if (s == weir_ok_status .and. size(log_p) > 0) &
            s = c_model_log_prob_grad_into_f64(m%p, address(x), size(x, 2, c_int64_t), c_loc(o), &
                                                 c_loc(log_p(1)), address(grad), c_null_ptr)
    end function

    ! weir_encode(m, x, z [, seed, steps, solver]): the noise z(noise_dim, n) that samples x are made of.
    integer(c_int) function encode_f64(m, x, z, seed, steps, solver) result(s)
        type(weir_model), intent(in) :: m
        real(c_double), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(out), target, contiguous :: z(:, :)
        integer(c_int64_t), intent(in), optional :: seed
        integer, intent(in), optional :: steps
        character(*), intent(in), optional :: solver
        type(weir_log_prob_opts), target :: o
        character(kind=c_char), allocatable, target :: text(:)
        call log_prob_options(o, seed, steps=steps)
        text = option_text(solver)
        if (present(solver)) o%solver = c_loc(text)
        s = check_columns(m, shape(x, c_int64_t), size(z, 2, c_int64_t), 'encode: z')
        if (s == weir_ok_status .and. size(z, 1, c_int64_t) /= c_model_noise_dim(m%p)) &
            s = c_fail_text(c_model_ctx(m%p), 2_c_int, to_c('encode: z: expected as many rows as noise has values'))
        if (s == weir_ok_status) s = c_model_encode_into_f64(m%p, address(x), size(x, 2, c_int64_t), c_loc(o), address(z))
    end function
    ! -- training ----------------------------------------------------------------------------------------------------
    ! weir_optimizer(m, 'adam', 'lr=1e-3'): weir_optim_new on the model's parameters.
    function weir_optimizer(m, name, options) result(o)
        type(weir_model), intent(in) :: m
        character(*), intent(in) :: name, options
        type(weir_optim) :: o
        o%p = c_optim_new(c_model_module(m%p), to_c(name), to_c(options))
    end function

    subroutine weir_set_lr(o, lr)
        type(weir_optim), intent(in) :: o
        real(c_double), intent(in) :: lr
        call weir_optim_set_lr(o, lr)
    end subroutine
    ! weir_train_step(m, o, x [, weights, shards, clip]): one step on the columns of x, read where they are. Returns
    ! the (weighted) mean loss; NaN after an error.
    real(c_double) function train_step_f32(m, o, x, weights, shards, clip) result(loss)
        type(weir_model), intent(in) :: m
        type(weir_optim), intent(in) :: o
        real(c_float), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(in), target, contiguous, optional :: weights(:)
        integer, intent(in), optional :: shards
        real(c_double), intent(in), optional :: clip
        loss = train_step(m, o, 0_c_int, address(x), shape(x, c_int64_t), weights, shards, clip)
    end function

    ! weir_dataset_from(c, x): a data set of its own of the columns of x, which are copied.
    function dataset_from_f32(c, x) result(d)
        type(weir_context), intent(in) :: c
        real(c_float), intent(in), target, contiguous :: x(:, :)
        type(weir_dataset) :: d
        d%p = c_dataset_from_f32(c%p, address(x), size(x, 2, c_int64_t), size(x, 1, c_int64_t))
    end function

    ! weir_loader_from(c, x, 'batch=128 seed=1'): batches of the columns of x, which are copied.
    function loader_from_f32(c, x, options) result(l)
        type(weir_context), intent(in) :: c
        real(c_float), intent(in), target, contiguous :: x(:, :)
        character(*), intent(in) :: options
        type(weir_loader) :: l
        l%p = c_loader_from_array(c%p, address(x), size(x, 2, c_int64_t), size(x, 1, c_int64_t), to_c(options))
    end function
    ! weir_train_step(m, o, x [, weights, shards, clip]): one step on the columns of x, read where they are. Returns
    ! the (weighted) mean loss; NaN after an error.
    real(c_double) function train_step_f64(m, o, x, weights, shards, clip) result(loss)
        type(weir_model), intent(in) :: m
        type(weir_optim), intent(in) :: o
        real(c_double), intent(in), target, contiguous :: x(:, :)
        real(c_double), intent(in), target, contiguous, optional :: weights(:)
        integer, intent(in), optional :: shards
        real(c_double), intent(in), optional :: clip
        loss = train_step(m, o, 1_c_int, address(x), shape(x, c_int64_t), weights, shards, clip)
    end function

    ! weir_dataset_from(c, x): a data set of its own of the columns of x, which are copied.
    function dataset_from_f64(c, x) result(d)
        type(weir_context), intent(in) :: c
        real(c_double), intent(in), target, contiguous :: x(:, :)
        type(weir_dataset) :: d
        d%p = c_dataset_from_f64(c%p, address(x), size(x, 2, c_int64_t), size(x, 1, c_int64_t))
    end function

    ! weir_loader_from(c, x, 'batch=128 seed=1'): batches of the columns of x, which are copied.
    function loader_from_f64(c, x, options) result(l)
        type(weir_context), intent(in) :: c
        real(c_double), intent(in), target, contiguous :: x(:, :)
        character(*), intent(in) :: options
        type(weir_loader) :: l
        l%p = c_loader_from_array_f64(c%p, address(x), size(x, 2, c_int64_t), size(x, 1, c_int64_t), to_c(options))
    end function
    real(c_double) function train_step(m, o, dtype, x, extents, weights, shards, clip) result(loss)
        type(weir_model), intent(in) :: m
        type(weir_optim), intent(in) :: o
        integer(c_int), intent(in) :: dtype ! weir_dtype: 0 f32, 1 f64
        type(c_ptr), intent(in) :: x
        integer(c_int64_t), intent(in) :: extents(2)
        real(c_double), intent(in), target, contiguous, optional :: weights(:)
        integer, intent(in), optional :: shards
        real(c_double), intent(in), optional :: clip
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
        t = c_tensor_wrap(c, dtype, x, 2_c_int, [extents(2), extents(1)], c_null_ptr, c_null_funptr, c_null_ptr)
        loss = step_on(m, o, c_batch_wrap(c, t, c_null_ptr, w, c_null_ptr), shards, clip)
        call c_scope_end(s)
    end function

    ! weir_next_step(m, o, l [, shards, clip]): one step on the loader's next batch.
    real(c_double) function weir_next_step(m, o, l, shards, clip) result(loss)
        type(weir_model), intent(in) :: m
        type(weir_optim), intent(in) :: o
        type(weir_loader), intent(in) :: l
        integer, intent(in), optional :: shards
        real(c_double), intent(in), optional :: clip
        type(scope_mark) :: s
        s = c_scope_begin(c_model_ctx(m%p))
        loss = step_on(m, o, c_loader_next(l%p), shards, clip)
        call c_scope_end(s)
    end function

    real(c_double) function step_on(m, o, batch, shards, clip) result(loss)
        type(weir_model), intent(in) :: m
        type(weir_optim), intent(in) :: o
        type(c_ptr), intent(in) :: batch
        integer, intent(in), optional :: shards
        real(c_double), intent(in), optional :: clip
        type(weir_step_opts), target :: opts
        type(weir_step_info), target :: info
        integer(c_int) :: status
        call c_step_defaults_sized(c_loc(opts), storage_size(opts, c_size_t) / 8)
        info%size = storage_size(info, c_size_t) / 8
        if (present(shards)) opts%shards = int(shards, c_int64_t)
        if (present(clip)) opts%clip = clip
        if (present(shards) .or. present(clip)) then
            status = c_train_step_with(m%p, o%p, batch, c_loc(opts), c_loc(info))
        else ! as many shards as ranks want
            status = c_train_step_with(m%p, o%p, batch, c_null_ptr, c_loc(info))
        end if
        loss = info%loss
    end function

    ! weir_run_train(r [, steps, minutes]): to step `steps`, or where the run's settings say, or for so long.
    integer(c_int) function weir_run_train(r, steps, minutes) result(s)
        type(weir_run), intent(in) :: r
        integer, intent(in), optional :: steps
        real(c_double), intent(in), optional :: minutes
        type(weir_train_opts), target :: o
        call c_train_defaults_sized(c_loc(o), storage_size(o, c_size_t) / 8)
        if (present(steps)) o%steps = int(steps, c_int64_t)
        if (present(minutes)) o%minutes = minutes
        s = c_run_train(r%p, c_loc(o))
    end function

    ! weir_score(m, d, nats [, nats_stderr]): the mean log-density of the samples of d, and its standard error.
    integer(c_int) function weir_score(m, d, nats, nats_stderr) result(s)
        type(weir_model), intent(in) :: m
        type(weir_dataset), intent(in) :: d
        real(c_double), intent(out) :: nats
        real(c_double), intent(out), optional :: nats_stderr
        type(weir_data_log_prob_info), target :: info
        info%size = storage_size(info, c_size_t) / 8
        s = c_data_log_prob(m%p, d%p, c_null_ptr, c_loc(info))
        nats = info%nats
        if (present(nats_stderr)) nats_stderr = info%nats_stderr
    end function

    ! -- the C functions by their names ------------------------------------------------------------------------------
    subroutine weir_clear(c)
        type(weir_context), intent(in) :: c
        call c_clear(c%p)
    end subroutine

    function weir_threads(c) result(result_)
        type(weir_context), intent(in) :: c
        integer(c_int) :: result_
        result_ = c_threads(c%p)
    end function

    function weir_isa_name(c) result(result_)
        type(weir_context), intent(in) :: c
        character(:), allocatable :: result_
        result_ = from_c(c_isa_name(c%p))
    end function

    subroutine weir_memory_trim(c)
        type(weir_context), intent(in) :: c
        call c_memory_trim(c%p)
    end subroutine

    function weir_dataset_is_nil(d) result(result_)
        type(weir_dataset), intent(in) :: d
        logical :: result_
        result_ = logical(c_dataset_is_nil(d%p))
    end function

    function weir_loader_is_nil(l) result(result_)
        type(weir_loader), intent(in) :: l
        logical :: result_
        result_ = logical(c_loader_is_nil(l%p))
    end function

    function weir_dataset_open(c, spec) result(result_)
        type(weir_context), intent(in) :: c
        character(*), intent(in) :: spec
        type(weir_dataset) :: result_
        result_%p = c_dataset_open(c%p, to_c(spec))
    end function

    subroutine weir_dataset_free(d)
        type(weir_dataset), intent(inout) :: d
        call c_dataset_free(d%p)
        d%p = c_null_ptr
    end subroutine

    function weir_dataset_split(d, split) result(result_)
        type(weir_dataset), intent(in) :: d
        character(*), intent(in) :: split
        type(weir_dataset) :: result_
        result_%p = c_dataset_split(d%p, to_c(split))
    end function

    function weir_dataset_samples(d) result(result_)
        type(weir_dataset), intent(in) :: d
        integer(c_int64_t) :: result_
        result_ = c_dataset_samples(d%p)
    end function

    function weir_dataset_dim(d) result(result_)
        type(weir_dataset), intent(in) :: d
        integer(c_int64_t) :: result_
        result_ = c_dataset_dim(d%p)
    end function

    function weir_dataset_levels(d) result(result_)
        type(weir_dataset), intent(in) :: d
        integer(c_int64_t) :: result_
        result_ = c_dataset_levels(d%p)
    end function

    function weir_dataset_standardize(d) result(result_)
        type(weir_dataset), intent(in) :: d
        logical :: result_
        result_ = logical(c_dataset_standardize(d%p))
    end function

    function weir_dataset_spec(d) result(result_)
        type(weir_dataset), intent(in) :: d
        character(:), allocatable :: result_
        result_ = from_c(c_dataset_spec(d%p))
    end function

    function weir_dataset_fingerprint(d) result(result_)
        type(weir_dataset), intent(in) :: d
        integer(c_int64_t) :: result_
        result_ = c_dataset_fingerprint(d%p)
    end function

    function weir_dataset_label(d, sample) result(result_)
        type(weir_dataset), intent(in) :: d
        integer(c_int64_t), intent(in) :: sample
        integer(c_int64_t) :: result_
        result_ = c_dataset_label(d%p, sample)
    end function

    function weir_dataset_classes(d) result(result_)
        type(weir_dataset), intent(in) :: d
        integer(c_int64_t) :: result_
        result_ = c_dataset_classes(d%p)
    end function

    function weir_dataset_context_dim(d) result(result_)
        type(weir_dataset), intent(in) :: d
        integer(c_int64_t) :: result_
        result_ = c_dataset_context_dim(d%p)
    end function

    function weir_dataset_name(d, which, index) result(result_)
        type(weir_dataset), intent(in) :: d
        integer(c_int), intent(in) :: which
        integer(c_int64_t), intent(in) :: index
        character(:), allocatable :: result_
        result_ = from_c(c_dataset_name(d%p, which, index))
    end function

    function weir_loader_new(d, options) result(result_)
        type(weir_dataset), intent(in) :: d
        character(*), intent(in) :: options
        type(weir_loader) :: result_
        result_%p = c_loader_new(d%p, to_c(options))
    end function

    subroutine weir_loader_free(l)
        type(weir_loader), intent(inout) :: l
        call c_loader_free(l%p)
        l%p = c_null_ptr
    end subroutine

    function weir_loader_dataset(l) result(result_)
        type(weir_loader), intent(in) :: l
        type(weir_dataset) :: result_
        result_%p = c_loader_dataset(l%p)
    end function

    function weir_loader_steps_per_epoch(l) result(result_)
        type(weir_loader), intent(in) :: l
        integer(c_int64_t) :: result_
        result_ = c_loader_steps_per_epoch(l%p)
    end function

    function weir_loader_step(l) result(result_)
        type(weir_loader), intent(in) :: l
        integer(c_int64_t) :: result_
        result_ = c_loader_step(l%p)
    end function

    subroutine weir_loader_seek(l, step)
        type(weir_loader), intent(in) :: l
        integer(c_int64_t), intent(in) :: step
        call c_loader_seek(l%p, step)
    end subroutine

    function weir_optim_new(m, name, options) result(result_)
        type(weir_module), intent(in) :: m
        character(*), intent(in) :: name
        character(*), intent(in) :: options
        type(weir_optim) :: result_
        result_%p = c_optim_new(m%p, to_c(name), to_c(options))
    end function

    subroutine weir_optim_free(o)
        type(weir_optim), intent(inout) :: o
        call c_optim_free(o%p)
        o%p = c_null_ptr
    end subroutine

    function weir_optim_step(o) result(result_)
        type(weir_optim), intent(in) :: o
        integer(c_int) :: result_
        result_ = c_optim_step(o%p)
    end function

    subroutine weir_optim_zero_grad(o)
        type(weir_optim), intent(in) :: o
        call c_optim_zero_grad(o%p)
    end subroutine

    function weir_optim_is_nil(o) result(result_)
        type(weir_optim), intent(in) :: o
        logical :: result_
        result_ = logical(c_optim_is_nil(o%p))
    end function

    function weir_optim_lr(o) result(result_)
        type(weir_optim), intent(in) :: o
        real(c_double) :: result_
        result_ = c_optim_lr(o%p)
    end function

    subroutine weir_optim_set_lr(o, lr)
        type(weir_optim), intent(in) :: o
        real(c_double), intent(in) :: lr
        call c_optim_set_lr(o%p, lr)
    end subroutine

    function weir_optim_steps(o) result(result_)
        type(weir_optim), intent(in) :: o
        integer(c_int64_t) :: result_
        result_ = c_optim_steps(o%p)
    end function

    function weir_optim_clip(o, max_norm) result(result_)
        type(weir_optim), intent(in) :: o
        real(c_double), intent(in) :: max_norm
        real(c_double) :: result_
        result_ = c_optim_clip(o%p, max_norm)
    end function

    function weir_optim_state_count(o) result(result_)
        type(weir_optim), intent(in) :: o
        integer(c_int) :: result_
        result_ = c_optim_state_count(o%p)
    end function

    subroutine weir_optim_set_steps(o, steps)
        type(weir_optim), intent(in) :: o
        integer(c_int64_t), intent(in) :: steps
        call c_optim_set_steps(o%p, steps)
    end subroutine

    function weir_ema_new(m, decay) result(result_)
        type(weir_module), intent(in) :: m
        real(c_double), intent(in) :: decay
        type(weir_ema) :: result_
        result_%p = c_ema_new(m%p, decay)
    end function

    function weir_ema_new_half_life(m, batch, half_life, ramp) result(result_)
        type(weir_module), intent(in) :: m
        integer(c_int64_t), intent(in) :: batch
        real(c_double), intent(in) :: half_life
        real(c_double), intent(in) :: ramp
        type(weir_ema) :: result_
        result_%p = c_ema_new_half_life(m%p, batch, half_life, ramp)
    end function

    subroutine weir_ema_free(e)
        type(weir_ema), intent(inout) :: e
        call c_ema_free(e%p)
        e%p = c_null_ptr
    end subroutine

    subroutine weir_ema_update(e)
        type(weir_ema), intent(in) :: e
        call c_ema_update(e%p)
    end subroutine

    subroutine weir_ema_swap(e)
        type(weir_ema), intent(in) :: e
        call c_ema_swap(e%p)
    end subroutine

    function weir_model_new(c, name, options) result(result_)
        type(weir_context), intent(in) :: c
        character(*), intent(in) :: name
        character(*), intent(in) :: options
        type(weir_model) :: result_
        result_%p = c_model_new(c%p, to_c(name), to_c(options))
    end function

    function weir_model_load(c, path) result(result_)
        type(weir_context), intent(in) :: c
        character(*), intent(in) :: path
        type(weir_model) :: result_
        result_%p = c_model_load(c%p, to_c(path))
    end function

    function weir_model_save(m, path) result(result_)
        type(weir_model), intent(in) :: m
        character(*), intent(in) :: path
        integer(c_int) :: result_
        result_ = c_model_save(m%p, to_c(path))
    end function

    subroutine weir_model_free(m)
        type(weir_model), intent(inout) :: m
        call c_model_free(m%p)
        m%p = c_null_ptr
    end subroutine

    function weir_model_share(c, m) result(result_)
        type(weir_context), intent(in) :: c
        type(weir_model), intent(in) :: m
        type(weir_model) :: result_
        result_%p = c_model_share(c%p, m%p)
    end function

    function weir_model_random_step(m) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int64_t) :: result_
        result_ = c_model_random_step(m%p)
    end function

    function weir_model_set_random_step(m, step) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int64_t), intent(in) :: step
        integer(c_int) :: result_
        result_ = c_model_set_random_step(m%p, step)
    end function

    function weir_model_sample_position(m) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int64_t) :: result_
        result_ = c_model_sample_position(m%p)
    end function

    function weir_model_set_sample_position(m, position) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int64_t), intent(in) :: position
        integer(c_int) :: result_
        result_ = c_model_set_sample_position(m%p, position)
    end function

    function weir_model_module(m) result(result_)
        type(weir_model), intent(in) :: m
        type(weir_module) :: result_
        result_%p = c_model_module(m%p)
    end function

    function weir_model_ctx(m) result(result_)
        type(weir_model), intent(in) :: m
        type(weir_context) :: result_
        result_%p = c_model_ctx(m%p)
    end function

    function weir_model_dim(m) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int64_t) :: result_
        result_ = c_model_dim(m%p)
    end function

    function weir_model_levels(m) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int64_t) :: result_
        result_ = c_model_levels(m%p)
    end function

    function weir_model_noise_dim(m) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int64_t) :: result_
        result_ = c_model_noise_dim(m%p)
    end function

    function weir_model_wants(m, index) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int), intent(in) :: index
        character(:), allocatable :: result_
        result_ = from_c(c_model_wants(m%p, index))
    end function

    function weir_model_classes(m) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int64_t) :: result_
        result_ = c_model_classes(m%p)
    end function

    function weir_model_context_dim(m) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int64_t) :: result_
        result_ = c_model_context_dim(m%p)
    end function

    function weir_model_name(m, which, index) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int), intent(in) :: which
        integer(c_int64_t), intent(in) :: index
        character(:), allocatable :: result_
        result_ = from_c(c_model_name(m%p, which, index))
    end function

    function weir_model_class(m, name) result(result_)
        type(weir_model), intent(in) :: m
        character(*), intent(in) :: name
        integer(c_int64_t) :: result_
        result_ = c_model_class(m%p, to_c(name))
    end function

    function weir_model_bijection(m) result(result_)
        type(weir_model), intent(in) :: m
        type(weir_module) :: result_
        result_%p = c_model_bijection(m%p)
    end function

    function weir_model_base(m) result(result_)
        type(weir_model), intent(in) :: m
        type(weir_module) :: result_
        result_%p = c_model_base(m%p)
    end function

    function weir_model_data_dtype(m) result(result_)
        type(weir_model), intent(in) :: m
        integer(c_int) :: result_
        result_ = c_model_data_dtype(m%p)
    end function

    function weir_model_match_classes(m, d) result(result_)
        type(weir_model), intent(in) :: m
        type(weir_dataset), intent(in) :: d
        integer(c_int) :: result_
        result_ = c_model_match_classes(m%p, d%p)
    end function

    function weir_run_open(c, folder, config, resume) result(result_)
        type(weir_context), intent(in) :: c
        character(*), intent(in) :: folder
        character(*), intent(in) :: config
        logical, intent(in) :: resume
        type(weir_run) :: result_
        result_%p = c_run_open(c%p, to_c(folder), to_c(config), logical(resume, c_bool))
    end function

    function weir_run_is_nil(r) result(result_)
        type(weir_run), intent(in) :: r
        logical :: result_
        result_ = logical(c_run_is_nil(r%p))
    end function

    subroutine weir_run_free(r)
        type(weir_run), intent(inout) :: r
        call c_run_free(r%p)
        r%p = c_null_ptr
    end subroutine

    function weir_run_model(r) result(result_)
        type(weir_run), intent(in) :: r
        type(weir_model) :: result_
        result_%p = c_run_model(r%p)
    end function

    function weir_run_folder(r) result(result_)
        type(weir_run), intent(in) :: r
        character(:), allocatable :: result_
        result_ = from_c(c_run_folder(r%p))
    end function

    function weir_run_step(r) result(result_)
        type(weir_run), intent(in) :: r
        integer(c_int64_t) :: result_
        result_ = c_run_step(r%p)
    end function

    function weir_run_horizon(r) result(result_)
        type(weir_run), intent(in) :: r
        integer(c_int64_t) :: result_
        result_ = c_run_horizon(r%p)
    end function

    function weir_run_stop(r) result(result_)
        type(weir_run), intent(in) :: r
        integer(c_int64_t) :: result_
        result_ = c_run_stop(r%p)
    end function

    function weir_run_epoch(r) result(result_)
        type(weir_run), intent(in) :: r
        integer(c_int64_t) :: result_
        result_ = c_run_epoch(r%p)
    end function

    function weir_run_dim(r) result(result_)
        type(weir_run), intent(in) :: r
        integer(c_int64_t) :: result_
        result_ = c_run_dim(r%p)
    end function

    function weir_run_levels(r) result(result_)
        type(weir_run), intent(in) :: r
        integer(c_int64_t) :: result_
        result_ = c_run_levels(r%p)
    end function

    function weir_run_best(r) result(result_)
        type(weir_run), intent(in) :: r
        real(c_double) :: result_
        result_ = c_run_best(r%p)
    end function

    function weir_run_best_step(r) result(result_)
        type(weir_run), intent(in) :: r
        integer(c_int64_t) :: result_
        result_ = c_run_best_step(r%p)
    end function

    function weir_rank(c) result(result_)
        type(weir_context), intent(in) :: c
        integer(c_int) :: result_
        result_ = c_rank(c%p)
    end function

    function weir_ranks(c) result(result_)
        type(weir_context), intent(in) :: c
        integer(c_int) :: result_
        result_ = c_ranks(c%p)
    end function
    ! -- between the languages ---------------------------------------------------------------------------------------
    integer(c_int) function check_dim(m, rows, who) result(s)
        type(weir_model), intent(in) :: m
        integer(c_int64_t), intent(in) :: rows
        character(*), intent(in) :: who
        integer(c_int64_t) :: dim
        dim = c_model_dim(m%p)
        s = c_status_of(c_model_ctx(m%p))
        if (s == weir_ok_status .and. rows /= dim) &
            s = c_fail_text(c_model_ctx(m%p), 2_c_int, to_c(who // ': x: expected as many rows as the model has values'))
    end function

    integer(c_int) function check_columns(m, extents, n, who) result(s)
        type(weir_model), intent(in) :: m
        integer(c_int64_t), intent(in) :: extents(2), n
        character(*), intent(in) :: who
        s = check_dim(m, extents(1), who)
        if (s == weir_ok_status .and. extents(2) /= n) &
            s = c_fail_text(c_model_ctx(m%p), 2_c_int, to_c(who // ': expected one element a column of x'))
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
