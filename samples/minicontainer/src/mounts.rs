// SPDX-License-Identifier: GPL-2.0

//! The container's files.
//!
//! Its root is a fresh tmpfs. What is at the top of `--rootfs` is bound there read-only, piece by
//! piece, so that a volume can get a mount point without a change to the host's files. What is
//! needed of the host is opened before the new root covers it, and attached once the new root
//! is `/`: then paths are the container's.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags,
    OpenTreeFlags, UnmountFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen,
    mount_change, move_mount, open_tree, unmount,
};
use rustix::process::{geteuid, pivot_root};

use crate::cli::{Arguments, Volume};
use crate::error::{Context, Result};
use crate::sys;

/// Where the new root is until it is `/`. Every system has it.
const SCRATCH: &str = "/tmp";
/// Not taken from the root file system: fresh and empty, or mounted.
const FRESH: [(&str, u32); 5] = [
    ("dev", 0o755),
    ("proc", 0o555),
    ("run", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
];
const DEVICES: [&str; 6] = ["full", "null", "random", "tty", "urandom", "zero"];
const LINKS: [(&str, &str); 5] = [
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
    ("pts/ptmx", "/dev/ptmx"),
];
/// Settings of the whole machine that its root may change without a capability.
const GLOBAL: [&str; 6] = [
    "/proc/acpi",
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// A mount that is not attached anywhere.
struct Mount(OwnedFd);

impl Mount {
    /// A copy of what is at a path, with all mounts below.
    fn copy(path: &Path) -> io::Result<Self> {
        let flags = OpenTreeFlags::OPEN_TREE_CLONE
            | OpenTreeFlags::OPEN_TREE_CLOEXEC
            | OpenTreeFlags::AT_RECURSIVE;
        Ok(Self(open_tree(CWD, path, flags)?))
    }

    /// A new file system.
    fn new(kind: &str, options: &[(&str, &str)], flags: MountAttrFlags) -> io::Result<Self> {
        let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
        for (key, value) in options {
            fsconfig_set_string(&context, *key, *value)?;
        }
        fsconfig_create(&context)?;
        Ok(Self(fsmount(
            &context,
            FsMountFlags::FSMOUNT_CLOEXEC,
            flags,
        )?))
    }

    fn read_only(self) -> io::Result<Self> {
        sys::mount_read_only(self.0.as_fd())?;
        Ok(self)
    }

    fn attach(self, at: &Path) -> io::Result<()> {
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_SYMLINKS;
        Ok(move_mount(self.0, "", CWD, at, flags)?)
    }
}

/// Something to be shown in another place.
enum Entry {
    Folder(Mount),
    File(Mount),
    Link(PathBuf),
}

impl Entry {
    fn open(path: &Path) -> io::Result<Self> {
        let mount = Mount::copy(path)?;
        Ok(if File::from(mount.0.try_clone()?).metadata()?.is_dir() {
            Self::Folder(mount)
        } else {
            Self::File(mount)
        })
    }

    fn read_only(self) -> io::Result<Self> {
        Ok(match self {
            Self::Folder(mount) => Self::Folder(mount.read_only()?),
            Self::File(mount) => Self::File(mount.read_only()?),
            Self::Link(target) => Self::Link(target),
        })
    }

    /// Puts it where nothing is yet, or where a mount point of its kind is.
    fn put(self, at: &Path) -> io::Result<()> {
        match self {
            Self::Folder(mount) => {
                if !at.is_dir() {
                    fs::create_dir(at)?;
                }
                mount.attach(at)
            }
            Self::File(mount) => {
                if !at.exists() {
                    File::create_new(at)?;
                }
                mount.attach(at)
            }
            Self::Link(target) => symlink(target, at),
        }
    }
}

/// What is in a folder, read-only, but for the names to leave out.
fn entries(folder: &Path, without: &[(&str, u32)]) -> Result<Vec<(PathBuf, Entry)>> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).context(|| folder.display())? {
        let item = item.context(|| folder.display())?;
        if without.iter().any(|(name, _)| item.file_name() == *name) {
            continue;
        }
        let path = item.path();
        let open = || {
            if item.file_type()?.is_symlink() {
                return Ok(Entry::Link(fs::read_link(&path)?));
            }
            Entry::open(&path)?.read_only()
        };
        let entry = open().context(|| path.display())?;
        found.push((item.file_name().into(), entry));
    }
    Ok(found)
}

/// Puts them into a folder.
fn fill(folder: &Path, entries: Vec<(PathBuf, Entry)>) -> Result<()> {
    for (name, entry) in entries {
        let path = folder.join(name);
        entry
            .put(&path)
            .context(|| format!("bind {}", path.display()))?;
    }
    Ok(())
}

fn tmpfs(mode: u32) -> io::Result<Mount> {
    let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    Mount::new("tmpfs", &[("mode", &format!("{mode:o}"))], flags)
}

fn folder(path: &Path, mode: u32) -> Result<()> {
    let make = || {
        DirBuilder::new().mode(mode).create(path)?;
        // Without the umask.
        fs::set_permissions(path, PermissionsExt::from_mode(mode))
    };
    make().context(|| format!("make {}", path.display()))
}

/// Makes the container's files those of the calling process, which is alone in a new mount
/// namespace.
pub fn enter(arguments: &Arguments) -> Result<()> {
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )
    .context(|| "make the mounts private")?;
    let volumes = arguments
        .volumes
        .iter()
        .map(|volume| Ok((volume, open_volume(volume)?)))
        .collect::<Result<Vec<_>>>()?;
    let devices = DEVICES
        .iter()
        .map(|name| {
            let path = Path::new("/dev").join(name);
            let entry = Mount::copy(&path).context(|| path.display())?;
            Ok((PathBuf::from(name), Entry::File(entry)))
        })
        .collect::<Result<Vec<_>>>()?;
    let owns_settings = owns_settings();
    let top = entries(&arguments.rootfs, &FRESH)?;

    let root = tmpfs(0o755).context(|| "mount a tmpfs")?;
    root.attach(Path::new(SCRATCH))
        .context(|| format!("mount the new root on {SCRATCH}"))?;
    rustix::process::chdir(SCRATCH).context(|| SCRATCH)?;
    for (name, mode) in FRESH {
        folder(Path::new(name), mode)?;
    }
    fill(Path::new("."), top)?;
    pivot_root(".", ".").context(|| "pivot_root")?;
    // Before the old root goes: mounting a procfs needs one that is fully visible.
    proc(owns_settings)?;
    unmount(".", UnmountFlags::DETACH).context(|| "unmount the old root")?;
    rustix::process::chdir("/").context(|| "chdir /")?;

    dev(devices)?;
    for (volume, entry) in volumes {
        let guest = &volume.guest;
        mount_point(guest, &entry)?;
        entry
            .put(guest)
            .context(|| format!("mount a volume on {}", guest.display()))?;
    }
    let workdir = &arguments.workdir;
    rustix::process::chdir(workdir).context(|| format!("chdir {}", workdir.display()))
}

fn open_volume(volume: &Volume) -> Result<Entry> {
    let open = || {
        let entry = Entry::open(&volume.host)?;
        if volume.read_only {
            entry.read_only()
        } else {
            Ok(entry)
        }
    };
    open().context(|| format!("volume {}", volume.host.display()))
}

/// Returns whether root in the container owns the machine's sysctls.
fn owns_settings() -> bool {
    fs::metadata("/proc/sys").is_ok_and(|found| found.uid() == geteuid().as_raw())
}

fn proc(owns_settings: bool) -> Result<()> {
    let flags = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    Mount::new("proc", &[], flags)
        .and_then(|proc| proc.attach(Path::new("/proc")))
        .context(|| "mount /proc (the one here must be whole; in root's container it is not)")?;
    for path in GLOBAL.iter().filter(|_| owns_settings).map(Path::new) {
        let protect = || Mount::copy(path)?.read_only()?.attach(path);
        match protect() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            protected => protected.context(|| format!("protect {}", path.display()))?,
        }
    }
    Ok(())
}

fn dev(devices: Vec<(PathBuf, Entry)>) -> Result<()> {
    let dev = Path::new("/dev");
    fill(dev, devices)?;
    folder(&dev.join("shm"), 0o1777)?;
    folder(&dev.join("pts"), 0o755)?;
    let flags = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    Mount::new("devpts", &[("ptmxmode", "666"), ("mode", "620")], flags)
        .and_then(|pts| pts.attach(&dev.join("pts")))
        .context(|| "mount /dev/pts")?;
    for (target, link) in LINKS {
        symlink(target, link).context(|| format!("make {link}"))?;
    }
    Ok(())
}

/// Makes the mount point of a volume, as far as it is missing. A folder that is read-only is
/// covered by one in memory, with the same contents.
fn mount_point(path: &Path, entry: &Entry) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let folder = match entry {
        Entry::Folder(_) => path,
        _ => path.parent().unwrap_or(path),
    };
    let make = || fs::create_dir_all(folder).and_then(|()| make_last(path, entry));
    if make().is_ok() {
        return Ok(());
    }
    let there = folder
        .ancestors()
        .find(|above| above.is_dir())
        .unwrap_or(Path::new("/"));
    let mode = fs::metadata(there).map_or(0o755, |found| found.mode() & 0o7777);
    let inside = entries(there, &[])?;
    tmpfs(mode)
        .and_then(|cover| cover.attach(there))
        .context(|| format!("cover {}", there.display()))?;
    fill(there, inside)?;
    make().context(|| format!("make {}", path.display()))
}

fn make_last(path: &Path, entry: &Entry) -> io::Result<()> {
    match entry {
        Entry::Folder(_) => Ok(()),
        _ => File::create_new(path).map(drop),
    }
}
