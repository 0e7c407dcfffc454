/* dot.c - a graph as text for Graphviz: an ellipse for each op, a box for each leaf, gradients flow
 * against the arrows. */
#include "grad/grad.h"

typedef struct dot {
    weir_ctx *c;
    FILE *out;
    weir_tensor **leaves;
    int64_t n, cap;
} dot;

static void shape_of(char *text, size_t bytes, const weir_spec *s)
{
    size_t used = 0;
    weir__append(text, bytes, &used, "%s ", weir_dtype_name(s->dtype));
    weir__append_shape(text, bytes, &used, s->ndim, s->shape);
}

/* Number of a leaf, written when it is met first; -1 on no memory. */
static int64_t leaf_number(dot *d, weir_tensor *leaf)
{
    for (int64_t i = 0; i < d->n; i++)
        if (d->leaves[i] == leaf) return i;
    if (!weir__grow(d->c, &d->leaves, &d->cap, d->n + 1, sizeof(weir_tensor *))) return -1;
    char shape[160];
    weir_spec s = weir__spec_of(leaf);
    shape_of(shape, sizeof shape, &s);
    const char *name = leaf->leaf && leaf->leaf->name ? leaf->leaf->name : "leaf";
    fprintf(d->out, "    leaf%lld [shape=box, label=\"%s\\n%s\"];\n", (long long)d->n, name, shape);
    d->leaves[d->n] = leaf;
    return d->n++;
}

static weir__walk_next write_node(void *user, weir__node *n)
{
    dot *d = user;
    char shape[160];
    shape_of(shape, sizeof shape, &n->out[0].spec);
    fprintf(d->out, "    n%llu [label=\"%s\\n%s\"];\n", (unsigned long long)n->sequence,
            n->op->row.name, shape);
    for (int i = 0; i < n->n_in; i++) {
        if (n->in[i].node) {
            fprintf(d->out, "    n%llu -> n%llu;\n", (unsigned long long)n->in[i].node->sequence,
                    (unsigned long long)n->sequence);
        } else if (n->in[i].leaf) {
            int64_t leaf = leaf_number(d, n->in[i].leaf);
            if (leaf < 0) return WEIR__WALK_STOP;
            fprintf(d->out, "    leaf%lld -> n%llu;\n", (long long)leaf,
                    (unsigned long long)n->sequence);
        }
    }
    return WEIR__WALK_ON;
}

weir_status weir_dot(weir_tensor *y, FILE *out)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir_ctx_of(y);
    if (c->status != WEIR_OK) return c->status;
    if (weir_is_nil(y) || !out)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "dot: NULL or nil: expected a tensor and a file");
    dot d = { .c = c, .out = out };
    fputs("digraph {\n    node [fontname=\"sans-serif\"];\n", out);
    if (!y->node) leaf_number(&d, y);
    weir__graph_walk(c, 1, &y, write_node, &d);
    fputs("}\n", out);
    weir__free(c, d.leaves);
    if (c->status == WEIR_OK && ferror(out))
        weir_fail(c, WEIR_ERROR_IO, "dot: writing failed: expected a writable file");
    return c->status;
}
