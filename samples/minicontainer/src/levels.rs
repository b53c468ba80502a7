// SPDX-License-Identifier: GPL-2.0

//! The numbers of a process at each level of PID namespaces, as `/proc` says.

use std::fmt::{self, Display};
use std::fs;

use crate::error::{Context, Result};

/// A process: its numbers from the namespace of `/proc` inwards, and its own namespace.
pub struct Numbers {
    numbers: Vec<u32>,
    namespace: String,
}

impl Numbers {
    /// Those of `/proc/NAME`.
    pub fn read(name: impl Display) -> Result<Self> {
        let (status, link) = (
            format!("/proc/{name}/status"),
            format!("/proc/{name}/ns/pid"),
        );
        let text = fs::read_to_string(&status).context(|| format!("read {status}"))?;
        let namespace = fs::read_link(&link).context(|| format!("read {link}"))?;
        Ok(Self {
            numbers: parse(&text),
            namespace: namespace.to_string_lossy().into_owned(),
        })
    }
}

fn parse(status: &str) -> Vec<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let words = line.unwrap_or_default().split_whitespace();
    words.filter_map(|word| word.parse().ok()).collect()
}

/// A table with a row a level, the outermost first.
pub struct Table<'a>(pub &'a [(&'a str, Numbers)]);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "minicontainer: {:<18}", "PID namespace")?;
        for (name, _) in self.0 {
            write!(f, " {name:>8}")?;
        }
        let levels = self
            .0
            .iter()
            .map(|(_, process)| process.numbers.len())
            .max();
        for level in 0..levels.unwrap_or(0) {
            let here = |process: &&Numbers| process.numbers.len() == level + 1;
            let mut own = self.0.iter().map(|(_, process)| process).filter(here);
            let namespace = own.next().map_or("", |process| &process.namespace);
            write!(f, "\nminicontainer: {namespace:<18}")?;
            for (_, process) in self.0 {
                match process.numbers.get(level) {
                    Some(number) => write!(f, " {number:>8}")?,
                    None => write!(f, " {:>8}", "-")?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(numbers: &[u32], namespace: &str) -> Numbers {
        Numbers {
            numbers: numbers.into(),
            namespace: namespace.into(),
        }
    }

    #[test]
    fn the_line_of_proc() {
        let status = "Name:\tinit\nNStgid:\t4 4\nNSpid:\t4712\t45\t1\nNSpgid:\t0\n";
        assert_eq!(parse(status), [4712, 45, 1]);
        assert_eq!(parse("Name:\tinit\n"), []);
    }

    #[test]
    fn own_numbers() {
        let own = Numbers::read("self").unwrap();
        assert_eq!(own.numbers[0], std::process::id());
        assert!(own.namespace.starts_with("pid:["));
    }

    #[test]
    fn a_row_a_level() {
        let table = [
            ("runner", process(&[4711], "pid:[1]")),
            ("init", process(&[4712, 1], "pid:[2]")),
            ("command", process(&[4713, 2], "pid:[2]")),
        ];
        let rows: Vec<Vec<String>> = Table(&table)
            .to_string()
            .lines()
            .map(|line| line.split_whitespace().map(str::to_owned).collect())
            .collect();
        assert_eq!(
            rows[0][1..],
            ["PID", "namespace", "runner", "init", "command"]
        );
        assert_eq!(rows[1][1..], ["pid:[1]", "4711", "4712", "4713"]);
        assert_eq!(rows[2][1..], ["pid:[2]", "-", "1", "2"]);
        assert_eq!(rows.len(), 3);
    }
}
