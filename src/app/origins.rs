//! Where the targets of a scan were written down: its target files and its profile, read again as far as they are there.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use crate::model::Scan;
use crate::report::Origins;

/// Bytes read of one file; targets further down point to its first line.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The places of the targets of `scan`. A file that is gone or cannot be read names none.
pub(super) fn origins_of(scan: &Scan) -> Origins {
    let mut origins = Origins::default();
    let parameters = &scan.parameters;
    let profile = parameters.profile_source.as_deref().filter(|source| Path::new(source).is_file());
    let in_profile: Vec<(u64, String)> = profile.map(lines).unwrap_or_default();
    for (target, number) in parameters.targets.iter().zip(1..) {
        if let Some(path) = target.strip_prefix('@') {
            for (line, text) in lines(path) {
                let text = text.split('#').next().unwrap_or_default().trim();
                if !text.is_empty() {
                    origins.add(text, path, line);
                }
            }
            continue;
        }
        // In the profile, a target is a quoted string.
        let quoted = [format!("\"{target}\""), format!("'{target}'")];
        let written = in_profile.iter().find(|(_, text)| quoted.iter().any(|quoted| text.contains(quoted)));
        match (written, profile) {
            (Some((line, _)), Some(profile)) => origins.add(target, profile, *line),
            _ => origins.add_argument(target, number),
        }
    }
    origins
}

/// The lines of a file with their numbers.
fn lines(path: &str) -> Vec<(u64, String)> {
    let Ok(file) = std::fs::File::open(path) else { return Vec::new() };
    let lines = BufReader::new(file.take(MOST_BYTES)).lines().map_while(Result::ok);
    (1..).zip(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::scan;
    use crate::time::UnixTime;

    #[test]
    fn targets_are_found_in_files_and_profiles_and_else_on_the_command_line() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(at("hosts.txt"), "# ours\na.example\n\nb.example:8443 # the shop\n").unwrap();
        std::fs::write(at("web.toml"), "every = \"1d\"\ntargets = [\n  \"c.example\",\n]\n").unwrap();
        let mut scan = scan(UnixTime(0));
        scan.parameters.profile_source = Some(at("web.toml"));
        scan.parameters.targets = vec![
            format!("@{}", at("hosts.txt")),
            "c.example".to_owned(),
            "d.example".to_owned(),
            "@gone".to_owned(),
        ];
        let origins = origins_of(&scan);
        let place = |target: &str| {
            let origin = origins.of(target);
            (origin.uri.rsplit('/').next().unwrap().to_owned(), origin.line)
        };
        assert_eq!(place("b.example:8443"), ("hosts.txt".to_owned(), 4));
        assert_eq!(place("c.example"), ("web.toml".to_owned(), 3));
        assert_eq!(place("d.example"), ("command-line".to_owned(), 3));
    }
}
