// SPDX-License-Identifier: GPL-2.0

//! Runs programs, each in a cage of its own and within a time limit.

use std::io::{IsTerminal, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::program::Program;

/// What a transcript ends with if the time was up.
pub const HANG: &str = "HANG: the step above did not come to its end";

/// A program to run, and what its transcript is to be called.
pub struct Job {
    pub name: String,
    pub program: Program,
}

pub struct Options {
    pub transcripts: PathBuf,
    pub limit: Duration,
    pub jobs: usize,
}

/// Reads all that a child says until it ends or the time is up; true if it ended.
fn listen(child: &mut Child, text: &mut Vec<u8>, deadline: Instant) -> Result<bool> {
    let Some(out) = child.stdout.as_mut() else {
        bail!("the cage has no output");
    };
    let mut buffer = vec![0; 1 << 16];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut poll = libc::pollfd {
            fd: out.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one pollfd, valid for the call.
        let ready = unsafe { libc::poll(&raw mut poll, 1, left.as_millis() as i32) };
        if ready == 0 {
            return Ok(false);
        }
        match out.read(&mut buffer)? {
            0 => return Ok(true),
            got => text.extend_from_slice(&buffer[..got]),
        }
    }
}

/// A program's transcript, and whether it came to its end.
pub fn run(program: &Program, cpu: usize, limit: Duration) -> Result<(String, bool)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["cage", &cpu.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting the cage")?;
    if let Some(mut input) = child.stdin.take() {
        // If it ended at once, its status says so.
        let _ = input.write_all(program.to_string().as_bytes());
    }
    let mut text = Vec::new();
    let ended = listen(&mut child, &mut text, Instant::now() + limit)?;
    if !ended {
        child.kill()?;
        // All in the cage is killed with it; a second hang would be told below.
        let grace = Instant::now() + Duration::from_secs(10);
        let gone = listen(&mut child, &mut text, grace)?;
        text.extend_from_slice(format!("{HANG}\n").as_bytes());
        if !gone {
            text.extend_from_slice(b"HANG: nor could all be killed\n");
        }
    }
    let status = child.wait()?;
    let good = ended && status.success() && text.ends_with(b"\nend\n");
    if ended && !good {
        text.extend_from_slice(format!("the controller ended early: {status}\n").as_bytes());
    }
    Ok((String::from_utf8_lossy(&text).into_owned(), good))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(format!("{name}.txt"));
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
}

/// Runs all programs; a transcript each. The number that did not end well.
pub fn run_all(
    count: usize,
    job: impl Fn(usize) -> Result<Job> + Sync,
    options: &Options,
) -> Result<usize> {
    std::fs::create_dir_all(&options.transcripts)
        .with_context(|| format!("making {}", options.transcripts.display()))?;
    let next = AtomicUsize::new(0);
    let progress = Mutex::new(Progress::new(count));
    let work = |cpu: usize| -> Result<()> {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return Ok(());
            }
            let job = job(at)?;
            let (text, good) = run(&job.program, cpu, options.limit)?;
            write(&options.transcripts, &job.name, &text)?;
            let mut progress = progress.lock().expect("nobody panics with it");
            progress.add((!good).then(|| format!("{}: {}", job.name, ending(&text))));
        }
    };
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..options.jobs.max(1))
            .map(|cpu| scope.spawn(move || work(cpu)))
            .collect();
        threads
            .into_iter()
            .try_for_each(|t| t.join().expect("no panic"))
    })?;
    let progress = progress.into_inner().expect("nobody panics with it");
    Ok(progress.bad)
}

/// The last step of a transcript that has no proper end, and how it ended.
fn ending(text: &str) -> String {
    let step = text.lines().rev().find(|line| line.starts_with('('));
    let last = text.lines().next_back();
    format!("{} {}", step.unwrap_or("no step"), last.unwrap_or_default())
}

struct Progress {
    start: Instant,
    count: usize,
    done: usize,
    bad: usize,
    /// One line that is written over; else one now and then.
    terminal: bool,
}

impl Progress {
    fn new(count: usize) -> Self {
        Self {
            start: Instant::now(),
            count,
            done: 0,
            bad: 0,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// One more is done; `fault` says what is wrong with it.
    fn add(&mut self, fault: Option<String>) {
        self.done += 1;
        if let Some(fault) = fault {
            self.bad += 1;
            eprintln!("pidns-fuzz: {fault}");
        }
        let line = format!(
            "pidns-fuzz: {} of {} programs, {} s",
            self.done,
            self.count,
            self.start.elapsed().as_secs()
        );
        let last = self.done == self.count;
        match self.terminal {
            true => eprint!("\r{line}{}", if last { "\n" } else { "" }),
            false if last || self.done % 20 == 0 => eprintln!("{line}"),
            false => {}
        }
    }
}
