/* report.h - a page about a run: what its folder says, what its model draws, what its data score. */
#ifndef WEIR_TRAIN_REPORT_H
#define WEIR_TRAIN_REPORT_H
#include "weir/status.h"
#include "weir/context.h"

/* Writes one self-contained HTML file. Data that are no longer there, a missing log or one whose last line was cut leave a gap and a
 * sentence that says so; a model that cannot be read is an error. */
weir_status weir__run_report(weir_ctx *c, const char *run_folder, const char *out_html);

#endif
