// SPDX-License-Identifier: GPL-2.0

//! The list of namespaces, as a table, as a tree, or as JSON.

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::namespaces::{Namespace, Namespaces};
use crate::proc::Proc;
use crate::snapshot::{Holder, Snapshot};

/// What a row can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Column {
    /// inode number
    Ns,
    /// id, which is not used again until the next boot
    Id,
    /// levels below the namespace of /proc
    Level,
    /// inode number of the parent
    Parent,
    /// inode number of the user namespace that owns it
    Owner,
    /// its init
    Init,
    /// processes in it, without those further down
    Nprocs,
    /// numbers in use, further down included
    Npids,
    /// open files of it
    Nfiles,
    /// mounts of it
    Nmounts,
    /// namespaces directly below
    Nchild,
    /// waits, alive, dying or empty
    State,
    /// kernel.ns_last_pid there
    Lastpid,
    /// its kernel.pid_max
    Pidmax,
    /// the user who made the owning user namespace
    Uid,
    /// the init's command line
    Command,
}

/// Those that are shown by default.
pub const DEFAULT: &[Column] = &[
    Column::Ns,
    Column::Id,
    Column::Level,
    Column::Parent,
    Column::Owner,
    Column::Init,
    Column::Nprocs,
    Column::Nfiles,
    Column::Nmounts,
    Column::Nchild,
    Column::State,
    Column::Command,
];

impl Column {
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or(String::new(), |value| value.get_name().to_owned())
    }

    fn is_number(self) -> bool {
        !matches!(self, Column::State | Column::Command)
    }
}

fn holders<'a>(one: &Namespace, seen: &'a Snapshot) -> &'a [Holder] {
    one.ino()
        .and_then(|ino| seen.holders.get(&ino))
        .map_or(&[], Vec::as_slice)
}

/// A cell; null where it is not known.
fn cell(column: Column, one: &Namespace, seen: &Snapshot, all: &Namespaces, proc: &Proc) -> Value {
    let count = |of: fn(&Holder) -> usize| holders(one, seen).iter().map(of).sum::<usize>();
    let info = one.info.as_ref();
    match column {
        Column::Ns => json!(one.ino()),
        Column::Id => json!(one.id),
        Column::Level => json!(one.level),
        Column::Parent => json!(one.parent.and_then(|key| all.get(key)?.ino())),
        Column::Owner => json!(one.owner.as_ref().map(|owner| owner.ino)),
        Column::Uid => json!(one.owner.as_ref().and_then(|owner| owner.uid)),
        Column::Init => json!(one.init),
        Column::Nprocs => json!(one.members.len()),
        Column::Npids => json!(info.map(|info| info.nr_pids)),
        Column::Nfiles => json!(count(|one| match one {
            Holder::Files { fds, .. } => fds.len(),
            Holder::Mount { .. } | Holder::Children { .. } => 0,
        })),
        Column::Nmounts => json!(count(|one| matches!(one, Holder::Mount { .. }).into())),
        Column::Nchild => json!(all.children(one.key).count()),
        Column::State => json!(one.state.name()),
        Column::Lastpid => json!(info.map(|info| info.last_pid)),
        Column::Pidmax => json!(info.map(|info| info.pid_max)),
        Column::Command => {
            let init = one.init.and_then(|pid| seen.tasks.get(&pid));
            json!(init.map(|task| proc.command(&task.status)))
        }
    }
}

/// A namespace with all columns.
pub fn json(one: &Namespace, seen: &Snapshot, all: &Namespaces, proc: &Proc) -> Value {
    let cells = Column::value_variants().iter();
    cells
        .map(|column| (column.name(), cell(*column, one, seen, all, proc)))
        .collect()
}

/// All namespaces with these columns.
pub fn json_list(columns: &[Column], seen: &Snapshot, all: &Namespaces, proc: &Proc) -> Value {
    let row = |one: &Namespace| -> Value {
        let cells = columns.iter();
        cells
            .map(|column| (column.name(), cell(*column, one, seen, all, proc)))
            .collect()
    };
    json!({ "pidnamespaces": all.in_order().iter().map(|(one, _)| row(one)).collect::<Vec<_>>() })
}

/// How a table is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    pub tree: bool,
    pub headings: bool,
    /// Lines of a tree as in Unicode.
    pub unicode: bool,
    /// Characters in a line, if it is to be cut.
    pub width: Option<usize>,
}

/// The lines before a row of a tree.
fn branches(more: &[bool], unicode: bool) -> String {
    let [cross, corner, line, blank] = if unicode {
        ["├─", "└─", "│ ", "  "]
    } else {
        ["|-", "`-", "| ", "  "]
    };
    let Some((last, above)) = more.split_last() else {
        return String::new();
    };
    let above: String = above
        .iter()
        .map(|more| if *more { line } else { blank })
        .collect();
    above + if *last { cross } else { corner }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The table of all namespaces.
pub fn table(
    columns: &[Column],
    style: Style,
    seen: &Snapshot,
    all: &Namespaces,
    proc: &Proc,
) -> String {
    let row = |(one, more): &(&Namespace, Vec<bool>)| -> Vec<String> {
        let mut cells: Vec<String> = columns
            .iter()
            .map(|column| text(&cell(*column, one, seen, all, proc)))
            .collect();
        if let (true, Some(first)) = (style.tree, cells.first_mut()) {
            first.insert_str(0, &branches(more, style.unicode));
        }
        cells
    };
    let heading = columns
        .iter()
        .map(|column| column.name().to_uppercase())
        .collect();
    let mut rows: Vec<Vec<String>> = if style.headings {
        vec![heading]
    } else {
        Vec::new()
    };
    rows.extend(all.in_order().iter().map(row));
    let right: Vec<bool> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| column.is_number() && !(style.tree && index == 0))
        .collect();
    let out = align(&rows, &right);
    match style.width {
        Some(width) => out.lines().map(|line| cut(line, width) + "\n").collect(),
        None => out,
    }
}

fn cut(line: &str, width: usize) -> String {
    line.chars().take(width).collect()
}

/// Columns side by side, some to the right.
pub fn align(rows: &[Vec<String>], right: &[bool]) -> String {
    let mut widths = vec![0; right.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .zip(right)
            .map(|((cell, width), right)| {
                if *right {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
        out += cells.collect::<Vec<_>>().join(" ").trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn a_tree() {
        let proc = Fixture::new(include_str!("../fixtures/nested.txt"));
        let seen = Snapshot::recorded(&proc).unwrap();
        let all = Namespaces::of(&seen, &proc);
        let style = Style {
            tree: true,
            headings: true,
            unicode: false,
            width: Some(25),
        };
        let columns = [Column::Init, Column::Nprocs, Column::Nchild, Column::State];
        let expected = "\
INIT    NPROCS NCHILD STA
1            2      2 ali
|-100        2      1 ali
| `-110      2      0 dyi
`-200        1      0 ali
";
        assert_eq!(table(&columns, style, &seen, &all, &proc), expected);
        let row = json(all.0.values().next().unwrap(), &seen, &all, &proc);
        assert_eq!((&row["init"], &row["ns"]), (&json!(1), &Value::Null));
    }
}
