/* graph.c - a graph's nodes in order: a consumer is always made after what it consumes, so by
 * falling sequence number every consumer comes before its makers. */
#include "grad/grad.h"

bool weir__heap_push(weir_ctx *c, weir__heap *h, weir__node *n)
{
    if (n->queued) return true;
    if (!weir__grow(c, &h->at, &h->cap, h->n + 1, sizeof *h->at)) return false;
    int64_t i = h->n++;
    for (; i > 0 && h->at[(i - 1) / 2]->sequence < n->sequence; i = (i - 1) / 2)
        h->at[i] = h->at[(i - 1) / 2];
    h->at[i] = n;
    n->queued = true;
    n->object.refs++;
    return true;
}

weir__node *weir__heap_pop(weir__heap *h)
{
    weir__node *top = h->at[0], *last = h->at[--h->n];
    int64_t i = 0;
    for (int64_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && h->at[child + 1]->sequence > h->at[child]->sequence) child++;
        if (h->at[child]->sequence < last->sequence) break;
        h->at[i] = h->at[child];
    }
    if (h->n > 0) h->at[i] = last;
    top->queued = false;
    return top;
}

void weir__node_drop(weir__node *n)
{
    if (--n->object.refs == 0) n->object.destroy(&n->object);
}

bool weir__graph_walk(weir_ctx *c, int n, weir_tensor *const *y,
                      weir__walk_next (*visit)(void *user, weir__node *n), void *user)
{
    weir__heap h = { 0 };
    bool good = true;
    for (int i = 0; i < n && good; i++)
        if (y[i]->node) good = weir__heap_push(c, &h, y[i]->node);
    while (h.n > 0) {
        weir__node *node = weir__heap_pop(&h);
        weir__walk_next next = good ? visit(user, node) : WEIR__WALK_STOP;
        good = next != WEIR__WALK_STOP;
        for (int i = 0; next == WEIR__WALK_ON && good && i < node->n_in; i++)
            if (node->in[i].node) good = weir__heap_push(c, &h, node->in[i].node);
        weir__node_drop(node);
    }
    weir__free(c, h.at);
    return good;
}
