/* image_flow.c - what RealNVP and Glow share: how data come in, how many scales a picture has room
 * for, and couplings by the option of the model that chooses them. */
#include "models/image_flow.h"

void weir__flow_add(weir_module *compose, weir_module *part)
{
    char name[24];
    size_t used = 0;
    weir__append(name, sizeof name, &used, "%lld", (long long)weir_module_child_count(compose));
    weir_module_add(compose, name, part);
}

void weir__flow_add_row(weir_module *compose, const char *row, const char *options)
{
    weir__flow_add(compose, weir_module_new(weir_module_ctx(compose), row, options));
}

/* "dim=3", "dtype=f64" as the model's: for rows without further options */
void weir__flow_add_sized(weir_module *compose, const char *row, int64_t dim, weir_dtype t)
{
    char text[64];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "dim=%lld dtype=%s", (long long)dim, weir_dtype_name(t));
    weir__flow_add_row(compose, row, text);
}

void weir__flow_add_flatten(weir_module *compose, const int64_t shape[3])
{
    char text[96];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "shape=%lld,%lld,%lld", (long long)shape[0],
                 (long long)shape[1], (long long)shape[2]);
    weir__flow_add_row(compose, "flatten", text);
}

void weir__flow_add_coupling(weir_model *m, weir_module *compose, weir_choice *k,
                             const weir__coupling_site *at)
{
    weir_ctx *c = weir_model_ctx(m);
    const weir_row *row = &m->row->row;
    const weir__gift gifts[] = { { "dim", at->dim }, { "parity", at->parity } };
    const char *partition = at->partition;
    if (!weir_ok(c)) return;
    if (partition) weir__choice_give(c, row, "coupling", k, "partition", partition);
    if (!weir_ok(c)) return;
    weir__flow_add(compose, weir__choice_module(c, row, "coupling", k, 2, gifts));
}

weir_choice weir__flow_coupling_with(weir_model *m, const weir_choice *coupling,
                                     const weir_choice *net)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_choice own = *coupling;
    own.options = weir__options_clone(c, own.row, coupling->options);
    if (net && own.options && weir__option_named(own.row, "net"))
        weir_choice_set(c, own.row, own.options, "net", net->row, net->options);
    return own;
}

/* -- data -------------------------------------------------------------------------------------- */
/* Integers come in as numbers in [0, 1) unless they are standardised (transform.c). */
static weir__flow_input flow_input(const weir_model *m, weir__flow_input said,
                                   weir__flow_input by_default)
{
    const weir__model_opts *o = m->options;
    bool unit = m->levels > 0 && !o->standardize && m->ndim == 3;
    if (said == WEIR__INPUT_AUTO) return unit ? by_default : WEIR__INPUT_NONE;
    return said;
}

void weir__flow_add_input(weir_model *m, weir_module *compose, weir__flow_input said,
                          weir__flow_input by_default, double alpha)
{
    const weir__model_opts *o = m->options;
    weir__flow_input input = flow_input(m, said, by_default);
    char text[64];
    size_t used = 0;
    if (input == WEIR__INPUT_NONE) return;
    if (o->standardize) {
        weir_fail(weir_model_ctx(m), WEIR_ERROR_STATE,
                  "%s: input: expected none of standardised data, or standardize=no",
                  m->row->row.name);
        return;
    }
    weir__append(text, sizeof text, &used, "alpha=%.17g", alpha);
    if (input == WEIR__INPUT_LOGIT) weir__flow_add_row(compose, "logit", text);
    else weir__flow_add_row(compose, "bijection.affine", "shift=-0.5");
}

/* -- scales --------------------------------------------------------------------------------------
 */
int64_t weir__flow_halvings(const int64_t shape[3], int64_t most)
{
    int64_t n = 0, height = shape[1], width = shape[2];
    while (n < most && height % 2 == 0 && width % 2 == 0 && height > 0 && width > 0) {
        height /= 2;
        width /= 2;
        n++;
    }
    return n;
}

bool weir__flow_halves(weir_model *m, int64_t times)
{
    int64_t room = weir__flow_halvings(m->shape, 62);
    if (times <= room) return true;
    weir_fail(weir_model_ctx(m), WEIR_ERROR_SHAPE,
              "%s: pictures of %lld x %lld places: expected extents that can be halved %lld times, "
              "or fewer scales",
              m->row->row.name, (long long)m->shape[1], (long long)m->shape[2], (long long)times);
    return false;
}
