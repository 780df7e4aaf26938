//! `certvigil notify`

use std::io::Write as _;
use std::time::Duration;

use super::super::Ending;
use super::super::args::{
    Everywhere, NotifyCommand, NotifyPreviewArgs, NotifyTestArgs, OutboxCommand, OutboxDropArgs,
    OutboxFlushArgs,
};
use super::super::output::Output;
use super::super::talk::Talk;
use super::findings::list_form;
use crate::app::dispatch::Delivery;
use crate::app::notify::{self, PreviewQuery};
use crate::text::escape_for_terminal;

/// How long a flush takes by default.
const FLUSH_WAIT: Duration = Duration::from_secs(120);

pub(crate) fn run(command: &NotifyCommand, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    match command {
        NotifyCommand::Test(args) => test(args, everywhere, talk),
        NotifyCommand::Preview(args) => preview(args, everywhere, talk),
        NotifyCommand::Outbox(OutboxCommand::List(args)) => {
            let parts = super::parts(everywhere)?;
            let mut output = Output::whole(None)?;
            notify::list(&parts, list_form(args.format, talk), &mut output)?;
            output.finish()?;
            Ok(Ending::Clean)
        }
        NotifyCommand::Outbox(OutboxCommand::Flush(args)) => flush(args, everywhere, talk),
        NotifyCommand::Outbox(OutboxCommand::Drop(args)) => drop_all(args, everywhere, talk),
    }
}

/// Says what was sent, and names what is left.
pub(crate) fn say(delivery: &Delivery, talk: Talk) {
    for detail in &delivery.details {
        talk.detail(detail);
    }
    let count = |number: u64, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {many}")),
    };
    let done = [
        count(delivery.sent, "mail sent", "mails sent"),
        count(delivery.ran, "hook program ran", "hook programs ran"),
    ];
    let done: Vec<String> = done.into_iter().flatten().collect();
    if !done.is_empty() {
        talk.say(&done.join(", "));
    }
    for left in &delivery.left {
        // Also to somebody who wants to hear of errors only: an alert that nobody gets is one.
        talk.error(&format!("not delivered: {}", left.what));
    }
}

fn test(args: &NotifyTestArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let tried = super::runtime()?.block_on(notify::test(&parts, args.to.as_deref()))?;
    let mut output = Output::whole(None)?;
    let mut ending = Ending::Clean;
    for one in &tried {
        match &one.outcome {
            Ok(reply) => {
                let line = format!("{}: accepted: {reply}", one.to);
                writeln!(output, "{}", escape_for_terminal(&line))?;
            }
            Err(error) => {
                talk.error(&format!("{}: {error}", one.to));
                ending = Ending::Incomplete;
            }
        }
    }
    output.finish()?;
    Ok(ending)
}

fn preview(args: &NotifyPreviewArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let query = PreviewQuery { profile: args.profile.clone(), to: args.to.clone(), html: args.html };
    let mut output = Output::whole(None)?;
    let shown = notify::preview(&parts, &query, &mut output)?;
    output.finish()?;
    if shown == 0 {
        talk.say("there is nothing to tell: nothing waits, and no finding is open that a route takes");
    }
    Ok(Ending::Clean)
}

fn flush(args: &OutboxFlushArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let wait = args.wait.map_or(FLUSH_WAIT, |wait| wait.0);
    let Some(delivery) = super::runtime()?.block_on(notify::flush(&parts, wait, args.due))? else {
        talk.say("a scan is running; it sends what is due");
        return Ok(Ending::Clean);
    };
    say(&delivery, talk);
    if delivery.sent + delivery.ran == 0 && delivery.left.is_empty() {
        talk.say("nothing waits: every alert was delivered");
    }
    Ok(if delivery.left.is_empty() { Ending::Clean } else { Ending::Incomplete })
}

fn drop_all(args: &OutboxDropArgs, everywhere: &Everywhere, talk: Talk) -> anyhow::Result<Ending> {
    let parts = super::parts(everywhere)?;
    let gone = notify::discard(&parts, &args.who, &args.reason)?;
    talk.say(&format!("{gone} dropped; the audit log has it"));
    Ok(Ending::Clean)
}
