//! `heqi export`: everything that a company owns, in open formats.

use heqi_domain::{CompanyId, Id, Lang};
use heqi_platform::DbError;
use heqi_platform::audit::Event;
use heqi_server::features::companies;
use heqi_server::maintenance::company_export::{ExportError, export};

use crate::arguments::Export;
use crate::books::{refused, who, with_existing};
use crate::failure::{Failure, Kind, kind_of_io};
use crate::terminal::{Terminal, Watch, count, say, while_writing};

/// Runs the command. Whoever can read the database and its keys has all of it anyway, so nobody
/// is refused; the export is noted in the audit chain before its first byte.
///
/// # Errors
/// The books cannot be opened, or the folder cannot be written.
pub fn run(arguments: &Export, terminal: &Terminal) -> Result<(), Failure> {
    let mut watch = Watch::new(terminal);
    let exported = while_writing(|| {
        with_existing(&arguments.books, terminal, async |app| {
            let mut tx = app.db.read().await.map_err(failed)?;
            let meant = companies::meant(&mut tx, arguments.company.as_deref()).await;
            let (company, code) = meant.map_err(|problem| refused(&problem, terminal))?;
            drop(tx);
            let done = export(&app, company, &arguments.out, event(company, &code), &watch).await;
            done.map_err(|error| explain(&error, terminal))
        })
    });
    watch.finish();
    let exported = exported?;
    let rows = count(exported.tables.iter().map(|(_, rows)| rows).sum());
    let (tables, files) = (exported.tables.len(), exported.files);
    terminal.note(&say!(
        terminal,
        "导出完成：{tables} 张表，{rows} 行，{files} 份原始文件；敏感字段已解密，请妥善保管",
        "exported: {tables} tables, {rows} rows, {files} original files; sealed fields are \
         opened, keep it safe"
    ));
    terminal.data(&format!("{}\n", arguments.out.display()))
}

fn event(company: i64, code: &str) -> Event {
    Event {
        company,
        actor_kind: "cli".to_owned(),
        actor: who(),
        actor_name: who(),
        action: "company.export".to_owned(),
        object: CompanyId::text(company),
        label: code.to_owned(),
        address: "local".to_owned(),
        ..Event::default()
    }
}

fn failed(error: DbError) -> Failure {
    Failure::new(Kind::Unexpected, error.to_string())
}

fn explain(error: &ExportError, terminal: &Terminal) -> Failure {
    let kind = match error {
        ExportError::Db(_) => Kind::Unexpected,
        ExportError::Crypto(_) => Kind::Integrity,
        ExportError::Io { source, .. } => kind_of_io(source),
        ExportError::Exists(_) => Kind::Conflict,
        ExportError::Canceled => Kind::Interrupted,
    };
    let text = if terminal.lang == Lang::Zh { error.zh() } else { error.to_string() };
    Failure::new(kind, text)
}
