//! Judgement: the verdicts on one observation at one `now`. Pure: no clock, no IO.
