// SPDX-License-Identifier: GPL-2.0

//! The arguments.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use clap::Parser;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::ErrorKind;

use crate::error::{Error, Result};

const STATUSES: &str = "\
The exit status is the command's, 128 and the number of the signal that killed it,
or 125 (the container could not be made), 126 (the command cannot be executed) or
127 (there is no such command).

The files are those of --rootfs, read-only; new files are in memory and lost at the
end, but for those in volumes.";

/// As `sethostname()` limits it.
const HOSTNAME_MAX: usize = 64;

/// Run a command in a container of its own: seven new namespaces, and no root needed
#[derive(Debug, Parser)]
#[command(version, after_help = STATUSES, max_term_width = 80)]
pub struct Arguments {
    /// Show a directory or file of the host in the container
    #[arg(
        short = 'v',
        long = "volume",
        value_name = "HOST:GUEST[:ro]",
        value_parser = OsStringValueParser::new().try_map(|text| Volume::parse(&text))
    )]
    pub volumes: Vec<Volume>,

    /// The directory whose files the container has
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub rootfs: PathBuf,

    /// The container's host name
    #[arg(long, value_name = "NAME", default_value = "minicontainer", value_parser = hostname)]
    pub hostname: String,

    /// Where the command starts
    #[arg(short = 'w', long, value_name = "DIR", default_value = "/", value_parser = absolute)]
    pub workdir: PathBuf,

    /// Set a variable, or pass on the caller's
    #[arg(short = 'e', long = "env", value_name = "NAME[=VALUE]", value_parser = variable)]
    pub env: Vec<(String, Option<String>)>,

    /// Use the host's network instead of an own loopback device
    #[arg(long)]
    pub host_network: bool,

    /// Make the command itself process 1, instead of an init that reaps orphans
    #[arg(long)]
    pub no_init: bool,

    /// Print the process numbers at each level of PID namespaces
    #[arg(long)]
    pub verbose: bool,

    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

impl Arguments {
    /// Parses the process' arguments. Prints and exits if these ask for help or the version.
    pub fn read() -> Result<Self> {
        Self::parse_from(std::env::args_os())
    }

    fn parse_from(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self> {
        let parsed = Self::try_parse_from(words).map_err(|error| {
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) {
                error.exit();
            }
            one_line(&error.to_string())
        })?;
        parsed.check()
    }

    fn check(mut self) -> Result<Self> {
        // A volume below another one is mounted after it.
        self.volumes
            .sort_by_key(|volume| volume.guest.components().count());
        for (at, volume) in self.volumes.iter().enumerate() {
            if self.volumes[..at]
                .iter()
                .any(|other| other.guest == volume.guest)
            {
                let guest = volume.guest.display();
                return Err(Error::new(format!("two volumes at {guest}; give one")));
            }
        }
        Ok(self)
    }
}

/// The first paragraph of clap's words.
fn one_line(text: &str) -> Error {
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let words = words.join(" ");
    let words = words.strip_prefix("error: ").unwrap_or(&words);
    Error::new(format!("{words}; see minicontainer --help"))
}

/// A part of the host's files that the container sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    pub host: PathBuf,
    /// Absolute, without `.` and `..`.
    pub guest: PathBuf,
    pub read_only: bool,
}

impl Volume {
    fn parse(text: &OsStr) -> std::result::Result<Self, String> {
        let parts: Vec<&OsStr> = text
            .as_bytes()
            .split(|&byte| byte == b':')
            .map(OsStr::from_bytes)
            .collect();
        let (host, guest, mode) = match parts[..] {
            [host, guest] => (host, guest, "rw"),
            [host, guest, mode] => (host, guest, mode.to_str().unwrap_or_default()),
            _ => return Err("give HOST:GUEST or HOST:GUEST:ro".into()),
        };
        if host.is_empty() {
            return Err("HOST is empty".into());
        }
        let guest = normal(Path::new(guest))?;
        if guest == Path::new("/") {
            return Err("GUEST is the root; give --rootfs".into());
        }
        if guest.starts_with("/proc") {
            return Err("GUEST is in /proc".into());
        }
        let read_only = match mode {
            "ro" => true,
            "rw" => false,
            _ => return Err("after GUEST comes ro, rw or nothing".into()),
        };
        Ok(Self {
            host: host.into(),
            guest,
            read_only,
        })
    }
}

/// The path without `.` and double slashes.
fn normal(path: &Path) -> std::result::Result<PathBuf, String> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::RootDir | Component::Normal(_) => normal.push(component),
            Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => return Err("GUEST has a ..".into()),
        }
    }
    if normal.is_absolute() {
        Ok(normal)
    } else {
        Err("GUEST is not absolute".into())
    }
}

fn absolute(text: &str) -> std::result::Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_absolute() {
        Ok(path)
    } else {
        Err("it is not absolute".into())
    }
}

fn hostname(text: &str) -> std::result::Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    if text.is_empty() || text.len() > HOSTNAME_MAX || !text.chars().all(good) {
        return Err(format!(
            "up to {HOSTNAME_MAX} letters, digits, dots and dashes"
        ));
    }
    Ok(text.into())
}

fn variable(text: &str) -> std::result::Result<(String, Option<String>), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if name.is_empty() {
        return Err("the name is empty".into());
    }
    Ok((name.to_owned(), value))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn parse(words: &str) -> Result<Arguments> {
        Arguments::parse_from(format!("minicontainer {words}").split_whitespace())
    }

    fn refused(words: &str) -> String {
        let error = parse(words).unwrap_err();
        assert_eq!(error.status, 125);
        let text = error.to_string();
        assert!(!text.contains('\n'), "{text}");
        text
    }

    fn volume(text: &str) -> std::result::Result<Volume, String> {
        Volume::parse(OsStr::new(text))
    }

    #[test]
    fn options_end_at_the_command() {
        let arguments = parse("--verbose sh -c --hostname").unwrap();
        assert_eq!(arguments.command, ["sh", "-c", "--hostname"]);
        assert_eq!(arguments.hostname, "minicontainer");
        assert!(arguments.verbose && !arguments.no_init);
    }

    #[test]
    fn a_wrong_argument_is_one_line() {
        assert!(refused("--nonsense sh").contains("--nonsense"));
        assert!(refused("").contains("<COMMAND>"));
        assert!(refused("--hostname a_b sh").contains("letters"));
        assert!(refused("-w here sh").contains("absolute"));
        assert!(refused("-e =x sh").contains("empty"));
    }

    #[test]
    fn volumes() {
        let plain = volume("/test:/soft").unwrap();
        assert_eq!(plain.host, Path::new("/test"));
        assert_eq!(plain.guest, Path::new("/soft"));
        assert!(!plain.read_only);
        assert!(volume("a:/b:ro").unwrap().read_only);
        assert!(!volume("a:/b:rw").unwrap().read_only);
        assert_eq!(volume("a://b/./c/").unwrap().guest, Path::new("/b/c"));
        let odd = Volume::parse(OsStr::from_bytes(b"/\xff:/soft")).unwrap();
        assert_eq!(odd.host.as_os_str().as_bytes(), b"/\xff");
    }

    #[test]
    fn wrong_volumes() {
        for wrong in [
            "",
            "/test",
            ":/soft",
            "/test:",
            "/test:soft",
            "/test:/",
            "/test:/a/../b",
        ] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "/test:/proc/1",
            "/test:/soft:",
            "/test:/soft:RO",
            "a:/b:ro:ro",
        ] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
        assert!(refused("-v /test sh").contains("give HOST:GUEST"));
        assert!(refused("-v a:/x -v b:/x/ sh").contains("two volumes at /x"));
    }

    #[test]
    fn the_outer_volume_comes_first() {
        let arguments = parse("-v a:/x/y -v b:/x true").unwrap();
        let guests: Vec<_> = arguments
            .volumes
            .iter()
            .map(|volume| &volume.guest)
            .collect();
        assert_eq!(guests, [Path::new("/x"), Path::new("/x/y")]);
    }

    #[test]
    fn variables() {
        assert_eq!(variable("A=b=c"), Ok(("A".into(), Some("b=c".into()))));
        assert_eq!(variable("A="), Ok(("A".into(), Some("".into()))));
        assert_eq!(variable("A"), Ok(("A".into(), None)));
    }
}
