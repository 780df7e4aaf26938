//! Small programs written for a test, and what became of the processes they started.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use certvigil::exec::{Ended, Program, run};
use tempfile::TempDir;

use crate::support::program::within;

/// A folder with a script in it; processes it names in its file `pids` are looked for after its end.
pub(crate) struct Script {
    pub(crate) folder: TempDir,
    pub(crate) command: Vec<String>,
}

impl Script {
    /// A shell script with these lines. `$here` is its folder.
    pub(crate) fn new(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("#!/bin/sh\nhere='{}'\n{lines}\n", folder.path().display());
        let script = Self { command: vec![folder.path().join("hook").to_str().unwrap().to_owned()], folder };
        script.write("hook", &text, 0o755);
        script
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str, mode: u32) {
        std::fs::write(self.path(name), text).unwrap();
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn program(&self) -> Program<'_> {
        Program { directory: Some(self.folder.path()), ..Program::new(&self.command) }
    }

    pub(crate) async fn run(&self) -> Ended {
        run(&self.program()).await
    }

    /// Runs with these limits.
    pub(crate) async fn run_within(&self, deadline: Duration, grace: Duration) -> Ended {
        run(&Program { deadline, grace, ..self.program() }).await
    }

    /// Waits until each of `count` processes named in `pids` is gone.
    pub(crate) fn expect_all_gone(&self, count: usize) {
        let text = std::fs::read_to_string(self.path("pids")).unwrap();
        let pids: Vec<u32> = text.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        assert_eq!(pids.len(), count, "{text}");
        for pid in pids {
            within(&format!("the end of process {pid}"), || (!is_alive(pid)).then_some(()));
        }
    }
}

/// Whether a process runs; one that has ended and waits to be reaped does not.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}
