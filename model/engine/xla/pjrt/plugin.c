#include "plugin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// ARGS declares the arguments of a method, all zero. A plugin refuses a struct smaller than its own, which has fields more
// when the plugin is newer than this header: the room behind the known fields says of all those that they are not given.
#define ARGS(method)                   \
  struct {                             \
    PJRT_##method##_Args a;            \
    char room[256];                    \
  } args = {.a = {.struct_size = sizeof args}}

#define CALL(method) api->PJRT_##method(&args.a)

char *plugin_open(const char *path, const PJRT_Api **api) {
  setenv("TF_CPP_MIN_LOG_LEVEL", "3", 0); // what matters comes back as an error; the rest is for XLA's developers
  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (!library) return strdup(dlerror());
  const PJRT_Api *(*table)(void) = (const PJRT_Api *(*)(void))dlsym(library, "GetPjrtApi");
  *api = table ? table() : NULL;
  if (*api) return NULL;
  dlclose(library);
  return strdup("not a PJRT plugin: it has no GetPjrtApi");
}

int plugin_preload(const char *path) { return dlopen(path, RTLD_LAZY | RTLD_LOCAL) != NULL; }

const char *plugin_flags(void) {
  const char *flags = getenv("XLA_FLAGS");
  return flags ? flags : "";
}

void plugin_set_flags(const char *flags) { setenv("XLA_FLAGS", flags, 1); }

int plugin_gpu(const PJRT_Api *api) {
  for (const PJRT_Extension_Base *e = api->extension_start; e; e = e->next) {
    if (e->type == PJRT_Extension_Type_Gpu_Custom_Call) return 1;
  }
  return 0;
}

int plugin_old(const PJRT_Api *api) {
  return api->struct_size < offsetof(PJRT_Api, PJRT_Executable_GetCompiledMemoryStats) + sizeof(void *);
}

void plugin_error(const PJRT_Api *api, PJRT_Error *error, int *code, const char **text, size_t *size) {
  {
    ARGS(Error_Message);
    args.a.error = error;
    CALL(Error_Message);
    *text = args.a.message, *size = args.a.message_size;
  }
  ARGS(Error_GetCode);
  args.a.error = error;
  PJRT_Error *second = CALL(Error_GetCode);
  if (second) plugin_error_free(api, second);
  *code = second ? PJRT_Error_Code_UNKNOWN : (int)args.a.code;
}

void plugin_error_free(const PJRT_Api *api, PJRT_Error *error) {
  ARGS(Error_Destroy);
  args.a.error = error;
  CALL(Error_Destroy);
}

// drop frees an error that nothing can be done about, if there is one.
static void drop(const PJRT_Api *api, PJRT_Error *error) {
  if (error) plugin_error_free(api, error);
}

// await waits for an event and frees it.
static PJRT_Error *await(const PJRT_Api *api, PJRT_Event *event) {
  if (!event) return NULL;
  PJRT_Error *error;
  {
    ARGS(Event_Await);
    args.a.event = event;
    error = CALL(Event_Await);
  }
  ARGS(Event_Destroy);
  args.a.event = event;
  drop(api, CALL(Event_Destroy));
  return error;
}

PJRT_Error *plugin_initialize(const PJRT_Api *api) {
  ARGS(Plugin_Initialize);
  return CALL(Plugin_Initialize);
}

PJRT_NamedValue *plugin_options(size_t n) { return calloc(n ? n : 1, sizeof(PJRT_NamedValue)); }

static PJRT_NamedValue *option(PJRT_NamedValue *options, size_t i, const char *name, PJRT_NamedValue_Type type) {
  PJRT_NamedValue *o = &options[i];
  *o = (PJRT_NamedValue){.struct_size = PJRT_NamedValue_STRUCT_SIZE, .name = strdup(name), .name_size = strlen(name),
                         .type = type, .value_size = 1};
  return o;
}

void plugin_option_string(PJRT_NamedValue *options, size_t i, const char *name, const char *value) {
  PJRT_NamedValue *o = option(options, i, name, PJRT_NamedValue_kString);
  o->string_value = strdup(value), o->value_size = strlen(value);
}

void plugin_option_float(PJRT_NamedValue *options, size_t i, const char *name, float value) {
  option(options, i, name, PJRT_NamedValue_kFloat)->float_value = value;
}

void plugin_option_bool(PJRT_NamedValue *options, size_t i, const char *name, bool value) {
  option(options, i, name, PJRT_NamedValue_kBool)->bool_value = value;
}

void plugin_free_options(PJRT_NamedValue *options, size_t n) {
  for (size_t i = 0; i < n; i++) {
    free((void *)options[i].name);
    if (options[i].type == PJRT_NamedValue_kString) free((void *)options[i].string_value);
  }
  free(options);
}

PJRT_Error *plugin_client(const PJRT_Api *api, const PJRT_NamedValue *options, size_t n, PJRT_Client **client) {
  ARGS(Client_Create);
  args.a.create_options = options, args.a.num_options = n;
  PJRT_Error *error = CALL(Client_Create);
  *client = args.a.client;
  return error;
}

PJRT_Error *plugin_platform(const PJRT_Api *api, PJRT_Client *client, const char **name, size_t *name_size,
                            const char **version, size_t *version_size) {
  {
    ARGS(Client_PlatformName);
    args.a.client = client;
    PJRT_Error *error = CALL(Client_PlatformName);
    if (error) return error;
    *name = args.a.platform_name, *name_size = args.a.platform_name_size;
  }
  ARGS(Client_PlatformVersion);
  args.a.client = client;
  PJRT_Error *error = CALL(Client_PlatformVersion);
  *version = args.a.platform_version, *version_size = args.a.platform_version_size;
  return error;
}

PJRT_Error *plugin_device(const PJRT_Api *api, PJRT_Client *client, size_t *count, PJRT_Device **first) {
  ARGS(Client_AddressableDevices);
  args.a.client = client;
  PJRT_Error *error = CALL(Client_AddressableDevices);
  *count = args.a.num_addressable_devices;
  *first = *count ? args.a.addressable_devices[0] : NULL;
  return error;
}

PJRT_Error *plugin_describe(const PJRT_Api *api, PJRT_Device *device, const char **kind, size_t *kind_size,
                            const char **text, size_t *text_size) {
  PJRT_DeviceDescription *description;
  {
    ARGS(Device_GetDescription);
    args.a.device = device;
    PJRT_Error *error = CALL(Device_GetDescription);
    if (error) return error;
    description = args.a.device_description;
  }
  {
    ARGS(DeviceDescription_Kind);
    args.a.device_description = description;
    PJRT_Error *error = CALL(DeviceDescription_Kind);
    if (error) return error;
    *kind = args.a.device_kind, *kind_size = args.a.device_kind_size;
  }
  ARGS(DeviceDescription_DebugString);
  args.a.device_description = description;
  PJRT_Error *error = CALL(DeviceDescription_DebugString);
  *text = args.a.debug_string, *text_size = args.a.debug_string_size;
  return error;
}

PJRT_Error *plugin_memory(const PJRT_Api *api, PJRT_Device *device, int64_t out[3]) {
  ARGS(Device_MemoryStats);
  args.a.device = device;
  PJRT_Error *error = CALL(Device_MemoryStats);
  out[0] = args.a.bytes_in_use;
  out[1] = args.a.peak_bytes_in_use_is_set ? args.a.peak_bytes_in_use : -1;
  out[2] = args.a.bytes_limit_is_set ? args.a.bytes_limit : -1;
  return error;
}

static PJRT_Program stablehlo(const char *text, size_t size) {
  return (PJRT_Program){.struct_size = PJRT_Program_STRUCT_SIZE, .code = (char *)text, .code_size = size,
                        .format = "mlir", .format_size = 4};
}

PJRT_Error *plugin_compile(const PJRT_Api *api, PJRT_Client *client, const char *program, size_t program_size,
                           const char *options, size_t options_size, PJRT_LoadedExecutable **loaded) {
  PJRT_Program text = stablehlo(program, program_size);
  ARGS(Client_Compile);
  args.a.client = client, args.a.program = &text;
  args.a.compile_options = options, args.a.compile_options_size = options_size;
  PJRT_Error *error = CALL(Client_Compile);
  *loaded = args.a.executable;
  return error;
}

PJRT_Error *plugin_compile_for(const PJRT_Api *api, const char *target, const char *program, size_t program_size,
                               const char *options, size_t options_size, PJRT_Executable **executable) {
  PJRT_NamedValue *described = plugin_options(2); // one device of that kind
  plugin_option_string(described, 0, "target_config", target);
  plugin_option_string(described, 1, "topology", "1x1x1");
  PJRT_TopologyDescription *topology = NULL;
  PJRT_Error *error;
  {
    ARGS(TopologyDescription_Create);
    args.a.topology_name = "", args.a.create_options = described, args.a.num_options = 2;
    error = CALL(TopologyDescription_Create);
    topology = args.a.topology;
  }
  plugin_free_options(described, 2);
  if (error) return error;
  {
    PJRT_Program text = stablehlo(program, program_size);
    ARGS(Compile);
    args.a.topology = topology, args.a.program = &text;
    args.a.compile_options = options, args.a.compile_options_size = options_size;
    error = CALL(Compile);
    *executable = args.a.executable;
  }
  ARGS(TopologyDescription_Destroy);
  args.a.topology = topology;
  drop(api, CALL(TopologyDescription_Destroy));
  return error;
}

PJRT_Error *plugin_load(const PJRT_Api *api, PJRT_Client *client, const char *data, size_t size,
                        PJRT_LoadedExecutable **loaded) {
  ARGS(Executable_DeserializeAndLoad);
  args.a.client = client, args.a.serialized_executable = data, args.a.serialized_executable_size = size;
  PJRT_Error *error = CALL(Executable_DeserializeAndLoad);
  *loaded = args.a.loaded_executable;
  return error;
}

PJRT_Error *plugin_executable(const PJRT_Api *api, PJRT_LoadedExecutable *loaded, PJRT_Executable **executable,
                              size_t *outputs) {
  {
    ARGS(LoadedExecutable_GetExecutable);
    args.a.loaded_executable = loaded;
    PJRT_Error *error = CALL(LoadedExecutable_GetExecutable);
    if (error) return error;
    *executable = args.a.executable;
  }
  ARGS(Executable_NumOutputs);
  args.a.executable = *executable;
  PJRT_Error *error = CALL(Executable_NumOutputs);
  *outputs = args.a.num_outputs;
  return error;
}

PJRT_Error *plugin_sizes(const PJRT_Api *api, PJRT_Executable *executable, int64_t out[5]) {
  ARGS(Executable_GetCompiledMemoryStats);
  args.a.executable = executable;
  PJRT_Error *error = CALL(Executable_GetCompiledMemoryStats);
  out[0] = args.a.argument_size_in_bytes;
  out[1] = args.a.output_size_in_bytes;
  out[2] = args.a.alias_size_in_bytes;
  out[3] = args.a.temp_size_in_bytes;
  out[4] = args.a.generated_code_size_in_bytes;
  return error;
}

PJRT_Error *plugin_cost(const PJRT_Api *api, PJRT_Executable *executable, double out[2]) {
  static const char *const names[2] = {"flops", "bytes accessed"};
  out[0] = out[1] = -1;
  ARGS(Executable_GetCostAnalysis);
  args.a.executable = executable;
  PJRT_Error *error = CALL(Executable_GetCostAnalysis);
  for (size_t i = 0; !error && i < args.a.num_properties; i++) {
    const PJRT_NamedValue *p = &args.a.properties[i];
    for (int n = 0; n < 2; n++) {
      if (p->type == PJRT_NamedValue_kFloat && p->name_size == strlen(names[n]) && !memcmp(p->name, names[n], p->name_size))
        out[n] = p->float_value;
    }
  }
  return error;
}

PJRT_Error *plugin_serialise(const PJRT_Api *api, PJRT_Executable *executable, PJRT_Executable_Serialize_Args *out) {
  ARGS(Executable_Serialize);
  args.a.executable = executable;
  PJRT_Error *error = CALL(Executable_Serialize);
  *out = args.a;
  return error;
}

void plugin_free_serialised(PJRT_Executable_Serialize_Args *out) {
  if (out->serialized_executable_deleter) out->serialized_executable_deleter(out->serialized_executable);
}

PJRT_Error *plugin_execute(const PJRT_Api *api, PJRT_LoadedExecutable *loaded, PJRT_Device *device,
                           PJRT_Buffer *const *arguments, size_t count, const int64_t *kept, size_t kept_count,
                           PJRT_Buffer **outputs) {
  struct {
    PJRT_ExecuteOptions a;
    char room[256];
  } options = {.a = {.struct_size = sizeof options}};
  options.a.non_donatable_input_indices = kept, options.a.num_non_donatable_input_indices = kept_count;
  ARGS(LoadedExecutable_Execute);
  args.a.executable = loaded, args.a.options = &options.a;
  args.a.argument_lists = &arguments, args.a.num_devices = 1, args.a.num_args = count;
  args.a.output_lists = &outputs, args.a.execute_device = device;
  return CALL(LoadedExecutable_Execute);
}

void plugin_free_executable(const PJRT_Api *api, PJRT_LoadedExecutable *loaded, PJRT_Executable *executable) {
  if (executable) {
    ARGS(Executable_Destroy);
    args.a.executable = executable;
    drop(api, CALL(Executable_Destroy));
  }
  if (!loaded) return;
  ARGS(LoadedExecutable_Destroy);
  args.a.executable = loaded;
  drop(api, CALL(LoadedExecutable_Destroy));
}

PJRT_Error *plugin_upload(const PJRT_Api *api, PJRT_Client *client, PJRT_Device *device, const void *data, int type,
                          const int64_t *dims, size_t rank, PJRT_Buffer **buffer) {
  ARGS(Client_BufferFromHostBuffer);
  args.a.client = client, args.a.device = device, args.a.data = data, args.a.type = (PJRT_Buffer_Type)type;
  args.a.dims = dims, args.a.num_dims = rank;
  args.a.host_buffer_semantics = PJRT_HostBufferSemantics_kImmutableOnlyDuringCall;
  PJRT_Error *error = CALL(Client_BufferFromHostBuffer);
  if (error) return error;
  *buffer = args.a.buffer;
  return await(api, args.a.done_with_host_buffer); // at once: the data was copied
}

PJRT_Error *plugin_download(const PJRT_Api *api, PJRT_Buffer *buffer, void *data, size_t size, size_t rank) {
  int64_t minor_to_major[rank ? rank : 1];
  for (size_t i = 0; i < rank; i++) minor_to_major[i] = (int64_t)(rank - i - 1);
  PJRT_Buffer_MemoryLayout layout = {.struct_size = PJRT_Buffer_MemoryLayout_STRUCT_SIZE,
                                     .type = PJRT_Buffer_MemoryLayout_Type_Tiled};
  layout.tiled.struct_size = PJRT_Buffer_MemoryLayout_Tiled_STRUCT_SIZE;
  layout.tiled.minor_to_major = minor_to_major, layout.tiled.minor_to_major_size = rank;
  ARGS(Buffer_ToHostBuffer);
  args.a.src = buffer, args.a.host_layout = &layout, args.a.dst = data, args.a.dst_size = size;
  PJRT_Error *error = CALL(Buffer_ToHostBuffer);
  return error ? error : await(api, args.a.event);
}

void plugin_free_buffer(const PJRT_Api *api, PJRT_Buffer *buffer) {
  ARGS(Buffer_Destroy);
  args.a.buffer = buffer;
  drop(api, CALL(Buffer_Destroy));
}
