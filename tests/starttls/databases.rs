//! PostgreSQL, MariaDB, slapd.

use super::*;
use support::mariadb::mariadb;
use support::postgres::Postgres;
use support::slapd::slapd;

#[test]
fn postgres_is_read() {
    let sound = Sound::new();
    assert_read(&sound, Postgres::start(Some(&sound.identity)).address, "postgres");
}

#[test]
fn postgres_is_found_on_its_port_and_inspected() {
    let sound = Sound::new();
    let postgres = Postgres::start_at(on_port(5432), Some(&sound.identity));
    assert_found(&sound, postgres.address, "postgres");
    assert_inspected(&sound, postgres.address, "postgres");
}

#[test]
fn postgres_without_tls_does_not_offer_it() {
    assert_no_way(Postgres::start(None).address, "postgres", "not_offered");
}

#[test]
fn mariadb_is_read() {
    let sound = Sound::new();
    let mariadb = mariadb(Some(&sound.identity));
    assert_read(&sound, mariadb.address, "mysql");
    assert_inspected(&sound, mariadb.address, "mysql");
    assert_found(&sound, mariadb.address, "mysql");
}

#[test]
fn mariadb_without_tls_does_not_offer_it() {
    assert_no_way(mariadb(None).address, "mysql", "not_offered");
}

#[test]
fn slapd_is_read() {
    let sound = Sound::new();
    assert_read(&sound, slapd(Some(&sound.identity)).address, "ldap");
}

#[test]
fn slapd_without_tls_does_not_offer_it() {
    assert_no_way(slapd(None).address, "ldap", "not_offered");
}
