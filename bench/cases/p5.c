/* p5.c - case p5 of the peers, through the public API: a U-Net on pictures of 3 x 32 x 32, channels
 * 64, 128, 128, two blocks a level and attention at 16 x 16 with heads of 64 channels, in batches
 * of 16: a training step on the rectified-flow loss, and sampling by 20 steps of Euler. */
#include "fit.h"

enum { WARM = 2 };

static void p5_measure(weir__fit *f)
{
    weir__bench *b = f->b;
    json_int_t parameters = (json_int_t)weir_module_parameter_numel(weir_model_module(f->model));
    for (int i = 0; i < WARM; i++) weir__fit_train(f);
    weir__times_of(b, &f->train, b->seconds, weir__fit_train, f);
    weir__fit_sample(f);
    weir__times_of(b, &f->sample, b->seconds, weir__fit_sample, f);
    int64_t mb = weir__rss_mb();
    if (!weir_ok(b->ctx)) return;
    weir__result_print(b, &(weir__result){ "p5", "train_step", &f->train, mb, 1, NULL },
                       json_pack("{s:I}", "parameters", parameters));
    weir__result_print(b, &(weir__result){ "p5", "sample_16_euler20", &f->sample, mb, 0, NULL },
                       json_pack("{s:I}", "parameters", parameters));
}

static int p5_run(weir__bench *b)
{
    static const weir__fit_spec spec = {
        .name = "p5",
        .model = "rectified-flow",
        .options = "shape=3,32,32 net=unet net.channels=64,128,128 net.blocks=2 net.attention=16 "
                   "net.head=64 net.groups=32",
        .loader = "batch=16",
        .rows = 256,
        .dim = 3 * 32 * 32,
        .draws = 16,
        .solver = "euler",
        .steps = 20,
        .shards = 1,
    };
    weir__fit f = { 0 };
    if (weir__fit_open(&f, b, &spec)) p5_measure(&f);
    weir__fit_close(&f);
    return WEIR__EXIT_OK;
}

BENCH_ROW(p5, "a training step, and sampling, of a U-Net on pictures of 32 x 32",
          "p5 --json --seconds 0.1");
