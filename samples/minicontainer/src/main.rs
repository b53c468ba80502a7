// SPDX-License-Identifier: GPL-2.0

//! A small container runner: `clone3()` with all the namespaces of a container, a root of its
//! own, an init that reaps, and volumes of the host.
//!
//! It shows what the kernel's namespaces do, and is no sandbox for hostile programs: it filters
//! no system calls and sets no limits.

#![deny(unsafe_code)]

mod cli;
mod error;
mod ids;
mod init;
mod levels;
mod mounts;
mod report;
mod runner;
mod sys;

use std::process::ExitCode;

use crate::cli::Arguments;

fn main() -> ExitCode {
    let status = Arguments::read().and_then(|arguments| runner::run(&arguments));
    ExitCode::from(status.unwrap_or_else(|error| {
        eprintln!("minicontainer: {error}");
        error.status
    }))
}
