//! What to do on a Windows peer: PowerShell and the registry, with values from our proposals.

use ikee::doi::{Encryption, EspProposal, GroupId, IkeProposal, IntegrityId, PrfId};
use ikee::ext::Role;
use ikee::status::StatusCode;

use crate::control::{Advice, Class, Side};

/// No usable machine certificate was found.
const NO_CERT: StatusCode = StatusCode::new(13_806);

/// What Windows can be told of one suite, by the names that its commands have for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Policy {
    encryption: &'static str,
    integrity: &'static str,
    group: &'static str,
    cipher: &'static str,
    authentication: &'static str,
    pfs: &'static str,
}

/// What helps a peer that is Windows; `peer` is our part reversed.
pub(super) fn advice(
    class: Class,
    role: Role,
    ike: &[IkeProposal],
    esp: &[EspProposal],
) -> Vec<Advice> {
    match class {
        Class::IkeSuite | Class::Group | Class::EspSuite => suites(role, ike, esp),
        Class::Certificate => [StatusCode::IKE_AUTH_FAIL, NO_CERT]
            .map(|code| {
                let list = "Get-ChildItem Cert:\\LocalMachine\\My, Cert:\\LocalMachine\\Root";
                there(&says(code), Some(list))
            })
            .into(),
        Class::Secret | Class::Method if role == Role::Responder => vec![there(
            "the VPN client of Windows has no pre-shared keys for IKEv2: it wants certificates, or EAP",
            Some("Set-VpnConnection -Name NAME -AuthenticationMethod MachineCertificate"),
        )],
        Class::Silent => vec![there(
            "Windows calls this error 809; before release 1803 it has no IKEv2 fragmentation, and later ones may have \
             it switched off",
            Some(
                "New-ItemProperty -Path HKLM:\\SYSTEM\\CurrentControlSet\\Services\\RemoteAccess\\Parameters\\Ikev2 \
                 -Name EnableServerFragmentation -PropertyType DWord -Value 1 -Force",
            ),
        )]
        .into_iter()
        .filter(|_| role == Role::Initiator)
        .collect(),
        Class::Selectors => vec![there(
            "Windows takes 0.0.0.0/0 and ::/0 in a tunnel, and single addresses in transport mode; routes of its own \
             keep the rest outside: Add-VpnConnectionRoute",
            Some("Set-VpnConnection -Name NAME -SplitTunneling $true"),
        )],
        _ => Vec::new(),
    }
}

/// Windows' code for it, with what the one table of codes has to say.
fn says(code: StatusCode) -> String {
    let number = code.get();
    match (code.meaning(), code.advice()) {
        (Some(meaning), Some(it)) => format!(
            "Windows says error {number} ({meaning}): {}; {}",
            it.cause, it.remedy
        ),
        _ => format!("Windows says error {number}"),
    }
}

fn there(text: &str, command: Option<&str>) -> Advice {
    Advice {
        side: Side::There,
        text: text.to_owned(),
        command: command.map(str::to_owned),
    }
}

/// Suites that Windows offers by default are old: 3DES or AES with MODP-1024.
fn suites(role: Role, ike: &[IkeProposal], esp: &[EspProposal]) -> Vec<Advice> {
    let mut out = Vec::new();
    let said = match role {
        Role::Responder => format!(
            "{}; its default suites are old",
            says(StatusCode::IKE_POLICY_MATCH)
        ),
        Role::Initiator => "the default suites of a Windows server are old".to_owned(),
    };
    match policy(ike, esp) {
        Some(policy) => out.push(there(
            &format!("{said}: give it one of ours"),
            Some(&policy.command(role)),
        )),
        None => out.push(Advice {
            side: Side::Here,
            text: format!(
                "{said}, and none of ours can be given to it; one that both can do is this"
            ),
            command: Some("proposals = [\"aes256-sha256-modp2048\"]".to_owned()),
        }),
    }
    if role == Role::Responder && ike.iter().any(is_registrys) {
        out.push(there(
            "or let all its connections offer AES-256 with MODP-2048 (1: besides the old ones, 2: nothing else), then \
             restart the service RasMan",
            Some(
                "New-ItemProperty -Path HKLM:\\SYSTEM\\CurrentControlSet\\Services\\RasMan\\Parameters -Name \
                 NegotiateDH2048_AES256 -PropertyType DWord -Value 1 -Force",
            ),
        ));
    }
    out
}

/// Whether a proposal holds what `NegotiateDH2048_AES256` adds.
fn is_registrys(it: &IkeProposal) -> bool {
    let integrities = [
        IntegrityId::HMAC_SHA1_96,
        IntegrityId::HMAC_SHA2_256_128,
        IntegrityId::HMAC_SHA2_384_192,
    ];
    it.encryption.contains(&Encryption::AES_CBC_256)
        && it.groups.contains(&GroupId::MODP_2048)
        && it.integrity.iter().any(|it| integrities.contains(it))
}

impl Policy {
    fn command(&self, role: Role) -> String {
        let (command, end) = match role {
            Role::Responder => (
                "Set-VpnConnectionIPsecConfiguration -ConnectionName NAME",
                " -PassThru -Force",
            ),
            Role::Initiator => (
                "Set-VpnServerConfiguration -CustomPolicy",
                " -SALifeTimeSeconds 28800 -MMSALifeTimeSeconds 86400 -SADataSizeForRenegotiationKilobytes 1024000 \
                 -PassThru; Restart-Service RemoteAccess",
            ),
        };
        format!(
            "{command} -AuthenticationTransformConstants {} -CipherTransformConstants {} -DHGroup {} \
             -EncryptionMethod {} -IntegrityCheckMethod {} -PfsGroup {}{end}",
            self.authentication, self.cipher, self.group, self.encryption, self.integrity, self.pfs
        )
    }
}

/// The best of our suites that Windows has names for.
fn policy(ike: &[IkeProposal], esp: &[EspProposal]) -> Option<Policy> {
    let (encryption, integrity, group) = ike.iter().find_map(ike_names)?;
    let (cipher, authentication, pfs) = match esp {
        // not known which connection it was for: the usual one
        [] => ("AES256", "SHA256128", "None"),
        _ => esp.iter().find_map(esp_names)?,
    };
    Some(Policy {
        encryption,
        integrity,
        group,
        cipher,
        authentication,
        pfs,
    })
}

fn ike_names(it: &IkeProposal) -> Option<(&'static str, &'static str, &'static str)> {
    let encryption = it.encryption.iter().find_map(|it| {
        Some(match *it {
            Encryption::AES_GCM_16_256 => "GCMAES256",
            Encryption::AES_GCM_16_128 => "GCMAES128",
            Encryption::AES_CBC_256 => "AES256",
            Encryption::AES_CBC_192 => "AES192",
            Encryption::AES_CBC_128 => "AES128",
            _ => return None,
        })
    })?;
    let integrity = it.integrity.iter().find_map(|it| {
        Some(match *it {
            IntegrityId::HMAC_SHA2_256_128 => "SHA256",
            IntegrityId::HMAC_SHA2_384_192 => "SHA384",
            IntegrityId::HMAC_SHA1_96 => "SHA1",
            _ => return None,
        })
    });
    // beside an AEAD cipher, the check's hash is the PRF
    let integrity = integrity.or_else(|| {
        it.prf.iter().find_map(|it| {
            Some(match *it {
                PrfId::HMAC_SHA2_256 => "SHA256",
                PrfId::HMAC_SHA2_384 => "SHA384",
                PrfId::HMAC_SHA1 => "SHA1",
                _ => return None,
            })
        })
    })?;
    let group = it.groups.iter().find_map(|it| {
        Some(match *it {
            GroupId::ECP_384 => "ECP384",
            GroupId::ECP_256 => "ECP256",
            GroupId::MODP_2048 => "Group14",
            _ => return None,
        })
    })?;
    Some((encryption, integrity, group))
}

fn esp_names(it: &EspProposal) -> Option<(&'static str, &'static str, &'static str)> {
    let cipher = it.encryption.iter().find_map(|it| {
        Some(match *it {
            Encryption::AES_GCM_16_256 => "GCMAES256",
            Encryption::AES_GCM_16_192 => "GCMAES192",
            Encryption::AES_GCM_16_128 => "GCMAES128",
            Encryption::AES_CBC_256 => "AES256",
            Encryption::AES_CBC_192 => "AES192",
            Encryption::AES_CBC_128 => "AES128",
            _ => return None,
        })
    })?;
    let authentication = if cipher.starts_with("GCM") {
        cipher
    } else {
        it.integrity.iter().find_map(|it| {
            Some(match *it {
                IntegrityId::HMAC_SHA2_256_128 => "SHA256128",
                IntegrityId::HMAC_SHA1_96 => "SHA196",
                _ => return None,
            })
        })?
    };
    let pfs = it.groups.iter().find_map(|it| {
        Some(match *it {
            GroupId::ECP_384 => "ECP384",
            GroupId::ECP_256 => "ECP256",
            GroupId::MODP_2048 => "PFS2048",
            _ => return None,
        })
    });
    Some((cipher, authentication, pfs.unwrap_or("None")))
}

#[cfg(test)]
mod tests;
