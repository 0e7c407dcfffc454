/* chosen.c - modules of the rows that options choose. */
#include "nn/nn.h"

weir_module *weir__choice_module(weir_ctx *c, const weir_row *owner, const char *option,
                                 weir_choice *k, int n, const weir__gift *gifts)
{
    for (int i = 0; i < n; i++) {
        char value[24];
        size_t used = 0;
        weir__append(value, sizeof value, &used, "%lld", (long long)gifts[i].value);
        if (weir__choice_give(c, owner, option, k, gifts[i].name, value) != WEIR_OK)
            return weir__nil(c, WEIR__MODULE);
    }
    return weir_module_from_row(c, (const weir_module_row *)k->row, k->options);
}
