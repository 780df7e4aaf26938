//! One mail from any number of alerts: subject, text and page, as on-call reads them at three in the morning.
//!
//! Never sends, never reads a clock: the mail is written as of [`MailOptions::now`], so that the same alerts make the
//! same bytes whenever they are sent again. Memory is bounded however many alerts come: the best lines are kept with
//! their texts, the others as hashes and counts. The parts are for `multipart/alternative` (RFC 2046 section 5.1.4).

mod document;
mod finding;
mod footer;
mod gather;
mod group;
mod page;
mod plain;
mod subject;
#[cfg(test)]
mod tests;
mod watch;
mod words;

use jiff::tz::TimeZone;

use crate::model::{Alert, News, Urgency};
use crate::report::phrases::counted;
use crate::time::UnixTime;
use document::{Block, Document, Value};
use footer::Sources;
use gather::{Counts, Gathered, Id, Shown};
use group::Class;
use watch::{WatchLine, WatchLines};

/// Threads that one mail joins at most.
const MOST_THREADS: usize = 10;

/// Whom a mail is for, and as of when it is written.
#[derive(Debug, Clone, Copy)]
pub struct MailOptions<'a> {
    /// What the commands in the mail want beside themselves, `--store PATH`; empty where they are found without it.
    pub flags: &'a str,
    /// The one address that gets it.
    pub to: &'a str,
    pub urgency: Urgency,
    /// What "in 2 d 6 h" counts from.
    pub now: UnixTime,
    /// Times are in UTC and in this zone.
    pub zone: &'a TimeZone,
    /// The host that sends it.
    pub vantage: &'a str,
    /// The command that lists what the mail has no room for.
    pub show_rest: &'a str,
}

/// A mail without its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailText {
    /// One line, at most 150 characters.
    pub subject: String,
    /// The part `text/plain`; lines end in `\n`.
    pub text: String,
    /// The part `text/html`.
    pub html: String,
    /// 32 hexadecimal digits, unique for recipient, urgency and alerts: for the Message-ID.
    pub seed: String,
    /// 32 hexadecimal digits for each thread that the mail belongs to, the worst first, at most ten: for References.
    /// All mails about one finding, from its opening to its end, have one in common.
    pub threads: Vec<String>,
}

/// A mail in the making.
#[derive(Debug)]
pub struct MailBuilder<'a> {
    options: MailOptions<'a>,
    seed: Id,
    findings: Gathered,
    watch: WatchLines,
    sources: Sources,
}

impl<'a> MailBuilder<'a> {
    /// A mail without news.
    pub fn new(options: MailOptions<'a>) -> Self {
        let urgency: &[u8] = match options.urgency {
            Urgency::Immediate => b"immediate",
            Urgency::Digest => b"digest",
        };
        Self {
            seed: Id::of(&[options.to.as_bytes(), urgency]),
            options,
            findings: Gathered::default(),
            watch: WatchLines::default(),
            sources: Sources::default(),
        }
    }

    /// Takes the next piece of news, in the order of the outbox: of a finding that is told twice, the later counts.
    pub fn add(&mut self, alert: &Alert) {
        self.seed = Id::of(&[&self.seed.0.to_be_bytes(), alert.key.0.as_bytes()]);
        self.sources.add(alert);
        match &alert.news {
            News::Finding(news) => self.findings.add(alert, news),
            News::Watch(news) => self.watch.add(alert, news),
        }
    }

    /// Writes the mail.
    pub fn finish(self) -> MailText {
        let options = &self.options;
        let more_watch = self.watch.more;
        let (watch, shown) = (self.watch.finish(), self.findings.finish());
        let subject = subject::subject(&watch, more_watch, &shown, options);
        let document = Document {
            opening: opening(&shown, &self.sources, options),
            blocks: blocks(&watch, &shown, options),
            rest: rest(&shown, more_watch, options),
            footer: self.sources.footer(&shown, options),
        };
        MailText {
            text: plain::render(&document),
            html: page::render(&document, &subject),
            subject,
            seed: self.seed.hex(),
            threads: threads(&watch, &shown),
        }
    }
}

fn opening(shown: &Shown, sources: &Sources, options: &MailOptions<'_>) -> Vec<String> {
    let mut sentences: Vec<String> = sources.late(options).into_iter().collect();
    // One line says it all, and a baseline begins with its own counts.
    let of_baseline = shown.all.of(Class::Baseline).total();
    if shown.line_count > 1 && shown.all.total() > of_baseline {
        sentences.push(format!("{}.", counts(&shown.all, ". ")));
    }
    sentences
}

/// News about the watch first, unless nothing is to be done about it.
fn blocks(watch: &[WatchLine], shown: &Shown, options: &MailOptions<'_>) -> Vec<Block> {
    let (calm, urgent): (Vec<_>, Vec<_>) = watch.iter().partition(|line| line.kind.is_calm());
    let mut blocks: Vec<Block> = urgent.iter().map(|line| line.block(options)).collect();
    blocks.extend(
        shown.lines.iter().map(|(severity, tally, group)| finding::block(*severity, tally, group, options)),
    );
    blocks.extend(calm.iter().map(|line| line.block(options)));
    blocks
}

fn rest(shown: &Shown, more_watch: u64, options: &MailOptions<'_>) -> Vec<Value> {
    let mut values = Vec::new();
    if more_watch > 0 {
        let news = counted(more_watch, "further piece of news", "further pieces of news");
        values.push(Value::Text(format!("Not shown: {news} about the watch.")));
    }
    if shown.rest.total() > 0 {
        let findings = counted(shown.rest.total(), "further finding", "further findings");
        let counts = counts(&shown.rest, ". ");
        values.push(Value::Text(format!("Not shown here: {findings}. {counts}. This lists all:")));
        values.push(Value::Command(options.show_rest.to_owned()));
    }
    values
}

/// `New or worse: 1 critical, 2 high`, for each class that has any.
fn counts(counts: &Counts, between: &str) -> String {
    let classes = Class::ALL.into_iter().filter(|class| counts.of(*class).total() > 0);
    let words = classes.map(|class| {
        let name = match class {
            Class::New => "New or worse",
            Class::Baseline => "At the baseline",
            Class::Reminder => "Still there",
            Class::Resolved => "Resolved",
            Class::Retired => "No longer a target",
        };
        format!("{name}: {}", words::by_severity(&counts.of(class)))
    });
    words.collect::<Vec<_>>().join(between)
}

/// The first finding of each line, then the others of each line.
fn threads(watch: &[WatchLine], shown: &Shown) -> Vec<String> {
    let mut ids: Vec<Id> = watch.iter().filter(|line| !line.kind.is_calm()).map(|line| line.thread).collect();
    let members = |at| shown.lines.iter().filter_map(move |(_, _, group)| group.members.get(at));
    for at in 0..MOST_THREADS {
        ids.extend(members(at).map(|member| member.thread));
    }
    ids.extend(watch.iter().filter(|line| line.kind.is_calm()).map(|line| line.thread));
    let mut threads = Vec::new();
    for id in ids.into_iter().map(Id::hex) {
        if threads.len() < MOST_THREADS && !threads.contains(&id) {
            threads.push(id);
        }
    }
    threads
}
