/* together.c - a run over the ranks of a group. All open the same data under the same settings and
 * make the same steps; the folder is rank 0's: what stands in it is read there and told to the
 * others, and what is written is written there. */
#include <string.h>
#include "train/train.h"

bool weir__run_speaks(const weir_run *r) { return weir_rank(r->object.ctx) == 0; }

/* An error that the others do not have ends the group. */
static weir_status together_end(weir_ctx *c)
{
    weir__group_fail(c);
    return weir_status_of(c);
}

/* -- the settings that the folder holds ------------------------------------------------------- */
typedef struct together_head {
    int64_t bytes; /* of the text; 0: the folder holds none */
    weir__length stop;
} together_head;

static json_t *together_read(weir_ctx *c, const together_head *head, char *text)
{
    bool good = weir__group_broadcast(c, text, (size_t)head->bytes);
    return good ? weir__json_read(c, "config.json", text, (size_t)head->bytes) : NULL;
}

json_t *weir__run_share_stored(weir_ctx *c, json_t *stored, weir__length *stop)
{
    bool first = weir_rank(c) == 0;
    if (weir_ranks(c) == 1) return stored;
    char *text = stored ? weir__json_text(stored, JSON_COMPACT) : NULL;
    if (stored && !text) weir_fail(c, WEIR_ERROR_MEMORY, "config: expected more free memory");
    together_head head = { .bytes = text ? (int64_t)strlen(text) : 0, .stop = *stop };
    if (weir__group_agree(c, "run_open", 0, NULL) && weir__group_broadcast(c, &head, sizeof head)
        && head.bytes > 0) {
        char *room = first ? NULL : weir__alloc_n(c, head.bytes, 1);
        if (first) weir__group_broadcast(c, text, (size_t)head.bytes);
        else if (room) stored = together_read(c, &head, room);
        weir__free(c, room);
        together_end(c);
    }
    weir__json_text_free(text);
    *stop = head.stop;
    return stored;
}

/* -- that all have opened the same ------------------------------------------------------------ */
static int64_t together_sum(uint64_t hash) { return (int64_t)(hash >> 32); }

static int64_t together_settings(weir_run *r)
{
    json_t *o = weir_ok(r->object.ctx) ? weir__config_json(&r->config) : NULL;
    char *text = o ? weir__json_text(o, JSON_COMPACT) : NULL;
    int64_t sum = text ? together_sum(weir__hash_text(text)) : 0;
    if (o && !text)
        weir_fail(r->object.ctx, WEIR_ERROR_MEMORY, "config: expected more free memory");
    weir__json_text_free(text);
    json_decref(o);
    return sum;
}

bool weir__run_agree(weir_run *r)
{
    if (weir_ranks(r->object.ctx) == 1) return weir_ok(r->object.ctx);
    const weir__group_word words[] = {
        { "settings with checksum", together_settings(r) },
        { "data with checksum", together_sum(weir__hash_text(r->fingerprint)) },
        { "steps", r->horizon },
    };
    return weir__group_agree(r->object.ctx, "run_open", 3, words);
}

/* -- passes over the data --------------------------------------------------------------------- */
static bool together_well(void *ctx) { return weir__group_agree(ctx, "run_open", 0, NULL); }

static bool together_gather(void *ctx, void *all, const size_t *ends)
{
    return weir__group_gather(ctx, all, ends);
}

bool weir__run_share_data(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    if (weir_ranks(c) == 1) return true;
    r->sharing = (weir__sharing){
        .rank = weir_rank(c),
        .ranks = weir_ranks(c),
        .user = c,
        .well = together_well,
        .gather = together_gather,
    };
    r->train->sharing = &r->sharing;
    if (weir_dataset_samples(r->valid) > 0) r->valid->sharing = &r->sharing;
    const weir__group_word settings = { "settings with checksum", together_settings(r) };
    return weir__group_agree(c, "run_open", 1, &settings); /* so passes are the same */
}

/* -- the state -------------------------------------------------------------------------------- */
enum { TOGETHER_COUNTERS = 16 };

typedef struct together_counters {
    int64_t has_best;
    int64_t bits[TOGETHER_COUNTERS]; /* of whole numbers and doubles, in the order of the list */
    int64_t failed_ids[WEIR_FAILED_NAMED];
    char machine[64];
} together_counters;

static void together_put(weir_run *r, together_counters *all)
{
    *all = (together_counters){ .has_best = r->best.n > 0 };
    for (int i = 0; weir__run_counters[i].name; i++)
        memcpy(&all->bits[i], (char *)r + weir__run_counters[i].offset, sizeof all->bits[i]);
    memcpy(all->failed_ids, r->failed_ids, sizeof all->failed_ids);
    memcpy(all->machine, r->machine, sizeof all->machine);
}

static void together_take(weir_run *r, const together_counters *all)
{
    for (int i = 0; weir__run_counters[i].name; i++)
        memcpy((char *)r + weir__run_counters[i].offset, &all->bits[i], sizeof all->bits[i]);
    memcpy(r->failed_ids, all->failed_ids, sizeof all->failed_ids);
    memcpy(r->machine, all->machine, sizeof all->machine);
}

static bool together_ranges(weir_run *r)
{
    weir__state s;
    if (weir__run_state(r, &s) != WEIR_OK) return false;
    bool good = true;
    for (int64_t i = 0; good && i < s.n; i++) {
        if (s.at[i].divided && !r->again) continue; /* all begin alike */
        good = s.at[i].divided ? weir__divided_give(r, &s.at[i])
                               : weir__group_broadcast(r->object.ctx, s.at[i].data, s.at[i].bytes);
        if (s.at[i].storage) weir__storage_changed(s.at[i].storage, "run_open");
    }
    weir__state_free(&s);
    if (good && weir__run_divides(r)) weir__optim_divide(r->optim, 0, weir_ranks(r->object.ctx));
    return good;
}

weir_status weir__run_share_state(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    together_counters all;
    if (weir_ranks(c) == 1) return weir_status_of(c);
    together_put(r, &all);
    if (!weir__group_broadcast(c, &all, sizeof all)) return weir_status_of(c);
    together_take(r, &all);
    bool room = !all.has_best || r->best.n > 0;
    if (!room) room = weir__state_clone(&r->tree, &r->best) == WEIR_OK;
    if (room && together_ranges(r)) weir__model_check_std(r->model);
    return together_end(c);
}
