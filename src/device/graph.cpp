// CUDA graphs, which tch does not reach: a face in C of at::cuda::CUDAGraph (libtorch 2.11). build.rs makes a shared library of
// it, which is in the program and is loaded after libtorch_cuda; without that it cannot be.
//
// Functions give 0, or 1 where they failed: `pt4al_error` then says why.

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

// One pool of memory for all graphs: they are replayed one after the other, and nothing in it outlives a replay.
c10::cuda::MempoolId_t pool() {
  static const auto handle = at::cuda::graph_pool_handle();
  return handle;
}

}  // namespace

extern "C" {

const char* pt4al_error() {
  return error.c_str();
}

// This thread works in a stream of its own from now on: the default one cannot be recorded.
int pt4al_own_stream(int device) {
  return guarded([&] {
    c10::cuda::set_device(static_cast<c10::DeviceIndex>(device));
    c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool(false, static_cast<c10::DeviceIndex>(device)));
  });
}

// What convolutions may do to single precision, and whether cuDNN must choose algorithms that give the same bits each time.
int pt4al_convolutions(int tf32, int deterministic) {
  return guarded([&] {
    at::globalContext().setAllowTF32CuDNN(tf32 != 0);
    at::globalContext().setDeterministicCuDNN(deterministic != 0);
  });
}

// From here to `pt4al_graph_end`, work is recorded and not done.
int pt4al_graph_begin(void** graph) {
  return guarded([&] {
    c10::cuda::device_synchronize();
    c10::cuda::CUDACachingAllocator::emptyCache();
    auto* made = new at::cuda::CUDAGraph();
    *graph = made;
    // Other threads (those of autograd) work for this one.
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
