// SPDX-License-Identifier: GPL-2.0

//! The file `pidns/namespaces` of debugfs, as a seq_file.

use crate::debugfs::Position;
use core::{
    ffi::c_void,
    mem::size_of,
    ptr, //
};
use kernel::{
    bindings,
    ffi::c_int,
    prelude::*,
    seq_file::SeqFile, //
};

/// The position of a reader. All zeroes: before the first line.
///
/// It is kept between reads, so that no line is looked up twice.
#[repr(C)]
struct Reader {
    index: i64,
    at: Option<Position>,
    started: bool,
}

impl Reader {
    /// Moves to the line `index`, where the last read stopped, unless `lseek(2)` has been called.
    fn seek(&mut self, index: i64) {
        if !self.started || index < self.index {
            (self.started, self.index, self.at) = (true, 0, Some(Position::first()));
        }
        while self.index < index && self.at.is_some() {
            self.advance();
        }
    }

    fn advance(&mut self) {
        self.at = self.at.and_then(Position::next);
        self.index = self.index.saturating_add(1);
    }

    /// Returns the current line for seq_file: the reader itself, or null at the end.
    fn line(&mut self) -> *mut c_void {
        match self.at {
            Some(_) => ptr::from_mut(self).cast(),
            None => ptr::null_mut(),
        }
    }
}

/// Wraps constant tables of functions.
#[repr(transparent)]
struct Table<T>(T);

// SAFETY: The tables are constant, and their functions may be called from any thread.
unsafe impl<T> Sync for Table<T> {}

static LINES: Table<bindings::seq_operations> = Table(bindings::seq_operations {
    start: Some(start),
    stop: Some(stop),
    next: Some(next),
    show: Some(show),
});

static FILE: Table<bindings::file_operations> = Table(bindings::file_operations {
    open: Some(open),
    read: Some(bindings::seq_read),
    llseek: Some(bindings::seq_lseek),
    release: Some(bindings::seq_release_private),
    ..pin_init::zeroed()
});

/// Creates the file.
pub(super) fn init() {
    // SAFETY: The names and the table are static. debugfs reports its failures itself.
    unsafe {
        let folder = bindings::debugfs_create_dir(c"pidns".as_char_ptr(), ptr::null_mut());
        bindings::debugfs_create_file_full(
            c"namespaces".as_char_ptr(),
            0o400,
            folder,
            ptr::null_mut(),
            ptr::null(),
            &raw const FILE.0,
        );
    }
}

/// # Safety
///
/// * `file` is being opened.
unsafe extern "C" fn open(_inode: *mut bindings::inode, file: *mut bindings::file) -> c_int {
    // SAFETY: The caller promises a file; the table is static. Zeroes are a valid `Reader`, or
    // overwritten before they are used as one.
    let reader = unsafe {
        bindings::__seq_open_private(file, &raw const LINES.0, size_of::<Reader>() as c_int)
    };
    let Some(reader) = ptr::NonNull::new(reader.cast::<Reader>()) else {
        return ENOMEM.to_errno();
    };
    // SAFETY: It has room for one.
    unsafe {
        reader.write(Reader {
            index: 0,
            at: None,
            started: false,
        });
    }
    0
}

/// Returns the reader of an open file.
///
/// # Safety
///
/// `m` must be that of an open file, and be locked for `'a`.
unsafe fn reader<'a>(m: *mut bindings::seq_file) -> &'a mut Reader {
    // SAFETY: `open` has written it.
    unsafe { &mut *(*m).private.cast::<Reader>() }
}

/// # Safety
///
/// * `m` is that of an open file, and locked; `pos` is valid.
unsafe extern "C" fn start(m: *mut bindings::seq_file, pos: *mut bindings::loff_t) -> *mut c_void {
    // SAFETY: The caller promises it.
    let (reader, index) = unsafe { (reader(m), *pos) };
    reader.seek(index);
    reader.line()
}

/// # Safety
///
/// * As for [`start`].
unsafe extern "C" fn next(
    m: *mut bindings::seq_file,
    _line: *mut c_void,
    pos: *mut bindings::loff_t,
) -> *mut c_void {
    // SAFETY: The caller promises it.
    let reader = unsafe { reader(m) };
    reader.advance();
    // SAFETY: As above.
    unsafe { *pos = reader.index };
    reader.line()
}

/// # Safety
///
/// None: nothing is held between lines.
unsafe extern "C" fn stop(_m: *mut bindings::seq_file, _line: *mut c_void) {}

/// # Safety
///
/// * As for [`start`].
unsafe extern "C" fn show(m: *mut bindings::seq_file, _line: *mut c_void) -> c_int {
    // SAFETY: The caller promises it.
    let at = unsafe { reader(m) }.at;
    // SAFETY: The caller promises that it is locked.
    let file = unsafe { SeqFile::from_raw(m) };
    if let Some(at) = at {
        at.show(file);
    }
    0
}
