//! Points for the ciphers: the strongest and the weakest suite, halved. Broken ciphers cap the grade, and so does what a
//! capable client gets without forward secrecy or authenticated encryption.

use super::{Halves, Sheet};
use crate::assess::words;
use crate::model::{Letter, VersionFacts};
use crate::tls::registry::SuiteWeakness;
use crate::tls::{CipherSuite, ProtocolVersion, Ssl2Cipher};

/// Below this many bits a suite is an F.
const LEAST_BITS: u16 = 112;

pub(super) fn judge(sheet: &mut Sheet<'_>) -> Halves {
    let mut is_known = true;
    for facts in sheet.offered().filter(|facts| !facts.suites_complete) {
        is_known = false;
        let reason = format!("not every cipher suite of {} is known", facts.version);
        sheet.cannot_grade("cipher", Letter::F, reason);
    }
    for suite in
        sheet.offered().flat_map(|facts| &facts.cipher_suites).filter(|suite| suite.key_bits().is_none())
    {
        is_known = false;
        sheet.cannot_grade("cipher", Letter::F, format!("the strength of {suite} is not known"));
    }
    strength_caps(sheet);
    rc4_caps(sheet);
    small_block_cap(sheet);
    choice_caps(sheet);
    let points = || strengths(sheet).map(|(_, bits)| points(bits));
    let both = points().max()? + points().min()?;
    is_known.then_some(both)
}

/// Points for a length in bits: 100 is the most.
fn points(bits: u16) -> u32 {
    match bits {
        0 => 0,
        1..128 => 20,
        128..256 => 80,
        256.. => 100,
    }
}

/// Every suite with its strength in bits, those of SSL 2 among them.
fn strengths<'a>(sheet: &Sheet<'a>) -> impl Iterator<Item = (String, u16)> + use<'a> {
    let offered = sheet.offered();
    let suites = offered.clone().flat_map(|facts| &facts.cipher_suites);
    let kinds = offered.flat_map(|facts| &facts.ssl2_ciphers);
    suites
        .filter_map(|suite| Some((suite.to_string(), suite.key_bits()?)))
        .chain(kinds.map(|kind| (kind.to_string(), ssl2_bits(*kind))))
}

/// A kind that nobody knows counts as strong: SSL 2 is an F with every kind.
fn ssl2_bits(kind: Ssl2Cipher) -> u16 {
    match kind.weakness() {
        Some(SuiteWeakness::Export) => 40,
        Some(SuiteWeakness::ShortKey) => 56,
        Some(SuiteWeakness::SmallBlocks) if kind == Ssl2Cipher::SSL2_DES_192_EDE3_CBC_WITH_MD5 => 112,
        _ => 128,
    }
}

fn strength_caps(sheet: &mut Sheet<'_>) {
    let mut weak: Vec<String> =
        strengths(sheet).filter(|(_, bits)| *bits < LEAST_BITS).map(|(name, _)| name).collect();
    weak.sort();
    weak.dedup();
    if !weak.is_empty() {
        let reason = format!("{} encrypts with less than {LEAST_BITS} bits", words::listed(&weak));
        sheet.cap_inferred(Letter::F, "cipher.insecure", reason);
    }
}

fn rc4_caps(sheet: &mut Sheet<'_>) {
    let is_rc4 = |suite: &CipherSuite| suite.weakness() == Some(SuiteWeakness::Rc4);
    let has_rc4 = |facts: &&VersionFacts| facts.cipher_suites.iter().any(is_rc4);
    let mut suites = sheet.offered().flat_map(|facts| &facts.cipher_suites).peekable();
    let is_alone =
        suites.peek().is_some() && suites.all(is_rc4) && sheet.offered().all(|facts| facts.suites_complete);
    let newest = sheet.offered().filter(has_rc4).last().map(|facts| facts.version);
    let Some(newest) = newest else { return };
    if is_alone {
        sheet.cap(Letter::F, "cipher.rc4_only", "RC4 is all that is offered");
    }
    if newest >= ProtocolVersion::TLSv1_1 {
        sheet.cap(Letter::C, "cipher.rc4_modern", format!("RC4 is accepted in {newest}"));
    }
    sheet.cap(Letter::B, "cipher.rc4", "RC4 is accepted");
}

/// Suites of 64-bit blocks are put up with at the end of the list.
fn small_block_cap(sheet: &mut Sheet<'_>) {
    let is_small = |suite: &CipherSuite| suite.weakness() == Some(SuiteWeakness::SmallBlocks);
    let modern = sheet.offered().filter(|facts| facts.version >= ProtocolVersion::TLSv1_1);
    let hit = modern.clone().find_map(|facts| {
        let chosen = chosen_by_capable(facts, |suite| !is_small(suite))?;
        is_small(&chosen).then(|| format!("{chosen} is what a client of {} gets: Sweet32", facts.version))
    });
    let is_accepted = modern.flat_map(|facts| &facts.cipher_suites).any(is_small);
    match hit {
        Some(reason) => sheet.cap_inferred(Letter::C, "cipher.sweet32", reason),
        None if is_accepted => sheet.grade.notes.push(
            "64-bit blocks are accepted, but no capable client gets them: the guide puts up with that.",
        ),
        None => {}
    }
}

/// What capable clients get in TLS 1.2, and in the newest version.
fn choice_caps(sheet: &mut Sheet<'_>) {
    let Some(newest) = sheet.offered().last().map(|facts| facts.version) else { return };
    let capable: Vec<&VersionFacts> = sheet
        .offered()
        .filter(|facts| facts.version == newest || facts.version == ProtocolVersion::TLSv1_2)
        .filter(|facts| facts.suites_complete)
        .collect();
    let all = || sheet.offered().flat_map(|facts| &facts.cipher_suites);
    let is_secret = |suite: &CipherSuite| suite.forward_secrecy() == Some(true);
    let lacking = |has: fn(&CipherSuite) -> bool| {
        capable.iter().find_map(|facts| {
            let chosen = chosen_by_capable(facts, has)?;
            (!has(&chosen)).then(|| format!("a capable client of {} gets {chosen}", facts.version))
        })
    };
    let has_none = |has: fn(&CipherSuite) -> bool| !capable.is_empty() && !all().any(has);
    let (no_secrecy, no_aead) = (lacking(is_secret), lacking(is_aead));
    let (never_secret, never_aead) = (has_none(is_secret), has_none(is_aead));
    if never_secret {
        sheet.cap(Letter::B, "cipher.no_forward_secrecy", "no suite has forward secrecy");
    } else if let Some(reason) = no_secrecy {
        sheet.cap_inferred(
            Letter::B,
            "cipher.no_forward_secrecy",
            format!("{reason}, without forward secrecy"),
        );
    }
    if never_aead {
        sheet.cap(Letter::B, "cipher.no_aead", "no suite has authenticated encryption (AEAD)");
    } else if let Some(reason) = no_aead {
        sheet.cap_inferred(
            Letter::B,
            "cipher.no_aead",
            format!("{reason}, without authenticated encryption (AEAD)"),
        );
    }
}

/// What a client gets that takes every suite and likes those best that are `good`: the server's first where it has an
/// order, else a good one if there is any. `None` where the list may have a better one.
fn chosen_by_capable(facts: &VersionFacts, good: impl Fn(&CipherSuite) -> bool) -> Option<CipherSuite> {
    let first = facts.cipher_suites.first().copied();
    if facts.server_order == Some(true) {
        return first;
    }
    facts.cipher_suites.iter().copied().find(good).or_else(|| first.filter(|_| facts.suites_complete))
}

/// Encrypts and authenticates in one (RFC 5116).
fn is_aead(suite: &CipherSuite) -> bool {
    let Some(name) = suite.known_name() else { return false };
    let has = |part: &str| name.split('_').any(|word| word == part);
    ["GCM", "CCM", "POLY1305", "OCB", "MGM", "AEGIS"].into_iter().any(has)
}
