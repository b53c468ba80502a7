// SPDX-License-Identifier: GPL-2.0

//! Makes a program smaller while it still tells two kernels apart. The kernels
//! are in different guests, so this goes in rounds: all candidates of a round
//! are written as programs, run in each guest at one go, and their transcripts
//! compared; the next round begins with the smallest that still differs.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};

use crate::program::{File, Op, Program, Step, Task};
use crate::report::new_file;
use crate::transcript;

/// What a step needs: tasks and files, by name.
fn needs(step: &Step) -> (BTreeSet<Task>, BTreeSet<File>) {
    // The text names them all, and only they are inside these.
    let text = step.to_string();
    let numbers = |marks: &[&str]| {
        let mut found = BTreeSet::new();
        for mark in marks {
            for (at, _) in text.match_indices(mark) {
                let digits = text[at + mark.len()..].chars();
                let digits: String = digits.take_while(char::is_ascii_digit).collect();
                found.extend(digits.parse::<u16>().ok());
            }
        }
        found
    };
    let mut tasks = numbers(&["Of(", "of:"]);
    tasks.insert(step.by);
    (tasks, numbers(&["Is(", "file:", "of:Some("]))
}

/// The steps that those from `kept` on, and the others that they need, consist of.
fn slice(program: &Program, kept: usize) -> Program {
    let (mut tasks, mut files) = (BTreeSet::new(), BTreeSet::new());
    let mut steps = Vec::new();
    for (at, step) in program.steps.iter().enumerate().rev() {
        let makes_task = matches!(&step.op, Op::Clone { child, .. } if tasks.contains(child));
        let makes_file = new_file(&step.op).is_some_and(|file| files.contains(&file));
        if at >= kept || makes_task || makes_file {
            let (more_tasks, more_files) = needs(step);
            tasks.extend(more_tasks);
            files.extend(more_files);
            steps.push(step.clone());
        }
    }
    steps.reverse();
    Program { steps }
}

fn without(program: &Program, range: std::ops::Range<usize>) -> Program {
    let mut steps = program.steps.clone();
    steps.drain(range);
    Program { steps }
}

/// A step made simpler, if there is a way.
fn simpler(step: &Step) -> Option<Step> {
    let mut step = step.clone();
    match &mut step.op {
        Op::Clone { flags, .. } | Op::Unshare { flags } | Op::Setns { flags, .. } => {
            let mut bits = flags.iter();
            let first = bits.next()?;
            bits.next()?;
            flags.remove(first);
        }
        _ => return None,
    }
    Some(step)
}

/// Smaller programs: without what the last step does not need, and without parts
/// of any size down to a few steps. If `fine`, without one step, and with one
/// made simpler.
pub fn candidates(program: &Program, fine: bool) -> Vec<Program> {
    let len = program.steps.len();
    let mut found = Vec::new();
    if len < 2 {
        return found;
    }
    if fine {
        found.extend((0..len).rev().map(|at| without(program, at..at + 1)));
        for (at, step) in program.steps.iter().enumerate() {
            if let Some(step) = simpler(step) {
                let mut steps = program.steps.clone();
                steps[at] = step;
                found.push(Program { steps });
            }
        }
        return found;
    }
    let last = slice(program, len - 1);
    if last.steps.len() < len {
        found.push(last);
    }
    let mut size = len.div_ceil(2);
    while size > 1 && size >= len / 32 {
        let starts = (0..len).step_by(size).rev();
        found.extend(starts.map(|at| without(program, at..(at + size).min(len))));
        size = size.div_ceil(2);
    }
    found
}

/// What all of these have in common: each may lack something else.
fn common(programs: &[Program]) -> Program {
    let Some((first, others)) = programs.split_first() else {
        return Program::default();
    };
    let in_all = |step: &&Step| others.iter().all(|p| p.steps.contains(step));
    Program {
        steps: first.steps.iter().filter(in_all).cloned().collect(),
    }
}

/// Up to the step that differs: what follows is of no use.
pub fn truncate(program: &Program, a: &str, b: &str) -> Program {
    let Some((x, y)) = transcript::difference(a, b) else {
        return program.clone();
    };
    let step = x.or(y).map(|entry| entry.step).unwrap_or_default();
    let at = program.steps.iter().position(|s| s.to_string() == step);
    let mut steps = program.steps.clone();
    steps.truncate(at.map_or(steps.len(), |at| at + 1));
    Program { steps }
}

/// How much there is to a program; less is better.
fn weight(program: &Program) -> (usize, usize) {
    (program.steps.len(), program.to_string().len())
}

/// Writes the candidates of a round into a folder, and one more; how many.
pub fn write_candidates(
    program: &Program,
    also: Option<Program>,
    fine: bool,
    folder: &Path,
) -> Result<usize> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let mut all = candidates(program, fine);
    all.extend(also.filter(|p| !p.steps.is_empty()));
    for (at, candidate) in all.iter().enumerate() {
        let path = folder.join(format!("{at:03}.prog"));
        std::fs::write(&path, candidate.to_string())
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(all.len())
}

/// What a round has found.
pub struct Found {
    /// The smallest that differs, cut after the step that does.
    pub best: Program,
    /// What those that differ have in common: to be tried next.
    pub bold: Program,
}

/// Compares the transcripts of a round; nothing if none differs.
pub fn pick(a: &Path, b: &Path) -> Result<Option<Found>> {
    let (left, right) = (transcript::load(a)?, transcript::load(b)?);
    let mut differing = Vec::new();
    for (name, x) in &left {
        if let Some(y) = right.get(name).filter(|y| *y != x) {
            differing.push(truncate(&transcript::program(x)?, x, y));
        }
    }
    let bold = common(&differing);
    let best = differing.into_iter().min_by_key(weight);
    Ok(best.map(|best| Found { best, bold }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::generate;

    /// Rounds as the script does them, with a made-up difference.
    fn shrink(mut program: Program, differs: impl Fn(&Program) -> bool) -> Program {
        let mut bold = None;
        let mut fine = false;
        loop {
            let mut all = candidates(&program, fine);
            all.extend(bold.take());
            let better: Vec<Program> = all.into_iter().filter(|p| differs(p)).collect();
            bold = Some(common(&better));
            match better.into_iter().min_by_key(weight) {
                Some(smaller) if weight(&smaller) < weight(&program) => program = smaller,
                _ if fine => return program,
                _ => fine = true,
            }
        }
    }

    #[test]
    fn shrinks_to_what_matters() {
        let program = generate(3, 300);
        let setsid = |p: &Program| p.steps.iter().position(|s| s.op == Op::Setsid);
        let differs = |p: &Program| {
            let later = |at| p.steps[at..].iter().any(|s: &Step| s.op == Op::Look);
            setsid(p).is_some_and(later)
        };
        assert!(differs(&program));
        let small = shrink(program, differs);
        assert_eq!(small.steps.len(), 2, "{small}");
    }

    #[test]
    fn candidates_are_smaller() {
        let program = generate(4, 60);
        for fine in [false, true] {
            for candidate in candidates(&program, fine) {
                assert!(weight(&candidate) < weight(&program));
            }
        }
    }

    #[test]
    fn a_slice_has_all_that_is_needed() {
        let text = "(id:0,by:0,op:Clone(child:1,flags:\"\",signal:17,tids:[],pidfd:0))\n\
            (id:1,by:0,op:Clone(child:2,flags:\"\",signal:17,tids:[],pidfd:0))\n\
            (id:2,by:1,op:Clone(child:3,flags:\"\",signal:17,tids:[],pidfd:0))\n\
            (id:3,by:1,op:PidfdOpen(new:4,who:Of(3),flags:0))\n\
            (id:4,by:1,op:PidfdInfo(fd:Is(4)))\n";
        let program: Program = text.parse().unwrap();
        let ids: Vec<u32> = slice(&program, 4).steps.iter().map(|s| s.id).collect();
        assert_eq!(ids, [0, 2, 3, 4]);
    }

    #[test]
    fn what_follows_the_difference_goes() {
        let program: Program = "(id:0,by:0,op:Look)\n(id:1,by:1,op:Setsid)\n(id:2,by:0,op:Look)\n"
            .parse()
            .unwrap();
        let a = "(id:0,by:0,op:Look)\n  x\n(id:1,by:1,op:Setsid)\n  setsid 1\n\
            (id:2,by:0,op:Look)\nend\n";
        let b = a.replace("setsid 1", "setsid 2");
        assert_eq!(truncate(&program, a, &b).steps.len(), 2);
    }
}
