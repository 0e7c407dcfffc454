/* weir/import.h - weights of other people's flows as models of ours, and our models in their code.
 *
 *     weir_model *m = weir_model_import(c, "normflows", "glow.safetensors", "glow.json");
 *     if (!weir_model_is_nil(m) && weir_model_save(m, "glow") != WEIR_OK) puts(weir_message(c));
 *     weir_clear(c); // where the file is not there
 *     weir_model_free(m);
 *     m = weir_model_new(c, "nsf", "dim=2 layers=2");
 *     if (weir_model_export(m, "torch", ".") == WEIR_OK) puts("import model; m = model.load()");
 *     weir_model_free(m);
 *
 * A state dict says neither what its layers are nor in which order they stand: that is in the JSON
 * file, one form for each code (doc/weights.md). `weir list import` lists the codes.
 */
#ifndef WEIR_IMPORT_H
#define WEIR_IMPORT_H
#include "weir/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A model with the weights of a safetensors file as `code` ("nflows", "normflows", "zuko") writes
 * them, and what the file `config` says beside them; of the file's type, f64 or f32. The same
 * log-density and, from the same noise, the same samples. Nothing is made of a layer that has no
 * counterpart here, nor of a tensor that no layer takes: an error names it. Ready to sample and
 * score (train(false)); the caller's to free; nil after an error. */
WEIR_API weir_model *weir_model_import(weir_ctx *c, const char *code, const char *file,
                                       const char *config);

/* Writes a model as code of others ("torch": `weir list export`) into a folder, which is there:
 * model.py, which needs PyTorch alone, and model.safetensors, which stays a file of weir's too. The
 * same log-density, latents and samples from the same noise. A model that is no flow of bijections,
 * or has a module whose row has no text for it (weir_module_row.torch), is an error that names it;
 * nothing is then written. */
WEIR_API weir_status weir_model_export(weir_model *m, const char *code,
                                       const char *folder) WEIR_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
