//! `heqi serve`: the server, until it is told to stop.

use heqi_server::app::Shared;
use heqi_server::features::users;
use heqi_server::serve::{ServeError, listen, serve};
use tokio::sync::watch;

use crate::arguments::Serve;
use crate::books::{configuration, log, open, runtime};
use crate::failure::{Failure, Kind};
use crate::terminal::{Terminal, say};

/// Runs the command.
///
/// # Errors
/// The configuration, the database or the address cannot be used.
pub fn run(arguments: &Serve, terminal: &Terminal) -> Result<(), Failure> {
    let mut config = configuration(&arguments.books, terminal)?;
    if let Some(listen) = &arguments.listen {
        config.listen.clone_from(listen);
    }
    config.may_lose_last_seconds |= arguments.may_lose_last_seconds;
    log(&config.log);
    runtime(terminal)?.block_on(async {
        let app = open(config, terminal).await?;
        until_stopped(app, terminal).await
    })
}

/// Serves these books until somebody stops it.
///
/// # Errors
/// The address cannot be listened on.
pub async fn until_stopped(app: Shared, terminal: &Terminal) -> Result<(), Failure> {
    let listener = listen(&app).await.map_err(|error| refused(&error, terminal))?;
    greet(&app, &listener.local_addr().map_err(|error| unexpected(&error))?, terminal).await?;
    let (tell, stop) = watch::channel(false);
    tokio::spawn(async move {
        asked_to_stop().await;
        tell.send_replace(true);
    });
    serve(app, listener, stop).await.map_err(|error| unexpected(&error))
}

async fn greet(
    app: &Shared,
    address: &std::net::SocketAddr,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let mut tx = app.db.read().await.map_err(|error| unexpected(&error))?;
    terminal.note(&say!(terminal, "合契已启动：http://{address}", "Heqi: http://{address}"));
    if users::store::is_empty(&mut tx).await.map_err(|error| unexpected(&error))? {
        let token = app.setup_token();
        terminal.note(&say!(
            terminal,
            "还没有用户。首次设置请用这个口令（只在本次启动有效）：{token}",
            "Nobody works here yet. Token for the first setup (until the next start): {token}"
        ));
    }
    Ok(())
}

fn refused(error: &ServeError, terminal: &Terminal) -> Failure {
    let hint = match error {
        ServeError::PlainText(_) => terminal.pick(
            "改为监听 127.0.0.1，或在前面放一个支持 TLS 的反向代理并设 behind_tls_proxy = true",
            "listen on 127.0.0.1, or put a TLS proxy in front and set behind_tls_proxy = true",
        ),
        ServeError::Listen { .. } => terminal.pick(
            "换一个端口：--listen 127.0.0.1:0 由系统挑选",
            "choose another port: with --listen 127.0.0.1:0 the system picks one",
        ),
    };
    let message = say!(terminal, "无法提供服务：{error}", "cannot serve: {error}");
    Failure::new(Kind::Conflict, message).hint(hint)
}

fn unexpected(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Kind::Unexpected, error.to_string())
}

/// Ctrl-C, or the signal by which a service manager ends a process.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
    }
}
