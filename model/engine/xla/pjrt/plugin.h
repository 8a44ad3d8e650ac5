// The calls of the PJRT C API that package pjrt makes, each as a function with plain arguments. A call returns NULL or an
// error, which the caller frees with plugin_error_free; what it gives out is freed with the plugin_free_ of its kind.
#pragma once

#include "pjrt_c_api.h"

// plugin_open loads the library and finds its table of functions. It returns NULL, or a message to be freed.
char *plugin_open(const char *path, const PJRT_Api **api);
// plugin_preload loads a library that the plugin will look for by its name; it returns whether that went well.
int plugin_preload(const char *path);
// plugin_flags is $XLA_FLAGS as the plugin will read it, "" for none; plugin_set_flags changes that.
const char *plugin_flags(void);
void plugin_set_flags(const char *flags);
// plugin_gpu says whether the plugin drives GPUs: it then takes kernels of its callers.
int plugin_gpu(const PJRT_Api *api);
// plugin_old says whether the table lacks functions of this file.
int plugin_old(const PJRT_Api *api);

void plugin_error(const PJRT_Api *api, PJRT_Error *error, int *code, const char **text, size_t *size);
void plugin_error_free(const PJRT_Api *api, PJRT_Error *error);

PJRT_Error *plugin_initialize(const PJRT_Api *api);
// plugin_options makes room for n named values; the plugin_option_ functions fill the one at i.
PJRT_NamedValue *plugin_options(size_t n);
void plugin_option_string(PJRT_NamedValue *options, size_t i, const char *name, const char *value);
void plugin_option_float(PJRT_NamedValue *options, size_t i, const char *name, float value);
void plugin_option_bool(PJRT_NamedValue *options, size_t i, const char *name, bool value);
void plugin_free_options(PJRT_NamedValue *options, size_t n);

PJRT_Error *plugin_client(const PJRT_Api *api, const PJRT_NamedValue *options, size_t n, PJRT_Client **client);
PJRT_Error *plugin_platform(const PJRT_Api *api, PJRT_Client *client, const char **name, size_t *name_size,
                            const char **version, size_t *version_size);
PJRT_Error *plugin_device(const PJRT_Api *api, PJRT_Client *client, size_t *count, PJRT_Device **first);
PJRT_Error *plugin_describe(const PJRT_Api *api, PJRT_Device *device, const char **kind, size_t *kind_size,
                            const char **text, size_t *text_size);
// plugin_memory fills bytes in use, their peak and their limit; -1 where the plugin does not say.
PJRT_Error *plugin_memory(const PJRT_Api *api, PJRT_Device *device, int64_t out[3]);

PJRT_Error *plugin_compile(const PJRT_Api *api, PJRT_Client *client, const char *program, size_t program_size,
                           const char *options, size_t options_size, PJRT_LoadedExecutable **loaded);
// plugin_compile_for compiles for a device that need not be there; target describes it.
PJRT_Error *plugin_compile_for(const PJRT_Api *api, const char *target, const char *program, size_t program_size,
                               const char *options, size_t options_size, PJRT_Executable **executable);
PJRT_Error *plugin_load(const PJRT_Api *api, PJRT_Client *client, const char *data, size_t size,
                        PJRT_LoadedExecutable **loaded);
PJRT_Error *plugin_executable(const PJRT_Api *api, PJRT_LoadedExecutable *loaded, PJRT_Executable **executable,
                              size_t *outputs);
// plugin_sizes fills the bytes of arguments, outputs, aliased outputs, temporary memory and code.
PJRT_Error *plugin_sizes(const PJRT_Api *api, PJRT_Executable *executable, int64_t out[5]);
// plugin_cost fills operations and bytes read and written; -1 where the compiler does not say.
PJRT_Error *plugin_cost(const PJRT_Api *api, PJRT_Executable *executable, double out[2]);
PJRT_Error *plugin_serialise(const PJRT_Api *api, PJRT_Executable *executable, PJRT_Executable_Serialize_Args *out);
void plugin_free_serialised(PJRT_Executable_Serialize_Args *out);
// plugin_execute enqueues the program; outputs are there at once, and filled when the device is done. kept lists the
// arguments that may not be given away.
PJRT_Error *plugin_execute(const PJRT_Api *api, PJRT_LoadedExecutable *loaded, PJRT_Device *device,
                           PJRT_Buffer *const *arguments, size_t count, const int64_t *kept, size_t kept_count,
                           PJRT_Buffer **outputs);
void plugin_free_executable(const PJRT_Api *api, PJRT_LoadedExecutable *loaded, PJRT_Executable *executable);

// plugin_upload copies data before it returns.
PJRT_Error *plugin_upload(const PJRT_Api *api, PJRT_Client *client, PJRT_Device *device, const void *data, int type,
                          const int64_t *dims, size_t rank, PJRT_Buffer **buffer);
// plugin_download waits until the buffer is computed and copied, row-major.
PJRT_Error *plugin_download(const PJRT_Api *api, PJRT_Buffer *buffer, void *data, size_t size, size_t rank);
void plugin_free_buffer(const PJRT_Api *api, PJRT_Buffer *buffer);

// A profiler records what the device does from plugin_profile_start to plugin_profile_stop, which gives the record as an
// XSpace of XLA's profiler. Both return NULL, or a message to be freed.
char *plugin_profile_start(const PJRT_Api *api, const char *options, size_t options_size, void **profiler);
char *plugin_profile_stop(const PJRT_Api *api, void *profiler, unsigned char **space, size_t *size);
