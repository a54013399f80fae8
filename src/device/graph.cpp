// A C interface to at::cuda::CUDAGraph (libtorch 2.11), which tch does not offer. build.rs compiles it to a shared library inside
// the program; the program loads it after libtorch_cuda, which it needs.
//
// Functions return 0, or 1 if they failed; `pt4al_error` then returns the reason.

#include <ATen/Context.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <exception>
#include <string>

namespace {

thread_local std::string error;

template <typename Work>
int guarded(Work work) {
  try {
    work();
    return 0;
  } catch (const std::exception& e) {
    error = e.what();
    return 1;
  }
}

// One memory pool for all graphs: they are replayed one after the other, and none of its contents outlives a replay.
c10::cuda::MempoolId_t pool() {
  static const auto handle = at::cuda::graph_pool_handle();
  return handle;
}

}  // namespace

extern "C" {

const char* pt4al_error() {
  return error.c_str();
}

// From now on this thread works in a stream of its own: the default stream cannot be recorded.
int pt4al_own_stream(int device) {
  return guarded([&] {
    c10::cuda::set_device(static_cast<c10::DeviceIndex>(device));
    c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool(false, static_cast<c10::DeviceIndex>(device)));
  });
}

// Sets whether convolutions may round single precision to TF32, and whether cuDNN must use algorithms that give the same bits each
// time.
int pt4al_convolutions(int tf32, int deterministic) {
  return guarded([&] {
    at::globalContext().setAllowTF32CuDNN(tf32 != 0);
    at::globalContext().setDeterministicCuDNN(deterministic != 0);
  });
}

// Until `pt4al_graph_end`, work is recorded and not run.
int pt4al_graph_begin(void** graph) {
  return guarded([&] {
    c10::cuda::device_synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();
    auto* made = new at::cuda::CUDAGraph();
    *graph = made;
    // The threads of autograd launch kernels for this one, so other threads must be allowed to work.
    made->capture_begin(pool(), cudaStreamCaptureModeThreadLocal);
  });
}

int pt4al_graph_end(void* graph) {
  return guarded([&] { static_cast<at::cuda::CUDAGraph*>(graph)->capture_end(); });
}

int pt4al_graph_replay(void* graph) {
  return guarded([&] { static_cast<at::cuda::CUDAGraph*>(graph)->replay(); });
}

void pt4al_graph_free(void* graph) {
  guarded([&] { delete static_cast<at::cuda::CUDAGraph*>(graph); });
}

}  // extern "C"
