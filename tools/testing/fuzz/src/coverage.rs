// SPDX-License-Identifier: GPL-2.0

//! What the transcripts reached: how often each operation succeeded, and which
//! errors it gave. The list of those that must be seen is in the file `wanted`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use crate::program::Step;
use crate::transcript::Entry;

/// What must be seen: lines of OPERATION RESULT ROW.
const WANTED: &str = include_str!("../wanted");

/// An operation must succeed as often as this over 500 seeds.
pub const MANY: usize = 50;

#[derive(Default)]
pub struct Coverage {
    /// Operation, result (an error's name, `ok`, or `skipped`), how often.
    seen: BTreeMap<String, BTreeMap<String, usize>>,
}

/// An operation's result: the first error of its calls, if there is one.
fn result(entry: &Entry) -> String {
    for line in &entry.lines {
        if line.starts_with("skipped") {
            return "skipped".to_string();
        }
        let mut words = line.split(' ');
        let (first, second) = (words.next(), words.next());
        let call = first.is_some_and(|w| {
            w.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        });
        match second {
            Some(error) if call && error.len() > 2 && error.starts_with('E') => {
                return error.to_string();
            }
            _ => {}
        }
    }
    "ok".to_string()
}

impl Coverage {
    pub fn add(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Ok(step) = entry.step.parse::<Step>() else {
                continue;
            };
            let results = self.seen.entry(step.op.name()).or_default();
            *results.entry(result(entry)).or_default() += 1;
        }
    }

    fn count(&self, operation: &str, result: &str) -> usize {
        let results = self.seen.get(operation);
        results.and_then(|r| r.get(result)).copied().unwrap_or(0)
    }

    pub fn print(&self) {
        println!("{:<14} {:>7} {:>7}  errors", "operation", "ok", "skipped");
        for (operation, results) in &self.seen {
            let errors = results.iter().filter(|(name, _)| name.starts_with('E'));
            let errors = errors.map(|(name, count)| format!("{name} {count}"));
            println!(
                "{operation:<14} {:>7} {:>7}  {}",
                self.count(operation, "ok"),
                self.count(operation, "skipped"),
                errors.collect::<Vec<_>>().join(", ")
            );
        }
    }

    /// The wanted results that were not seen, each as its line.
    pub fn missing(&self, least: usize) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for (operation, result, row) in wanted()? {
            let (have, need) = match result {
                "ok" => (self.count(operation, "ok"), least),
                _ => (self.count(operation, result), 1),
            };
            if have < need {
                missing.push(format!(
                    "{operation} {result} ({row}): seen {have} times, not {need}"
                ));
            }
        }
        Ok(missing)
    }
}

fn wanted() -> Result<Vec<(&'static str, &'static str, &'static str)>> {
    let mut all = Vec::new();
    let mut known = BTreeSet::new();
    let lines = WANTED
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    for line in lines {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        ensure!(
            words.len() == 3,
            "wanted: '{line}' is not OPERATION RESULT ROW"
        );
        ensure!(
            known.insert((words[0], words[1])),
            "wanted: '{line}' is there twice"
        );
        all.push((words[0], words[1], words[2]));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::parse;

    #[test]
    fn results_are_counted() {
        let text = "(id:0,by:1,op:Setsid)\n  setsid EPERM\n(id:1,by:1,op:Setsid)\n  setsid 4\n\
            (id:2,by:9,op:Setsid)\n  skipped: task 9 is dead\n\
            (id:3,by:1,op:WriteSysctl(file:PidMax,value:0))\n  openat ok\n  write EINVAL\nend\n";
        let mut coverage = Coverage::default();
        coverage.add(&parse(text));
        for result in ["EPERM", "ok", "skipped"] {
            assert_eq!(coverage.count("Setsid", result), 1);
        }
        assert_eq!(coverage.count("WriteSysctl", "EINVAL"), 1);
        assert_eq!(coverage.count("WriteSysctl", "ok"), 0);
    }

    #[test]
    fn the_list_is_well_formed() {
        let wanted = wanted().unwrap();
        assert!(!wanted.is_empty());
        // All of it is missing from nothing.
        assert_eq!(Coverage::default().missing(1).unwrap().len(), wanted.len());
    }

    #[test]
    fn the_list_names_operations() {
        let mut names = BTreeSet::new();
        for seed in 0..100 {
            let program = crate::generator::generate(seed, 300);
            names.extend(program.steps.iter().map(|step| step.op.name()));
        }
        for (operation, _, _) in wanted().unwrap() {
            assert!(names.contains(operation), "{operation} is never generated");
        }
    }
}
