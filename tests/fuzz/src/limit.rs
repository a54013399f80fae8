//! Ends the process if it allocates out of proportion. libFuzzer can only do this with a sanitizer, which needs a nightly
//! toolchain; its own limit counts memory that was written, once a second.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most bytes that may be held at once. Inputs have some kilobytes.
const MOST: usize = 512 << 20;

static HELD: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which counts.
pub struct Limited;

fn count(bytes: usize) {
    let held = HELD.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
    if held > MOST {
        // So that the message and the stack of the panic have room.
        HELD.store(0, Ordering::Relaxed);
        panic!("{held} bytes are held at once, the last {bytes} of them were just asked for");
    }
}

/// Forgets what is held. Caches that live as long as the process must not add up over inputs.
pub fn forget() {
    HELD.store(0, Ordering::Relaxed);
}

fn discount(bytes: usize) {
    let less = |held: usize| Some(held.saturating_sub(bytes));
    // It never fails, because the function always gives a value.
    let _ = HELD.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
}

// SAFETY: each call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps what the trait asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps what the trait asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        discount(layout.size());
        // SAFETY: the caller keeps what the trait asks for.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        discount(layout.size());
        // SAFETY: the caller keeps what the trait asks for.
        unsafe { System.dealloc(old, layout) }
    }
}
