//! The built program as a child: a clean environment, a home of its own, a deadline on every wait. Ends only what it started.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// However busy the machine: what takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// A home directory with its own store, settings and temporary folder; gone when dropped.
pub(crate) struct Home {
    folder: TempDir,
}

/// What an ended program left.
pub(crate) struct Done {
    /// `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A program that runs; ended when dropped.
pub(crate) struct Running {
    child: Child,
    what: String,
    out: Option<BufReader<ChildStdout>>,
    err: Option<JoinHandle<String>>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file in it and gives its path as text.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Where the store is by default.
    pub(crate) fn store(&self) -> PathBuf {
        self.path(".local/share/certvigil/certvigil.redb")
    }

    /// The program with these arguments, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_certvigil"));
        command.args(arguments).stdin(Stdio::null());
        self.dress(&mut command);
        command
    }

    /// Any program in this home: no variable of ours reaches it.
    pub(crate) fn dress(&self, command: &mut Command) {
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("COLUMNS", "100")
            .current_dir(self.folder.path());
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        run(self.command(arguments))
    }

    /// Runs to the end, which must be this exit code.
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> Done {
        let done = self.run(arguments);
        assert_eq!(done.code, Some(code), "certvigil {}\n{}\n{}", arguments.join(" "), done.out, done.err);
        done
    }

    /// Runs to exit code 0 and reads the JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        self.expect(0, arguments).json()
    }

    /// Starts and leaves it running.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }
}

impl Done {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

/// Runs a command to the end.
pub(crate) fn run(command: Command) -> Done {
    let mut running = Running::start(command);
    let mut out = running.out.take().unwrap();
    let reader = std::thread::spawn(move || read_all(&mut out));
    let code = running.wait();
    Done { code, out: reader.join().unwrap(), err: running.err() }
}

impl Running {
    pub(crate) fn start(command: Command) -> Self {
        Self::start_into(command, Stdio::piped())
    }

    /// Starts with its output going there.
    pub(crate) fn start_into(mut command: Command, out: Stdio) -> Self {
        let what = format!("{command:?}");
        command.stdout(out).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{what}: {error}"));
        let out = child.stdout.take().map(BufReader::new);
        let mut err = child.stderr.take().unwrap();
        Self { child, what, out, err: Some(std::thread::spawn(move || read_all(&mut err))) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its output, for programs that always have one to come; `None` at the end.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.out.as_mut()?.read_line(&mut line).unwrap();
        (!line.is_empty()).then_some(line)
    }

    /// What is left of its output, to the end.
    pub(crate) fn rest(&mut self) -> String {
        self.out.as_mut().map(read_all).unwrap_or_default()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end; the exit code, or `None` where a signal ended it.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        within(&format!("the end of {}", self.what.clone()), || self.child.try_wait().unwrap()).code()
    }

    /// Its standard error, after the end.
    pub(crate) fn err(&mut self) -> String {
        self.err.take().map(|reader| reader.join().unwrap()).unwrap_or_default()
    }

    /// Waits for the end and gives all.
    pub(crate) fn finish(mut self) -> Done {
        let out = self.rest();
        let code = self.wait();
        Done { code, out, err: self.err() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until there is an answer; fails after the deadline.
pub(crate) fn within<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A golden file, compared or rewritten.
pub(crate) fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name);
    if std::env::var_os("CERTVIGIL_UPDATE_GOLDENS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{name} differs; CERTVIGIL_UPDATE_GOLDENS=1 cargo test rewrites it");
}

fn read_all(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
