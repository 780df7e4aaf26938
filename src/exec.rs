//! A door that every shell may use: child programs, without a shell, with a deadline and capped output.
//!
//! A program gets its arguments as they are, the [`INHERITED`] variables and those it is given, its standard input,
//! and a process group of its own. Its output is read to the end and kept up to a limit, standard output and standard
//! error in the order written. When the program ends, its group is ended with it, so that nothing it started goes on
//! unseen. What must go on has to leave the group (`setsid`, a service manager); what has left it cannot be ended
//! from here. Where this process is killed itself, the program goes on to its own end.
//!
//! Never runs a shell. Never hands on a descriptor that this process opened: all are closed on exec. One that was
//! open without that flag when this process was started goes on to the program, since it cannot be told apart.

mod capture;
mod lookup;

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdin, Command};
use tokio::signal::unix::{Signal as SignalStream, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::text::Untrusted;
use capture::Capture;

/// Variables of our own environment that a program gets; all others, secrets among them, stay here.
pub const INHERITED: [&str; 16] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// How long output may still come when the program itself is gone, before its group is ended.
const LINGER: Duration = Duration::from_secs(1);
/// How long what lies in the pipe may take to be read once the group is ended.
const LEFT_IN_PIPE: Duration = Duration::from_millis(100);
/// In case a SIGCHLD is lost, the program is looked at so often.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// The program and its arguments, each as it is. Without a `/` the program is looked up in `PATH`.
    pub command: &'a [String],
    /// Variables beside the [`INHERITED`] ones, over which they win.
    pub environment: &'a [(String, String)],
    /// Where it starts, and where a relative path to the program counts from; `None`: where we are.
    pub directory: Option<&'a Path>,
    /// A program that does not read it is no error.
    pub stdin: &'a [u8],
    /// From the start; then SIGTERM to the group.
    pub deadline: Duration,
    /// From SIGTERM to SIGKILL.
    pub grace: Duration,
    /// Bytes of output kept: one half from the start, the other from the end.
    pub output_limit: usize,
}

impl<'a> Program<'a> {
    /// Unless said otherwise.
    pub const DEADLINE: Duration = Duration::from_secs(600);
    /// Unless said otherwise.
    pub const GRACE: Duration = Duration::from_secs(5);
    /// Unless said otherwise, bytes.
    pub const OUTPUT_LIMIT: usize = 64 * 1024;

    /// `command` with nothing on its standard input and the usual limits.
    pub fn new(command: &'a [String]) -> Self {
        Self {
            command,
            environment: &[],
            directory: None,
            stdin: &[],
            deadline: Self::DEADLINE,
            grace: Self::GRACE,
            output_limit: Self::OUTPUT_LIMIT,
        }
    }
}

/// What became of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub status: Status,
    /// Standard output and standard error as they came; where some was left out, a line in the middle says so.
    pub output: Untrusted,
    /// Bytes of output left out.
    pub cut: u64,
    pub took: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Exited(i32),
    /// Ended by this signal, which we did not send.
    Signalled(i32),
    /// Ended by us at its deadline.
    TimedOut,
    NotStarted(StartError),
}

/// Why a program did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    #[error("no program is named: the command needs at least one word")]
    NoProgram,
    #[error("`{name}` is not in PATH ({path}): give its whole path")]
    NotInPath { name: String, path: String },
    #[error("{} does not exist", .0.display())]
    NotFound(PathBuf),
    #[error("{} is a directory, not a program", .0.display())]
    IsDirectory(PathBuf),
    #[error("{} is not executable for this user: see its owner and mode", .0.display())]
    NotExecutable(PathBuf),
    #[error("the directory {} to start in does not exist", .0.display())]
    NoDirectory(PathBuf),
    #[error("{} names an interpreter in its first line that does not exist", .0.display())]
    NoInterpreter(PathBuf),
    #[error("{} is no program for this machine, nor a script with `#!` in its first line", .0.display())]
    NotAProgram(PathBuf),
    #[error("{} could not be started: {error}", .program.display())]
    Refused { program: PathBuf, error: String },
}

/// Runs a program to its end. Dropping the future ends its process group at once.
pub async fn run(program: &Program<'_>) -> Ended {
    let begun = Instant::now();
    let mut running = match Running::start(program) {
        Ok(running) => running,
        Err(error) => {
            let status = Status::NotStarted(error);
            return Ended { status, output: Untrusted::default(), cut: 0, took: begun.elapsed() };
        }
    };
    let status = running.follow(program).await;
    let (output, cut) = running.captured.lock().unwrap_or_else(PoisonError::into_inner).finish();
    Ended { status, output, cut, took: begun.elapsed() }
}

/// The [`INHERITED`] ones among `variables`.
fn inherited(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> impl Iterator<Item = (OsString, OsString)> {
    variables.filter(|(name, _)| INHERITED.iter().any(|inherited| name == inherited))
}

/// A started program; dropping it ends its group.
struct Running {
    child: Child,
    group: Pid,
    /// The program is gone and its number may be another's.
    is_reaped: bool,
    children: SignalStream,
    captured: Arc<Mutex<Capture>>,
    reading: JoinSet<()>,
    /// Held for its end only.
    _writing: JoinSet<()>,
}

impl Running {
    fn start(program: &Program<'_>) -> Result<Self, StartError> {
        let mut environment: Vec<(OsString, OsString)> = inherited(std::env::vars_os()).collect();
        for (name, value) in program.environment {
            environment.retain(|(other, _)| other != name.as_str());
            environment.push((name.into(), value.into()));
        }
        if !environment.iter().any(|(name, _)| name == "PATH") {
            environment.push(("PATH".into(), lookup::USUAL_PATH.into()));
        }
        let file = lookup::find(program, &environment)?;
        let refused = |error: std::io::Error| lookup::explain(&file, &error);

        let (reader, writer) = std::io::pipe().map_err(refused)?;
        let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader)).map_err(refused)?;
        // Asked for before the start, so that no end is missed.
        let children = signal(SignalKind::child()).map_err(refused)?;
        let mut command = Command::new(&file);
        command
            .args(program.command.iter().skip(1))
            .env_clear()
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(writer.try_clone().map_err(refused)?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true);
        if let Some(directory) = program.directory {
            command.current_dir(directory);
        }
        let mut child = command.spawn().map_err(refused)?;
        // Our ends of the pipe that is the program's must go, or its end is never seen.
        drop(command);

        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let group = group.ok_or_else(|| refused(std::io::Error::other("it has no process id")))?;
        let captured = Arc::new(Mutex::new(Capture::new(program.output_limit)));
        let (mut reading, mut writing) = (JoinSet::new(), JoinSet::new());
        reading.spawn(drain(reader, Arc::clone(&captured)));
        if let Some(stdin) = child.stdin.take() {
            writing.spawn(feed(stdin, program.stdin.to_vec()));
        }
        Ok(Self { child, group, is_reaped: false, children, captured, reading, _writing: writing })
    }

    async fn follow(&mut self, program: &Program<'_>) -> Status {
        let timed_out = timeout(program.deadline, self.ended()).await.is_err();
        if timed_out {
            self.signal(Signal::SIGTERM);
            // Whether it went by itself or not, its group is ended next.
            let _ = timeout(program.grace, self.ended()).await;
        } else {
            let _ = timeout(LINGER, self.reading.join_next()).await;
        }
        self.signal(Signal::SIGKILL);
        let _ = timeout(LEFT_IN_PIPE, self.reading.join_next()).await;
        // What not even SIGKILL ends, such as a wait for a dead disk, is left behind.
        let status = timeout(LINGER, self.child.wait()).await;
        self.is_reaped = status.is_ok();
        match status {
            Ok(Ok(status)) if !timed_out => match (status.code(), status.signal()) {
                (Some(code), _) => Status::Exited(code),
                (None, Some(signal)) => Status::Signalled(signal),
                (None, None) => Status::TimedOut,
            },
            _ => Status::TimedOut,
        }
    }

    /// Waits until the program has ended, and leaves it unreaped where the system can: as long as it is, its number
    /// is no other group's.
    async fn ended(&mut self) {
        while !has_ended(&mut self.child, self.group) {
            let _ = timeout(LOOK_EVERY, self.children.recv()).await;
        }
    }

    fn signal(&self, signal: Signal) {
        // A group that is gone already is what was wanted.
        let _ = killpg(self.group, signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_reaped {
            self.signal(Signal::SIGKILL);
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn has_ended(_child: &mut Child, program: Pid) -> bool {
    use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    !matches!(waitid(Id::Pid(program), flags), Ok(WaitStatus::StillAlive))
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn has_ended(child: &mut Child, _program: Pid) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

/// Writes all there is to read; ends early where the program reads no more.
async fn feed(mut stdin: ChildStdin, bytes: Vec<u8>) {
    let _ = stdin.write_all(&bytes).await;
}

/// Reads to the end of the output, and keeps what the limit allows.
async fn drain(mut from: pipe::Receiver, into: Arc<Mutex<Capture>>) {
    let mut buffer = vec![0; 32 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.get(..length).unwrap_or_default();
        into.lock().unwrap_or_else(PoisonError::into_inner).add(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_inherited() {
        let ours = [("PATH", "/bin"), ("CERTVIGIL_SMTP_PASSWORD", "x"), ("LD_PRELOAD", "x"), ("TZ", "UTC")];
        let ours = ours.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let names: Vec<OsString> = inherited(ours.into_iter()).map(|(name, _)| name).collect();
        assert_eq!(names, ["PATH", "TZ"]);
    }

    #[tokio::test]
    async fn the_exit_code_and_both_outputs_come_back_in_order() {
        let command = ["sh", "-c", "echo a; echo b >&2; echo c; exit 7"].map(str::to_owned);
        let ended = run(&Program::new(&command)).await;
        assert_eq!(ended.status, Status::Exited(7));
        assert_eq!((ended.output.raw(), ended.cut), ("a\nb\nc\n", 0));
    }
}
