#include "cli/cli.h"
static int run(const weir__command *self, int argc, char **argv) { (void)self,(void)argc,(void)argv; return 1; }
const weir__command weir__command_report = { .row = { .size = sizeof(weir__command), .version = 1, .name = "command.report", .doc = "writes one HTML page about a run", .options_size = sizeof(weir__flags) }, .usage = "RUN [-o FILE.html]", .most_positional = 1, .run = run };
