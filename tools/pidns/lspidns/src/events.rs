// SPDX-License-Identifier: GPL-2.0

//! Lines of the trace buffer.

use serde_json::{json, Map, Value};

/// The tracepoints of a namespace's life, of the group `pidns`.
pub const EVENTS: &[&str] = &[
    "pid_ns_create",
    "pid_ns_init",
    "pid_ns_zap_begin",
    "pid_ns_zap_wait",
    "pid_ns_zap_end",
    "pid_ns_destroy",
];

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Seconds since boot, as the kernel writes them.
    pub time: &'a str,
    pub name: &'a str,
    /// Who did it: `COMMAND-PID`.
    pub task: &'a str,
    pub fields: &'a str,
}

impl<'a> Event<'a> {
    /// Reads `COMMAND-PID [CPU] FLAGS TIME: NAME: FIELDS`.
    pub fn parse(line: &'a str) -> Option<Event<'a>> {
        // A command may have brackets; it has no room for all that must follow.
        line.match_indices('[').find_map(|(at, _)| {
            let (cpu, rest) = line[at + 1..].split_once("] ")?;
            cpu.parse::<u32>().ok()?;
            let mut words = rest.trim_start().splitn(2, ": ");
            let time = words.next()?.rsplit(' ').next()?;
            time.parse::<f64>().ok()?;
            let (name, fields) = words.next()?.split_once(':')?;
            let task = line[..at].trim();
            EVENTS.contains(&name).then(|| Event {
                time,
                name,
                task,
                fields: fields.trim(),
            })
        })
    }

    pub fn text(&self) -> String {
        format!(
            "{:>14} {:<16} {:<16} {}",
            self.time, self.name, self.task, self.fields
        )
    }

    pub fn json(&self) -> Value {
        let mut fields = Map::new();
        let mut rest = self.fields;
        while let Some((key, after)) = rest.split_once('=') {
            // A command may have spaces; it comes last.
            let end = if key == "comm" {
                None
            } else {
                after.split_once(' ')
            };
            let (value, next) = end.unwrap_or((after, ""));
            let number = value.parse::<i64>().map(Value::from);
            fields.insert(key.to_owned(), number.unwrap_or_else(|_| value.into()));
            rest = next.trim_start();
        }
        json!({
            "time": self.time, "event": self.name, "task": self.task,
            "fields": fields, "text": self.fields,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line() {
        let line =
            "  <...>-142 [001] d..1. 12.345678: pid_ns_zap_wait: ns_id=14 nr_pids=2 comm=a b=c";
        let event = Event::parse(line).unwrap();
        assert_eq!(
            (event.time, event.name, event.task),
            ("12.345678", "pid_ns_zap_wait", "<...>-142")
        );
        assert_eq!(
            event.json()["fields"],
            json!({ "ns_id": 14, "nr_pids": 2, "comm": "a b=c" })
        );
    }

    #[test]
    fn a_command_with_brackets() {
        let line = "a [0] b: x-7     [000] .....     1.000000: pid_ns_init: a=b";
        assert_eq!(Event::parse(line).unwrap().task, "a [0] b: x-7");
        assert_eq!(Event::parse("CPU:1 [LOST 12 EVENTS]"), None);
        assert_eq!(Event::parse(""), None);
    }
}
