// SPDX-License-Identifier: GPL-2.0

//! A differential fuzzer for PID namespaces and the set of namespaces of a task.
//!
//! From a seed it makes a program, runs it step by step, and writes down what the
//! kernel answers. The transcript of a seed is the same each time and on each
//! implementation; where it is not, one of them errs.

mod cage;
mod controller;
mod coverage;
mod encode;
mod flags;
mod generator;
mod kinds;
mod labels;
mod lower;
mod model;
mod observe;
mod program;
mod report;
mod runner;
mod scenarios;
mod script;
mod shrink;
mod sys;
mod tasks;
mod transcript;
mod uapi;
mod wire;
mod worker;

use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use crate::program::Program;
use crate::runner::{Job, Options, run_all};

#[derive(Parser)]
#[command(version, about, max_term_width = 80)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the programs of seeds, or of files; write a transcript for each
    Run {
        /// A..B, without B; from 1000000 on programs are hostile
        #[arg(long, value_parser = parse_seeds, required_unless_present = "program")]
        seeds: Vec<Range<u64>>,
        /// Operations in a program
        #[arg(long, default_value_t = 300)]
        ops: usize,
        /// Files of programs instead of seeds
        #[arg(long, num_args = 1.., conflicts_with = "seeds")]
        program: Vec<PathBuf>,
        /// The folder for the transcripts
        #[arg(long)]
        transcripts: PathBuf,
        /// Seconds that a program may take
        #[arg(long, default_value_t = 60)]
        limit: u64,
        /// Programs at the same time
        #[arg(long, default_value_t = 1)]
        jobs: usize,
    },
    /// Print the program of a seed
    Generate {
        #[arg(long)]
        seed: u64,
        #[arg(long, default_value_t = 300)]
        ops: usize,
    },
    /// Say which transcripts of two folders differ, and where; status 1 if any do
    Diff { a: PathBuf, b: PathBuf },
    /// Count results by operation; status 1 if a wanted one was never seen
    Coverage {
        #[arg(required = true)]
        folders: Vec<PathBuf>,
        /// How often each operation must succeed, and each kind of one a fifth of
        /// that; 0 to print the table alone
        #[arg(long, default_value_t = coverage::MANY)]
        least: usize,
    },
    /// Write smaller programs, to be run on both kernels
    ShrinkCandidates {
        program: PathBuf,
        /// The folder for them
        #[arg(long)]
        out: PathBuf,
        /// One more program to try
        #[arg(long)]
        also: Option<PathBuf>,
        /// Leave out single steps instead of rows of them
        #[arg(long)]
        fine: bool,
    },
    /// Print the smallest program whose transcripts differ; status 1 if none do
    ShrinkPick {
        a: PathBuf,
        b: PathBuf,
        /// Write what all that differ have in common to this file
        #[arg(long)]
        bold: Option<PathBuf>,
    },
    /// Print a program as C that does the same without the fuzzer
    Script { program: PathBuf },
    #[command(hide = true)]
    Cage { cpu: usize },
    #[command(hide = true)]
    Controller,
    #[command(hide = true)]
    Worker { socket: i32 },
}

fn parse_seeds(text: &str) -> Result<Range<u64>, String> {
    let parts = text.split_once("..").map(|(a, b)| (a.parse(), b.parse()));
    match parts {
        Some((Ok(a), Ok(b))) if a < b => Ok(a..b),
        _ => Err("give two numbers, the first being smaller: 0..500".to_string()),
    }
}

fn load(path: &PathBuf) -> Result<Program> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    text.parse()
        .with_context(|| format!("{} is no program", path.display()))
}

fn show_coverage(folders: &[PathBuf], least: usize) -> Result<ExitCode> {
    let mut seen = coverage::Coverage::default();
    for folder in folders {
        for text in transcript::load(folder)?.values() {
            seen.add(&transcript::parse(text));
        }
    }
    seen.print();
    if least == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let missing = seen.missing(least)?;
    missing.iter().for_each(|line| println!("missing: {line}"));
    Ok(match missing.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("pidns-fuzz: error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run {
            seeds,
            ops,
            program,
            transcripts,
            limit,
            jobs,
        } => {
            let options = Options {
                transcripts,
                limit: Duration::from_secs(limit),
                jobs,
            };
            let bad = match program.is_empty() {
                true => {
                    let seeds: Vec<u64> = seeds.into_iter().flatten().collect();
                    let job = |at: usize| {
                        let seed = seeds[at];
                        Ok(Job {
                            name: format!("{seed:06}"),
                            program: generator::generate(seed, ops),
                        })
                    };
                    run_all(seeds.len(), job, &options)?
                }
                false => {
                    let job = |at: usize| {
                        let path: &PathBuf = &program[at];
                        let Some(name) = path.file_stem() else {
                            bail!("{} has no name", path.display());
                        };
                        Ok(Job {
                            name: name.to_string_lossy().into_owned(),
                            program: load(path)?,
                        })
                    };
                    run_all(program.len(), job, &options)?
                }
            };
            if bad > 0 {
                bail!("{bad} programs did not come to their end; their transcripts say where");
            }
        }
        Command::Generate { seed, ops } => print!("{}", generator::generate(seed, ops)),
        Command::Diff { a, b } => {
            if transcript::compare(&a, &b)? > 0 {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Coverage { folders, least } => return show_coverage(&folders, least),
        Command::ShrinkCandidates {
            program,
            out,
            also,
            fine,
        } => {
            let also = also.map(|path| load(&path)).transpose()?;
            let count = shrink::write_candidates(&load(&program)?, also, fine, &out)?;
            println!("{count}");
        }
        Command::ShrinkPick { a, b, bold } => {
            let Some(found) = shrink::pick(&a, &b)? else {
                return Ok(ExitCode::FAILURE);
            };
            if let Some(path) = bold {
                std::fs::write(&path, found.bold.to_string())
                    .with_context(|| format!("writing {}", path.display()))?;
            }
            print!("{}", found.best);
        }
        Command::Script { program } => print!("{}", script::script(&load(&program)?)),
        Command::Cage { cpu } => cage::cage(cpu)?,
        Command::Controller => cage::controller()?,
        Command::Worker { socket } => worker::main(socket),
    }
    Ok(ExitCode::SUCCESS)
}
