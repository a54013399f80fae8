//! CUDA graphs: work that is recorded once and then replayed, so that the host need not launch every kernel. Recording is done by
//! libtorch (`at::cuda::CUDAGraph`), which `graph.cpp` makes callable.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use anyhow::{Result, anyhow, bail, ensure};
use libloading::Library;
use tch::Device;

use pt4al_results::words::panic_text;

/// The compiled `graph.cpp`; empty if it could not be compiled.
static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/graph.so"));
/// The reason why it could not be compiled.
const MISSING: &str = env!("PT4AL_NO_GRAPHS");

type GraphCall = unsafe extern "C" fn(*mut c_void) -> c_int;

/// The functions of `graph.cpp`.
struct Functions {
    error: unsafe extern "C" fn() -> *const c_char,
    own_stream: unsafe extern "C" fn(c_int) -> c_int,
    convolutions: unsafe extern "C" fn(c_int, c_int) -> c_int,
    begin: unsafe extern "C" fn(*mut *mut c_void) -> c_int,
    end: GraphCall,
    replay: GraphCall,
    free: unsafe extern "C" fn(*mut c_void),
}

impl Functions {
    /// Returns an error with the message of C++ if a function failed.
    fn checked(&self, status: c_int, what: &str) -> Result<()> {
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the string belongs to this thread and lives until its next failure.
        let text = unsafe { CStr::from_ptr((self.error)()) }.to_string_lossy().into_owned();
        bail!("{what}: {}", text.lines().next().unwrap_or("no message"))
    }
}

/// Returns the functions of the library, which it loads at the first call, after CUDA; or the reason why it cannot.
fn functions() -> Result<&'static Functions> {
    static FUNCTIONS: OnceLock<Result<Functions, String>> = OnceLock::new();
    let functions = FUNCTIONS.get_or_init(|| load().map_err(|error| format!("{error:#}")));
    functions.as_ref().map_err(|why| anyhow!("{why}"))
}

fn load() -> Result<Functions> {
    ensure!(!LIBRARY.is_empty(), "{MISSING}");
    let file = tempfile::Builder::new().prefix("pt4al-graph-").suffix(".so").tempfile()?;
    std::fs::write(file.path(), LIBRARY)?;
    // SAFETY: the library is our own and its initialisers do nothing; libtorch_cuda, which it needs, is already loaded.
    let library = unsafe { Library::new(file.path())? };
    // SAFETY: the signatures are those of graph.cpp.
    let functions = unsafe {
        Functions {
            error: *library.get(b"pt4al_error")?,
            own_stream: *library.get(b"pt4al_own_stream")?,
            convolutions: *library.get(b"pt4al_convolutions")?,
            begin: *library.get(b"pt4al_graph_begin")?,
            end: *library.get(b"pt4al_graph_end")?,
            replay: *library.get(b"pt4al_graph_replay")?,
            free: *library.get(b"pt4al_graph_free")?,
        }
    };
    // Never unloaded: the functions are used until the process ends.
    std::mem::forget(library);
    Ok(functions)
}

/// Prepares this process for work on a CUDA device. Convolutions round single precision to TF32 only if `tf32`, and the work of
/// this thread can be recorded. With `PT4AL_DETERMINISTIC=1`, cuDNN uses algorithms that give the same bits each time. Call it
/// before any other work on the device.
///
/// # Errors
/// If CUDA reports an error. A missing graph library is only a warning; the variable `NVIDIA_TF32_OVERRIDE` then keeps TF32 off.
pub(super) fn prepare(device: usize, tf32: bool) -> Result<()> {
    let functions = match functions() {
        Ok(functions) => functions,
        Err(why) => {
            pt4al_results::machine::say(&format!("warning: no CUDA graphs, so training is slower: {why:#}"));
            if !tf32 {
                // SAFETY: the other threads of this process wait for standard input or for a time, and do not read the environment.
                unsafe { std::env::set_var("NVIDIA_TF32_OVERRIDE", "0") };
            }
            return Ok(());
        }
    };
    let deterministic = c_int::from(std::env::var_os("PT4AL_DETERMINISTIC").is_some_and(|value| value == "1"));
    // SAFETY: plain numbers.
    functions.checked(unsafe { (functions.convolutions)(tf32.into(), deterministic) }, "CUDA")?;
    if why_not(Device::Cuda(device)).is_none() {
        // SAFETY: plain numbers.
        functions.checked(unsafe { (functions.own_stream)(device as c_int) }, "CUDA")?;
    }
    Ok(())
}

/// Returns the reason why work on a device is not recorded, or `None` if it is.
pub fn why_not(device: Device) -> Option<String> {
    if !device.is_cuda() {
        return Some("CUDA graphs need a GPU".into());
    }
    if std::env::var_os("PT4AL_GRAPHS").is_some_and(|value| value == "0") {
        return Some("PT4AL_GRAPHS is 0".into());
    }
    functions().err().map(|why| format!("{why:#}"))
}

/// Recorded work.
#[derive(Debug)]
pub(crate) struct Graph(*mut c_void);

impl Graph {
    /// Records the kernels that `work` launches in this thread, without running them. All memory that they read and write must
    /// keep its address as long as the graph is replayed, and `work` must not wait for the device.
    ///
    /// # Errors
    /// If CUDA reports an error. No work has been done then.
    pub fn record(work: impl FnOnce()) -> Result<Self> {
        let functions = functions()?;
        let mut graph = Self(std::ptr::null_mut());
        // SAFETY: `graph` is written before it is read.
        functions.checked(unsafe { (functions.begin)(&raw mut graph.0) }, "recording a CUDA graph could not start")?;
        // libtorch's errors are panics here.
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        // SAFETY: `begin` made the graph. `end` stops the recording even after an error.
        let ended = functions.checked(unsafe { (functions.end)(graph.0) }, "a CUDA graph could not be recorded");
        if let Err(cause) = worked {
            bail!("a step could not be recorded: {}", panic_text(&*cause).lines().next().unwrap_or_default());
        }
        ended.map(|()| graph)
    }

    /// Runs the recorded work.
    ///
    /// # Errors
    /// If CUDA reports an error.
    pub fn replay(&self) -> Result<()> {
        let functions = functions()?;
        // SAFETY: `begin` made the graph, and its recording has ended.
        functions.checked(unsafe { (functions.replay)(self.0) }, "a CUDA graph could not be replayed")
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        if let Ok(functions) = functions()
            && !self.0.is_null()
        {
            // SAFETY: `begin` made the graph, and nothing uses it after this.
            unsafe { (functions.free)(self.0) }
        }
    }
}
