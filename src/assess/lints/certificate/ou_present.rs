//! `x509.name.ou_present`: an organizational unit in the subject, which nobody validates and public authorities may not
//! write since 2022-09-01 (Baseline Requirements 7.1.2.7.4, ballot SC-047).

use super::{Applies, Breach, Case, Lint};
use crate::assess::words;
use crate::model::{Rule, Severity};
use crate::time::UnixTime;

pub(super) const LINT: Lint = Lint {
    rule: Rule::OrganizationalUnit,
    severity: Severity::Low,
    title: "Subject has an organizational unit",
    remedy: "Have the certificate issued anew without an organizational unit: its issuer has to revoke this one.",
    applies: Applies::PublicEndEntity,
    since: Some(UnixTime(1_661_990_400)), // 2022-09-01
    references: &[
        "CA/Browser Forum TLS Baseline Requirements section 7.1.2.7.4",
        "zlint e_organizational_unit_name_prohibited",
    ],
    judge,
};

fn judge(case: &Case<'_>) -> Option<Breach> {
    let unit = words::quoted(case.certificate.subject.attribute("OU")?);
    Some(case.breach(format_args!("has the organizational unit {unit}"))?.fact("organizational_unit", unit))
}

#[cfg(test)]
mod tests {
    use crate::assess::tests::leaf::*;
    use crate::model::Rule;

    #[test]
    fn no_unit_since_september_2022() {
        let leaf = Leaf::sound().subject(&[(ORGANIZATIONAL_UNIT, "Ops")]);
        assert_eq!(leaf.public(), [Rule::OrganizationalUnit]);
        assert_eq!(leaf.private(), []);
        assert_eq!(leaf.issued("2022-08-31").public(), []);
    }
}
