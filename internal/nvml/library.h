// What is used of NVML, NVIDIA's management library: its functions are looked up one by one when it is loaded, so that a program
// built without it runs without it, and with an old one.
#ifndef HARNESS_NVML_H
#define HARNESS_NVML_H

#include <stdint.h>

typedef uintptr_t nvml_device; // a pointer of the library's own; Go shall not take it for one of its

// Codes of errors that mean something here.
enum {
  NVML_SUCCESS = 0,
  NVML_NOT_SUPPORTED = 3,
  NVML_TIMEOUT = 10,
  NVML_NO_FUNCTION = 13,
};

// An event, as NVML lays it out.
typedef struct {
  nvml_device device;
  unsigned long long type;
  unsigned long long data; // the number of an Xid
  unsigned int gpu_instance;
  unsigned int compute_instance;
} nvml_event;

// A process that computes on a GPU, as NVML lays it out.
typedef struct {
  unsigned int pid;
  unsigned long long memory; // bytes; all bits set = not known
  unsigned int gpu_instance;
  unsigned int compute_instance;
} nvml_process;

typedef struct nvml_library nvml_library;

// nvml_open loads the library at path and starts it. Otherwise it returns NULL, leaves in why, of size bytes, what went wrong, and in
// there whether a library was found at all.
nvml_library *nvml_open(const char *path, char *why, int size, int *there);

// Each of these returns a code of NVML, NVML_NO_FUNCTION where the library is too old.
int nvml_driver(nvml_library *l, char *text, int size);
int nvml_count(nvml_library *l, unsigned int *n);
int nvml_by_index(nvml_library *l, unsigned int i, nvml_device *d);
int nvml_uuid(nvml_library *l, nvml_device d, char *text, int size);
int nvml_name(nvml_library *l, nvml_device d, char *text, int size);
int nvml_memory(nvml_library *l, nvml_device d, unsigned long long *total, unsigned long long *used);
int nvml_busy(nvml_library *l, nvml_device d, unsigned int *percent);
int nvml_power(nvml_library *l, nvml_device d, unsigned int *milliwatts);
int nvml_energy(nvml_library *l, nvml_device d, unsigned long long *millijoules);
int nvml_temperature(nvml_library *l, nvml_device d, unsigned int *celsius);
int nvml_mig(nvml_library *l, nvml_device d, unsigned int *on);
int nvml_instances(nvml_library *l, nvml_device d, unsigned int *most);
int nvml_instance(nvml_library *l, nvml_device d, unsigned int i, nvml_device *instance);
int nvml_instance_ids(nvml_library *l, nvml_device d, unsigned int *gpu, unsigned int *compute);
int nvml_processes(nvml_library *l, nvml_device d, unsigned int *n, nvml_process *list);
int nvml_watch(nvml_library *l, nvml_device d); // from then on nvml_next tells of errors
int nvml_next(nvml_library *l, nvml_event *event);

// nvml_message is a code in words.
const char *nvml_message(nvml_library *l, int code);

#endif
