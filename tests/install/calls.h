/* calls.h - the program that calls.awk completes: a world of small valid objects, and every call in a process of its own, so that one
 * that crashes takes nothing with it. A call is good when it is an error that names the function, or gives nil, or may do without the
 * argument (calls.txt says so); and when errno, the signal mask and the floating-point environment are as they were. */
#include <errno.h>
#include <fenv.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir.h>

/* Kinds of arguments. Quiet: NULL is no error; loose: it may be one; even: left alone. */
enum { POINTER, QUIET, LOOSE, CONTEXT, HANDLE, QUIET_HANDLE, LOOSE_HANDLE, NUMBER, EVEN };
enum { OUTSIDE, IN_INFER, IN_BACKWARD };                      /* where a function may be called */
enum { AS_IT_IS, IN_ODD_ENVIRONMENT, IN_FAILED, WITH_NULL, WITH_NIL, WITH_ORPHAN, WITH_SPENT, WITH_NUMBER, WAYS = WITH_NUMBER + 12 };

typedef struct nils { weir_ctx *context; weir_tensor *tensor; weir_module *module; weir_model *model; weir_optim *optim; weir_dataset *dataset; weir_loader *loader;
                      weir_batch *batch; weir_run *run; weir_condition *condition; } nils;
typedef struct numbers_opts { size_t size; int64_t n; weir_choice net; } numbers_opts;

typedef struct world {
    weir_ctx *c;
    nils nil, orphan;
    weir_tensor *x, *wide, *bools, *index, *image, *kernel, *leaf, *result, *scalar, *row, *times, *tangents, *many[2], *out[4], *spent;
    weir_module *net, *bijection, *base, *network, *spare, *dequantizer;
    weir_model *model, *conditional, *guided, *continuous;
    weir_optim *optim;
    weir_ema *ema;
    weir_dataset *dataset, *toy, *flowers;
    weir_loader *loader;
    weir_batch *batch;
    weir_condition *condition;
    weir_run *run;
    weir_vjp *vjp;
    weir_call *call;
    void *file, *model_file;
    size_t file_bytes, model_file_bytes;
    FILE *sink;
    float f32[256];
    double f64[256];
    int64_t i64[256];
    char text[512];
    numbers_opts numbers, copy;
    weir_adam_opts adam;
    weir_ode ode;
    const weir_path_row *path;
    const weir_prediction_row *prediction;
    const weir_sampler_row *sampler;
    weir_sampling sampling;
    weir_guidance guidance;
    weir_x0_clamp clamp;
    weir_x0_known known;
    _Alignas(max_align_t) char sampler_options[1024];
    /* of the call */
    bool wrong;
    uint64_t digest, *expected; /* of what the call gave; of the call as it is, which another process makes */
    sigset_t mask;
    fenv_t env;
} world;

#define NIL(n) w->nil.n
#define ORPHAN(n) w->orphan.n

typedef struct argument { const char *name; int kind; bool tensor; } argument;
typedef struct call {
    const char *name, *says; /* what its messages call it */
    void (*run)(world *w, int arg, int how);
    int n;
    argument arg[12];
    int where;
    bool fails; /* a valid call leaves an error */
} call;

/* -- what is handed in ------------------------------------------------------------------------------------------------------------- */
static void *odd_pointer(world *w, int how, void *nil, void *orphan)
{
    if (how == WITH_SPENT) return w->spent;
    return how == WITH_NIL ? nil : how == WITH_ORPHAN ? orphan : NULL;
}

static double odd_number(int how)
{
    static const double odd[] = { 0, -1, 1, 3, 1e3, 9223372036854774784.0, -9223372036854774784.0, 4611686018427387904.0, 2147483647, -2147483648.0, 8e12, 35184372088832.0 };
    return odd[how - WITH_NUMBER];
}

static bool still(void *user, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx)
{
    (void)user, (void)rows, (void)t, (void)x;
    for (int64_t i = 0; i < n; i++) dx[i] = 0;
    return true;
}
static int64_t fill_f32(void *user, int64_t step, float *x, int64_t *ids, double *weights) { return (void)user, (void)step, (void)x, (void)ids, (void)weights, 0; }
static int64_t fill_f64(void *user, int64_t step, double *x, int64_t *ids, double *weights) { return (void)user, (void)step, (void)x, (void)ids, (void)weights, 0; }
static void let_go(void *user, void *data) { (void)user, (void)data; }
static weir_tensor *squared(void *user, weir_tensor **x) { return (void)user, weir_square(x[0]); }
static weir_status bowl(void *user, int64_t n, int64_t dim, const double *x, double *y, double *grad)
{
    (void)user;
    for (int64_t i = 0; i < n * dim; i++) y[i / dim] = x[i] * x[i];
    for (int64_t i = 0; grad && i < n * dim; i++) grad[i] = 2 * x[i];
    return WEIR_OK;
}
static weir_tensor *forward(weir_module *m, weir_tensor *x) { return (void)m, weir_neg(x); }

static const weir_option numbers_options[] = {
    { .name = "n", .type = WEIR_OPTION_INT, .offset = offsetof(numbers_opts, n), .def = "1", .min = 0, .max = 9, .doc = "a number" },
    { .name = "net", .type = WEIR_OPTION_ROW, .offset = offsetof(numbers_opts, net), .def = "", .choices = "network", .doc = "a network" }, { .name = NULL },
};
static const weir_module_row module_row = { .row = { .size = sizeof(weir_module_row), .version = 1, .name = "module.calls", .doc = "minus x", .options = numbers_options,
                                                     .options_size = sizeof(numbers_opts), .test = "" }, .forward = forward };
static const weir_module_row other_row = { .row = { .size = sizeof(weir_module_row), .version = 1, .name = "module.other_calls", .doc = "minus x",
                                                    .options_size = sizeof(size_t), .test = "" }, .forward = forward };

/* -- an op, inside of which functions for those who write ops are called ------------------------------------------------------------- */
static struct { world *w; const call *f; int arg, how; } now;

static void op_forward(weir_call *k) { weir_copy_(weir_detach(k->out[0]), weir_detach(k->in[0])); }

static bool op_infer(weir_call *k)
{
    if (now.w && now.f->where == IN_INFER) {
        now.w->call = k;
        k->spec[0].dtype = WEIR_F32;
        now.f->run(now.w, now.arg, now.how);
        if (now.how == WITH_NULL) return weir_infer_same(k);
    }
    return weir_infer_same(k);
}

static void op_backward(weir_vjp *v)
{
    if (now.w && now.f->where == IN_BACKWARD) {
        now.w->vjp = v;
        now.f->run(now.w, now.arg, now.how);
    } else {
        weir_vjp_set(v, 0, v->gout[0]);
    }
}

static const weir_op op_same = { .row = WEIR_OP_ROW("op.calls", "x"), .n_in = 1, .n_out = 1, .save_in = 1, .save_out = 1, .infer = op_infer, .forward = op_forward,
                                 .backward = op_backward };

/* -- the world ----------------------------------------------------------------------------------------------------------------------- */
static void *resize(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    (void)user, (void)old_bytes;
    if (new_bytes > (size_t)64 << 20) return NULL;
    if (new_bytes > 0) return aligned_alloc(64, new_bytes);
    free(block);
    return NULL;
}

static nils make_nils(weir_ctx *c)
{
    nils n = { .context = weir_worker_open(NULL, 1), .tensor = weir_zeros(c, WEIR_F32, 1, (const int64_t[]){ -1 }), .module = weir_module_new(c, "nonesuch", ""), .model = weir_model_new(c, "nonesuch", "") };
    n.dataset = weir_dataset_open(c, "nonesuch"), n.run = weir_run_open(c, "nonesuch/run", "{", false);
    n.optim = weir_optim_new(n.module, "adam", ""), n.loader = weir_loader_new(n.dataset, "");
    n.batch = weir_batch_wrap(c, NULL, NULL, NULL, NULL), n.condition = weir_condition_with(NULL, "", NULL);
    if (c) weir_clear(c), n.condition = weir_condition_with(weir_condition_new(c), "?", NULL), weir_clear(c);
    return n;
}

static void make_tensors(world *w)
{
    weir_ctx *c = w->c;
    const int64_t square[] = { 4, 4 }, four[] = { 4 };
    for (int i = 0; i < 256; i++) w->f32[i] = 1.1f, w->f64[i] = 1.1, w->i64[i] = i % 4;
    w->x = weir_add(weir_full(c, WEIR_F32, 2, square, 1.1), weir_scale(weir_eye(c, WEIR_F32, 4), 4.3)); /* positive, and positive definite */
    w->spent = weir_zeros(c, WEIR_F32, 2, square);
    weir_release(w->spent);
    w->wide = weir_full(c, WEIR_F32, 3, (const int64_t[]){ 2, 4, 4 }, 1.1);
    w->bools = weir_zeros(c, WEIR_BOOL, 2, square);
    w->index = weir_from_i64(c, w->i64, 1, four);
    w->image = weir_full(c, WEIR_F32, 4, (const int64_t[]){ 2, 4, 4, 4 }, 1.1);
    w->kernel = weir_ones(c, WEIR_F32, 4, (const int64_t[]){ 4, 4, 2, 2 });
    w->row = weir_full(c, WEIR_F32, 1, four, 1.1);
    w->times = weir_full(c, WEIR_F32, 1, four, 0.5);
    w->tangents = weir_ones(c, WEIR_F32, 3, (const int64_t[]){ 4, 2, 4 });
    w->leaf = weir_set_requires_grad(weir_full(c, WEIR_F32, 2, square, 1.1), true);
    w->result = weir_square(w->leaf);
    w->scalar = weir_sum(w->result);
    w->many[0] = w->many[1] = w->x;
    w->condition = weir_condition_with(weir_condition_new(c), "class", w->index);
}

static const double ends[] = { 1, 0 };

static weir_status stays(void *user, const weir_prediction_row *want, int64_t n, const int64_t *samples, const double *t, const double *x, double *out)
{
    for (int64_t i = 0; i < 2 * n; i++) out[i] = 0;
    return (void)user, (void)want, (void)samples, (void)t, (void)x, WEIR_OK;
}

static void make_objects(world *w)
{
    weir_ctx *c = w->c;
    w->net = weir_module_new(c, "linear", "in=4 out=4"), w->bijection = weir_module_new(c, "scale", "dim=4"), w->base = weir_module_new(c, "normal", "dim=4"), w->dequantizer = weir_module_new(c, "dequantizer.uniform", "");
    w->network = weir_module_new(c, "mlp", "in=4 out=4 hidden=4 time=raw"), w->spare = weir_module_new(c, "group", "");
    w->model = weir_model_new(c, "nice", "dim=4 hidden=4 couplings=2 standardize=yes");
    w->optim = weir_optim_new(weir_model_module(w->model), "adam", ""), w->ema = weir_ema_new(weir_model_module(w->model), 0.9);
    w->conditional = weir_model_new(c, "nice", "dim=4 hidden=4 couplings=2 classes=4 context=2");
    w->guided = weir_model_new(c, "rectified-flow", "dim=4 net.hidden=4 classes=4 condition.dropout=0.2");
    w->continuous = weir_model_new(c, "rectified-flow", "dim=4 net.hidden=4");
    w->flowers = weir_dataset_from_f32(c, w->f32, 16, 4);
    weir_dataset_set_labels(w->flowers, w->i64);
    weir_dataset_set_context(w->flowers, w->f64, 2);
    w->dataset = weir_dataset_from_f32(c, w->f32, 16, 4), w->toy = weir_dataset_open(c, "toy:gaussian,n=8");
    w->loader = weir_loader_new(w->dataset, "batch=2");
    w->batch = weir_batch_wrap(c, w->x, w->i64, w->f64, NULL);
    weir_run *straight = weir_run_open(c, "straight", "model=rectified-flow net.hidden=4 data=toy:moons,n=40 train.steps=1 train.valid_rows=2", false);
    if (weir_run_train(straight, NULL) != WEIR_OK) printf("# %s\n", weir_message(c));
    weir_run_free(straight);
    w->run = weir_run_open(c, "run", "{\"model\": {\"name\": \"nice\", \"hidden\": [4]}, \"data\": \"toy:moons,n=40\", \"train\": {\"steps\": 2, \"batch\": 8}}", false);
    w->ode = (weir_ode){ .size = sizeof w->ode, .ctx = c, .n = 2, .dim = 2, .t0 = 0, .t1 = 1, .x = w->f64, .f = still };
    w->path = (const weir_path_row *)weir_row_find(c, "path", "fm"), w->prediction = (const weir_prediction_row *)weir_row_find(c, "prediction", "v");
    w->sampler = (const weir_sampler_row *)weir_row_find(c, "sampler", "euler");
    if (w->sampler) weir_options_parse(c, &w->sampler->row, w->sampler_options, weir_options_defaults(c, &w->sampler->row, w->sampler_options) == WEIR_OK ? "steps=2" : "");
    w->guidance = weir_guidance_defaults(), w->clamp = weir_x0_clamp_defaults(), w->known = weir_x0_known_defaults();
    w->sampling = (weir_sampling){ .size = sizeof w->sampling, .ctx = c, .n = 2, .dim = 2, .x = w->f64, .path = w->path, .times = ends, .n_times = 2, .predictor = { stays, NULL } };
    w->adam = weir_adam_defaults(), w->numbers = (numbers_opts){ .size = sizeof w->numbers, .n = 1 };
    w->sink = fopen("/dev/null", "w");
    if (weir_module_save_to_memory(w->net, &w->file, &w->file_bytes) != WEIR_OK || weir_module_save(w->net, "net.safetensors") != WEIR_OK
        || weir_model_save_to_memory(w->model, &w->model_file, &w->model_file_bytes) != WEIR_OK || weir_model_save(w->model, "model.safetensors") != WEIR_OK) return;
}

static bool open_world(world *w)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = 1, o.resize = resize; /* a child of fork has no threads but its own */
    w->c = weir_open_with(&o);
    w->orphan = make_nils(NULL), w->nil = make_nils(w->c);
    make_tensors(w);
    make_objects(w);
    if (weir_ok(w->c) && w->sink) return true;
    printf("# the world: %s\n", weir_message(w->c));
    return false;
}

/* -- one call -------------------------------------------------------------------------------------------------------------------------- */
#define BEFORE before(w)
#define AFTER after(w)

static void complain(world *w, const char *what)
{
    const char *ways[] = { "as it is", "where numbers are rounded up", "in a failed context", "NULL", "nil", "nil of no context", "given back before" };
    char number[32];
    snprintf(number, sizeof number, "%.17g", now.how >= WITH_NUMBER ? odd_number(now.how) : 0);
    printf("# %s(%s: %s): %s: status %d: %s\n", now.f->name, now.arg >= 0 ? now.f->arg[now.arg].name : "", now.how < WITH_NUMBER ? ways[now.how] : number, what,
           (int)weir_status_of(w->c), weir_message(w->c));
    w->wrong = true;
}

/* What is the caller's: errno, the floating-point environment and the signal mask. They are odd ones, but in the valid call. */
enum { ODD_ERRNO = 12345 };
#ifdef __SSE2__
enum { SMALL_IS_ZERO = 0x8040 };
static bool small_is_zero(void) { return (__builtin_ia32_stmxcsr() & SMALL_IS_ZERO) == SMALL_IS_ZERO; }
static void make_small_zero(void) { __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | SMALL_IS_ZERO); }
#else
static bool small_is_zero(void) { return true; }
static void make_small_zero(void) { }
#endif

static void before(world *w)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigprocmask(SIG_BLOCK, &mask, &w->mask);
    fegetenv(&w->env);
    feclearexcept(FE_ALL_EXCEPT);
    if (now.how != AS_IT_IS) {
        fesetround(FE_UPWARD);
        make_small_zero();
    }
    errno = ODD_ERRNO;
}

static void after(world *w)
{
    int error = errno, flags = fetestexcept(FE_ALL_EXCEPT), round = fegetround();
    bool small = small_is_zero(), odd = now.how != AS_IT_IS;
    sigset_t mask;
    fesetenv(&w->env);
    sigprocmask(SIG_SETMASK, &w->mask, &mask);
    if (error != ODD_ERRNO) complain(w, "errno has changed: expected WEIR__AS_FOUND");
    if (flags) complain(w, "floating-point flags have changed: expected WEIR__AS_FOUND");
    if (round != (odd ? FE_UPWARD : FE_TONEAREST)) complain(w, "the rounding has changed");
    if (odd && !small) complain(w, "the floating-point environment has changed");
    sigaddset(&w->mask, SIGUSR2);
    for (int s = 1; s < 32; s++)
        if (sigismember(&mask, s) != sigismember(&w->mask, s)) complain(w, "the signal mask has changed");
}

/* What a call gave, as a number: the same wherever it is called. */
static void digest(world *w, const void *bytes, size_t n)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < n; i++) w->digest = (w->digest ^ b[i]) * 1099511628211u;
}
static void digest_number(world *w, double x) { digest(w, &x, sizeof x); }

static void digest_tensor(world *w, weir_tensor *t)
{
    double x[256];
    bool has = t && weir_ok(w->c) && !weir_is_nil(t) && weir_dtype_is_real(weir_dtype_of(t)) && weir_numel(t) <= 256;
    if (!has) return;
    if (weir_copy_to_f64(t, x, weir_numel(t)) == WEIR_OK) digest(w, x, (size_t)weir_numel(t) * sizeof *x);
    else weir_clear(w->c); /* a parameter before its module is used: it has no values */
}

static void digest_module(world *w, weir_module *m)
{
    for (int64_t i = 0; i < weir_module_state_count(m); i++) digest_tensor(w, weir_module_state_at(m, i, NULL, NULL));
}

static void digest_world(world *w)
{
    digest(w, w->f32, sizeof w->f32);
    digest(w, w->f64, sizeof w->f64);
    digest(w, w->i64, sizeof w->i64);
    digest(w, &w->numbers.n, sizeof w->numbers.n);
    digest_module(w, w->net);
    digest_module(w, weir_model_module(w->model));
}

static int odd_kind(void) { return now.how >= WITH_NULL && now.how <= WITH_SPENT ? now.f->arg[now.arg].kind : EVEN; }
static bool must_fail(void) { return odd_kind() == POINTER || odd_kind() == HANDLE || odd_kind() == CONTEXT; }

static void saw_handle(world *w, const void *r, const void *nil, const void *orphan)
{
    bool is_nil = r == nil || r == orphan;
    if (!r) complain(w, "returned NULL: expected nil");
    else if (now.how <= IN_ODD_ENVIRONMENT && is_nil) complain(w, "nil: expected a valid call");
    else if (must_fail() && !is_nil) complain(w, "expected nil");
}

static void saw_status(world *w, weir_status s)
{
    if (now.how <= IN_ODD_ENVIRONMENT && s != WEIR_OK && !now.f->fails) complain(w, "failed: expected a valid call");
    else if ((odd_kind() == POINTER || odd_kind() == HANDLE) && s == WEIR_OK) complain(w, "WEIR_OK: expected an error");
}

/* Does an argument other than the odd one know the context? Then the error stands there. */
static bool can_say(void)
{
    bool can = now.f->where != OUTSIDE && now.arg > 0;
    for (int i = 0; i < now.f->n; i++) {
        int kind = now.f->arg[i].kind;
        can = can || (i != now.arg && (kind == CONTEXT || kind == HANDLE || kind == QUIET_HANDLE || kind == LOOSE_HANDLE));
    }
    return can && odd_kind() != CONTEXT;
}

static void look(world *w)
{
    weir_status s = weir_status_of(w->c);
    if (now.f->fails) return;
    if (now.how <= IN_ODD_ENVIRONMENT && s != WEIR_OK) complain(w, "expected a valid call: give the arguments of one in calls.txt");
    int kind = odd_kind();
    if ((kind == QUIET || kind == QUIET_HANDLE) && now.how == WITH_NULL) {
        if (s != WEIR_OK) complain(w, "an error: expected none, calls.txt says that it may be so");
        return;
    }
    if (kind == LOOSE || kind == LOOSE_HANDLE || kind == EVEN) return;
    if (s == WEIR_OK && must_fail() && now.how == WITH_NULL && can_say()) complain(w, "no error: expected one, or a line \"quiet\" in calls.txt where it may be so");
    if (now.how == WITH_SPENT) {
        if (s != WEIR_ERROR_STATE || !strstr(weir_message(w->c), "tensor f32 [4, 4], given back by weir_release")) complain(w, "expected an error that names the tensor");
        return;
    }
    if (s != WEIR_OK && s != WEIR_ERROR_ARGUMENT) complain(w, "expected WEIR_ERROR_ARGUMENT");
    if (s != WEIR_OK && now.how == WITH_NULL && !strstr(weir_message(w->c), now.f->says)) complain(w, "expected a message that names the function");
}

static void run_inside(world *w)
{
    weir_tensor *x = weir_set_requires_grad(weir_ones(w->c, WEIR_F32, 1, (const int64_t[]){ 4 }), true);
    weir_backward_with(weir_apply(&op_same, 1, &x, NULL), w->row, false);
}

static void compare(world *w)
{
    if (now.how > IN_ODD_ENVIRONMENT) return;
    digest_world(w);
    if (now.how == AS_IT_IS) *w->expected = w->digest;
    else if (w->digest != *w->expected) complain(w, "other bits: expected WEIR__AS_FOUND");
}

static int in_child(world *w, const call *f, int arg, int how)
{
    alarm(300);
    now.w = w, now.f = f, now.arg = arg, now.how = how;
    if (how == IN_FAILED) weir_fail(w->c, WEIR_ERROR_IO, "failed before");
    if (f->where == OUTSIDE) f->run(w, arg, how);
    else run_inside(w);
    if (!strstr(f->name, "_free") && !strstr(f->name, "_close") && !strstr(f->name, "_clear")) {
        look(w);
        compare(w);
    }
    fflush(stdout);
    return w->wrong;
}

/* True: good. */
static bool run_one(world *w, const call *f, int arg, int how)
{
    fflush(stdout);
    pid_t child = fork();
    int status;
    if (child == 0) _exit(in_child(w, f, arg, how));
    if (child < 0 || waitpid(child, &status, 0) < 0) return printf("# fork failed\n"), false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) return false; /* it has said why */
    now.f = f, now.arg = arg, now.how = how;
    complain(w, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "ended by a sanitizer");
    w->wrong = false; /* the next child's world begins anew */
    return false;
}

static bool applies(const call *f, int arg, int how)
{
    int kind = f->arg[arg].kind;
    if (how == WITH_NULL) return kind != NUMBER && kind != EVEN;
    if (how == WITH_NIL || how == WITH_ORPHAN) return kind == CONTEXT || kind == HANDLE || kind == QUIET_HANDLE || kind == LOOSE_HANDLE;
    if (how == WITH_SPENT) return f->arg[arg].tensor;
    return kind == NUMBER;
}

static bool run_function(world *w, const call *f)
{
    bool good = run_one(w, f, -1, AS_IT_IS);
    good &= run_one(w, f, -1, IN_ODD_ENVIRONMENT);
    good &= run_one(w, f, -1, IN_FAILED);
    for (int arg = 0; arg < f->n; arg++)
        for (int how = WITH_NULL; how < WAYS; how++)
            if (applies(f, arg, how)) good &= run_one(w, f, arg, how);
    return good;
}

static int calls_run(const call *calls, size_t n, int argc, char **argv)
{
    static world w;
    int bad = 0;
    w.expected = mmap(NULL, sizeof *w.expected, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!open_world(&w)) return 1;
    for (size_t i = 0; i < n; i++) {
        if (argc > 1 && strcmp(argv[1], calls[i].name) != 0) continue;
        bool good = run_function(&w, &calls[i]);
        printf("%s %s\n", good ? "ok" : "not ok", calls[i].name);
        bad += !good;
    }
    return bad > 0;
}
