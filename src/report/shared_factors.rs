//! The table of `inventory factor`.

use super::TableOptions;
use super::inventory::when;
use super::layout::{Cell, Column};
use super::listing::Listing;
use super::phrases::counted;
use super::style::Style;
use crate::wire::v1::SharedFactorsDocument;

const COLUMNS: [Column; 4] = [
    Column::new("GROUP", 5, 8),
    Column::new("CERTIFICATE", 16, 64).weight(2),
    Column::new("SHA-256", 12, 16),
    Column::new("ENDS", 10, 22),
];

/// Each certificate with the number of its group; what was compared below.
pub fn shared_factors_table(
    document: &SharedFactorsDocument<'_>,
    options: &TableOptions,
    next_command: &str,
) -> String {
    let mut listing = Listing::new(&COLUMNS);
    let mut keys = 0;
    for (number, group) in (1..).zip(&document.groups) {
        keys += group.keys;
        for certificate in &group.certificates {
            listing.row([
                Cell::new(&number.to_string()),
                Cell::styled(certificate.label.as_ref(), Style::Strong),
                Cell::new(&certificate.sha256.0.short()),
                certificate.not_after.map_or_else(|| Cell::new("?"), |end| when(end, options)),
            ]);
        }
    }
    let compared = counted(document.moduli, "RSA modulus", "RSA moduli");
    listing.sentence(match keys {
        0 => format!("{compared} compared: no two share a prime."),
        _ => format!(
            "{compared} compared: {} share a prime with another one. Anybody who sees the certificates of a group can \
             compute the private keys of all of them: make new keys, and revoke these certificates.",
            counted(keys, "key", "keys")
        ),
    });
    listing.render(options, next_command)
}
