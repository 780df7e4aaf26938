//! `[expiry]`: a profile's own steps of expiry. What is not given stays as it is by default.

use serde::Deserialize;
use toml::Spanned;

use super::{ConfigError, Source};
use crate::model::{ExpiryStep, Thresholds};

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    medium: Option<Spanned<Step>>,
    high: Option<Spanned<Step>>,
    critical: Option<Spanned<Step>>,
    ca_days: Option<Spanned<[u32; 3]>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    share: u32,
    days: u32,
}

/// Ten years; a step that begins earlier is a mistake.
const MOST_DAYS: u32 = 3_660;

impl Written {
    /// Checks that the steps are in order.
    pub(super) fn check(&self, source: &Source<'_>) -> Result<Thresholds, ConfigError> {
        let mut steps = Thresholds::default();
        for (written, step) in [
            (&self.medium, &mut steps.medium),
            (&self.high, &mut steps.high),
            (&self.critical, &mut steps.critical),
        ] {
            let Some(written) = written else { continue };
            let Step { share, days } = *written.get_ref();
            if !(1..=100).contains(&share) || !(1..=MOST_DAYS).contains(&days) {
                return Err(source.error(
                    written.span(),
                    &format!(
                        "share is percent of the certificate's life, 1 to 100; days are 1 to {MOST_DAYS}"
                    ),
                ));
            }
            *step = ExpiryStep { share, days };
        }
        self.check_order(&steps, source)?;
        if let Some(written) = &self.ca_days {
            let days = *written.get_ref();
            let is_sane = days.iter().all(|days| (1..=MOST_DAYS).contains(days));
            if !is_sane || !days.is_sorted_by(|earlier, later| earlier >= later) {
                return Err(source.error(
                    written.span(),
                    &format!(
                        "expected days left at medium, high and critical, in falling order, 1 to {MOST_DAYS}"
                    ),
                ));
            }
            steps.ca_days = days;
        }
        Ok(steps)
    }

    fn check_order(&self, steps: &Thresholds, source: &Source<'_>) -> Result<(), ConfigError> {
        let pairs = [
            (("medium", &self.medium, steps.medium), ("high", &self.high, steps.high)),
            (("high", &self.high, steps.high), ("critical", &self.critical, steps.critical)),
        ];
        for ((name, written, step), (worse, worse_written, worse_step)) in pairs {
            if step.share >= worse_step.share && step.days >= worse_step.days {
                continue;
            }
            let ExpiryStep { share, days } = worse_step;
            let place = written.as_ref().or(worse_written.as_ref()).map_or(0..0, Spanned::span);
            return Err(source.error(
                place,
                &format!(
                    "{name} must not begin after {worse}, which is {{ share = {share}, days = {days} }}; give both \
                     in order"
                ),
            ));
        }
        Ok(())
    }
}
