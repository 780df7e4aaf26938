//! Standard input and pipes.

use super::*;

#[test]
fn standard_input_is_read_lazily_with_networks_and_names() {
    let input = "a.example\n10.9.0.0/30\n10.9.0.1\na.example\n10.0.0.1\nx.example # no\n";
    let plan = piped(excluding(request(&["10.0.0.0/30", "-"]), &["10.9.0.2", "x.example"]), input);
    assert_eq!((plan.units(), plan.probes(), plan.target_count()), (None, None, None));
    assert_eq!(plan.targets(), ["10.0.0.0/30", "-"]);
    assert!(!plan.is_resumable());
    assert_eq!(
        sorted(&plan),
        [
            "10.0.0.0 443 by 10.0.0.0/30",
            "10.0.0.1 443 by 10.0.0.0/30",
            "10.0.0.2 443 by 10.0.0.0/30",
            "10.0.0.3 443 by 10.0.0.0/30",
            "10.9.0.0 443 by 10.9.0.0/30",
            "10.9.0.1 443 by 10.9.0.1 named",
            "10.9.0.3 443 by 10.9.0.0/30",
            "a.example 443 by a.example named",
        ]
    );
    assert_eq!(plan.excluded(), 2);
    let error = plan.sweep(1, None).next_units(1, &mut Vec::new()).unwrap_err().to_string();
    assert_eq!(error, "standard input was already read; it can be walked only once");
}

#[test]
fn standard_input_cannot_be_resumed_and_its_errors_name_the_line() {
    let plan = piped(request(&["-"]), "a.example\n10.0.0.0/33\n");
    let later = Position { block: 0, index: 1 };
    let resumed = plan.sweep(1, Some(later)).next_units(1, &mut Vec::new());
    assert!(matches!(resumed, Err(DiscoverError::NotResumable)));
    let error = plan.sweep(1, None).next_units(1, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.starts_with("standard input:2: `10.0.0.0/33` is not a target"), "{error}");
    // The beginning is no resumption.
    let plan = piped(request(&["-"]), "a.example\n");
    assert_eq!(walk(plan.sweep(1, Some(Position::default()))).len(), 1);
    assert!(walk(piped(request(&["-"]), "").sweep(1, None)).is_empty());
}

/// A reader that gives what it is sent, and nothing before.
struct Slow(std::sync::mpsc::Receiver<Vec<u8>>);

impl std::io::Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Ok(bytes) = self.0.recv() else { return Ok(0) };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

#[test]
fn a_silent_pipe_holds_up_neither_names_already_there_nor_ranges() {
    let (send, receive) = std::sync::mpsc::channel();
    let plan = plan_with_input(request(&["10.0.0.0/24", "-"]), Box::new(Slow(receive))).unwrap();
    let plan = Arc::new(plan);
    let mut sweep = plan.sweep(1, None);
    let mut out = Vec::new();
    sweep.next_units(256, &mut out).unwrap();
    assert_eq!(out.len(), 256);
    send.send(b"a.example\nb.exam".to_vec()).unwrap();
    out.clear();
    sweep.next_units(1, &mut out).unwrap();
    assert_eq!(shown(&out[0]), "a.example 443 by a.example named");
    send.send(b"ple\n".to_vec()).unwrap();
    drop(send);
    let rest = walk(sweep);
    assert_eq!(rest.iter().map(shown).collect::<Vec<_>>(), ["b.example 443 by b.example named"]);
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_walked_like_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let plan = planned(Request { target_files: vec![path.clone()], ..Request::default() });
    let writer = std::thread::spawn(move || std::fs::write(path, "a.example\n10.0.0.0/31\n"));
    assert_eq!(walk(plan.sweep(1, None)).len(), 3);
    writer.join().unwrap().unwrap();
}
