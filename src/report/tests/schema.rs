//! The published JSON Schema (draft 2020-12) and the reports agree, in both directions.

use serde_json::Value;

use super::super::JsonLayout;
use super::checker::{fault, schema};
use super::goldens::{json, jsonl};
use super::inspected::inspected_estate;
use super::samples::*;

#[test]
fn reports_are_as_the_schema_says() {
    let schema = schema();
    for samples in [estate(), inspected_estate(), hostile_estate(), Vec::new()] {
        let report: Value = serde_json::from_str(&json(&samples, JsonLayout::Compact)).unwrap();
        assert_eq!(fault(&schema, &schema, &report, "report"), None);
    }
}

#[test]
fn json_lines_are_the_records_of_the_report() {
    let schema = schema();
    for line in jsonl(&estate()).lines() {
        let mut record: Value = serde_json::from_str(line).unwrap();
        let object = record.as_object_mut().unwrap();
        let kind = object.remove("type").unwrap();
        if kind == "scan" {
            for key in ["schema", "generated_at", "tool", "policies", "trust_stores"] {
                let value = object.remove(key).unwrap();
                assert_eq!(fault(&schema, &schema["properties"][key], &value, key), None);
            }
        }
        let rule = &schema["$defs"][kind.as_str().unwrap()];
        assert_eq!(fault(&schema, rule, &record, "record"), None);
    }
}

#[test]
fn every_property_of_the_schema_is_required() {
    fn check(rule: &Value) {
        match rule {
            Value::Object(rule) => {
                if let Some(properties) = rule.get("properties").and_then(Value::as_object) {
                    let required: Vec<&str> =
                        rule["required"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
                    assert!(properties.keys().all(|key| required.contains(&key.as_str())), "{properties:?}");
                    assert_eq!(properties.len(), required.len());
                }
                rule.values().for_each(check);
            }
            Value::Array(rules) => rules.iter().for_each(check),
            _ => {}
        }
    }
    check(&schema());
}

#[test]
fn the_check_of_the_schema_sees_faults() {
    let schema = schema();
    let good: Value = serde_json::from_str(&json(&estate(), JsonLayout::Compact)).unwrap();
    let spoilt = |spoil: &dyn Fn(&mut Value)| {
        let mut report = good.clone();
        spoil(&mut report);
        fault(&schema, &schema, &report, "report")
    };
    assert_eq!(spoilt(&|_| {}), None);
    let faults: [&dyn Fn(&mut Value); 10] = [
        &|report| report["schema"] = "other/v1".into(),
        &|report| report["extra"] = 1.into(),
        &|report| report["scan"]["counts"]["targets"] = (-1).into(),
        &|report| report["scan"]["parameters"]["transports"][0] = "carrier pigeon".into(),
        &|report| report["endpoints"][0]["tls"]["post_quantum"] = false.into(),
        &|report| report["endpoints"][0]["tls"]["inspection"] = serde_json::json!({}),
        &|report| report["endpoints"][0]["presented"][0] = "ABC".into(),
        &|report| report["endpoints"][0]["outcome"] = serde_json::json!({"status": "failure"}),
        &|report| report["certificates"][0]["not_after"] = "tomorrow".into(),
        &|report| _ = report["endpoints"][0].as_object_mut().unwrap().remove("grade"),
    ];
    for spoil in faults {
        assert!(spoilt(spoil).is_some());
    }
}
