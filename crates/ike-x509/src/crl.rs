use core::fmt;
use core::time::Duration;

use webpki::{BorrowedCertRevocationList, CertRevocationList};
use x509_parser::asn1_rs::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::certificate::{Certificate, date};
use crate::name;

/// A certificate revocation list (RFC 5280 §5). Parsed; its signature is verified whenever it is used.
pub struct Crl {
    pub(crate) list: CertRevocationList<'static>,
    issuer: String,
    raw_issuer: Vec<u8>,
    this_update: i64,
    next_update: i64,
}

impl Crl {
    /// Reads a CRL from DER.
    ///
    /// # Errors
    ///
    /// What is wrong with it: no DER of a version 2 CRL, without a time of the next one, a delta CRL, …
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let malformed = || "not the DER of an X.509 CRL".to_owned();
        let Ok(([], parsed)) = CertificateRevocationList::from_der(der) else {
            return Err(malformed());
        };
        let list = BorrowedCertRevocationList::from_der(der)
            .and_then(|list| list.to_owned())
            .map_err(|error| unusable(&error))?;
        let next_update = parsed.next_update().ok_or_else(malformed)?;
        Ok(Self {
            list: list.into(),
            issuer: name::text(parsed.issuer()),
            raw_issuer: parsed.issuer().as_raw().to_vec(),
            this_update: parsed.last_update().timestamp(),
            next_update: next_update.timestamp(),
        })
    }

    /// Who issued it, as text for people.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// When it was made, since 1970; zero when before.
    #[must_use]
    pub fn this_update(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.this_update).unwrap_or(0))
    }

    /// When the next one is due, since 1970; zero when before.
    #[must_use]
    pub fn next_update(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.next_update).unwrap_or(0))
    }

    /// Whether it is by the issuer of that certificate, to go by the name.
    pub(crate) fn concerns(&self, certificate: &Certificate) -> bool {
        self.raw_issuer == certificate.issuer_der()
    }

    /// Whether it has the serial number of that certificate.
    pub(crate) fn lists(&self, certificate: &Certificate) -> bool {
        self.concerns(certificate)
            && matches!(self.list.find_serial(certificate.serial()), Ok(Some(_)))
    }
}

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crl")
            .field("issuer", &self.issuer)
            .field("next_update", &date(self.next_update()))
            .finish_non_exhaustive()
    }
}

fn unusable(error: &webpki::Error) -> String {
    use webpki::Error;
    match error {
        Error::UnsupportedCrlVersion => "not a version 2 CRL",
        Error::UnsupportedDeltaCrl => "a delta CRL; give the complete one",
        Error::UnsupportedIndirectCrl => "an indirect CRL; give that of the issuer itself",
        Error::UnsupportedCriticalExtension => "a critical extension of it is unknown",
        Error::UnsupportedRevocationReasonsPartitioning => {
            "partitioned by reasons; give one for all reasons"
        }
        _ => "not a CRL as RFC 5280 §5 has it",
    }
    .to_owned()
}
