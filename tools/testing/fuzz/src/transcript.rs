// SPDX-License-Identifier: GPL-2.0

//! Transcripts as they are read back: to compare them, and to count.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::program::Program;

/// A step and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub step: String,
    pub lines: Vec<String>,
}

/// The steps of a transcript; how it ended is one without lines.
pub fn parse(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("  "), entries.last_mut()) {
            (Some(said), Some(entry)) => entry.lines.push(said.to_string()),
            _ => entries.push(Entry {
                step: line.to_string(),
                lines: vec![],
            }),
        }
    }
    entries
}

/// The first step at which two transcripts differ, as each has it.
pub fn difference(a: &str, b: &str) -> Option<(Option<Entry>, Option<Entry>)> {
    if a == b {
        return None;
    }
    let (a, b) = (parse(a), parse(b));
    let at = (0..).find(|&i| a.get(i) != b.get(i))?;
    Some((a.get(at).cloned(), b.get(at).cloned()))
}

/// The program that a transcript is of.
pub fn program(text: &str) -> Result<Program> {
    let steps = text.lines().filter(|line| line.starts_with('('));
    steps.collect::<Vec<_>>().join("\n").parse()
}

/// All transcripts of a folder, by name.
pub fn load(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "txt") {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("reading {}", path.display()))?;
            all.insert(name, text);
        }
    }
    ensure!(
        !all.is_empty(),
        "{} has no transcripts (*.txt)",
        folder.display()
    );
    Ok(all)
}

fn show(side: &str, entry: Option<Entry>) {
    match entry {
        None => println!("  {side}: ends before"),
        Some(entry) => {
            println!("  {side}: {}", entry.step);
            entry
                .lines
                .iter()
                .for_each(|line| println!("  {side}:   {line}"));
        }
    }
}

/// Prints which transcripts differ and where; how many do.
pub fn compare(a: &Path, b: &Path) -> Result<usize> {
    let (left, right) = (load(a)?, load(b)?);
    let mut differ = 0;
    for name in left
        .keys()
        .chain(right.keys().filter(|name| !left.contains_key(*name)))
    {
        match (left.get(name), right.get(name)) {
            (Some(x), Some(y)) => {
                let Some((x, y)) = difference(x, y) else {
                    continue;
                };
                println!("{name} differs:");
                show("A", x);
                show("B", y);
            }
            (there, _) => println!("{name} is only in {}", there.map_or(b, |_| a).display()),
        }
        differ += 1;
    }
    println!(
        "{} the same, {differ} differ",
        left.len().max(right.len()) - differ
    );
    Ok(differ)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "(id:0,by:0,op:Look)\n  live\n(id:1,by:2,op:Setsid)\n  setsid 7\nend\n";

    #[test]
    fn the_first_difference_is_found() {
        assert_eq!(difference(A, A), None);
        let b = A.replace("setsid 7", "setsid EPERM");
        let (x, y) = difference(A, &b).unwrap();
        assert_eq!(x.unwrap().lines, ["setsid 7"]);
        assert_eq!(y.unwrap().lines, ["setsid EPERM"]);
        let (x, y) = difference(A, A.strip_suffix("end\n").unwrap()).unwrap();
        assert_eq!((x.unwrap().step.as_str(), y), ("end", None));
    }

    #[test]
    fn a_transcript_holds_its_program() {
        assert_eq!(program(A).unwrap().steps.len(), 2);
    }
}
