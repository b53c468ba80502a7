// SPDX-License-Identifier: GPL-2.0

//! `--watch`: tells what happens to namespaces, as it happens, by the kernel's tracepoints.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;

use rustix::event::{PollFd, PollFlags, poll};

use crate::events::{EVENTS, Event};
use crate::fault::Fault;
use crate::mounts::mounts;
use crate::status::printable;
use crate::uapi;

/// A trace buffer of our own, so that nobody else's is disturbed.
struct Instance(PathBuf);

impl Instance {
    fn new(tracefs: &Path) -> io::Result<Instance> {
        let folder = tracefs.join(format!("instances/lspidns-{}", process::id()));
        fs::create_dir(&folder)?;
        Ok(Instance(folder))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("events/enable"), "0");
        let _ = fs::remove_dir(&self.0);
    }
}

/// Where the kernel has its tracepoints.
fn find_tracefs() -> Result<PathBuf, Fault> {
    let text = fs::read_to_string("/proc/self/mountinfo")
        .map_err(|error| Fault::of("/proc/self/mountinfo", &error))?;
    let all = mounts(&text);
    let found = all.iter().find(|mount| mount.kind == "tracefs");
    let found = found.ok_or_else(|| {
        let how = "mount -t tracefs none /sys/kernel/tracing";
        Fault::Lacks(format!("tracefs is not mounted: {how}"))
    })?;
    let tracefs = PathBuf::from(&found.point);
    match fs::metadata(tracefs.join("events/pidns")) {
        Ok(_) => Ok(tracefs),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Fault::Lacks(
            "this kernel has no tracepoints pidns:*".to_owned(),
        )),
        Err(error) => Err(Fault::of(&found.point, &error)),
    }
}

/// Prints events until the user ends it.
pub fn watch(json: bool) -> Result<(), Fault> {
    let tracefs = find_tracefs()?;
    let fault = |error: io::Error| Fault::of("tracefs", &error);
    let end = uapi::end_requested().map_err(fault)?;
    let instance = Instance::new(&tracefs).map_err(fault)?;
    let mut missing = Vec::new();
    for name in EVENTS {
        let file = instance.0.join(format!("events/pidns/{name}/enable"));
        match fs::write(&file, "1") {
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(*name),
            result => result.map_err(fault)?,
        }
    }
    if missing.len() == EVENTS.len() {
        return Err(Fault::Lacks(
            "this kernel has no tracepoints pidns:ns_* or zap_*".to_owned(),
        ));
    }
    if !missing.is_empty() {
        eprintln!(
            "lspidns: this kernel lacks the tracepoints {}",
            missing.join(", ")
        );
    }
    let pipe = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(instance.0.join("trace_pipe"))
        .map_err(fault)?;
    let result = follow(pipe, &end, json);
    drop(instance);
    match result {
        // Nobody reads any more.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(fault),
    }
}

/// Reads the pipe until `end` is readable.
fn follow(mut pipe: File, end: &impl std::os::fd::AsFd, json: bool) -> io::Result<()> {
    let mut rest = Vec::new();
    let mut data = [0; 4096];
    loop {
        let mut fds = [
            PollFd::new(&pipe, PollFlags::IN),
            PollFd::new(end, PollFlags::IN),
        ];
        poll(&mut fds, None)?;
        let ended = !fds[1].revents().is_empty();
        match pipe.read(&mut data) {
            Ok(count) => rest.extend_from_slice(&data[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        while let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=length).collect();
            show(String::from_utf8_lossy(&line).trim_end(), json)?;
        }
        if ended {
            return Ok(());
        }
    }
}

fn show(line: &str, json: bool) -> io::Result<()> {
    let mut out = io::stdout();
    match Event::parse(line) {
        Some(event) if json => writeln!(out, "{}", event.json()),
        Some(event) => writeln!(out, "{}", printable(&event.text())),
        // As of events that were lost.
        None => {
            eprintln!("lspidns: {}", printable(line));
            Ok(())
        }
    }
}
