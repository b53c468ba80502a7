// SPDX-License-Identifier: GPL-2.0

//! A recorded `/proc` for tests: one text with the files in it, unpacked into a folder.

use std::env;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::proc::Proc;

/// The folder, which goes with it.
pub struct Fixture {
    folder: PathBuf,
    proc: Proc,
}

impl Fixture {
    /// Unpacks a text: `== FILE` and its lines, or `== FILE -> TARGET`; `@` is the folder.
    pub fn new(text: &str) -> Fixture {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "lspidns-{}-{}",
            process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let folder = env::temp_dir().join(name);
        let text = text.replace('@', folder.to_str().unwrap());
        for part in text.split("== ").skip(1) {
            let (head, lines) = part.split_once('\n').unwrap();
            let (file, target) = head.split_once(" -> ").unwrap_or((head, ""));
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if target.is_empty() {
                // A command line has NULs.
                fs::write(path, lines.trim_end().replace("\\0", "\0")).unwrap();
            } else {
                symlink(target, path).unwrap();
            }
        }
        Fixture {
            proc: Proc::at(&folder),
            folder,
        }
    }
}

impl Deref for Fixture {
    type Target = Proc;

    fn deref(&self) -> &Proc {
        &self.proc
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
