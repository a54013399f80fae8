//! What makes a run with a fixed seed repeatable: the same input must reach the same code each time, because libFuzzer chooses
//! the next inputs by that.

use std::ffi::{c_uint, c_void};

/// Lets rayon work in this thread. A thread of its own would wait in loops of varying length, which count as code that is reached.
pub fn one_thread() {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    one.build_global().expect("nothing has used rayon before");
}

/// Replaces the function of the C library from which the standard library takes the keys of hash maps: a map orders its entries by
/// them.
///
/// # Safety
/// As for the C library's: `length` bytes at `buffer` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: usize, _flags: c_uint) -> isize {
    // SAFETY: the caller vouches for the buffer.
    unsafe { std::ptr::write_bytes(buffer.cast::<u8>(), 0x5a, length) };
    length as isize
}
