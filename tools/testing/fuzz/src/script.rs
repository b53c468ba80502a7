// SPDX-License-Identifier: GPL-2.0

//! A program as C, to be built and run without the fuzzer.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::lower::{Arg, Call, Returns, Who, lower};
use crate::program::{CONTROLLER, Fd, Num, Op, Program, Step, Task, Which};
use crate::report::new_file;
use crate::uapi;

const RUNTIME: &str = include_str!("script_runtime.c");

fn num(me: Task, num: &Num) -> String {
    match num {
        Num::Of(task) => format!("nr({me}, {task})"),
        Num::Raw(value) => value.to_string(),
    }
}

fn fd(fd: Fd) -> String {
    match fd {
        Fd::Is(file) => format!("fd({file})"),
        Fd::Bad => "-1".to_string(),
        Fd::Plain => "plain()".to_string(),
        Fd::MyThread => uapi::PIDFD_SELF_THREAD.to_string(),
        Fd::MyProcess => uapi::PIDFD_SELF_THREAD_GROUP.to_string(),
    }
}

fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        match byte {
            b' '..=b'~' if !b"\"\\?".contains(byte) => text.push(char::from(*byte)),
            // Three octal digits: nothing that follows belongs to it.
            _ => text += &format!("\\{byte:03o}"),
        }
    }
    text + "\""
}

fn number(value: i64) -> String {
    match value {
        -4096..=4096 => value.to_string(),
        _ => format!("{value:#x}ul"),
    }
}

/// An argument, and how much of the room for output is taken so far.
fn arg(me: Task, arg: &Arg, room: &mut usize) -> String {
    match arg {
        Arg::Value(value) => number(*value),
        Arg::Num(n) => num(me, n),
        // In parentheses: the number may have a sign of its own.
        Arg::Minus(n) => format!("-({})", num(me, n)),
        Arg::Fd(f) => fd(*f),
        Arg::Proc => "PROC_FD".to_string(),
        Arg::Text(text) => quoted(text.as_bytes()),
        Arg::Path(who, rest) => {
            let number = match who {
                Who::Outer(task) => format!("outer({task})"),
                Who::Num(n) => num(me, n),
            };
            format!("path({number}, {})", quoted(rest.as_bytes()))
        }
        Arg::Bytes(bytes) => quoted(bytes),
        Arg::Out(len) => {
            let at = *room;
            *room += len.next_multiple_of(8);
            format!("out + {at}")
        }
        Arg::InOut(bytes) => {
            *room += bytes.len().next_multiple_of(8);
            format!("fill({}, {})", quoted(bytes), bytes.len())
        }
        Arg::Again => "out".to_string(),
        Arg::Result(at) => format!("r[{at}]"),
        Arg::CapsWithout(capability) => {
            let bit = uapi::capability_bit(*capability).trailing_zeros();
            format!("caps_without({bit})")
        }
    }
}

fn calls(step: &Step, calls: &[Call]) -> String {
    let me = step.by;
    let mut text = String::new();
    let mut room = 0;
    let mut indent = "\t\t".to_string();
    for (at, call) in calls.iter().enumerate() {
        let mut words = vec![call.number.to_string()];
        words.extend(call.args.iter().map(|a| arg(me, a, &mut room)));
        let call_text = format!("syscall({})", words.join(", "));
        let said = format!("say({me}, {}, \"{}\", {call_text})", step.id, call.name);
        let _ = writeln!(text, "{indent}r[{at}] = {said};");
        if at + 1 < calls.len() {
            let _ = writeln!(text, "{indent}if (r[{at}] >= 0) {{");
            indent.push('\t');
        }
    }
    let last = calls.len() - 1;
    let print = match &step.op {
        Op::ReadSysctl { .. } | Op::Loadavg => "dprintf(1, \"    %s\", out);",
        Op::Status { .. } | Op::ProcStatus { .. } => "show(out);",
        Op::Wait { .. } => "dprintf(1, \"    pid=%d\\n\", ((siginfo_t *)out)->si_pid);",
        Op::PidfdInfo { .. } => {
            "dprintf(1, \"    pid=%d tgid=%d ppid=%d\\n\", ((int *)out)[4], ((int *)out)[5], ((int *)out)[6]);"
        }
        _ => "",
    };
    if !print.is_empty() {
        let _ = writeln!(text, "{indent}if (r[{last}] >= 0)\n{indent}\t{print}");
    }
    if calls[last].returns == Returns::Kept {
        let file = new_file(&step.op).unwrap_or_default();
        let _ = writeln!(text, "{indent}keep({file}, r[{last}]);");
    }
    for depth in (0..calls.len() - 1).rev() {
        let _ = writeln!(text, "{}}}", "\t".repeat(depth + 2));
    }
    text
}

/// What a step does, as C within a block.
fn statements(step: &Step) -> String {
    let (me, id) = (step.by, step.id);
    match &step.op {
        Op::Clone {
            child,
            flags,
            signal,
            tids,
            pidfd,
        } => {
            let numbers: Vec<String> = tids.iter().map(|n| num(me, n)).collect();
            let array = match numbers.is_empty() {
                true => "NULL".to_string(),
                false => format!("(int[]){{ {} }}", numbers.join(", ")),
            };
            let made = format!(
                "make({child}, {:#x}ull, {signal}, {array}, {}, {pidfd})",
                flags.bits(),
                tids.len()
            );
            format!("\t\tsay({me}, {id}, \"clone3\", {made});\n")
        }
        Op::ThreadExit => {
            "\t\tdone(STEP);\n\t\tsyscall(SYS_exit, 0);\n".replace("STEP", &id.to_string())
        }
        Op::Exec => {
            format!("\t\tdone({id});\n\t\tsay({me}, {id}, \"execve\", start_anew({me}, {id}));\n")
        }
        Op::Close { file } => format!("\t\tclose(get({file}, 0));\n"),
        Op::Look => "\t\tlook();\n".to_string(),
        Op::PidfdPoll { fd: of } => format!(
            "\t\tsay({me}, {id}, \"poll\", poll(&(struct pollfd){{ {}, POLLIN }}, 1, 0));\n",
            fd(*of)
        ),
        Op::Wait {
            which: Which::All | Which::Group(_),
            ..
        } => {
            let once = calls(step, &lower(&step.op));
            format!("\t\tdo {{\n{once}\t\t}} while (!r[0] && ((siginfo_t *)out)->si_pid);\n")
        }
        op => calls(step, &lower(op)),
    }
}

/// The name of the helper that a part of the runtime is, if it is one.
fn helper(part: &str) -> Option<&str> {
    let head = part.lines().find(|line| line.starts_with("static "))?;
    let name = head.split('(').next()?.rsplit([' ', '*']).next();
    name.filter(|_| part.ends_with("\n}"))
}

fn is_called(name: &str, text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let call = format!("{name}(");
    text.match_indices(&call)
        .any(|(at, _)| !text[..at].ends_with(inside))
}

/// The runtime without the helpers that the steps can do without.
fn runtime(steps: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in RUNTIME.trim_end().split("\n\n") {
        match parts.last_mut() {
            Some(last) if part.starts_with('\t') => *last += &format!("\n\n{part}"),
            _ => parts.push(part.to_string()),
        }
    }
    // One that is left out may have been all that needs another.
    while let Some(at) = parts.iter().position(|part| {
        let others = || parts.iter().filter(|other| *other != part);
        helper(part)
            .is_some_and(|name| !is_called(name, steps) && !others().any(|o| is_called(name, o)))
    }) {
        parts.remove(at);
    }
    parts.join("\n\n") + "\n\n"
}

/// The whole of the C program.
pub fn script(program: &Program) -> String {
    let steps = &program.steps;
    let by_controller = |s: &Step| {
        s.by == CONTROLLER || matches!(s.op, Op::Look | Op::Close { .. } | Op::PidfdPoll { .. })
    };
    let children = steps.iter().filter_map(|s| match s.op {
        Op::Clone { child, .. } => Some(child),
        _ => None,
    });
    let tasks = children
        .chain(steps.iter().map(|s| s.by))
        .max()
        .unwrap_or(0);
    let named = steps.iter().map(|s| s.to_string());
    let files = named
        .flat_map(|text| {
            let parts = text
                .split("Is(")
                .map(|part| part.split(')').next().unwrap_or("").to_string());
            parts.collect::<Vec<_>>()
        })
        .filter_map(|n| n.parse().ok())
        .chain(steps.iter().filter_map(|s| new_file(&s.op)))
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    let mut bodies: BTreeMap<Task, String> = (0..=tasks).map(|t| (t, String::new())).collect();
    let mut drive = String::new();
    for step in steps {
        let id = step.id;
        let note = format!("\t/* {} */\n", step.to_string().replace("*/", "* /"));
        if by_controller(step) {
            let mine = Step {
                by: CONTROLLER,
                ..step.clone()
            };
            let _ = write!(drive, "{note}\t{{\n{}\t}}\n", statements(&mine));
        } else {
            let _ = writeln!(drive, "\tturn({id});");
            let body = bodies.entry(step.by).or_default();
            let _ = write!(
                body,
                "{note}\tif (at({}, {id})) {{\n{}\t\tdone({id});\n\t}}\n",
                step.by,
                statements(step)
            );
        }
    }
    let _ = writeln!(text, "/* The steps, by task. */");
    for (task, body) in &bodies {
        let _ = writeln!(text, "static void task_{task}(void)\n{{\n{body}}}\n");
    }
    let names: Vec<String> = bodies.keys().map(|t| format!("task_{t}")).collect();
    let _ = writeln!(
        text,
        "static void (*const body[])(void) = {{ {} }};\n",
        names.join(", ")
    );
    let _ = writeln!(text, "/* Their order, and those of the init of all. */");
    let _ = writeln!(text, "static void drive(void)\n{{\n{drive}}}");
    let sizes = format!("#define TASKS {}\n#define FILES {}\n", tasks + 1, files + 1);
    runtime(&text).replacen("#define SHARED_FD", &(sizes + "#define SHARED_FD"), 1) + &text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::generate;

    #[test]
    fn every_operation_can_be_written() {
        for seed in 0..30 {
            let program = generate(seed, 300);
            let text = script(&program);
            // Each step is named once.
            for step in &program.steps {
                assert!(text.contains(&format!("/* {step} */")), "{step}");
            }
        }
    }

    #[test]
    fn helpers_are_there_if_needed() {
        let text = script(&"(id:0,by:0,op:Look)".parse().unwrap());
        for name in ["look", "show", "enter", "begin"] {
            assert!(text.contains(&format!(" {name}(")), "{name}");
        }
        for name in ["make", "keep", "plain", "caps_without"] {
            assert!(!text.contains(&format!("{name}(")), "{name}");
        }
    }

    #[test]
    fn a_number_keeps_its_sign() {
        let program = "(id:0,by:0,op:Kill(to:Group(Raw(-1)),signal:0))";
        let text = script(&program.parse().unwrap());
        assert!(text.contains("syscall(62, -(-1), 0)"));
    }

    #[test]
    fn strings_are_quoted() {
        assert_eq!(quoted(b"a\"\\\n7"), "\"a\\042\\134\\0127\"");
    }
}
