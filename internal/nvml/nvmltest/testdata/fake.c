// A library that answers as NVML does, for machines without a GPU. The environment says what there is, when it is started:
//
//	FAKE_GPUS       how many GPUs (2)
//	FAKE_OTHER      the last of them is of another kind
//	FAKE_MIG        the last of them is divided into two instances
//	FAKE_OLD        it counts no energy, and does not know processes
//	FAKE_MISMATCH   it does not start
//	FAKE_PROCESSES  file of lines "GPU PID BYTES"
//	FAKE_EVENTS     file of lines "GPU TYPE DATA": it is taken away once it was read
//	FAKE_FULL       of a GPU's memory 100 MiB are free, else half
//	FAKE_HANG       file: as long as it is there, nobody is told how busy a GPU is
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct device {
  int index, instance; // instance is -1 for a GPU
} *device;

enum { SUCCESS = 0, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, SMALL = 7, TIMEOUT = 10, MISMATCH = 18 };
enum { MOST = 8 };

static struct device gpus[MOST], instances[MOST][2];
static int count, other, mig, old;
static struct timespec started;

static int flag(const char *name) { return getenv(name) != NULL && *getenv(name) != 0; }

int nvmlInit_v2(void) {
  if (flag("FAKE_MISMATCH")) return MISMATCH;
  count = flag("FAKE_GPUS") ? atoi(getenv("FAKE_GPUS")) : 2;
  other = flag("FAKE_OTHER");
  mig = flag("FAKE_MIG");
  old = flag("FAKE_OLD");
  clock_gettime(CLOCK_MONOTONIC, &started);
  for (int i = 0; i < count; i++) {
    gpus[i] = (struct device){i, -1};
    for (int j = 0; j < 2; j++) instances[i][j] = (struct device){i, j};
  }
  return SUCCESS;
}

const char *nvmlErrorString(int code) { return code == MISMATCH ? "Driver/library version mismatch" : "Fake error"; }

int nvmlSystemGetDriverVersion(char *text, unsigned int size) {
  snprintf(text, size, "580.12.34");
  return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned int *n) {
  *n = count;
  return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int i, device *d) {
  if ((int)i >= count) return INVALID;
  *d = &gpus[i];
  return SUCCESS;
}

static int divided(device d) { return mig && d->index == count - 1; }

int nvmlDeviceGetUUID(device d, char *text, unsigned int size) {
  if (d->instance < 0)
    snprintf(text, size, "GPU-%08d-aaaa-bbbb-cccc-000000000000", d->index + 1);
  else
    snprintf(text, size, "MIG-%08d-aaaa-bbbb-cccc-00000000000%d", d->index + 1, d->instance);
  return SUCCESS;
}

int nvmlDeviceGetName(device d, char *text, unsigned int size) {
  const char *name = other && d->index == count - 1 ? "Other GPU" : "Fake GPU";
  snprintf(text, size, d->instance < 0 ? "%s" : "%s MIG 1g.10gb", name);
  return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(device d, unsigned long long *info) { // total, free, used
  int size = d->instance < 0 ? 80 : 10;
  info[0] = (unsigned long long)size << 30;
  info[2] = flag("FAKE_FULL") ? info[0] - (100ull << 20) : info[0] / 2;
  info[1] = info[0] - info[2];
  return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(device d, unsigned int *rates) {
  while (flag("FAKE_HANG") && access(getenv("FAKE_HANG"), F_OK) == 0) usleep(10000);
  if (d->instance >= 0) return NOT_SUPPORTED;
  rates[0] = 87;
  rates[1] = 20;
  return SUCCESS;
}

int nvmlDeviceGetPowerUsage(device d, unsigned int *milliwatts) {
  *milliwatts = 300000;
  return d->instance < 0 ? SUCCESS : NOT_SUPPORTED;
}

int nvmlDeviceGetTotalEnergyConsumption(device d, unsigned long long *millijoules) {
  if (old || d->instance >= 0) return NOT_SUPPORTED;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  double seconds = now.tv_sec - started.tv_sec + (now.tv_nsec - started.tv_nsec) / 1e9;
  *millijoules = 5000000 + (unsigned long long)(seconds * 300000); // 300 W
  return SUCCESS;
}

int nvmlDeviceGetTemperature(device d, int sensor, unsigned int *celsius) {
  *celsius = 61;
  return d->instance < 0 && sensor == 0 ? SUCCESS : NOT_SUPPORTED;
}

int nvmlDeviceGetMigMode(device d, unsigned int *now, unsigned int *then) {
  if (!mig) return NOT_SUPPORTED;
  *now = *then = divided(d);
  return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(device d, unsigned int *most) {
  *most = 7;
  return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(device d, unsigned int i, device *instance) {
  if (i == 0 || i == 3) { // the numbers have gaps
    *instance = &instances[d->index][i == 3];
    return SUCCESS;
  }
  return NOT_FOUND;
}

int nvmlDeviceGetGpuInstanceId(device d, unsigned int *id) {
  *id = 7 + d->instance;
  return SUCCESS;
}

int nvmlDeviceGetComputeInstanceId(device d, unsigned int *id) {
  *id = 0;
  return SUCCESS;
}

struct process {
  unsigned int pid;
  unsigned long long memory;
  unsigned int gpu, compute;
};

int nvmlDeviceGetComputeRunningProcesses_v3(device d, unsigned int *n, struct process *list) {
  if (old) return NOT_SUPPORTED;
  unsigned int room = *n;
  *n = 0;
  FILE *file = flag("FAKE_PROCESSES") ? fopen(getenv("FAKE_PROCESSES"), "r") : NULL;
  if (file == NULL) return SUCCESS;
  int gpu;
  struct process p = {0};
  while (fscanf(file, "%d %u %llu", &gpu, &p.pid, &p.memory) == 3) {
    if (gpu != d->index) continue;
    if (*n == room) {
      fclose(file);
      return SMALL;
    }
    list[(*n)++] = p;
  }
  fclose(file);
  return SUCCESS;
}

int nvmlEventSetCreate(void **set) {
  static int only;
  *set = &only;
  return SUCCESS;
}

static int watched;

int nvmlDeviceRegisterEvents(device d, unsigned long long types, void *set) {
  if (d->instance >= 0 || types != 10) return INVALID;
  watched |= 1 << d->index;
  return SUCCESS;
}

struct event {
  device d;
  unsigned long long type, data;
  unsigned int gpu, compute;
};

int nvmlEventSetWait_v2(void *set, struct event *e, unsigned int milliseconds) {
  static struct event waiting[MOST];
  static int n;
  FILE *file = n == 0 && flag("FAKE_EVENTS") ? fopen(getenv("FAKE_EVENTS"), "r") : NULL;
  if (file != NULL) {
    int gpu;
    while (n < MOST && fscanf(file, "%d %llu %llu", &gpu, &waiting[n].type, &waiting[n].data) == 3) {
      if (watched & 1 << gpu) waiting[n++].d = &gpus[gpu];
    }
    fclose(file);
    unlink(getenv("FAKE_EVENTS"));
  }
  if (n == 0) return TIMEOUT;
  *e = waiting[--n];
  return SUCCESS;
}
