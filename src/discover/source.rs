//! Where singly named targets come from, in order: the command line, files, standard input and pipes.
//!
//! A file is read again for each walk, so that its names never stand in memory together; a pipe is read once,
//! on a thread of its own, as it may be silent for long.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::lines::Lines;
use super::{AddressRange, BLOCK, DiscoverError, Origin, Place, Target};
use crate::model::StartTlsChoice;
use crate::text::Untrusted;
use crate::tls::StartTls;

/// How long a block waits for further lines of a pipe once it has one.
const SILENCE: Duration = Duration::from_millis(100);

/// Lines read ahead of the walk.
const LINES_AHEAD: usize = 4_096;

/// One singly named target, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) port: Option<u16>,
    /// The way to TLS that the target itself says.
    pub(super) starttls: Option<StartTlsChoice>,
    pub(super) text: Arc<str>,
}

impl Entry {
    pub(super) fn new(place: Place, port: Option<u16>, starttls: Option<StartTlsChoice>, text: &str) -> Self {
        let text = match &place {
            Place::Name(name) if name.as_str() == text => name.shared(),
            _ => text.into(),
        };
        Self { place, port, starttls, text }
    }
}

/// A place that entries come from.
pub(super) enum Source {
    Given(Vec<Entry>),
    /// Networks and ranges in it are part of the plan; single addresses and names are read again.
    File {
        path: PathBuf,
        shown: Arc<str>,
    },
    Pipe(Pipe),
}

/// Standard input or a pipe: read once.
pub(super) struct Pipe {
    pub(super) shown: Arc<str>,
    pub(super) from: Mutex<Option<PipeFrom>>,
    /// Targets are reached over TCP, among others.
    pub(super) over_tcp: bool,
}

/// How a pipe is opened when its turn comes.
pub(super) enum PipeFrom {
    Reader(Box<dyn Read + Send>),
    Path(PathBuf),
}

/// What a block is made from.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// At most [`BLOCK`].
    pub(super) entries: Vec<Entry>,
    /// Networks and ranges that came through a pipe, with their text.
    pub(super) ranges: Vec<(AddressRange, Arc<str>)>,
    /// Nothing follows.
    pub(super) at_end: bool,
}

impl Gathered {
    fn is_full(&self) -> bool {
        self.entries.len() + self.ranges.len() >= BLOCK
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.ranges.is_empty()
    }
}

/// A place to return to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cursor {
    source: usize,
    /// Entries of [`Source::Given`], bytes of a file.
    offset: u64,
    /// Lines of a file.
    line: u64,
}

/// Walks the sources once.
#[derive(Default)]
pub(super) struct Feed {
    source: usize,
    reader: Reader,
}

#[derive(Default)]
enum Reader {
    #[default]
    Closed,
    Given(usize),
    File(Box<Lines<File>>),
    Pipe(Receiver<Lined>),
}

impl Feed {
    /// Starts at `cursor`.
    pub(super) fn at(sources: &[Source], cursor: Cursor) -> Result<Self, DiscoverError> {
        let reader = match sources.get(cursor.source) {
            Some(Source::Given(_)) => Reader::Given(usize::try_from(cursor.offset).unwrap_or(usize::MAX)),
            Some(Source::File { path, shown }) => {
                let mut lines = Lines::open(path, Arc::clone(shown))?;
                lines.seek((cursor.offset, cursor.line))?;
                Reader::File(Box::new(lines))
            }
            Some(Source::Pipe(_)) | None => Reader::Closed,
        };
        Ok(Self { source: cursor.source, reader })
    }

    /// Where the next entry stands. Means nothing within a pipe.
    pub(super) fn cursor(&self) -> Cursor {
        let (offset, line) = match &self.reader {
            Reader::Given(at) => (u64::try_from(*at).unwrap_or(u64::MAX), 0),
            Reader::File(lines) => lines.position(),
            Reader::Closed | Reader::Pipe(_) => (0, 0),
        };
        Cursor { source: self.source, offset, line }
    }

    /// Gathers the next block: up to [`BLOCK`] entries, fewer only at the end or while a pipe is silent.
    /// Waits for the first line of a silent pipe only if `patient`; otherwise may bring nothing.
    pub(super) fn gather(&mut self, sources: &[Source], patient: bool) -> Result<Gathered, DiscoverError> {
        let mut out = Gathered::default();
        while !out.is_full() {
            let Some(source) = sources.get(self.source) else {
                out.at_end = true;
                break;
            };
            let ended = match (source, &mut self.reader) {
                (_, reader @ Reader::Closed) => {
                    *reader = open(source)?;
                    false
                }
                (Source::Given(entries), Reader::Given(at)) => {
                    let rest = entries.get(*at..).unwrap_or_default();
                    let room = (BLOCK - out.entries.len()).min(rest.len());
                    out.entries.extend(rest.iter().take(room).cloned());
                    *at += room;
                    *at >= entries.len()
                }
                (_, Reader::File(lines)) => from_file(lines, source, &mut out)?,
                (_, Reader::Pipe(lines)) => match wait(lines, patient && out.is_empty()) {
                    Ok(line) => from_pipe(line?, source, &mut out)?,
                    Err(RecvTimeoutError::Timeout) => return Ok(out),
                    Err(RecvTimeoutError::Disconnected) => true,
                },
                (_, Reader::Given(_)) => true,
            };
            if ended {
                self.source += 1;
                self.reader = Reader::Closed;
            }
        }
        Ok(out)
    }
}

impl Source {
    fn shown(&self) -> Arc<str> {
        match self {
            Self::Given(_) => "the command line".into(),
            Self::File { shown, .. } | Self::Pipe(Pipe { shown, .. }) => Arc::clone(shown),
        }
    }
}

fn open(source: &Source) -> Result<Reader, DiscoverError> {
    match source {
        Source::Given(_) => Ok(Reader::Given(0)),
        Source::File { path, shown } => Ok(Reader::File(Box::new(Lines::open(path, Arc::clone(shown))?))),
        Source::Pipe(pipe) => read_on_a_thread(pipe).map(Reader::Pipe),
    }
}

/// `true` at the end of the file.
fn from_file(lines: &mut Lines<File>, source: &Source, out: &mut Gathered) -> Result<bool, DiscoverError> {
    let Some(line) = lines.next()? else { return Ok(true) };
    let number = line.number;
    // Whether the transports allow it was seen when the scan was planned.
    let target = parse(line.text, || Origin::Line { file: source.shown(), number }, true)?;
    if let Target::Single { place, port, starttls } = target {
        out.entries.push(Entry::new(place, port, starttls, line.text));
    }
    Ok(false)
}

fn from_pipe(line: (u64, String), source: &Source, out: &mut Gathered) -> Result<bool, DiscoverError> {
    let (number, text) = line;
    let over_tcp = matches!(source, Source::Pipe(Pipe { over_tcp: true, .. }));
    let target = parse(&text, || Origin::Line { file: source.shown(), number }, over_tcp)?;
    match target {
        Target::Single { place, port, starttls } => {
            out.entries.push(Entry::new(place, port, starttls, &text));
        }
        Target::Range { range, .. } => out.ranges.push((range, text.into())),
    }
    Ok(false)
}

/// The protocol that has to be upgraded, if the target itself says so.
fn needs_tcp(target: &Target) -> Option<StartTls> {
    match target {
        Target::Single { starttls: Some(StartTlsChoice::Always(protocol)), .. } => Some(*protocol),
        _ => None,
    }
}

/// Reads one target of a list; `over_tcp`: targets are reached over TCP, among others.
pub(super) fn parse(
    text: &str,
    origin: impl Fn() -> Origin,
    over_tcp: bool,
) -> Result<Target, DiscoverError> {
    let why = match text {
        "-" => "standard input is named on the command line only".to_owned(),
        _ if text.starts_with('@') => "a list cannot name another list".to_owned(),
        _ => match Target::parse(text) {
            Ok(target) => match needs_tcp(&target).filter(|_| !over_tcp) {
                None => return Ok(target),
                Some(protocol) => {
                    let protocol = protocol.name();
                    return Err(DiscoverError::NeedsTcp { origin: origin(), text: text.into(), protocol });
                }
            },
            Err(why) => why,
        },
    };
    Err(DiscoverError::Target { origin: origin(), text: presentable(text), why })
}

/// The text at fault, cut, and without the password that may stand before an `@`.
fn presentable(text: &str) -> Untrusted {
    let shown = match text.rsplit_once('@') {
        Some((before, host)) if !before.is_empty() => format!("…@{host}"),
        _ => text.to_owned(),
    };
    Untrusted::new(shown.chars().take(200).collect::<String>())
}

/// A line with its number.
type Lined = Result<(u64, String), DiscoverError>;

fn wait(lines: &Receiver<Lined>, without_limit: bool) -> Result<Lined, RecvTimeoutError> {
    if without_limit {
        lines.recv().map_err(|_| RecvTimeoutError::Disconnected)
    } else {
        lines.recv_timeout(SILENCE)
    }
}

/// The thread ends with the pipe, or with the first line after the walk was dropped.
fn read_on_a_thread(pipe: &Pipe) -> Result<Receiver<Lined>, DiscoverError> {
    let file = Arc::clone(&pipe.shown);
    let taken = pipe.from.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    let Some(from) = taken else { return Err(DiscoverError::AlreadyRead { file }) };
    let (sender, receiver) = sync_channel(LINES_AHEAD);
    let shown = Arc::clone(&file);
    let read = move || {
        let reader: Box<dyn Read> = match from {
            PipeFrom::Reader(reader) => reader,
            PipeFrom::Path(path) => match File::open(path) {
                Ok(file) => Box::new(file),
                Err(source) => return drop(sender.send(Err(DiscoverError::File { file: shown, source }))),
            },
        };
        let mut lines = Lines::new(reader, shown);
        loop {
            let line = match lines.next() {
                Ok(Some(line)) => Ok((line.number, line.text.to_owned())),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            let failed = line.is_err();
            if sender.send(line).is_err() || failed {
                return;
            }
        }
    };
    let spawned = std::thread::Builder::new().name("targets".to_owned()).spawn(read);
    spawned.map(|_| receiver).map_err(|source| DiscoverError::File { file, source })
}
