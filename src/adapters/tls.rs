//! TLS with the system's roots, and the coalition's own where it has a private server.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

/// What a handshake with one host needs.
#[derive(Clone)]
pub(super) struct Tls {
    pub connector: TlsConnector,
    pub host: ServerName<'static>,
}

/// Why TLS cannot be used. One clause, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error("`{host}` is neither a host name nor an IP address")]
    Host { host: String },
    #[error("the extra root certificates cannot be read: {why}")]
    Roots { why: String },
    #[error("TLS cannot be set up: {why}")]
    Tls { why: String },
}

impl Tls {
    /// Reads the system's root certificates: some milliseconds, once per server. `extra_roots` are in PEM form.
    pub fn new(host: &str, extra_roots: Option<&[u8]>) -> Result<Self, TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Host { host: host.to_owned() })?;
        let cannot = |error: rustls::Error| TlsError::Tls { why: error.to_string() };
        // Given by hand: no provider is installed for the whole process, where another crate might change it.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = roots_of(extra_roots)?;
        let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(cannot)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(cannot)?
            // "Dangerous" is any verifier that rustls does not bring itself; this one checks chain, name and dates.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), host: name })
    }
}

fn roots_of(pem: Option<&[u8]>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let Some(pem) = pem else { return Ok(Vec::new()) };
    let roots: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::Roots { why: error.to_string() })?;
    if roots.is_empty() {
        return Err(TlsError::Roots { why: "there is no certificate in PEM form".to_owned() });
    }
    Ok(roots)
}
