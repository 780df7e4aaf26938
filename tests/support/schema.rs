//! The published JSON Schema (draft 2020-12) of reports, and a check by it.
//!
//! Checks the keywords that the schema uses, and fails on any other.

use serde_json::{Map, Value};

/// `certvigil.report/v1`.
pub(crate) fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/golden/report-v1.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What is wrong with `value`; nothing if it is as `rule` says, without any property that `rule` does not name.
pub(crate) fn fault(root: &Value, rule: &Value, value: &Value, at: &str) -> Option<String> {
    for (keyword, argument) in rule.as_object().unwrap() {
        let fault = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "required" => None,
            "$ref" => fault(root, resolve(root, argument), value, at),
            "oneOf" => {
                let rules = argument.as_array().unwrap();
                let faults: Vec<_> = rules.iter().map(|rule| fault(root, rule, value, at)).collect();
                (faults.iter().filter(|fault| fault.is_none()).count() != 1)
                    .then(|| format!("{at}: not one of {faults:?}"))
            }
            "const" => (argument != value).then(|| format!("{at}: {value} is not {argument}")),
            "enum" => (!argument.as_array().unwrap().contains(value))
                .then(|| format!("{at}: {value} not in {argument}")),
            "type" => (!has_type(argument, value)).then(|| format!("{at}: {value} is not {argument}")),
            "minimum" => value
                .as_i64()
                .filter(|v| *v < argument.as_i64().unwrap())
                .map(|v| format!("{at}: {v} is too small")),
            "maximum" => value
                .as_i64()
                .filter(|v| *v > argument.as_i64().unwrap())
                .map(|v| format!("{at}: {v} is too large")),
            "pattern" => value
                .as_str()
                .filter(|text| !matches(argument.as_str().unwrap(), text))
                .map(|t| format!("{at}: {t}")),
            "items" => value.as_array().and_then(|items| {
                items
                    .iter()
                    .enumerate()
                    .find_map(|(n, item)| fault(root, argument, item, &format!("{at}[{n}]")))
            }),
            "properties" => properties_fault(root, rule, argument.as_object().unwrap(), value, at),
            "additionalProperties" => value.as_object().and_then(|object| {
                object.iter().find_map(|(key, value)| fault(root, argument, value, &format!("{at}.{key}")))
            }),
            other => Some(format!("{at}: this check does not know the keyword {other}")),
        };
        if fault.is_some() {
            return fault;
        }
    }
    None
}

fn properties_fault(
    root: &Value,
    rule: &Value,
    properties: &Map<String, Value>,
    value: &Value,
    at: &str,
) -> Option<String> {
    let object = value.as_object()?;
    let missing =
        rule["required"].as_array().unwrap().iter().find(|key| !object.contains_key(key.as_str().unwrap()));
    if let Some(key) = missing {
        return Some(format!("{at}: {key} is missing"));
    }
    object.iter().find_map(|(key, value)| match properties.get(key) {
        Some(rule) => fault(root, rule, value, &format!("{at}.{key}")),
        None => Some(format!("{at}.{key} is not in the schema")),
    })
}

fn resolve<'s>(root: &'s Value, reference: &Value) -> &'s Value {
    root.pointer(reference.as_str().unwrap().strip_prefix('#').unwrap()).unwrap()
}

fn has_type(types: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    };
    match types {
        Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
        name => is(name.as_str().unwrap()),
    }
}

/// The patterns of the schema, by hand.
fn matches(pattern: &str, text: &str) -> bool {
    let is_hexadecimal = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match pattern {
        "^[0-9a-f]{64}$" => text.len() == 64 && is_hexadecimal,
        "^[0-9a-f]*$" => is_hexadecimal,
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" => {
            let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            shape == "0000-00-00T00:00:00Z"
        }
        other => panic!("unknown pattern {other}"),
    }
}
