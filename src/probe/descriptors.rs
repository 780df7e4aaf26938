//! File descriptors: how many connections this process may hold at once. Never opens any.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors left to everything that is not a probe: the store, the resolver, files, the terminal.
const RESERVE: u64 = 200;

/// Raises the soft limit to the hard one and tells how many of `wanted` connections fit. At least one.
///
/// # Errors
/// When the limit cannot be read.
pub(crate) fn allow(wanted: usize) -> Result<usize, Errno> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    // Some systems refuse a soft limit as high as the hard one says; what stands already is then what there is.
    let open_files =
        if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() { hard } else { soft };
    Ok(fit(wanted, open_files))
}

fn fit(wanted: usize, open_files: u64) -> usize {
    let free = open_files - RESERVE.min(open_files / 2);
    wanted.min(usize::try_from(free).unwrap_or(usize::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_a_reserve() {
        assert_eq!(fit(1_000, 20_000), 1_000);
        assert_eq!(fit(50_000, 20_000), 19_800);
        assert_eq!(fit(1_000, u64::MAX), 1_000);
        assert_eq!(fit(1_000, 64), 32);
        assert_eq!(fit(1_000, 0), 1);
        assert_eq!(fit(0, 20_000), 1);
    }

    #[test]
    fn this_process_may_open_connections() {
        assert!(allow(1_000).unwrap() >= 1);
    }
}
