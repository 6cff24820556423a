//! `heqi keys`: a new key, and everything sealed anew with it.

use heqi_domain::Lang;
use heqi_platform::crypto::Suite;
use heqi_server::maintenance::keys::{KeysError, rotate};

use crate::arguments::{Algorithms, Keys, KeysCommand};
use crate::books::with_existing;
use crate::failure::{Failure, Kind};
use crate::terminal::{Terminal, Watch, count, say, while_writing};

/// Runs the command.
///
/// # Errors
/// The books cannot be opened or are in use, or a value does not open.
pub fn run(arguments: &Keys, terminal: &Terminal) -> Result<(), Failure> {
    let KeysCommand::Rotate(order) = &arguments.command;
    let mut watch = Watch::new(terminal);
    let rotated = while_writing(|| {
        with_existing(&order.books, terminal, async |app| {
            let suite = match order.suite {
                None => app.keys.ring.suite(),
                Some(Algorithms::International) => Suite::International,
                Some(Algorithms::Chinese) => Suite::Chinese,
            };
            let rotated = rotate(&app, suite, order.force, &watch).await;
            let (ring, changed) = rotated.map_err(|error| explain(&error, terminal))?;
            Ok((ring.active_id().to_string(), ring.suite().algorithms(), changed))
        })
    });
    watch.finish();
    let (key, algorithms, changed) = rotated?;
    let changed = count(changed);
    terminal.note(&say!(
        terminal,
        "密钥已轮换，{changed} 项数据改用新密钥 {key}（{algorithms}）\n\
         请把新的 keys.toml 复制到每台服务器并另存一份，再启动服务",
        "rotated: {changed} values are sealed with the new key {key} ({algorithms})\n\
         copy the new keys.toml to every server and to the safe, then start them"
    ));
    Ok(())
}

fn explain(error: &KeysError, terminal: &Terminal) -> Failure {
    let kind = match error {
        KeysError::Db(_) => Kind::Unexpected,
        KeysError::Crypto(_) => Kind::Integrity,
        KeysError::InUse(_) => Kind::Conflict,
        KeysError::Canceled => Kind::Interrupted,
    };
    let text = if terminal.lang == Lang::Zh { error.zh() } else { error.to_string() };
    Failure::new(kind, text)
}
