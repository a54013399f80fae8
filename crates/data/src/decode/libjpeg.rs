//! Finds damaged JPEGs by the warnings of libjpeg's decoder, which tell of missing or invented pixels.

use std::any::Any;
use std::ffi::{c_char, c_int};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mozjpeg_sys::*;

use super::formats::MOST_PIXELS;

/// The number of spare bytes that some encoders leave between two scans or before a restart marker; damage leaves more.
const SPARE: c_int = 2;
/// `JMSG_LENGTH_MAX` of jpeglib.h.
const LONGEST_MESSAGE: usize = 200;

/// Reads all coefficients of a JPEG, without computing pixels. Must be compiled with `panic = "unwind"`.
///
/// # Errors
/// On any error of libjpeg, and on warnings of missing or damaged data.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let length = bytes.len().try_into().map_err(|_| "is too large")?;
    // SAFETY: both are plain C data, for which zeros are the documented start; `None`s are replaced by libjpeg.
    let (mut errors, mut jpeg): (jpeg_error_mgr, Guard) = unsafe { (mem::zeroed(), Guard(mem::zeroed())) };
    // SAFETY: `errors` and `bytes` outlive `jpeg`, neither is moved while libjpeg points to it, and the calls come in the
    // order that libjpeg.txt names. Nothing but unwinding, for which the C code is compiled, leaves a call early, and after
    // it `jpeg` is only destroyed.
    let read = catch_unwind(AssertUnwindSafe(|| unsafe {
        let jpeg = &mut jpeg.0;
        jpeg.common.err = jpeg_std_error(&mut errors);
        (*jpeg.common.err).error_exit = Some(on_error);
        (*jpeg.common.err).emit_message = Some(on_message);
        jpeg_create_decompress(jpeg);
        jpeg_mem_src(jpeg, bytes.as_ptr(), length);
        jpeg_read_header(jpeg, 1);
        // `jpeg_read_coefficients` allocates memory for all of them at once.
        if u64::from(jpeg.image_width) * u64::from(jpeg.image_height) > MOST_PIXELS as u64 {
            return Err(format!("is larger than {MOST_PIXELS} pixels"));
        }
        jpeg_read_coefficients(jpeg);
        Ok(())
    }));
    read.unwrap_or_else(|thrown: Box<dyn Any + Send>| {
        Err(thrown.downcast().map_or_else(|_| "is broken".into(), |e| *e))
    })
}

/// Frees the memory that libjpeg has allocated.
struct Guard(jpeg_decompress_struct);

impl Drop for Guard {
    fn drop(&mut self) {
        // SAFETY: this is allowed in every state of the object, also when it is all zeros.
        unsafe { jpeg_destroy_decompress(&mut self.0) }
    }
}

/// libjpeg's `error_exit`, which must not return.
unsafe extern "C-unwind" fn on_error(jpeg: &mut jpeg_common_struct) {
    // SAFETY: libjpeg calls this with the error manager that `check` made.
    resume_unwind(Box::new(unsafe { message_of(jpeg) }));
}

/// libjpeg's `emit_message`: `level` is -1 for warnings, more for mere notes.
unsafe extern "C-unwind" fn on_message(jpeg: &mut jpeg_common_struct, level: c_int) {
    // SAFETY: libjpeg calls this with the decompressor whose first field `jpeg` is, and its error manager; integers are
    // what both warnings' parameters are.
    let (code, [count, marker, ..], image) = unsafe {
        let errors = &mut *jpeg.err;
        (errors.msg_code, *errors.msg_parm.i(), &*(&raw const *jpeg).cast::<jpeg_decompress_struct>())
    };
    // Only called for these two warnings, because others may come before libjpeg knows the number of scans.
    let one_scan = || image.coef_bits.is_null() && jpeg_has_one_scan(image);
    let is_harmless = match code {
        JWRN_ADOBE_XFORM | JWRN_JFIF_MAJOR | JWRN_NOT_SEQUENTIAL | JWRN_BOGUS_ICC => true,
        // Harmless here: if pixels are missing too, another warning follows.
        JWRN_JPEG_EOF => one_scan(),
        JWRN_EXTRANEOUS_DATA => image.input_scan_number == 0 || count <= SPARE || (one_scan() && marker == 0xd9),
        _ => false,
    };
    if level < 0 && !is_harmless {
        // SAFETY: as above.
        resume_unwind(Box::new(unsafe { message_of(jpeg) }));
    }
}

fn jpeg_has_one_scan(image: &jpeg_decompress_struct) -> bool {
    // SAFETY: it only reads, and is allowed once the header has been read, before the first scan's data.
    image.input_scan_number > 0 && unsafe { jpeg_has_multiple_scans(image) } == 0
}

/// The message of the current error or warning, as a reason why the file is not an image.
///
/// # Safety
/// `jpeg` must have an error manager, which has a message.
unsafe fn message_of(jpeg: &mut jpeg_common_struct) -> String {
    let mut message = [0u8; LONGEST_MESSAGE];
    // SAFETY: as required above; `message` has the length that libjpeg needs, which the binding has wrong.
    unsafe {
        if (*jpeg.err).msg_code == JERR_ARITH_NOTIMPL {
            return "is an arithmetic-coded JPEG, which is not supported".into();
        }
        if let Some(format) = (*jpeg.err).format_message {
            type Format = unsafe extern "C-unwind" fn(*mut jpeg_common_struct, *mut c_char);
            mem::transmute::<unsafe extern "C-unwind" fn(&mut jpeg_common_struct, &[u8; 80]), Format>(format)(
                jpeg,
                message.as_mut_ptr().cast(),
            );
        }
    }
    let message = String::from_utf8_lossy(message.split(|&byte| byte == 0).next().unwrap_or_default());
    format!("is a broken or truncated JPEG ({})", message.trim_start_matches("Corrupt JPEG data: "))
}

#[cfg(test)]
mod tests;
