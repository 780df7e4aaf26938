//! Policy files: what is read, and how what is wrong is told. The built-in ones are held against their source.

use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::model::{Choice, Demand, KeyDemand, LeafDemand};
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion};

const HEAD: &str = "[policy]\nname = \"own\"\nversion = \"1\"\nsource = \"us\"\nstatus = \"final\"\n";
const RULE: &str = "[[rule]]\nid = \"A\"\ntext = \"t\"\napplies = \"endpoint.protocol\"\nforbid = [\"TLSv1.0\"]\n\
                    level = \"must_not\"\nseverity = \"high\"\nsource = \"s\"\nremedy = \"r\"\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn load(text: &str) -> Result<PolicyDefinition, String> {
    let folder = Folder::new();
    load_policy(folder.write("own.toml", text).to_str().unwrap()).map_err(|error| error.to_string())
}

/// Where the error stands, and what it says.
#[track_caller]
fn fault(text: &str, line: usize, says: &str) {
    let error = load(text).unwrap_err();
    assert!(error.contains(&format!("own.toml:{line}: ")), "line {line}: {error}");
    assert!(error.contains(says), "{says}: {error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn every_built_in_policy_is_in_order_and_sourced() {
    for name in built_in_names() {
        let definition = load_policy(name).unwrap();
        assert_eq!(&*definition.policy.name, name);
        assert!(definition.policy.retrieved.is_some(), "{name}");
        assert!(!definition.rules.is_empty() && definition.scope.is_everywhere(), "{name}");
        for rule in &definition.rules {
            let PolicyRule { id, text, source, remedy, .. } = &*rule.rule;
            assert!(!text.is_empty() && !source.is_empty() && !remedy.is_empty(), "{name} {id}");
        }
    }
    let drafts = ["nist-ir8547"];
    let is_draft = |name: &&str| load_policy(name).unwrap().policy.status == PolicyStatus::Draft;
    assert_eq!(built_in_names().into_iter().filter(is_draft).collect::<Vec<_>>(), drafts);
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

fn demand<'a>(definition: &'a PolicyDefinition, id: &str) -> Option<&'a Demand> {
    definition.rules.iter().find(|rule| &*rule.rule.id == id).map(|rule| &rule.demand)
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

/// Mozilla's OpenSSL names of groups and curves.
fn group(name: &str) -> NamedGroup {
    match name {
        "X25519" => NamedGroup::x25519,
        "prime256v1" => NamedGroup::secp256r1,
        other => NamedGroup::from_name(other).unwrap(),
    }
}

fn version(name: &str) -> ProtocolVersion {
    ProtocolVersion::from_name(if name == "TLSv1" { "TLSv1.0" } else { name }).unwrap()
}

#[track_caller]
fn holds_against(name: &str, guideline: &Value) {
    let policy = load_policy(name).unwrap();
    let allowed = |id: &str| demand(&policy, id);
    let versions = strings(&guideline["tls_versions"]).into_iter().map(version).collect();
    assert_eq!(allowed("MOZ-VERSIONS"), Some(&Demand::Protocol(Choice::Allow(sorted(versions)))), "{name}");
    let suites = |list: &Value| {
        let suites = strings(list).into_iter().map(|name| CipherSuite::from_name(name).unwrap()).collect();
        Demand::Suites(Choice::Allow(sorted(suites)))
    };
    assert_eq!(allowed("MOZ-SUITES-TLS13"), Some(&suites(&guideline["ciphersuites"])), "{name}");
    let old = &guideline["ciphers"]["iana"];
    let expected = (!strings(old).is_empty()).then(|| suites(old));
    assert_eq!(allowed("MOZ-SUITES"), expected.as_ref(), "{name}");
    let groups = strings(&guideline["tls_curves"]).into_iter().map(group).collect();
    assert_eq!(allowed("MOZ-CURVES"), Some(&Demand::Groups(Choice::Allow(sorted(groups)))), "{name}");
    let kinds = |items: Vec<&str>| {
        let known = |item| match item {
            "ecdsa" => "EC",
            "rsa" => "RSA",
            "prime256v1" => "P-256",
            "secp384r1" => "P-384",
            other => other,
        };
        Choice::Allow(sorted(items.into_iter().map(|item| Arc::from(known(item))).collect()))
    };
    let types = strings(&guideline["certificate_types"]);
    assert_eq!(allowed("MOZ-CERT-TYPE"), Some(&Demand::Key(KeyDemand::Kind(kinds(types.clone())))), "{name}");
    let curves = Demand::Key(KeyDemand::Kind(kinds(strings(&guideline["certificate_curves"]))));
    assert_eq!(allowed("MOZ-CERT-CURVE"), types.contains(&"ecdsa").then_some(&curves), "{name}");
    let signatures = kinds(strings(&guideline["certificate_signatures"]));
    assert_eq!(allowed("MOZ-CERT-SIGNATURE"), Some(&Demand::Signature(signatures)), "{name}");
    let number = |key: &str| guideline[key].as_u64().map(|number| u32::try_from(number).unwrap());
    let rsa = number("rsa_key_size").map(|bits| Demand::Key(KeyDemand::MinBits(bits)));
    assert_eq!(allowed("MOZ-RSA-SIZE"), rsa.as_ref(), "{name}");
    assert_eq!(allowed("MOZ-DH-SIZE"), number("dh_param_size").map(Demand::DhBits).as_ref(), "{name}");
    let days = |key| number(key).map(|days| Demand::Leaf(LeafDemand::MaxValidityDays(days)));
    let (most, wished) = (days("maximum_certificate_lifespan"), days("recommended_certificate_lifespan"));
    assert_eq!(allowed("MOZ-LIFESPAN"), most.as_ref(), "{name}");
    assert_eq!(allowed("MOZ-LIFESPAN-RECOMMENDED"), wished.as_ref().filter(|_| wished != most), "{name}");
}

#[test]
fn the_mozilla_policies_are_what_mozillas_guidelines_say() {
    for (number, text) in [
        ("5.7", include_str!("../../../fixtures/mozilla-tls/5.7.json")),
        ("6.0", include_str!("../../../fixtures/mozilla-tls/6.0.json")),
    ] {
        let guideline: Value = serde_json::from_str(text).unwrap();
        let configurations = guideline["configurations"].as_object().unwrap();
        for (name, configuration) in configurations {
            holds_against(&format!("mozilla-{number}-{name}"), configuration);
        }
        let prefix = format!("mozilla-{number}-");
        let built_in = built_in_names().into_iter().filter(|name| name.starts_with(&prefix)).count();
        assert_eq!(built_in, configurations.len());
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_a_remedy() {
    let rule = |from: &str, to: &str| format!("{HEAD}{}", RULE.replace(from, to));
    fault(&rule("text =", "txt ="), 8, "unknown field `txt`");
    fault(&rule("must_not", "shall"), 11, "expected a level: must, recommended");
    fault(&rule("high", "bad"), 12, "expected a severity");
    fault(&rule("endpoint.protocol", "endpoint"), 9, "expected applies = certificate.public_key");
    fault(&rule("TLSv1.0", "TLS 1.0"), 10, "`TLS 1.0` is not known; versions are");
    fault(&rule("[\"TLSv1.0\"]", "[]"), 10, "the list is empty");
    fault(&rule("forbid", "allow = [\"TLSv1.2\"]\nforbid"), 7, "exactly one of allow, forbid");
    fault(
        &format!("{HEAD}{RULE}effective_from = \"2026-13-01\"\n"),
        15,
        "`2026-13-01` is not a date; write e.g.",
    );
    fault(&format!("{HEAD}{RULE}date_basis = \"not_before\"\n"), 15, "only rules on certificates");
    fault(&format!("{HEAD}{RULE}warn_from = \"2026-01-01\"\n"), 15, "warn_from comes before effective_from");
    fault(&format!("{HEAD}{RULE}when = {{ algorithm = \"RSA\" }}\n"), 15, "rules on certificates only");
    fault(&format!("{HEAD}{RULE}{RULE}"), 16, "two rules `A`");
    fault(&format!("{HEAD}drop = [\"A\"]\n{RULE}"), 6, "extends none");
    fault(&HEAD.replace("own", "certvigil-default"), 2, "take another");
    fault(&HEAD.replace("final", "finished"), 5, "\"final\" or \"draft\"");
    let suites = rule("endpoint.protocol", "endpoint.suites");
    fault(&suites, 10, "write an IANA name such as TLS_AES_128_GCM_SHA256");
    let key = |word: &str| rule("endpoint.protocol", "certificate.public_key").replace("TLSv1.0", word);
    fault(&key("ECDSA"), 10, "`ECDSA` is not known; names are RSA, EC");
    assert!(load(&key("EC")).is_ok());
    let finding = |id: &str| {
        rule("endpoint.protocol", "findings")
            .replace("forbid = [\"TLSv1.0\"]", &format!("finding = [\"{id}\"]"))
    };
    fault(&finding("tls.none"), 10, "write the id of a finding about one endpoint");
    fault(&finding("fleet.*"), 10, "write the id of a finding about one endpoint");
    assert!(load(&finding("tls.vuln.*")).is_ok());
}

#[test]
fn an_exception_says_where_why_who_and_until_when() {
    let file = |exception: &str| format!("{HEAD}{RULE}[[exception]]\n{exception}");
    let whole = "rule = \"A\"\nwhere = { tags = [\"lab\"] }\nreason = \"old\"\nby = \"ciso\"\nuntil = \"2026-01-01\"\n";
    assert_eq!(load(&file(whole)).unwrap().exceptions.len(), 1);
    fault(&file(&whole.replace("\"A\"", "\"B\"")), 16, "has no rule `B`");
    fault(&file(&whole.replace("\"old\"", "\" \"")), 18, "needs a reason");
    fault(&file(&whole.replace("\"ciso\"", "\"\"")), 19, "needs an author");
    fault(&file(&whole.replace("2026-01-01", "soon")), 20, "`soon` is not a date");
    fault(&file(&whole.replace("tags = [\"lab\"]", "")), 17, "no exception: name networks");
    fault(&file(&whole.replace("tags = [\"lab\"]", "networks = [\"lab\"]")), 17, "`lab` is not a network");
    let missing = load(&file(&whole.replace("by = \"ciso\"\n", ""))).unwrap_err();
    assert!(missing.contains("missing field `by`"), "{missing}");
}

#[test]
fn a_policy_takes_over_drops_and_replaces_rules() {
    let head = format!("{HEAD}extends = \"mozilla-6.0-intermediate\"\ndrop = [\"MOZ-HSTS\"]\n");
    let own = load(&format!("{head}{}{RULE}", RULE.replace("\"A\"", "\"MOZ-VERSIONS\""))).unwrap();
    let parent = load_policy("mozilla-6.0-intermediate").unwrap();
    // One is dropped, one is new, one is replaced at its place.
    assert_eq!(own.rules.len(), parent.rules.len());
    assert_eq!(demand(&own, "MOZ-HSTS"), None);
    assert_eq!(demand(&own, "MOZ-VERSIONS"), demand(&own, "A"));
    assert_eq!(own.rules[0].inherited_from, None);
    assert_eq!(own.rules[1].inherited_from.as_deref(), Some("mozilla-6.0-intermediate"));
    let unknown = format!("{HEAD}extends = \"mozilla-7\"\n");
    fault(&unknown, 6, "policy `mozilla-7` is not known; built in are mozilla-6.0-modern");
    fault(&format!("{HEAD}extends = \"chrome-ct\"\ndrop = [\"CT-1\"]\n"), 7, "has no rule `CT-1`");
}

#[test]
fn a_circle_is_told_and_a_chain_is_followed() {
    let folder = Folder::new();
    let file = |name: &str, extends: &str| {
        let text = format!("{}extends = \"{extends}\"\n", HEAD.replace("own", name));
        folder.write(&format!("{name}.toml"), &text)
    };
    let first = file("a", "./b.toml");
    file("b", "./c.toml");
    file("c", "./a.toml");
    let error = load_policy(first.to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("c.toml:6: `./a.toml` extends this policy in turn: a circle"), "{error}");
    file("c", "nist-131a");
    let chain = load_policy(first.to_str().unwrap()).unwrap();
    assert_eq!(chain.rules.len(), load_policy("nist-131a").unwrap().rules.len());
    assert_eq!(chain.rules[0].inherited_from.as_deref(), Some("nist-131a"));
}

#[test]
fn an_unknown_policy_names_those_that_are_built_in() {
    let error = load_policy("mozilla").unwrap_err().to_string();
    assert!(error.contains("policy `mozilla` is not known") && error.contains("nist-800-52r2"), "{error}");
}
