package pjrt

// #include <stdlib.h>
// #include "plugin.h"
import "C"

import (
	"os"
	"path/filepath"
	"strings"
	"unsafe"
)

// dataDirFlag names the folder with bin/ptxas and nvvm/libdevice, which XLA needs to compile for CUDA.
const dataDirFlag = "--xla_gpu_cuda_data_dir="

// prepareCUDA lets the plugin find what pip has installed beside it: it sets the data folder unless $XLA_FLAGS names one,
// and loads the libraries that the plugin and cuDNN look for by name. What is not there is left to the plugin, which
// looks in the system's places too and says what it lacks.
func (p *Plugin) prepareCUDA(path string) {
	folder := nvidiaFolder(path)
	if folder == "" {
		return
	}
	flags := C.GoString(C.plugin_flags())
	if dir := cudaDataDir(folder); dir != "" && !strings.Contains(flags, dataDirFlag) {
		text := C.CString(strings.TrimSpace(flags + " " + dataDirFlag + dir))
		defer C.free(unsafe.Pointer(text))
		C.plugin_set_flags(text)
	}
	for _, library := range cudaLibraries(folder) {
		name := C.CString(library)
		if C.plugin_preload(name) != 0 {
			p.Libraries = append(p.Libraries, library)
		}
		C.free(unsafe.Pointer(name))
	}
}

// nvidiaFolder is where pip puts CUDA's packages: site-packages/nvidia for site-packages/jax_plugins/xla_cuda13/PLUGIN, or
// nvidia beside the plugin's own folder; "" where there is none.
func nvidiaFolder(plugin string) string {
	paths := []string{plugin}
	if real, err := filepath.EvalSymlinks(plugin); err == nil && real != plugin {
		paths = append(paths, real)
	}
	for _, path := range paths {
		parent := filepath.Dir(filepath.Dir(path))
		for _, site := range []string{filepath.Dir(parent), parent} {
			folder := filepath.Join(site, "nvidia")
			if info, err := os.Stat(folder); err == nil && info.IsDir() {
				return folder
			}
		}
	}
	return ""
}

// cudaDataDir is the package below folder that holds CUDA's device library: cu13, or cuda_nvcc of CUDA 12.
func cudaDataDir(folder string) string {
	found, _ := filepath.Glob(filepath.Join(folder, "*", "nvvm", "libdevice", "libdevice.10.bc")) // the pattern is right
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(filepath.Dir(filepath.Dir(found[0])))
}

// cudaLibraries lists the libraries below folder that are there, each after those that it needs.
func cudaLibraries(folder string) []string {
	var paths []string
	for _, name := range []string{
		"cudart", "nvrtc", "nvJitLink", "cublasLt", "cublas", "nccl", "cupti", "cusparse", "cusolver", "cufft", "nvshmem_host", "cudnn",
	} {
		found, _ := filepath.Glob(filepath.Join(folder, "*", "lib", "lib"+name+".so.*"))
		if len(found) > 0 {
			paths = append(paths, found[0])
		}
	}
	return paths
}
