//! The room as a whole: what every test of it needs.

mod expanding;
mod mixtures;
mod pipes;
mod planning;
mod walking;

use std::io::Write;
use std::net::IpAddr;
use std::sync::Arc;

use super::*;
use crate::model::{Exclusion, ServerName, StartTlsChoice};

fn request(targets: &[&str]) -> Request {
    Request { targets: targets.iter().map(|t| (*t).to_owned()).collect(), ..Request::default() }
}

fn excluding(mut request: Request, what: &[&str]) -> Request {
    request.exclude = what.iter().map(|w| Exclusion { what: (*w).to_owned(), reason: None }).collect();
    request
}

fn on_ports(mut request: Request, ports: &str) -> Request {
    request.ports = PortSet::parse(ports).unwrap();
    request
}

fn planned(request: Request) -> Arc<Plan> {
    Arc::new(plan(request).unwrap())
}

fn piped(request: Request, input: impl Into<Vec<u8>>) -> Arc<Plan> {
    Arc::new(plan_with_input(request, Box::new(std::io::Cursor::new(input.into()))).unwrap())
}

fn name(text: &str) -> ServerName {
    ServerName::parse(text).unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn walk(mut sweep: Sweep) -> Vec<Unit> {
    let mut all = Vec::new();
    loop {
        let mut out = Vec::new();
        sweep.next_units(1_000, &mut out).unwrap();
        assert!(out.len() <= 1_000);
        if out.is_empty() {
            return all;
        }
        all.extend(out);
    }
}

fn shown(unit: &Unit) -> String {
    let place = match &unit.place {
        Place::Address(address) => address.to_string(),
        Place::Name(name) => name.to_string(),
    };
    let named = if unit.named { " named" } else { "" };
    format!("{place} {} by {}{named}", unit.port, unit.target)
}

fn sorted(plan: &Arc<Plan>) -> Vec<String> {
    let mut all: Vec<String> = walk(plan.sweep(7, None)).iter().map(shown).collect();
    all.sort();
    all
}

fn file(lines: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(lines.as_bytes()).unwrap();
    file
}

fn from_file(file: &tempfile::NamedTempFile, targets: &[&str]) -> Request {
    Request { target_files: vec![file.path().to_owned()], ..request(targets) }
}

fn wide(number: usize) -> u128 {
    number as u128
}
