#include <stdlib.h>
#include <string.h>

#include "plugin.h"

// The profiler of a plugin stands behind an extension of its table, with structs of its own: those of OpenXLA's
// pjrt_c_api_profiler_extension.h and profiler_c_api.h, version 1.

typedef struct {
  size_t struct_size;
  void *priv;
  void *error;
  const char *message;
  size_t message_size;
} Profiler_Message;

typedef struct {
  size_t struct_size;
  void *priv;
  void *error;
} Profiler_Free;

typedef struct {
  size_t struct_size;
  const char *options;
  size_t options_size;
  void *profiler; // out
} Profiler_Create;

typedef struct {
  size_t struct_size;
  void *profiler;
} Profiler_Handle; // of destroy, start and stop

typedef struct {
  size_t struct_size;
  void *profiler;
  unsigned char *buffer; // NULL asks for the size; the profiler may put its own buffer there
  size_t size;
} Profiler_Collect;

typedef struct {
  size_t struct_size;
  void *priv;
  void (*error_destroy)(Profiler_Free *);
  void (*error_message)(Profiler_Message *);
  void *error_code;
  void *(*create)(Profiler_Create *);
  void *(*destroy)(Profiler_Handle *);
  void *(*start)(Profiler_Handle *);
  void *(*stop)(Profiler_Handle *);
  void *(*collect)(Profiler_Collect *);
} Profiler;

typedef struct {
  PJRT_Extension_Base base;
  const Profiler *profiler;
} Profiler_Extension;

static const Profiler *find(const PJRT_Api *api) {
  for (const PJRT_Extension_Base *e = api->extension_start; e; e = e->next) {
    if (e->type != PJRT_Extension_Type_Profiler) continue;
    const Profiler *p = ((const Profiler_Extension *)e)->profiler;
    if (p && p->struct_size >= sizeof(Profiler)) return p;
  }
  return NULL;
}

// message makes text of an error and frees it; no error is NULL.
static char *message(const Profiler *p, void *error) {
  if (!error) return NULL;
  Profiler_Message m = {.struct_size = sizeof m, .error = error};
  p->error_message(&m);
  char *text = strndup(m.message ? m.message : "", m.message_size);
  p->error_destroy(&(Profiler_Free){.struct_size = sizeof(Profiler_Free), .error = error});
  return text;
}

static void end(const Profiler *p, void *profiler) {
  free(message(p, p->destroy(&(Profiler_Handle){.struct_size = sizeof(Profiler_Handle), .profiler = profiler})));
}

char *plugin_profile_start(const PJRT_Api *api, const char *options, size_t options_size, void **profiler) {
  const Profiler *p = find(api);
  if (!p) return strdup("the plugin has no profiler");
  Profiler_Create made = {.struct_size = sizeof made, .options = options, .options_size = options_size};
  char *failed = message(p, p->create(&made));
  if (failed) return failed;
  Profiler_Handle handle = {.struct_size = sizeof handle, .profiler = *profiler = made.profiler};
  if ((failed = message(p, p->start(&handle)))) end(p, made.profiler);
  return failed;
}

char *plugin_profile_stop(const PJRT_Api *api, void *profiler, unsigned char **space, size_t *size) {
  const Profiler *p = find(api);
  Profiler_Collect all = {.struct_size = sizeof all, .profiler = profiler};
  char *failed = message(p, p->stop(&(Profiler_Handle){.struct_size = sizeof(Profiler_Handle), .profiler = profiler}));
  if (!failed) failed = message(p, p->collect(&all));
  if (!failed) {
    unsigned char *copy = malloc(all.size + 1);
    if (all.buffer) {
      memcpy(copy, all.buffer, all.size);
    } else {
      all.buffer = copy;
      failed = message(p, p->collect(&all));
    }
    if (failed) free(copy), copy = NULL;
    *space = copy, *size = all.size;
  }
  end(p, profiler);
  return failed;
}
