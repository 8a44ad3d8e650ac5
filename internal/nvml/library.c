#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  unsigned int version;
  unsigned long long total, reserved, free, used;
} memory_v2;

typedef struct {
  unsigned long long total, free, used;
} memory_v1;

typedef struct {
  unsigned int gpu, memory;
} utilization;

struct nvml_library {
  void *handle, *events;
  int (*init)(void);
  const char *(*message)(int);
  int (*driver)(char *, unsigned int);
  int (*count)(unsigned int *);
  int (*by_index)(unsigned int, nvml_device *);
  int (*uuid)(nvml_device, char *, unsigned int);
  int (*name)(nvml_device, char *, unsigned int);
  int (*memory)(nvml_device, memory_v1 *);
  int (*memory_v2)(nvml_device, memory_v2 *);
  int (*busy)(nvml_device, utilization *);
  int (*power)(nvml_device, unsigned int *);
  int (*energy)(nvml_device, unsigned long long *);
  int (*temperature)(nvml_device, int, unsigned int *);
  int (*mig)(nvml_device, unsigned int *, unsigned int *);
  int (*instances)(nvml_device, unsigned int *);
  int (*instance)(nvml_device, unsigned int, nvml_device *);
  int (*gpu_instance)(nvml_device, unsigned int *);
  int (*compute_instance)(nvml_device, unsigned int *);
  int (*processes)(nvml_device, unsigned int *, nvml_process *);
  int (*new_events)(void **);
  int (*watch)(nvml_device, unsigned long long, void *);
  int (*wait)(void *, nvml_event *, unsigned int);
};

// find looks a function up, by the newest of its names first.
static void *find(nvml_library *l, const char *name, const char *older) {
  void *found = dlsym(l->handle, name);
  return found == NULL && older != NULL ? dlsym(l->handle, older) : found;
}

nvml_library *nvml_open(const char *path, char *why, int size, int *there) {
  nvml_library *l = calloc(1, sizeof *l);
  if (l == NULL) {
    snprintf(why, size, "no memory");
    return NULL;
  }
  l->handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (l->handle == NULL) {
    snprintf(why, size, "%s", dlerror());
    free(l);
    return NULL;
  }
  *there = 1;
  l->init = find(l, "nvmlInit_v2", "nvmlInit");
  l->message = find(l, "nvmlErrorString", NULL);
  l->driver = find(l, "nvmlSystemGetDriverVersion", NULL);
  l->count = find(l, "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount");
  l->by_index = find(l, "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex");
  l->uuid = find(l, "nvmlDeviceGetUUID", NULL);
  l->name = find(l, "nvmlDeviceGetName", NULL);
  l->memory = find(l, "nvmlDeviceGetMemoryInfo", NULL);
  l->memory_v2 = find(l, "nvmlDeviceGetMemoryInfo_v2", NULL);
  l->busy = find(l, "nvmlDeviceGetUtilizationRates", NULL);
  l->power = find(l, "nvmlDeviceGetPowerUsage", NULL);
  l->energy = find(l, "nvmlDeviceGetTotalEnergyConsumption", NULL);
  l->temperature = find(l, "nvmlDeviceGetTemperature", NULL);
  l->mig = find(l, "nvmlDeviceGetMigMode", NULL);
  l->instances = find(l, "nvmlDeviceGetMaxMigDeviceCount", NULL);
  l->instance = find(l, "nvmlDeviceGetMigDeviceHandleByIndex", NULL);
  l->gpu_instance = find(l, "nvmlDeviceGetGpuInstanceId", NULL);
  l->compute_instance = find(l, "nvmlDeviceGetComputeInstanceId", NULL);
  l->processes = find(l, "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2");
  l->new_events = find(l, "nvmlEventSetCreate", NULL);
  l->watch = find(l, "nvmlDeviceRegisterEvents", NULL);
  l->wait = find(l, "nvmlEventSetWait_v2", NULL);
  if (l->init == NULL || l->count == NULL || l->by_index == NULL || l->uuid == NULL) {
    snprintf(why, size, "%s is not NVML", path);
    free(l);
    return NULL;
  }
  int code = l->init();
  if (code != NVML_SUCCESS) {
    snprintf(why, size, "%s", nvml_message(l, code));
    free(l);
    return NULL;
  }
  return l;
}

const char *nvml_message(nvml_library *l, int code) {
  const char *text = l->message == NULL ? NULL : l->message(code);
  return text == NULL ? "unknown error" : text;
}

#define CALL(function, ...) (l->function == NULL ? NVML_NO_FUNCTION : l->function(__VA_ARGS__))

int nvml_driver(nvml_library *l, char *text, int size) { return CALL(driver, text, size); }
int nvml_count(nvml_library *l, unsigned int *n) { return CALL(count, n); }
int nvml_by_index(nvml_library *l, unsigned int i, nvml_device *d) { return CALL(by_index, i, d); }
int nvml_uuid(nvml_library *l, nvml_device d, char *text, int size) { return CALL(uuid, d, text, size); }
int nvml_name(nvml_library *l, nvml_device d, char *text, int size) { return CALL(name, d, text, size); }
int nvml_power(nvml_library *l, nvml_device d, unsigned int *milliwatts) { return CALL(power, d, milliwatts); }
int nvml_energy(nvml_library *l, nvml_device d, unsigned long long *millijoules) { return CALL(energy, d, millijoules); }
int nvml_temperature(nvml_library *l, nvml_device d, unsigned int *celsius) { return CALL(temperature, d, 0, celsius); }
int nvml_instances(nvml_library *l, nvml_device d, unsigned int *most) { return CALL(instances, d, most); }
int nvml_processes(nvml_library *l, nvml_device d, unsigned int *n, nvml_process *list) { return CALL(processes, d, n, list); }

int nvml_instance(nvml_library *l, nvml_device d, unsigned int i, nvml_device *instance) {
  return CALL(instance, d, i, instance);
}

int nvml_memory(nvml_library *l, nvml_device d, unsigned long long *total, unsigned long long *used) {
  memory_v2 two = {.version = sizeof(memory_v2) | 2 << 24};
  int code = CALL(memory_v2, d, &two);
  if (code == NVML_SUCCESS) {
    *total = two.total;
    *used = two.used; // without what the driver reserves
    return code;
  }
  memory_v1 one;
  code = CALL(memory, d, &one);
  if (code == NVML_SUCCESS) {
    *total = one.total;
    *used = one.used;
  }
  return code;
}

int nvml_busy(nvml_library *l, nvml_device d, unsigned int *percent) {
  utilization u;
  int code = CALL(busy, d, &u);
  if (code == NVML_SUCCESS) *percent = u.gpu;
  return code;
}

int nvml_mig(nvml_library *l, nvml_device d, unsigned int *on) {
  unsigned int pending;
  return CALL(mig, d, on, &pending);
}

int nvml_instance_ids(nvml_library *l, nvml_device d, unsigned int *gpu, unsigned int *compute) {
  int code = CALL(gpu_instance, d, gpu);
  return code == NVML_SUCCESS ? CALL(compute_instance, d, compute) : code;
}

// Kinds of events: an ECC error that cannot be corrected, and a critical Xid.
enum { DOUBLE_BIT_ECC = 2, XID = 8 };

int nvml_watch(nvml_library *l, nvml_device d) {
  if (l->wait == NULL) return NVML_NO_FUNCTION;
  if (l->events == NULL) {
    int code = CALL(new_events, &l->events);
    if (code != NVML_SUCCESS) return code;
  }
  return CALL(watch, d, DOUBLE_BIT_ECC | XID, l->events);
}

int nvml_next(nvml_library *l, nvml_event *event) {
  return l->events == NULL ? NVML_TIMEOUT : CALL(wait, l->events, event, 0);
}
