//! TLS with the system's roots, and the coalition's own where it has a private server.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::settings::{Settings, SettingsError};

/// What a handshake with the configured host needs.
#[derive(Clone)]
pub(super) struct Tls {
    pub connector: TlsConnector,
    pub host: ServerName<'static>,
}

impl Tls {
    /// Reads the system's root certificates: some milliseconds, once per mailer.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let host = ServerName::try_from(settings.host.clone())
            .map_err(|_| SettingsError::Host { host: settings.host.clone() })?;
        let cannot = |error: rustls::Error| SettingsError::Tls { why: error.to_string() };
        // Given by hand: no provider is installed for the whole process, where another crate might change it.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = extra_roots(settings.extra_roots.as_deref())?;
        let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(cannot)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(cannot)?
            // "Dangerous" is any verifier that rustls does not bring itself; this one checks chain, name and dates.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), host })
    }
}

fn extra_roots(pem: Option<&[u8]>) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let Some(pem) = pem else { return Ok(Vec::new()) };
    let roots: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| SettingsError::Roots { why: error.to_string() })?;
    if roots.is_empty() {
        return Err(SettingsError::Roots { why: "there is no certificate in PEM form".to_owned() });
    }
    Ok(roots)
}
