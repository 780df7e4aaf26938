//! Servers of several processes: started in the foreground as one, ended by the signal that makes them end their own.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::program::within;

/// A running server; dropping it ends the processes, then removes the folder.
pub(crate) struct Daemon {
    child: Child,
    signal: Signal,
    folder: TempDir,
}

impl Daemon {
    /// Starts `command` with its output in a log; waits until it answers on all `addresses`.
    pub(crate) fn start(
        mut command: Command,
        folder: TempDir,
        addresses: &[SocketAddr],
        signal: Signal,
    ) -> Self {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        // Some end their whole process group, which would be the test's.
        command.process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut daemon = Self { child, signal, folder };
        for address in addresses {
            within(&format!("{command:?} at {address}"), || {
                let ended = daemon.child.try_wait().unwrap();
                assert!(ended.is_none(), "{command:?} ended:\n{}", daemon.log());
                TcpStream::connect(address).ok()
            });
        }
        daemon
    }

    /// What the server has written so far.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let _ = kill(id, self.signal);
        let _ = self.child.wait();
    }
}
