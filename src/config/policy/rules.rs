//! Rules, exceptions and places of a policy file: read one by one, each error with its line and a remedy.

use std::sync::Arc;

use toml::Spanned;

use super::{day_of, demand, names};
use crate::config::{ConfigError, Source};
use crate::model::{
    DateBasis, Demand, Level, PathPosition, Place, PlaceName, PolicyException, PolicyRule, RuleDates,
    RuleDefinition, Severity, When,
};
use crate::tls::ProtocolVersion;
use crate::wire::policy::{ExceptionTable, PlaceTable, RuleTable, WhenTable};

/// One rule.
pub(super) fn rule(source: &Source<'_>, table: &Spanned<RuleTable>) -> Result<RuleDefinition, ConfigError> {
    let written = table.get_ref();
    let id = written.id.get_ref();
    let is_plain = (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !is_plain {
        return Err(
            source.error(written.id.span(), "a rule's id is 1 to 64 letters, digits, `-`, `_` and `.`")
        );
    }
    let level = Level::from_name(written.level.get_ref()).ok_or_else(|| {
        let names = Level::ALL.map(Level::name).join(", ");
        source.error(written.level.span(), &format!("expected a level: {names}"))
    })?;
    let severity = Severity::from_name(written.severity.get_ref()).ok_or_else(|| {
        source.error(written.severity.span(), "expected a severity: info, low, medium, high or critical")
    })?;
    let demand = demand::demand(source, table)?;
    Ok(RuleDefinition {
        when: match &written.when {
            Some(when) => conditions(source, when, &demand)?,
            None => When::default(),
        },
        dates: dates(source, written, &demand)?,
        rule: Arc::new(PolicyRule {
            id: id.as_str().into(),
            level,
            text: written.text.as_str().into(),
            source: written.source.as_str().into(),
            remedy: written.remedy.as_str().into(),
            note: written.note.as_deref().map(Arc::from),
        }),
        severity,
        inherited_from: None,
        demand,
    })
}

fn dates(source: &Source<'_>, written: &RuleTable, demand: &Demand) -> Result<RuleDates, ConfigError> {
    let day = |day: &Option<Spanned<String>>| day.as_ref().map(|day| day_of(source, day)).transpose();
    let dates = RuleDates {
        basis: match &written.date_basis {
            Some(basis) => DateBasis::from_name(basis.get_ref()).ok_or_else(|| {
                source.error(basis.span(), "expected date_basis = \"now\" or \"not_before\"")
            })?,
            None => DateBasis::Now,
        },
        effective_from: day(&written.effective_from)?,
        effective_until: day(&written.effective_until)?,
        warn_from: day(&written.warn_from)?,
    };
    if let (DateBasis::NotBefore, Some(basis)) = (dates.basis, &written.date_basis)
        && !demand.applies().starts_with("certificate.")
    {
        let message = "only rules on certificates go by not_before; leave out `date_basis`";
        return Err(source.error(basis.span(), message));
    }
    if let Some(warn) = &written.warn_from
        && dates.effective_from.is_none_or(|from| dates.warn_from >= Some(from))
    {
        let message = "warn_from comes before effective_from; give both, the warning first";
        return Err(source.error(warn.span(), message));
    }
    if let Some(until) = &written.effective_until
        && dates.effective_until <= dates.effective_from
    {
        return Err(source.error(until.span(), "effective_until comes after effective_from"));
    }
    Ok(dates)
}

/// Conditions; one that means nothing for this demand would never hold, or always.
fn conditions(
    source: &Source<'_>,
    written: &Spanned<WhenTable>,
    demand: &Demand,
) -> Result<When, ConfigError> {
    let table = written.get_ref();
    let wrong = |message: &str| source.error(written.span(), message);
    let applies = demand.applies();
    let is_unseen = matches!(demand, Demand::Unseen(_));
    let on_certificate = applies.starts_with("certificate.") || is_unseen;
    let has_versions =
        matches!(demand, Demand::Suites(_) | Demand::Groups(_) | Demand::SignatureSchemes(_)) || is_unseen;
    if !on_certificate
        && (table.algorithm.is_some()
            || table.certificate.is_some()
            || table.lifetime_up_to_days.is_some()
            || table.lifetime_over_days.is_some())
    {
        return Err(wrong(
            "algorithm, certificate and lifetime_… are conditions of rules on certificates only",
        ));
    }
    if !has_versions && table.version.is_some() {
        return Err(wrong("version is a condition of endpoint.suites, .groups and .signature_schemes only"));
    }
    if table.cbc.is_some() && !matches!(demand, Demand::Features { .. }) {
        return Err(wrong("cbc is a condition of endpoint.features only"));
    }
    let version = |name: &String| {
        ProtocolVersion::from_name(name)
            .ok_or_else(|| wrong(&format!("`{name}` is no version; write e.g. TLSv1.2")))
    };
    let mut versions: Vec<ProtocolVersion> = match &table.version {
        Some(names) => names.words().iter().map(version).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    versions.sort();
    let position = match &table.certificate {
        Some(name) => Some(
            PathPosition::from_name(name.get_ref())
                .ok_or_else(|| source.error(name.span(), "expected certificate = \"leaf\" or \"ca\""))?,
        ),
        None => None,
    };
    let algorithm = |name: &String| match names::KEYS.contains(&name.as_str()) {
        true => Ok(name.as_str().into()),
        false => Err(wrong(&format!("`{name}` is not known; names are {}", names::KEYS.join(", ")))),
    };
    let algorithms = match &table.algorithm {
        Some(names) => names.words().iter().map(algorithm).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    Ok(When {
        algorithms,
        public_ca: table.public_ca,
        versions,
        position,
        lifetime_up_to_days: table.lifetime_up_to_days,
        lifetime_over_days: table.lifetime_over_days,
        cbc: table.cbc == Some(true),
        ocsp_url: table.ocsp_url == Some(true),
    })
}

/// Networks, names, tags and owners.
pub(super) fn place(source: &Source<'_>, table: &PlaceTable) -> Result<Place, ConfigError> {
    let network = |written: &Spanned<String>| {
        let text = written.get_ref();
        text.parse().map_err(|_| {
            source.error(written.span(), &format!("`{text}` is not a network; write e.g. 10.1.0.0/16"))
        })
    };
    let name = |written: &Spanned<String>| {
        let text = written.get_ref();
        PlaceName::parse(text)
            .map_err(|why| source.error(written.span(), &format!("`{text}` is not a name: {why}")))
    };
    Ok(Place {
        networks: table.networks.iter().map(network).collect::<Result<_, _>>()?,
        names: table.names.iter().map(name).collect::<Result<_, _>>()?,
        tags: table.tags.clone(),
        owners: table.owners.clone(),
    })
}

/// An exception: it says from what, where, why, by whom and until when.
pub(super) fn exception(
    source: &Source<'_>,
    table: &Spanned<ExceptionTable>,
    rules: &[&PolicyRule],
) -> Result<PolicyException, ConfigError> {
    let written = table.get_ref();
    let id = written.rule.get_ref();
    if !rules.iter().any(|rule| *rule.id == **id) {
        let message = format!("the policy has no rule `{id}`; `certvigil policy show FILE` lists its rules");
        return Err(source.error(written.rule.span(), &message));
    }
    for (text, message) in [
        (&written.reason, "an exception needs a reason: write why the rule need not be kept here"),
        (&written.by, "an exception needs an author: write who allowed it"),
    ] {
        if text.get_ref().trim().is_empty() {
            return Err(source.error(text.span(), message));
        }
    }
    let place = place(source, written.place.get_ref())?;
    if place.is_everywhere() {
        let message = "an exception that holds everywhere is no exception: name networks, names, tags or owners, or \
                       drop the rule";
        return Err(source.error(written.place.span(), message));
    }
    Ok(PolicyException {
        rule: id.as_str().into(),
        place,
        reason: written.reason.get_ref().as_str().into(),
        by: written.by.get_ref().as_str().into(),
        until: day_of(source, &written.until)?,
    })
}
