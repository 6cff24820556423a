//! The wire to PostgreSQL 传输加密: `sslmode` and `sslrootcert` of an address, and what is refused
//! because others on the network could read it.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::DbError;

/// An address, taken apart.
pub(super) struct Wire {
    /// Where and as whom.
    pub(super) config: Config,
    /// How it is encrypted, if it is.
    pub(super) tls: Option<MakeRustlsConnect>,
}

/// What an address asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing is encrypted.
    Plain,
    /// Encrypted; whose server it is, is not asked.
    Anyone,
    /// Encrypted, with a certificate of our authority, whatever its name.
    Authority,
    /// The same, and the certificate is of the host that the address names.
    Host,
}

impl Wire {
    /// Takes an address apart. What others could read is refused, unless the server is on this
    /// machine or the loss is accepted.
    pub(super) fn of(url: &str, may_be_overheard: bool) -> Result<Self, DbError> {
        let (url, mode, root) = options(url);
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let cause = cause.unwrap_or_else(|| error.to_string());
            DbError::Unavailable(format!("not a PostgreSQL address: {cause}"))
        })?;
        let mode = mode_of(mode.as_deref(), root.is_some())?;
        if matches!(mode, Mode::Plain | Mode::Anyone) && !may_be_overheard && !is_here(&config) {
            let why = match mode {
                Mode::Plain => "the server is on another machine and nothing is encrypted",
                _ => "sslmode=require without sslrootcert encrypts for whoever answers",
            };
            return Err(DbError::Overheard(format!(
                "{why}; add sslmode=verify-full&sslrootcert=FILE to the address, or accept it \
                 with database_may_be_overheard = true"
            )));
        }
        if mode == Mode::Plain {
            config.ssl_mode(SslMode::Disable);
            return Ok(Self { config, tls: None });
        }
        config.ssl_mode(SslMode::Require);
        Ok(Self { config, tls: Some(connector(mode, root.as_deref())?) })
    }
}

/// The address without the two options that the driver does not know, and these.
fn options(url: &str) -> (String, Option<String>, Option<String>) {
    let Some((address, query)) = url.split_once('?') else { return (url.to_owned(), None, None) };
    let (mut mode, mut root, mut rest) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(decoded(value)),
            Some(("sslrootcert", value)) => root = Some(decoded(value)),
            _ => rest.push(pair),
        }
    }
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    (format!("{address}{query}"), mode, root)
}

fn decoded(value: &str) -> String {
    percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned()
}

fn mode_of(mode: Option<&str>, has_root: bool) -> Result<Mode, DbError> {
    let wrong = |what: String| Err(DbError::Unavailable(what));
    match (mode, has_root) {
        // What may fall back to plain text is plain text to whoever wants to read it.
        (None | Some("disable" | "allow" | "prefer"), _) => Ok(Mode::Plain),
        (Some("require"), false) => Ok(Mode::Anyone),
        (Some("require" | "verify-ca"), true) => Ok(Mode::Authority),
        (Some("verify-full"), true) => Ok(Mode::Host),
        (Some(mode @ ("verify-ca" | "verify-full")), false) => wrong(format!(
            "sslmode={mode} needs sslrootcert=FILE, the certificate of the authority"
        )),
        (Some(mode), _) => wrong(format!(
            "sslmode={mode} is not known: disable, require, verify-ca or verify-full"
        )),
    }
}

/// Whether every server that may answer is on this machine.
fn is_here(config: &Config) -> bool {
    let named = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(named),
        addresses => addresses.iter().all(std::net::IpAddr::is_loopback),
    }
}

fn connector(mode: Mode, root: Option<&str>) -> Result<MakeRustlsConnect, DbError> {
    let failed = |what: &dyn std::fmt::Display| {
        DbError::Unavailable(format!("sslrootcert={}: {what}", root.unwrap_or_default()))
    };
    let provider = Arc::new(ring::default_provider());
    let authority = match root {
        None => None,
        Some(path) => {
            let mut roots = RootCertStore::empty();
            let found = CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?;
            for certificate in found {
                let certificate = certificate.map_err(|error| failed(&error))?;
                roots.add(certificate).map_err(|error| failed(&error))?;
            }
            let verifier =
                WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
            Some(verifier.build().map_err(|error| failed(&error))?)
        }
    };
    let verifier = Arc::new(Verifier { authority, any_name: mode != Mode::Host, provider });
    let builder = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| failed(&error))?;
    // Only the name may be left unchecked, or everything where that loss was accepted.
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    Ok(MakeRustlsConnect::new(builder.with_no_client_auth()))
}

/// Judges the certificate of a server.
#[derive(Debug)]
struct Verifier {
    /// Who has to have signed it; nobody asks if there is none.
    authority: Option<Arc<WebPkiServerVerifier>>,
    /// It may be of any host.
    any_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        match authority.verify_server_cert(certificate, between, name, ocsp, now) {
            // The name is looked at last: everything else was right.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.any_name => Ok(ServerCertVerified::assertion()),
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> Option<DbError> {
        Wire::of(url, false).err()
    }

    #[test]
    fn plain_text_is_for_this_machine_alone() {
        for here in [
            "postgres://heqi@127.0.0.1/heqi",
            "postgres://heqi@localhost/heqi?application_name=x",
            "postgres://heqi@[::1]/heqi?sslmode=disable",
            "postgres://heqi@%2Fvar%2Frun%2Fpostgresql/heqi",
        ] {
            assert!(refused(here).is_none(), "{here}");
        }
        for elsewhere in [
            "postgres://heqi@192.0.2.7/heqi",
            "postgres://heqi@db.example.com/heqi?sslmode=prefer",
            "postgres://heqi@db.example.com/heqi?sslmode=require",
            "postgres://heqi@127.0.0.1,192.0.2.7/heqi",
            "postgres://heqi@localhost/heqi?hostaddr=192.0.2.7",
        ] {
            assert!(matches!(refused(elsewhere), Some(DbError::Overheard(_))), "{elsewhere}");
            assert!(Wire::of(elsewhere, true).is_ok(), "{elsewhere}");
        }
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_reason() {
        let reason = |url: &str| refused(url).map(|error| error.to_string()).unwrap_or_default();
        let said = reason("postgres://heqi@db.example.com/heqi?sslmode=verify-full");
        assert!(said.contains("needs sslrootcert"), "{said}");
        let said = reason("postgres://heqi@db.example.com/heqi?sslmode=always");
        assert!(said.contains("verify-full"), "{said}");
        let said = reason("postgres://heqi@h/heqi?sslmode=verify-full&sslrootcert=%2Fno%20where");
        assert!(said.contains("sslrootcert=/no where"), "{said}");
    }
}
