// SPDX-License-Identifier: GPL-2.0

//! Runs containers on this machine's kernel: without root and, if the tests have it, with root.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio, id};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Pid, Signal, geteuid, kill_process};

const NOBODY: u32 = 65534;
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A user with a folder that is his, and the program in it.
struct User {
    root: bool,
    folder: PathBuf,
}

impl User {
    fn new(root: bool) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("minicontainer-{}-{number}", id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        // By another process: else a fork of ours may have it open for writing when it is executed.
        let mut copy = Command::new("cp");
        copy.arg(env!("CARGO_BIN_EXE_minicontainer")).arg(&folder);
        assert!(copy.status().unwrap().success());
        if geteuid().is_root() && !root {
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Self { root, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.folder).stdin(Stdio::null());
        if geteuid().is_root() && !self.root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Options by words, and a script for the shell in the container.
    fn container(&self, options: &str, script: &str) -> Command {
        let mut command = self.command(self.path("minicontainer"));
        command.args(options.split_whitespace());
        if !script.is_empty() {
            command.args(["sh", "-c", script]);
        }
        command
    }

    fn run(&self, options: &str, script: &str) -> (i32, String, String) {
        parts(self.container(options, script).output().unwrap())
    }

    /// What it prints, if it succeeds and says nothing else.
    fn says(&self, options: &str, script: &str) -> String {
        let (status, said, errors) = self.run(options, script);
        assert_eq!(
            (status, errors.as_str()),
            (0, ""),
            "{options} {script}: {said}"
        );
        said.trim_end().to_owned()
    }

    fn status(&self, options: &str, script: &str) -> i32 {
        self.run(options, script).0
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn parts(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Runs a test as each user that there is here.
fn as_each(test: impl Fn(&User)) {
    for root in [false, true] {
        if root && !geteuid().is_root() {
            continue;
        }
        let user = User::new(root);
        let (_, _, errors) = user.run("", "true");
        if errors.contains("new namespaces") {
            eprintln!("skipped: {errors}");
            continue;
        }
        test(&user);
    }
}

/// A container whose script says "ready" when it is.
fn ready(mut command: Command) -> (Child, BufReader<impl Read>) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, said)
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn numbers_inside() {
    as_each(|user| {
        assert_eq!(user.says("", "echo $$ $PPID"), "2 1");
        assert_eq!(user.says("--no-init", "echo $$ $PPID"), "1 0");
        let all = user.says("", "cd /proc && echo [0-9]*");
        assert_eq!(all, "1 2");
    });
}

#[test]
fn exit_statuses() {
    as_each(|user| {
        for init in ["", "--no-init"] {
            assert_eq!(user.status(init, "exit 0"), 0);
            assert_eq!(user.status(init, "exit 42"), 42);
            assert_eq!(user.status(&format!("{init} /etc/passwd"), ""), 126);
            assert_eq!(user.status(&format!("{init} no-such-command"), ""), 127);
            assert_eq!(user.status(&format!("{init} /no/such/command"), ""), 127);
        }
        assert_eq!(user.status("", "kill -TERM $$"), 143);
        assert_eq!(user.status("", "kill -KILL $$"), 137);
        // Process 1 has no default actions.
        assert_eq!(user.status("--no-init", "kill -KILL $$; exit 5"), 5);
    });
}

#[test]
fn errors_are_one_line() {
    as_each(|user| {
        for (options, what) in [
            (
                "-v /no/such/file:/soft true",
                "volume /no/such/file: No such file or directory",
            ),
            ("-v /etc true", "invalid value"),
            (
                "-w /no/such/folder true",
                "chdir /no/such/folder: No such file or directory",
            ),
            (
                "--rootfs /no/such/folder true",
                "/no/such/folder: No such file or directory",
            ),
            (
                "--no-such-option true",
                "unexpected argument '--no-such-option'",
            ),
            ("", "<COMMAND>"),
        ] {
            let (status, said, errors) = user.run(options, "");
            assert_eq!((status, said.as_str()), (125, ""), "{options}");
            assert!(
                errors.starts_with("minicontainer: ") && errors.contains(what),
                "{errors}"
            );
            assert_eq!(errors.lines().count(), 1, "{errors}");
        }
        let (_, _, errors) = user.run("no-such-command", "");
        assert_eq!(
            errors,
            "minicontainer: no-such-command: command not found\n"
        );
    });
}

#[test]
fn signals_reach_the_command() {
    as_each(|user| {
        // Not those that a shell ignores for what it runs in the background.
        let trap = "trap 'exit 7' TERM USR1 ALRM; echo ready; while :; do sleep 0.01; done";
        for number in [Signal::TERM, Signal::USR1, Signal::ALARM] {
            let (mut child, _said) = ready(user.container("", trap));
            signal(&child, number);
            assert_eq!(child.wait().unwrap().code(), Some(7), "{number:?}");
        }
        for (number, status) in [(Signal::TERM, 143), (Signal::USR2, 140)] {
            let (mut child, _said) = ready(user.container("", "echo ready; exec sleep 1000"));
            signal(&child, number);
            assert_eq!(child.wait().unwrap().code(), Some(status), "{number:?}");
        }
    });
}

#[test]
fn the_callers_signal_mask_is_kept() {
    as_each(|user| {
        let script = "grep SigBlk /proc/self/status";
        let own = parts(
            user.command("grep")
                .args(["SigBlk", "/proc/self/status"])
                .output()
                .unwrap(),
        );
        for init in ["", "--no-init"] {
            assert_eq!(user.says(init, script), own.1.trim_end());
        }
    });
}

#[test]
fn orphans_are_reaped() {
    as_each(|user| {
        // Once with a parent that ends first, once with one that does not wait.
        let script = "sh -c 'sleep 0.01 &'; sh -c 'true & exec true'
            for i in $(seq 1000); do
                grep -qs '^State:.Z' /proc/[0-9]*/status || exit 0
                sleep 0.01
            done
            exit 1";
        assert_eq!(user.status("", script), 0);
    });
}

#[test]
fn all_end_with_the_command() {
    as_each(|user| {
        // The pipe is read until the last one that holds it is gone.
        assert_eq!(user.says("", "setsid sleep 1000 & echo begun"), "begun");
    });
}

#[test]
fn all_end_with_the_runner() {
    as_each(|user| {
        for init in ["", "--no-init"] {
            let (mut child, mut said) =
                ready(user.container(init, "sleep 1000 & echo ready; wait"));
            signal(&child, Signal::KILL);
            child.wait().unwrap();
            said.read_to_end(&mut Vec::new()).unwrap();
        }
    });
}

#[test]
fn volumes() {
    as_each(|user| {
        fs::create_dir(user.path("test")).unwrap();
        fs::set_permissions(user.path("test"), Permissions::from_mode(0o777)).unwrap();
        user.file("test/greeting", "hello\n");
        let mount = |rest: &str| format!("-v {}:{rest}", user.path("test").display());

        // docker run -v /test:/soft
        assert_eq!(
            user.says(&mount("/soft"), "cat /soft/greeting; echo x >/soft/new"),
            "hello"
        );
        assert!(!Path::new("/soft").exists());
        assert_eq!(fs::read_to_string(user.path("test/new")).unwrap(), "x\n");
        assert_eq!(user.says("-v test:/soft", "cat /soft/greeting"), "hello");

        let (status, said, errors) = user.run(&mount("/soft:ro"), "cat /soft/*; echo y >/soft/new");
        assert_ne!(status, 0);
        assert_eq!(said, "hello\nx\n");
        assert!(errors.contains("Read-only file system"), "{errors}");

        // Below a folder of the host that lacks the mount point, and has other things.
        let script = "cat /usr/a/b/greeting && test -x /usr/bin/env && ls /usr/a";
        assert_eq!(user.says(&mount("/usr/a/b"), script), "hello\nb");
        assert!(!Path::new("/usr/a").exists());

        // A file, and a volume in another one.
        let options = format!("{}:ro -v test/new:/soft/greeting", mount("/soft"));
        assert_eq!(user.says(&options, "cat /soft/greeting"), "x");
        let options = format!("-v test/new:/etc/new/file {}", mount("/etc/new/folder"));
        assert_eq!(
            user.says(&options, "cat /etc/new/file /etc/new/folder/greeting"),
            "x\nhello"
        );
    });
}

#[test]
fn the_hosts_files_are_safe() {
    as_each(|user| {
        for path in [
            "/usr/x",
            "/etc/x",
            "/root/x",
            "/proc/sys/kernel/ns_last_pid_x",
        ] {
            assert_ne!(user.status("", &format!("echo x >{path}")), 0, "{path}");
        }
        let sysctl = "echo x >/proc/sys/kernel/core_pattern";
        assert_ne!(user.status("", sysctl), 0);
        assert_eq!(user.says("", "touch /x /tmp/x /run/x; ls /tmp"), "x");
        assert!(!Path::new("/x").exists());
        // No other root to go back to.
        let mounts = user.says("", "cut -d' ' -f5 /proc/self/mountinfo | sort | uniq -d");
        assert_eq!(mounts, "");
    });
}

#[test]
fn another_root_file_system() {
    as_each(|user| {
        for folder in ["image", "image/bin"] {
            fs::create_dir(user.path(folder)).unwrap();
        }
        fs::rename(
            user.path("minicontainer"),
            user.path("image/bin/minicontainer"),
        )
        .unwrap();
        symlink("image/bin/minicontainer", user.path("minicontainer")).unwrap();
        let said = user.says("--rootfs image minicontainer --version", "");
        assert!(said.starts_with("minicontainer "), "{said}");
        assert_eq!(user.status("--rootfs image sh", ""), 127);
    });
}

#[test]
fn devices() {
    as_each(|user| {
        let script =
            "echo x >/dev/null && head -c 4 /dev/urandom | wc -c && ls /dev/pts /dev/shm &&
            readlink /dev/stderr && ls /dev | xargs";
        let said = user.says("", script);
        let said: Vec<_> = said.lines().collect();
        assert_eq!(said[0], "4");
        let all = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero";
        assert_eq!(said[said.len() - 2..], ["/proc/self/fd/2", all]);
    });
}

#[test]
fn host_name_and_environment() {
    as_each(|user| {
        let before = fs::read("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(
            user.says("", "uname -n; echo $HOSTNAME"),
            "minicontainer\nminicontainer"
        );
        assert_eq!(user.says("--hostname box", "uname -n"), "box");
        assert_eq!(fs::read("/proc/sys/kernel/hostname").unwrap(), before);
        let mut command = user.container("-e ONE=1 -e TWO -e NONE", "echo $ONE $TWO $THREE; pwd");
        command.env("TWO", "2").env("THREE", "3");
        let (_, said, _) = parts(command.output().unwrap());
        assert_eq!(said, "1 2\n/\n");
        assert_eq!(user.says("-w /etc", "pwd"), "/etc");
    });
}

#[test]
fn namespaces_are_new() {
    as_each(|user| {
        let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];
        let script = format!("cd /proc/self/ns && readlink {}", kinds.join(" "));
        let differ = |inside: &str| -> Vec<&str> {
            let outside = |kind: &str| fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
            let pairs = kinds.iter().zip(inside.lines());
            pairs
                .filter(|(kind, line)| outside(kind) != Path::new(line))
                .map(|(kind, _)| *kind)
                .collect()
        };
        assert_eq!(differ(&user.says("", &script)), kinds);
        let without_net = differ(&user.says("--host-network", &script));
        assert_eq!(without_net.len(), kinds.len() - 1);
        assert_eq!(user.says("", "id -u; id -g"), "0\n0");
        let devices = "tail -n +3 /proc/net/dev | cut -d: -f1 | xargs";
        assert_eq!(user.says("", devices), "lo");
    });
}

#[test]
fn files_of_the_caller_are_closed() {
    as_each(|user| {
        for init in ["", "--no-init"] {
            let script =
                format!("exec 9</etc/passwd; exec ./minicontainer {init} ls /proc/self/fd");
            let (status, said, _) =
                parts(user.command("sh").args(["-c", &script]).output().unwrap());
            // 3 is the folder that ls reads.
            assert_eq!((status, said.as_str()), (0, "0\n1\n2\n3\n"));
        }
    });
}

/// The rows of the tables that were printed, as numbers.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text
        .lines()
        .map(|line| line.strip_prefix("minicontainer: ").unwrap());
    let rows = rows.filter(|row| row.starts_with("pid:["));
    rows.map(|row| row.split_whitespace().skip(1).map(str::to_owned).collect())
        .collect()
}

#[test]
fn numbers_at_each_level() {
    as_each(|user| {
        let child = user
            .container("--verbose", "true")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let runner = child.id().to_string();
        let (_, _, table) = parts(child.wait_with_output().unwrap());
        let rows = rows(&table);
        assert_eq!(rows.len(), 2, "{table}");
        assert_eq!(rows[0][0], runner);
        assert_eq!(rows[1], ["-", "1", "2"]);
        let mut numbers: Vec<u32> = rows[0]
            .iter()
            .map(|number| number.parse().unwrap())
            .collect();
        numbers.dedup();
        assert_eq!(numbers.len(), 3, "{table}");
    });
}

#[test]
fn nested() {
    as_each(|user| {
        let outer = "--verbose -v .:/mc /mc/minicontainer";
        let inner = "--verbose -v /mc:/mc /mc/minicontainer --verbose";
        let (status, said, errors) = user.run(&format!("{outer} {inner}"), "echo $$");
        if user.root {
            // Some of /proc is covered there.
            assert_eq!(status, 125, "{errors}");
            assert!(errors.contains("mount /proc"), "{errors}");
            return;
        }
        assert_eq!((status, said.as_str()), (0, "2\n"), "{errors}");
        let rows = rows(&errors);
        assert_eq!(rows.len(), 6, "{errors}");
        // Each runner is the command of the one around it.
        for level in 1..3 {
            assert_eq!(rows[2 * level][0], rows[2 * level - 1][2], "{errors}");
        }
    });
}

#[test]
fn a_command_that_ends_at_once() {
    as_each(|user| {
        for _ in 0..50 {
            assert_eq!(user.status("--verbose", "exit 3"), 3);
        }
    });
}
