// SPDX-License-Identifier: GPL-2.0

//! What the transcripts reached: how often each operation succeeded, and which
//! errors it gave, and so each kind of it. The list of those that must be seen is
//! in the file `wanted`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use crate::kinds::Steps;
use crate::program::Step;
use crate::transcript::Entry;

/// What must be seen: lines of OPERATION RESULT ROW.
const WANTED: &str = include_str!("../wanted");

/// An operation must succeed as often as this over 500 seeds.
pub const MANY: usize = 50;
/// Of a kind of it, one of so many is enough.
const KINDS: usize = 5;

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
    /// Counts the steps of a transcript.
    pub fn add(&mut self, entries: &[Entry]) {
        let mut steps = Steps::default();
        for entry in entries {
            let Ok(step) = entry.step.parse::<Step>() else {
                continue;
            };
            for name in steps.names(&step, &entry.lines) {
                let results = self.seen.entry(name).or_default();
                *results.entry(result(entry)).or_default() += 1;
            }
        }
    }

    fn count(&self, operation: &str, result: &str) -> usize {
        let results = self.seen.get(operation);
        results.and_then(|r| r.get(result)).copied().unwrap_or(0)
    }

    pub fn print(&self) {
        println!("{:<28} {:>7} {:>7}  errors", "operation", "ok", "skipped");
        for (operation, results) in &self.seen {
            let errors = results.iter().filter(|(name, _)| name.starts_with('E'));
            let errors = errors.map(|(name, count)| format!("{name} {count}"));
            println!(
                "{operation:<28} {:>7} {:>7}  {}",
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
            let need = match result {
                "ok" if operation.contains('/') => least.div_ceil(KINDS),
                "ok" => least,
                "never" => 0,
                _ => 1,
            };
            let have = match result {
                "never" => self.count(operation, "ok"),
                _ => self.count(operation, result),
            };
            if have < need || (have > 0 && need == 0) {
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
    use crate::generator::generate;
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
        let mut wanted = wanted().unwrap();
        wanted.retain(|(_, result, _)| *result != "never");
        assert!(!wanted.is_empty());
        // All of it is missing from nothing.
        assert_eq!(Coverage::default().missing(1).unwrap().len(), wanted.len());
    }

    #[test]
    fn what_never_succeeds_is_told_if_it_does() {
        let text = "(id:0,by:1,op:Setns(fd:MyThread,flags:\"\"))\n  setns 0\nend\n";
        let mut coverage = Coverage::default();
        coverage.add(&parse(text));
        let missing = coverage.missing(1).unwrap();
        assert!(missing.contains(&"Setns/self never (B5): seen 1 times, not 0".to_string()));
    }

    #[test]
    fn the_list_names_what_is_generated() {
        let mut names = BTreeSet::new();
        for seed in 0..100 {
            let mut steps = Steps::default();
            for step in generate(seed, 300).steps {
                names.extend(steps.names(&step, &[]));
            }
        }
        let wanted = wanted().unwrap();
        for (name, _, _) in &wanted {
            // Who is deepest shows when a program runs.
            let is_known = names.contains(*name) || name.ends_with("/deepest");
            assert!(is_known, "{name} is never generated");
        }
        for name in &names {
            let is_said = wanted
                .iter()
                .any(|(n, result, _)| n == name && matches!(*result, "ok" | "never"));
            assert!(is_said, "{name} has neither an 'ok' nor a 'never'");
        }
    }
}
