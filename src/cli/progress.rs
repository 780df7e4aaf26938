//! The progress line of a scan: rate, live and failed counts, time left. Silent when not a terminal.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::app::progress::ScanProgress;

/// Draws until `done` resolves. `probes` is `None` where nobody knows how many there are.
pub(crate) async fn draw<T>(
    progress: Arc<ScanProgress>,
    probes: Option<u64>,
    visible: bool,
    done: impl Future<Output = T>,
) -> T {
    let bar = bar(probes, visible);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    tokio::pin!(done);
    let outcome = loop {
        tokio::select! {
            outcome = &mut done => break outcome,
            _ = tick.tick() => show(&bar, &progress),
        }
    };
    bar.finish_and_clear();
    outcome
}

fn bar(probes: Option<u64>, visible: bool) -> ProgressBar {
    let target = if visible { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
    let (bar, template) = match probes {
        Some(probes) => {
            (ProgressBar::new(probes), "{bar:24} {human_pos}/{human_len}  {per_sec}  {msg}  {eta} left")
        }
        None => (ProgressBar::no_length(), "{spinner} {human_pos}  {per_sec}  {msg}  {elapsed}"),
    };
    bar.set_draw_target(target);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("━╸ ")),
        Err(_) => bar,
    }
}

fn show(bar: &ProgressBar, progress: &ScanProgress) {
    let now = progress.snapshot();
    bar.set_message(format!("{} live, {} failed", now.live, now.failed));
    bar.set_position(now.units);
}
