//! The forms of a report: which writer makes which.

use std::io::{self, Write};

use super::report::Form;
use crate::model::Endpoint;
use crate::report::{
    CbomReport, CsvReport, HtmlOptions, HtmlReport, JsonLayout, JsonReport, JsonlReport, JunitReport,
    NagiosReport, Origins, RecordWriter, RegisterReport, SarifReport, Steward, TestsslReport, TlsxReport,
};
use crate::time::UnixTime;
use crate::wire::v1::ReportHead;

/// What the writers need beside the records.
pub(super) struct Setting<'a> {
    /// Days are counted from here.
    pub(super) now: UnixTime,
    /// Where targets were written down.
    pub(super) origins: &'a Origins,
    /// The command that makes the JSON report with the same content.
    pub(super) json_command: Option<String>,
    /// Who answers for an endpoint, as the profile says.
    pub(super) steward: &'a dyn Fn(&Endpoint) -> Steward,
}

/// The writer of a form; `None` for the table, which is no writer of records.
pub(super) fn writer<'w>(
    form: Form,
    out: &'w mut (dyn Write + Send),
    head: &ReportHead<'_>,
    setting: &'w Setting<'_>,
) -> io::Result<Option<Box<dyn RecordWriter + 'w>>> {
    Ok(Some(match form {
        Form::Table { .. } => return Ok(None),
        Form::Json => Box::new(JsonReport::begin(out, head, JsonLayout::Pretty)?),
        Form::Jsonl => Box::new(JsonlReport::new(out)),
        Form::Csv => Box::new(CsvReport::begin(out, setting.now)?),
        Form::Html => {
            let json_command = setting.json_command.clone();
            Box::new(HtmlReport::begin(out, head, HtmlOptions { now: setting.now, json_command })?)
        }
        Form::Cbom => Box::new(CbomReport::begin(out, head)?),
        Form::Sarif => Box::new(SarifReport::begin(out, setting.origins)?),
        Form::Junit => Box::new(JunitReport::begin(out, head)?),
        Form::Nagios => Box::new(NagiosReport::new(out, setting.now)),
        Form::Tlsx => Box::new(TlsxReport::new(out, setting.now)),
        Form::Testssl => Box::new(TestsslReport::begin(out, setting.now)?),
        Form::Register(register, form) => {
            Box::new(RegisterReport::begin(out, head, register, form, setting.now, setting.steward)?)
        }
    }))
}
