// SPDX-License-Identifier: GPL-2.0

//! lspidns: lists PID namespaces, tells why one does not go away, follows what happens to them,
//! and translates numbers. It shows what the kernel shows to the caller, and nothing else.
//!
//! ============  ======================================================================
//! what          where
//! ============  ======================================================================
//! the kernel    `proc`, `status`, `mounts` read `/proc`; `nsfile` asks by files of
//!               namespaces; `uapi` has the calls; `watch` and `events` read the trace
//! one look      `snapshot`; `home` finds the namespace of each process
//! judgement     `namespaces` nests them; `blockers` and `groups` find what blocks it
//! words         `table`, `why`, `translate`; `target` reads NS; `fault` has the errors
//! ============  ======================================================================

#![deny(unsafe_code)]

mod blockers;
mod events;
mod fault;
#[cfg(test)]
mod fixture;
mod groups;
mod home;
mod mounts;
mod namespaces;
mod nsfile;
mod proc;
mod snapshot;
mod status;
mod table;
mod target;
mod translate;
mod uapi;
mod watch;
mod why;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use serde_json::Value;

use fault::Fault;
use namespaces::Namespaces;
use proc::Proc;
use snapshot::Snapshot;
use status::Pid;
use table::{Column, Style};
use target::Target;
use translate::Numbers;
use why::Why;

/// List PID namespaces, or tell why one does not go away.
///
/// NS is an inode number, an id, a file of the namespace, or pid:N for that of process N.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Args {
    /// Show the numbers of this process or thread in each of its namespaces
    #[arg(value_parser = clap::value_parser!(Pid).range(1..))]
    pid: Option<Pid>,

    /// Tell why this namespace is not gone: what blocks its init, and what holds it
    #[arg(long, value_name = "NS", value_parser = Target::parse, conflicts_with = "pid")]
    why: Option<Target>,

    /// Follow creation, zap and destruction of namespaces, as they happen
    #[arg(long, conflicts_with_all = ["pid", "why"])]
    watch: bool,

    /// PID is a number in this namespace
    #[arg(long = "in", value_name = "NS", value_parser = Target::parse, requires = "pid")]
    inside: Option<Target>,

    /// Draw the list as a tree
    #[arg(short = 'T', long)]
    tree: bool,

    /// Print JSON
    #[arg(short = 'J', long)]
    json: bool,

    /// Columns of the list
    #[arg(
        short,
        long,
        value_name = "LIST",
        value_delimiter = ',',
        ignore_case = true
    )]
    output: Vec<Column>,

    /// Print no headings
    #[arg(short, long)]
    noheadings: bool,

    /// Do not say what the kernel lacks
    #[arg(short, long)]
    quiet: bool,
}

/// Prints a text, at once. That nobody reads it is no error.
fn print(text: &str) -> Result<(), Fault> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Fault::of("standard output", &error))
        }
        _ => Ok(()),
    }
}

fn print_json(value: &Value) -> Result<(), Fault> {
    print(&format!("{value:#}\n"))
}

/// The width of the terminal, if there is one.
fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then(|| size.ws_col.into())
}

/// Whether the user's terminal has the lines of a tree.
fn is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    set.is_some_and(|value| {
        let value = value.to_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

/// One line about what the kernel lacks, and what that means.
fn lacking(seen: &Snapshot) -> Option<String> {
    let lacks = [
        (seen.lacks_list, "listns(2)"),
        (seen.files.lacks_id, "NS_GET_ID"),
        (seen.files.lacks_info, "NS_PID_GET_INFO"),
    ];
    let names: Vec<_> = lacks
        .iter()
        .filter(|(lacks, _)| *lacks)
        .map(|(_, name)| *name)
        .collect();
    if names.is_empty() {
        return None;
    }
    let mut effects = Vec::new();
    if seen.lacks_list {
        effects.push("namespaces without processes show only where a file of them is seen");
    }
    if seen.files.lacks_info {
        effects.push("states are as /proc has them, and numbers in use are not known");
    }
    let effects = if effects.is_empty() {
        "ids are not known".to_owned()
    } else {
        effects.join("; ")
    };
    Some(format!(
        "this kernel has no {}: {effects}",
        names.join(", ")
    ))
}

fn run(args: &Args) -> Result<(), Fault> {
    let proc = Proc::mounted()?;
    if args.watch {
        return watch::watch(args.json);
    }
    let target = args.why.as_ref().or(args.inside.as_ref());
    let named: Vec<_> = target.and_then(Target::path).into_iter().collect();
    let seen = Snapshot::take(&proc, &named)?;
    let all = Namespaces::of(&seen, &proc);
    if !args.quiet && args.pid.is_none() {
        if let Some(line) = lacking(&seen) {
            eprintln!("lspidns: {line}");
        }
    }
    if let Some(pid) = args.pid {
        let pid = match &args.inside {
            Some(target) => {
                let key = target.find(&proc, &seen, &all)?;
                translate::from_inside(&seen, &all, key, pid)?
            }
            None => pid,
        };
        let numbers = Numbers::of(&proc, &seen, &all, pid)?;
        return if args.json {
            print_json(&numbers.json())
        } else {
            print(&numbers.text(!args.noheadings))
        };
    }
    if let Some(target) = &args.why {
        let key = target.find(&proc, &seen, &all)?;
        let why = Why::of(&seen, &all, &proc, key)
            .ok_or_else(|| Fault::NotThere("that namespace has just gone".to_owned()))?;
        if args.json {
            print_json(&why.json())?
        } else {
            print(&why.text())?
        }
    } else {
        let columns = if args.output.is_empty() {
            table::DEFAULT
        } else {
            &args.output
        };
        if args.json {
            print_json(&table::json_list(columns, &seen, &all, &proc))?;
        } else {
            let headings = !args.noheadings;
            let style = Style {
                tree: args.tree,
                headings,
                unicode: is_utf8(),
                width: width(),
            };
            print(&table::table(columns, style, &seen, &all, &proc))?;
        }
    }
    // What was printed may not be all.
    match proc.hides() {
        Some(how) => Err(Fault::Hidden(format!(
            "/proc hides processes of other users ({how}); they are not shown"
        ))),
        None => Ok(()),
    }
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("lspidns: {fault}");
            ExitCode::from(fault.status())
        }
    }
}
