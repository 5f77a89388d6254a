//! Whether a certificate is that of an identity (RFC 4945 §3.1 and §5.1).

use core::net::IpAddr;

use ipsec_doi::{Identity, id_type};
use isakmp_wire::v2::IdType;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::name;
use crate::refusal::{Reason, Refusal};

/// Names shown when none of them is the right one.
const SHOWN: usize = 6;

/// Refuses names that are made to be misread: control characters, NUL above all, and anything but printable ASCII where
/// RFC 5280 §4.2.1.6 allows nothing else.
pub(crate) fn check_names(certificate: &X509Certificate<'_>) -> Result<(), &'static str> {
    if name::has_control(certificate.subject()) {
        return Err("its subject holds a control character; have it issued anew");
    }
    for entry in alternatives(certificate) {
        let fine = match entry {
            GeneralName::DNSName(text) | GeneralName::RFC822Name(text) => {
                !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic())
            }
            GeneralName::URI(text) => !text.chars().any(char::is_control),
            GeneralName::IPAddress(octets) => matches!(octets.len(), 4 | 16),
            GeneralName::DirectoryName(directory) => !name::has_control(directory),
            GeneralName::Invalid(..) => false,
            _ => true,
        };
        if !fine {
            return Err(
                "a name in its subjectAltName is malformed or holds a control character; have it issued anew",
            );
        }
    }
    Ok(())
}

fn alternatives<'a>(
    certificate: &'a X509Certificate<'a>,
) -> impl Iterator<Item = &'a GeneralName<'a>> {
    certificate
        .subject_alternative_name()
        .ok()
        .flatten()
        .into_iter()
        .flat_map(|extension| &extension.value.general_names)
}

/// Checks that the certificate names `identity`.
pub(crate) fn check(
    certificate: &X509Certificate<'_>,
    identity: &Identity,
    wildcards: bool,
) -> Result<(), Refusal> {
    let subject = name::text(certificate.subject());
    let found = match identity.kind {
        IdType::DER_ASN1_DN => {
            let wanted = name::parse(&identity.data).ok_or_else(|| {
                Refusal::new(
                    Reason::IdentityType,
                    &subject,
                    "the peer's identity is not the DER of a distinguished name; correct its ID",
                )
            })?;
            name::same(&wanted, certificate.subject())
        }
        IdType::FQDN => text(identity).is_some_and(|wanted| {
            alternatives(certificate).any(
                |it| matches!(it, GeneralName::DNSName(name) if same_host(name, wanted, wildcards)),
            )
        }),
        IdType::RFC822_ADDR => text(identity).is_some_and(|wanted| {
            alternatives(certificate)
                .any(|it| matches!(it, GeneralName::RFC822Name(name) if same_mailbox(name, wanted)))
        }),
        IdType::IPV4_ADDR | IdType::IPV6_ADDR => {
            id_type::is_well_formed(identity.kind, &identity.data)
                && alternatives(certificate).any(
                    |it| matches!(it, GeneralName::IPAddress(octets) if *octets == identity.data),
                )
        }
        _ => {
            return Err(Refusal::new(
                Reason::IdentityType,
                &subject,
                format!(
                    "no certificate can confirm an identity like '{identity}'; let the peer use a name, an address or \
                     the certificate's subject"
                ),
            ));
        }
    };
    if found {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::Identity,
        &subject,
        format!(
            "it is for {}, not for '{}'; correct the peer's identity, or put that name into its subjectAltName",
            names(certificate),
            name::clean(&identity.to_string()),
        ),
    ))
}

/// The text of an identity, if it can be a name at all.
fn text(identity: &Identity) -> Option<&str> {
    core::str::from_utf8(&identity.data)
        .ok()
        .filter(|text| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic()))
}

/// RFC 4945 §3.1.2: host names are the same without regard to case. A wildcard stands for one whole label, the leftmost.
fn same_host(presented: &str, wanted: &str, wildcards: bool) -> bool {
    if presented.eq_ignore_ascii_case(wanted) {
        // an identity that is itself a pattern names nobody
        return !wanted.contains('*');
    }
    let (Some(domain), Some((label, rest))) =
        (presented.strip_prefix("*."), wanted.split_once('.'))
    else {
        return false;
    };
    wildcards && !label.is_empty() && domain.contains('.') && rest.eq_ignore_ascii_case(domain)
}

/// RFC 4945 §3.1.3, RFC 5280 §7.5: the domain without regard to case, the local part exactly.
fn same_mailbox(presented: &str, wanted: &str) -> bool {
    match (presented.rsplit_once('@'), wanted.rsplit_once('@')) {
        (Some((local, domain)), Some((wanted_local, wanted_domain))) => {
            local == wanted_local && domain.eq_ignore_ascii_case(wanted_domain)
        }
        _ => false,
    }
}

/// The names in the certificate, for a message.
fn names(certificate: &X509Certificate<'_>) -> String {
    let mut list: Vec<String> = alternatives(certificate)
        .filter_map(|it| match it {
            GeneralName::DNSName(text) | GeneralName::RFC822Name(text) => {
                Some(format!("'{}'", name::clean(text)))
            }
            GeneralName::IPAddress(octets) => address(octets).map(|it| format!("'{it}'")),
            _ => None,
        })
        .take(SHOWN)
        .collect();
    if list.is_empty() {
        list.push("its subject alone".to_owned());
    }
    list.join(", ")
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .ok()
}
