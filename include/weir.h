/* weir.h - flow and diffusion models in C: train, sample, score. The headers under weir/ are the manual; begin with
 * weir/context.h, weir/model.h and weir/train.h. */
#ifndef WEIR_H
#define WEIR_H
#include "weir/condition.h"
#include "weir/context.h"
#include "weir/data.h"
#include "weir/diffusion.h"
#include "weir/flow.h"
#include "weir/grad.h"
#include "weir/model.h"
#include "weir/model_row.h"
#include "weir/nn.h"
#include "weir/ode.h"
#include "weir/op.h"
#include "weir/ops.h"
#include "weir/optim.h"
#include "weir/registry.h"
#include "weir/status.h"
#include "weir/tensor.h"
#include "weir/train.h"
#endif
