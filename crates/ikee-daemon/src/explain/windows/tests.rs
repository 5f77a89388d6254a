use super::*;

fn commands(role: Role, ike: &str, esp: &str) -> Vec<String> {
    let ike = IkeProposal::parse_list(ike).unwrap();
    let esp = EspProposal::parse_list(esp).unwrap();
    let advice = advice(Class::IkeSuite, role, &ike, &esp);
    advice.into_iter().filter_map(|it| it.command).collect()
}

#[test]
fn a_client_gets_the_values_of_our_proposals() {
    let commands = commands(
        Role::Responder,
        "chacha20poly1305-prfsha256-x25519,aes256-sha256-modp2048",
        "aes256gcm16-ecp256",
    );
    assert_eq!(
        commands[0],
        "Set-VpnConnectionIPsecConfiguration -ConnectionName NAME -AuthenticationTransformConstants GCMAES256 \
         -CipherTransformConstants GCMAES256 -DHGroup Group14 -EncryptionMethod AES256 -IntegrityCheckMethod SHA256 \
         -PfsGroup ECP256 -PassThru -Force"
    );
    assert!(
        commands[1].contains("NegotiateDH2048_AES256"),
        "AES-256 with MODP-2048 is what that value adds: {commands:?}"
    );
}

#[test]
fn an_aead_suite_names_its_prf_and_needs_no_registry() {
    let commands = commands(
        Role::Responder,
        "aes256gcm16-prfsha384-ecp384",
        "aes128-sha1",
    );
    assert_eq!(commands.len(), 1, "{commands:?}");
    for part in [
        "-EncryptionMethod GCMAES256",
        "-IntegrityCheckMethod SHA384",
        "-DHGroup ECP384",
        "-CipherTransformConstants AES128",
        "-AuthenticationTransformConstants SHA196",
        "-PfsGroup None",
    ] {
        assert!(commands[0].contains(part), "{part} in {commands:?}");
    }
}

#[test]
fn a_server_gets_its_own_command() {
    let commands = commands(Role::Initiator, "aes128-sha256-ecp256", "aes128-sha256");
    assert!(
        commands[0].starts_with("Set-VpnServerConfiguration -CustomPolicy "),
        "{commands:?}"
    );
}

#[test]
fn where_windows_has_no_name_for_ours_a_proposal_for_here_is_told() {
    let commands = commands(
        Role::Responder,
        "chacha20poly1305-prfsha512-x25519",
        "chacha20poly1305",
    );
    assert_eq!(commands, ["proposals = [\"aes256-sha256-modp2048\"]"]);
}
