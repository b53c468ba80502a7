// SPDX-License-Identifier: GPL-2.0

//! Which system calls an operation is made of. Both the controller and the
//! reproducers ([`crate::script`]) are made from this.

use syscalls::Sysno;

use crate::program::{
    Capability, Dest, Fd, Num, Op, RawArg, RawCall, Sysctl, Task, Translation, Which,
};
use crate::uapi;

/// A number in a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Who {
    /// A task's in the outermost namespace, whose procfs is at hand.
    Outer(Task),
    Num(Num),
}

/// An argument of a system call.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    Value(i64),
    Num(Num),
    /// The number of a process group, as kill(2) takes it.
    Minus(Num),
    Fd(Fd),
    /// The procfs of the outermost namespace.
    Proc,
    Text(String),
    /// A path that begins with a number.
    Path(Who, String),
    Bytes(Vec<u8>),
    /// Room for an answer.
    Out(usize),
    /// The same, with something in it. At most one in an operation, and first.
    InOut(Vec<u8>),
    /// The place of the `InOut` again.
    Again,
    /// What an earlier call returned.
    Result(usize),
    /// The caller's capabilities without one, as capset(2) takes them.
    CapsWithout(Capability),
}

/// What becomes of a descriptor that a call returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Returns {
    Nothing,
    /// It is closed when the operation is over.
    Fd,
    /// It is kept under the name that the operation gives.
    Kept,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub number: u32,
    pub name: &'static str,
    pub args: Vec<Arg>,
    pub returns: Returns,
}

fn numbered(number: u32, name: &'static str, args: Vec<Arg>) -> Call {
    Call {
        number,
        name,
        args,
        returns: Returns::Nothing,
    }
}

fn call(number: Sysno, args: Vec<Arg>) -> Call {
    numbered(number as u32, number.name(), args)
}

impl Call {
    fn closing(mut self) -> Self {
        self.returns = Returns::Fd;
        self
    }

    fn kept(mut self) -> Self {
        self.returns = Returns::Kept;
        self
    }
}

fn value(v: impl Into<i64>) -> Arg {
    Arg::Value(v.into())
}

fn text(s: &str) -> Arg {
    Arg::Text(s.to_string())
}

fn open_at(path: Arg, flags: i32) -> Call {
    let flags = value(flags | libc::O_CLOEXEC);
    call(Sysno::openat, vec![Arg::Proc, path, flags]).closing()
}

fn read(size: usize) -> Call {
    let args = vec![Arg::Result(0), Arg::Out(size), value(size as i64)];
    call(Sysno::read, args)
}

fn write(what: &str) -> Call {
    let args = vec![Arg::Result(0), text(what), value(what.len() as i64)];
    call(Sysno::write, args)
}

fn ioctl(fd: &Fd, request: u32, argument: Arg) -> Call {
    call(Sysno::ioctl, vec![Arg::Fd(*fd), value(request), argument])
}

/// The path of a sysctl.
pub fn sysctl_path(file: Sysctl) -> &'static str {
    match file {
        Sysctl::LastPid => "sys/kernel/ns_last_pid",
        Sysctl::PidMax => "sys/kernel/pid_max",
        Sysctl::MemfdNoexec => "sys/vm/memfd_noexec",
        Sysctl::MaxCgroup => "sys/user/max_cgroup_namespaces",
        Sysctl::MaxIpc => "sys/user/max_ipc_namespaces",
        Sysctl::MaxMnt => "sys/user/max_mnt_namespaces",
        Sysctl::MaxNet => "sys/user/max_net_namespaces",
        Sysctl::MaxPid => "sys/user/max_pid_namespaces",
        Sysctl::MaxTime => "sys/user/max_time_namespaces",
        Sysctl::MaxUser => "sys/user/max_user_namespaces",
        Sysctl::MaxUts => "sys/user/max_uts_namespaces",
    }
}

fn wait(which: &Which, options: u32) -> Call {
    let (kind, id) = match which {
        Which::One(who) => (libc::P_PID, Arg::Num(who.clone())),
        Which::Pidfd(fd) => (libc::P_PIDFD, Arg::Fd(*fd)),
        Which::Group(who) => (libc::P_PGID, Arg::Num(who.clone())),
        Which::All => (libc::P_ALL, value(0)),
    };
    let args = vec![value(kind), id, Arg::Out(128), value(options), value(0)];
    call(Sysno::waitid, args)
}

fn mount_proc(of: Option<u16>) -> Vec<Call> {
    let mut calls = vec![call(Sysno::fsopen, vec![text("proc"), value(1)]).closing()];
    if let Some(file) = of {
        let args = vec![
            Arg::Result(0),
            value(uapi::FSCONFIG_SET_FD),
            text("pidns"),
            value(0),
            Arg::Fd(Fd::Is(file)),
        ];
        calls.push(call(Sysno::fsconfig, args));
    }
    let mut create = vec![Arg::Result(0), value(uapi::FSCONFIG_CMD_CREATE)];
    create.extend([value(0), value(0), value(0)]);
    calls.push(call(Sysno::fsconfig, create));
    let mount = vec![Arg::Result(0), value(1), value(0)];
    calls.push(call(Sysno::fsmount, mount).kept());
    calls
}

fn raw_arg(arg: &RawArg) -> Arg {
    match arg {
        RawArg::Num(num) => Arg::Num(num.clone()),
        RawArg::Fd(fd) => Arg::Fd(*fd),
        RawArg::Value(value) => Arg::Value(*value),
        RawArg::Bytes(bytes) => Arg::Bytes(bytes.clone()),
    }
}

fn raw(what: RawCall, args: &[RawArg]) -> Call {
    let number = match what {
        RawCall::Clone => Sysno::clone3,
        RawCall::Ioctl => Sysno::ioctl,
        RawCall::PidfdGetfd => Sysno::pidfd_getfd,
        RawCall::PidfdOpen => Sysno::pidfd_open,
        RawCall::PidfdSignal => Sysno::pidfd_send_signal,
        RawCall::Reboot => Sysno::reboot,
        RawCall::Setns => Sysno::setns,
        RawCall::Unshare => Sysno::unshare,
    };
    let returns_fd = match (what, args.get(1)) {
        (RawCall::PidfdGetfd | RawCall::PidfdOpen, _) => true,
        (RawCall::Ioctl, Some(RawArg::Value(request))) => uapi::ioctl_opens(*request as u32),
        _ => false,
    };
    let call = call(number, args.iter().map(raw_arg).collect());
    match returns_fd {
        true => call.closing(),
        false => call,
    }
}

/// Reads or writes a sysctl at an offset.
fn raw_sysctl(
    file: Sysctl,
    flags: i32,
    number: Sysno,
    data: &RawArg,
    place: [i64; 2],
) -> Vec<Call> {
    let mut args = vec![Arg::Result(0), raw_arg(data)];
    args.extend(place.map(Arg::Value));
    vec![open_at(text(sysctl_path(file)), flags), call(number, args)]
}

/// The calls of an operation; none for those that the controller does itself or
/// that are no mere calls (clone, exec, the exit of a thread).
pub fn lower(op: &Op) -> Vec<Call> {
    let num = |n: &Num| Arg::Num(n.clone());
    match op {
        Op::Clone { .. } | Op::ThreadExit | Op::Exec => vec![],
        Op::PidfdPoll { .. } | Op::Close { .. } | Op::Look => vec![],
        Op::Exit { code } => vec![call(Sysno::exit_group, vec![value(*code)])],
        Op::Wait { which, options } => vec![wait(which, options.bits())],
        Op::Reboot { command } => {
            let magic = [uapi::REBOOT_MAGIC1, uapi::REBOOT_MAGIC2].map(value);
            let mut args = magic.to_vec();
            args.extend([value(*command), text("")]);
            vec![call(Sysno::reboot, args)]
        }
        Op::Kill { to, signal } => {
            let to = match to {
                Dest::One(who) => num(who),
                Dest::Group(who) => Arg::Minus(who.clone()),
                Dest::OwnGroup => value(0),
                Dest::All => value(-1),
            };
            vec![call(Sysno::kill, vec![to, value(*signal)])]
        }
        Op::Tgkill {
            process,
            thread,
            signal,
        } => {
            let args = vec![num(process), num(thread), value(*signal)];
            vec![call(Sysno::tgkill, args)]
        }
        Op::PidfdSignal { fd, signal, flags } => {
            let args = vec![Arg::Fd(*fd), value(*signal), value(0), value(*flags)];
            vec![call(Sysno::pidfd_send_signal, args)]
        }
        Op::Unshare { flags } => {
            vec![call(Sysno::unshare, vec![value(flags.bits() as i64)])]
        }
        Op::Setns { fd, flags } => {
            let args = vec![Arg::Fd(*fd), value(flags.bits() as i64)];
            vec![call(Sysno::setns, args)]
        }
        Op::NsOpen { of, file, .. } => {
            let path = Arg::Path(Who::Outer(*of), format!("/ns/{}", uapi::ns_file(*file)));
            vec![open_at(path, libc::O_RDONLY).kept()]
        }
        Op::NsParent { fd, .. } => vec![ioctl(fd, uapi::NS_GET_PARENT, value(0)).kept()],
        Op::NsUser { fd, .. } => vec![ioctl(fd, uapi::NS_GET_USERNS, value(0)).kept()],
        Op::NsType { fd } => vec![ioctl(fd, uapi::NS_GET_NSTYPE, value(0))],
        Op::NsOwner { fd } => vec![ioctl(fd, uapi::NS_GET_OWNER_UID, Arg::Out(4))],
        Op::NsId { fd } => vec![ioctl(fd, uapi::NS_GET_ID, Arg::Out(8))],
        Op::NsTranslate { fd, how, who } => {
            let request = match how {
                Translation::PidFrom => uapi::NS_GET_PID_FROM_PIDNS,
                Translation::TgidFrom => uapi::NS_GET_TGID_FROM_PIDNS,
                Translation::PidIn => uapi::NS_GET_PID_IN_PIDNS,
                Translation::TgidIn => uapi::NS_GET_TGID_IN_PIDNS,
            };
            vec![ioctl(fd, request, num(who))]
        }
        Op::NsHandle { fd, .. } => {
            let mut handle = vec![0; 8 + 128];
            handle[..4].copy_from_slice(&128u32.to_ne_bytes());
            let mut name = vec![Arg::Fd(*fd), text(""), Arg::InOut(handle), Arg::Out(8)];
            name.push(value(libc::AT_EMPTY_PATH));
            let mut open = vec![value(uapi::FD_NSFS_ROOT), Arg::Again];
            open.push(value(libc::O_RDONLY | libc::O_CLOEXEC));
            vec![
                call(Sysno::name_to_handle_at, name),
                call(Sysno::open_by_handle_at, open).kept(),
            ]
        }
        Op::ListNs { types } => {
            let request = uapi::ns_id_req(types.bits() as u32);
            let mut args = vec![Arg::Bytes(request), Arg::Out(8 * uapi::LISTNS_ROOM)];
            args.extend([value(uapi::LISTNS_ROOM as i64), value(0)]);
            vec![numbered(uapi::SYS_LISTNS, "listns", args)]
        }
        Op::PidfdOpen { who, flags, .. } => {
            vec![call(Sysno::pidfd_open, vec![num(who), value(*flags)]).kept()]
        }
        Op::PidfdGetfd { fd, remote, flags } => {
            let args = vec![Arg::Fd(*fd), value(*remote), value(*flags)];
            vec![call(Sysno::pidfd_getfd, args).closing()]
        }
        Op::PidfdInfo { fd } => {
            let mut info = vec![0; uapi::PIDFD_INFO_SIZE];
            info[..8].copy_from_slice(&uapi::PIDFD_INFO_WANTED.to_ne_bytes());
            vec![ioctl(fd, uapi::PIDFD_GET_INFO, Arg::InOut(info))]
        }
        Op::PidfdNs { fd, file, .. } => {
            vec![ioctl(fd, uapi::pidfd_get_ns(*file), value(0)).kept()]
        }
        Op::Setsid => vec![call(Sysno::setsid, vec![])],
        Op::Setpgid { who, group } => {
            vec![call(Sysno::setpgid, vec![num(who), num(group)])]
        }
        Op::Getpgid { who } => vec![call(Sysno::getpgid, vec![num(who)])],
        Op::Getsid { who } => vec![call(Sysno::getsid, vec![num(who)])],
        Op::Ids => vec![
            call(Sysno::getpid, vec![]),
            call(Sysno::gettid, vec![]),
            call(Sysno::getppid, vec![]),
            call(Sysno::getpgid, vec![value(0)]),
            call(Sysno::getsid, vec![value(0)]),
        ],
        Op::Subreaper { on } => {
            let args = vec![value(libc::PR_SET_CHILD_SUBREAPER), value(*on)];
            vec![call(Sysno::prctl, args)]
        }
        Op::ReadSysctl { file } => {
            vec![open_at(text(sysctl_path(*file)), libc::O_RDONLY), read(64)]
        }
        Op::WriteSysctl { file, value } => vec![
            open_at(text(sysctl_path(*file)), libc::O_WRONLY),
            write(&value.to_string()),
        ],
        Op::Loadavg => vec![open_at(text("loadavg"), libc::O_RDONLY), read(128)],
        Op::Memfd { flags } => vec![
            call(Sysno::memfd_create, vec![text("fuzz"), value(*flags)]).closing(),
            call(
                Sysno::fcntl,
                vec![Arg::Result(0), value(libc::F_GET_SEALS), value(0)],
            ),
        ],
        Op::Status { of } => {
            let path = Arg::Path(Who::Outer(*of), "/status".to_string());
            vec![open_at(path, libc::O_RDONLY), read(4096)]
        }
        Op::MountProc { of, .. } => mount_proc(*of),
        Op::ProcList { fd } => {
            let flags = value(libc::O_DIRECTORY | libc::O_CLOEXEC);
            let open = call(Sysno::openat, vec![Arg::Fd(*fd), text("."), flags]).closing();
            let room = || vec![Arg::Result(0), Arg::Out(8000), value(8000)];
            let more = || call(Sysno::getdents64, room());
            vec![open, more(), more()]
        }
        Op::ProcStatus { fd, who } => {
            let path = Arg::Path(Who::Num(who.clone()), "/status".to_string());
            let flags = value(libc::O_RDONLY | libc::O_CLOEXEC);
            let open = call(Sysno::openat, vec![Arg::Fd(*fd), path, flags]).closing();
            vec![open, read(4096)]
        }
        Op::IdMap { of } => {
            let path = Arg::Path(Who::Outer(*of), "/uid_map".to_string());
            vec![open_at(path, libc::O_WRONLY), write("0 0 1\n1 1 65535")]
        }
        Op::Setuid { uid } => {
            vec![call(Sysno::setresuid, vec![value(*uid); 3])]
        }
        Op::Drop { capability } => {
            let header = Arg::Bytes(uapi::capability_header());
            let args = vec![header, Arg::CapsWithout(*capability)];
            vec![call(Sysno::capset, args)]
        }
        Op::Raw { call, args } => vec![raw(*call, args)],
        Op::RawRead { file, to, len, at } => {
            raw_sysctl(*file, libc::O_RDONLY, Sysno::pread64, to, [*len, *at])
        }
        Op::RawWrite {
            file,
            from,
            len,
            at,
        } => raw_sysctl(*file, libc::O_WRONLY, Sysno::pwrite64, from, [*len, *at]),
        Op::Nproc { limit } => {
            let limits = [*limit, uapi::NPROC_MAX].map(u64::to_ne_bytes).concat();
            let mut args = vec![value(0), value(libc::RLIMIT_NPROC)];
            args.extend([Arg::Bytes(limits), value(0)]);
            vec![call(Sysno::prlimit64, args)]
        }
    }
}

/// How a worker finds out its numbers.
pub fn thread_self() -> Vec<Call> {
    let args = vec![Arg::Proc, text("thread-self"), Arg::Out(64), value(64)];
    vec![call(Sysno::readlinkat, args)]
}
