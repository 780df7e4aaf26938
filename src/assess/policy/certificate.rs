//! Rules on certificates: keys and signatures of each certificate of each path, and what is asked of the end entity.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::dates::{Dates, Timing};
use super::facts::{ChainFacts, Facts, PathCertificate, public_condition};
use super::said::{Said, Why, asked};
use crate::assess::words;
use crate::model::{Choice, DateBasis, Demand, KeyDemand, LeafDemand, PathPosition, RuleDefinition, When};
use crate::time::DAY_SECONDS;
use crate::x509::Certificate;
use crate::x509::certificate::{PublicKey, SignatureHash};

/// What a rule says of every certificate that it speaks of: the worst of it.
pub(super) fn judge(rule: &RuleDefinition, dates: &Dates, facts: &Facts<'_>) -> Said {
    let mut tally = Tally::default();
    for chain in &facts.chains {
        for one in &chain.path {
            let said = judge_one(rule, dates, facts, chain, one);
            tally.add(said, one.certificate);
        }
    }
    tally.said(dates)
}

fn judge_one(
    rule: &RuleDefinition,
    dates: &Dates,
    facts: &Facts<'_>,
    chain: &ChainFacts<'_>,
    one: &PathCertificate<'_>,
) -> Said {
    let certificate = one.certificate;
    if matches!(rule.demand, Demand::Leaf(_)) && !one.is_leaf
        || matches!(rule.demand, Demand::Signature(_)) && !one.is_signed
    {
        return Why::NothingMeant.not_applicable();
    }
    if let Some(said) = condition(&rule.when, chain, one) {
        return said;
    }
    let time = match (dates.basis(), certificate.not_before) {
        (DateBasis::Now, _) => facts.now,
        (DateBasis::NotBefore, Some(issued)) => issued,
        (DateBasis::NotBefore, None) => return Why::Unreadable.not_determined(),
    };
    let timing = dates.timing_of(time, facts.now);
    match timing {
        Timing::NotYet => return Said::NotApplicable(dates.not_yet()),
        Timing::Over => return Said::NotApplicable(dates.over()),
        Timing::Announced | Timing::InForce => {}
    }
    let said = match &rule.demand {
        Demand::Key(demand) => key(demand, certificate),
        Demand::Signature(choice) => signature(choice, certificate),
        Demand::Leaf(demand) => leaf(demand, certificate, facts),
        _ => Said::Kept,
    };
    match said {
        Said::Broken { sentence, .. } => Said::Broken { sentence, timing },
        other => other,
    }
}

/// Conditions on a certificate; `None` where they hold.
fn condition(when: &When, chain: &ChainFacts<'_>, one: &PathCertificate<'_>) -> Option<Said> {
    let position = if one.is_leaf { PathPosition::Leaf } else { PathPosition::Ca };
    if when.position.is_some_and(|wanted| wanted != position) {
        return Some(Why::NothingMeant.not_applicable());
    }
    if !when.algorithms.is_empty() {
        let Some(key) = &one.certificate.key else { return Some(Why::Unreadable.not_determined()) };
        if !when.algorithms.iter().any(|name| is_kind(key, name)) {
            return Some(Why::NothingMeant.not_applicable());
        }
    }
    if when.lifetime_up_to_days.is_some() || when.lifetime_over_days.is_some() {
        let Some(seconds) = one.certificate.validity_seconds() else {
            return Some(Why::Unreadable.not_determined());
        };
        let is_over = |days: u32| seconds > i64::from(days) * DAY_SECONDS;
        if when.lifetime_up_to_days.is_some_and(is_over)
            || when.lifetime_over_days.is_some_and(|days| !is_over(days))
        {
            return Some(Why::NothingMeant.not_applicable());
        }
    }
    if when.ocsp_url && one.certificate.ocsp_urls.is_empty() {
        return Some(Why::NoOcspUrl.not_applicable());
    }
    when.public_ca.and_then(|wanted| public_condition(wanted, chain.is_public))
}

fn key(demand: &KeyDemand, certificate: &Certificate) -> Said {
    let Some(key) = &certificate.key else { return Why::Unreadable.not_determined() };
    let bits =
        |key: &PublicKey| key.bits.map_or_else(|| "an unknown number of".to_owned(), |bits| bits.to_string());
    let asks = match demand {
        KeyDemand::Kind(choice) => {
            let is_listed = choice.items().iter().any(|name| is_kind(key, name));
            if is_listed != matches!(choice, Choice::Forbid(_)) {
                return Said::Kept;
            }
            asked(choice)
        }
        KeyDemand::MinBits(least) => match key.bits {
            Some(bits) if bits >= *least => return Said::Kept,
            Some(_) => format!("at least {least} bits are asked for"),
            None => return Why::Unreadable.not_determined(),
        },
        KeyDemand::MultipleOf(step) => match key.bits {
            Some(bits) if bits.checked_rem(*step) == Some(0) => return Said::Kept,
            Some(_) => format!("a multiple of {step} bits is asked for"),
            None => return Why::Unreadable.not_determined(),
        },
    };
    let kind = match &key.curve {
        Some(curve) => format!("a key on curve {curve}"),
        None if matches!(&*key.algorithm, "DSA" | "DH") => {
            format!("a {} key of {} bits", key.algorithm, bits(key))
        }
        None => format!("an {} key of {} bits", key.algorithm, bits(key)),
    };
    Said::broken(format!("{} has {kind}; {asks}.", words::certificate(certificate)))
}

/// The key is of this algorithm or on this curve.
fn is_kind(key: &PublicKey, name: &str) -> bool {
    key.algorithm == name || key.curve.as_deref() == Some(name)
}

fn signature(choice: &Choice<Arc<str>>, certificate: &Certificate) -> Said {
    let Some(signature) = &certificate.signature else { return Why::Unreadable.not_determined() };
    let hash = signature.hash.map(hash_name);
    let is_listed = choice.items().iter().any(|name| **name == *signature.name || hash == Some(&**name));
    if is_listed != matches!(choice, Choice::Forbid(_)) {
        return Said::Kept;
    }
    let asks = asked(choice);
    Said::broken(format!("{} is signed with {}; {asks}.", words::certificate(certificate), signature.name))
}

/// The hash as policy files name it.
fn hash_name(hash: SignatureHash) -> &'static str {
    match hash {
        SignatureHash::Md2 => "MD2",
        SignatureHash::Md5 => "MD5",
        SignatureHash::Sha1 => "SHA-1",
        SignatureHash::Sha224 => "SHA-224",
        SignatureHash::Sha256 => "SHA-256",
        SignatureHash::Sha384 => "SHA-384",
        SignatureHash::Sha512 => "SHA-512",
    }
}

fn leaf(demand: &LeafDemand, certificate: &Certificate, facts: &Facts<'_>) -> Said {
    match demand {
        LeafDemand::MaxValidityDays(most) => validity(*most, certificate),
        LeafDemand::ExtendedKeyUsage(wanted) => extended_key_usage(wanted, certificate),
        LeafDemand::MinScts(least) => timestamps(*least, certificate, facts),
    }
}

fn validity(most: u32, certificate: &Certificate) -> Said {
    let Some(seconds) = certificate.validity_seconds() else { return Why::Unreadable.not_determined() };
    let days = seconds.saturating_add(DAY_SECONDS - 1).div_euclid(DAY_SECONDS);
    if days <= i64::from(most) {
        return Said::Kept;
    }
    let issued = certificate.not_before.map(super::dates::day).unwrap_or_default();
    Said::broken(format!(
        "{}, issued on {issued}, is valid for {days} days; at most {most} are allowed.",
        words::certificate(certificate)
    ))
}

fn extended_key_usage(wanted: &[Arc<str>], certificate: &Certificate) -> Said {
    if certificate.unreadable.iter().any(|field| field.field == "extendedKeyUsage") {
        return Why::Unreadable.not_determined();
    }
    let there = certificate.extended_key_usage.as_deref().unwrap_or_default();
    let is_same =
        there.len() == wanted.len() && wanted.iter().all(|name| there.iter().any(|one| *one == **name));
    if is_same {
        return Said::Kept;
    }
    let there =
        if there.is_empty() { "no extended key usage".to_owned() } else { super::said::listed(there) };
    Said::broken(format!(
        "{} is for {}; asked for is {} and nothing else.",
        words::certificate(certificate),
        crate::text::escape_for_terminal(&there),
        super::said::listed(wanted)
    ))
}

/// Timestamps of different logs in the certificate. Those beside it count, too, where somebody looked.
fn timestamps(least: u32, certificate: &Certificate, facts: &Facts<'_>) -> Said {
    let logs: BTreeSet<&[u8; 32]> = certificate.scts.iter().map(|sct| &sct.log_id).collect();
    let embedded = u32::try_from(logs.len()).unwrap_or(u32::MAX);
    if embedded >= least {
        return Said::Kept;
    }
    // What a certificate in a file would be served with, nobody knows; nor what a stapled response carries.
    let beside = facts.tls().filter(|tls| tls.ocsp_stapled != Some(true)).and_then(|tls| tls.sct_count);
    match beside {
        Some(beside) if beside >= least => Said::Kept,
        Some(0) => Said::broken(format!(
            "{} carries timestamps of {embedded} logs, and none came beside it; at least {least} are asked for.",
            words::certificate(certificate)
        )),
        Some(_) | None => Why::OtherScts.not_determined(),
    }
}

/// What a rule said of several certificates.
#[derive(Default)]
struct Tally {
    is_kept: bool,
    /// The worst, and of how many certificates something like it was said.
    broken: Option<(String, Timing)>,
    also: BTreeSet<crate::x509::Fingerprint>,
    not_determined: Option<Arc<str>>,
    not_applicable: Option<Arc<str>>,
}

impl Tally {
    fn add(&mut self, said: Said, certificate: &Certificate) {
        match said {
            Said::Kept => self.is_kept = true,
            Said::NotApplicable(why) => self.not_applicable = self.not_applicable.take().or(Some(why)),
            Said::NotDetermined(why) => self.not_determined = self.not_determined.take().or(Some(why)),
            Said::Broken { sentence, timing } => {
                let is_new = self.also.insert(certificate.sha256);
                if is_new && self.broken.as_ref().is_none_or(|(_, worst)| *worst < timing) {
                    self.broken = Some((sentence, timing));
                }
            }
        }
    }

    fn said(self, dates: &Dates) -> Said {
        if let Some((mut sentence, timing)) = self.broken {
            match self.also.len().saturating_sub(1) {
                0 => {}
                1 => sentence.push_str(" One more certificate of the path is like it."),
                more => sentence.push_str(&format!(" {more} more certificates of the path are like it.")),
            }
            sentence.push_str(dates.suffix(timing));
            return Said::Broken { sentence, timing };
        }
        match (self.not_determined, self.is_kept, self.not_applicable) {
            (Some(why), _, _) => Said::NotDetermined(why),
            (None, true, _) => Said::Kept,
            (None, false, Some(why)) => Said::NotApplicable(why),
            (None, false, None) => Why::NoCertificate.not_determined(),
        }
    }
}
