use std::path::Path;

use ikee::doi::Identity;
use ikee::doi::v1::Lifetimes;

use super::*;

const FILE: &str = "[connections.old]\nversion = \"ikev1\"\nremote = \"192.0.2.9\"\nlocal_id = \"a\"\nremote_id = \"b\"\npsk = \"x\"\n\
    proposals = [\"aes256-sha256-modp2048\"]\n[connections.old.children.net]\nproposals = [\"aes256-sha256\"]\n\
    local = [\"10.1.0.0/16\"]\nremote = [\"10.2.0.0/16\"]\n";

fn explain(failure: &Failure, role: Role, exchange: ExchangeType) -> FailureReport {
    let settings = crate::config::parse(Path::new("t.toml"), FILE).unwrap();
    report(&Case {
        failure,
        connection: settings.ikev1.connections.first(),
        role,
        exchange,
        remote: "192.0.2.9:500".parse().unwrap(),
        vendor_ids: &[],
    })
}

/// The advice in lines, with what to type.
fn lines(report: &FailureReport) -> String {
    let lines = report
        .advice
        .iter()
        .map(|it| format!("{}\n{}\n", it.text, it.command.clone().unwrap_or_default()));
    lines.collect()
}

#[test]
fn suites_are_compared_and_the_one_that_would_have_fitted_is_told() {
    let ours = vec![IkeProposal::parse("aes256-sha256-modp2048").unwrap()];
    let theirs = IkeProposal::parse("aes256-sha256-ecp256").unwrap();
    let theirs = theirs.suites().map(|suite| Phase1 {
        suite,
        auth: AuthMethod::PRE_SHARED_KEY,
        lifetimes: Lifetimes::default(),
    });
    let failure = Failure::from(Incompatibility::Ike {
        ours,
        methods: vec![AuthMethod::PRE_SHARED_KEY],
        theirs: theirs.collect(),
    });
    let report = explain(&failure, Role::Responder, ExchangeType::MAIN_MODE);
    assert_eq!(report.class, Class::IkeSuite);
    let differs: Vec<&str> = report
        .comparisons
        .iter()
        .filter(|it| it.differs())
        .map(|it| it.item.as_str())
        .collect();
    assert_eq!(differs, ["group"]);
    assert!(
        lines(&report).contains(
            "[connections.old]\nproposals = [\"aes256-sha256-modp2048\", \"aes256-sha256-ecp256\"]"
        ),
        "{}",
        lines(&report)
    );
}

#[test]
fn ways_of_authentication_that_differ_are_told_as_such() {
    let ours = vec![IkeProposal::parse("aes256-sha256-modp2048").unwrap()];
    let theirs = ours[0].suites().map(|suite| Phase1 {
        suite,
        auth: AuthMethod::RSA_SIGNATURE,
        lifetimes: Lifetimes::default(),
    });
    let theirs = theirs.collect();
    let failure = Failure::from(Incompatibility::Ike {
        methods: vec![AuthMethod::PRE_SHARED_KEY],
        theirs,
        ours,
    });
    let report = explain(&failure, Role::Responder, ExchangeType::MAIN_MODE);
    assert!(
        report
            .comparisons
            .iter()
            .any(|it| it.item == "method" && it.differs())
    );
    assert!(
        lines(&report).contains("in the same way"),
        "{}",
        lines(&report)
    );
    assert_eq!(report.advice.len(), 1);
}

#[test]
fn another_secret_a_wrong_user_and_a_wrong_identity_are_told_apart() {
    let peer = "192.0.2.9".parse().unwrap();
    let secret = Failure::from(AuthenticationFailure::WrongSecret { peer });
    let report = explain(&secret, Role::Responder, ExchangeType::MAIN_MODE);
    assert_eq!(report.class, Class::Secret);
    assert!(lines(&report).contains("by the peer's address"));
    let user = "alice".to_owned();
    let user = Failure::from(AuthenticationFailure::Xauth { user });
    let report = explain(&user, Role::Initiator, ExchangeType::TRANSACTION);
    assert_eq!(report.class, Class::User);
    assert!(lines(&report).contains("password_file"));
    let report = explain(&user, Role::Responder, ExchangeType::TRANSACTION);
    assert!(lines(&report).contains("users_file"));
    let identity = Failure::from(AuthenticationFailure::Identity {
        peer: Identity::fqdn("c"),
        expected: Some(Identity::fqdn("b")),
    });
    let report = explain(&identity, Role::Responder, ExchangeType::MAIN_MODE);
    assert_eq!(report.class, Class::Identity);
    assert!(report.comparisons[0].differs());
    assert!(lines(&report).contains("remote_id = \"c\""));
}

#[test]
fn selectors_that_differ_are_typed_out() {
    let selector = |text| Some(TrafficSelector::parse(text).unwrap());
    let failure = Failure::from(Incompatibility::Selectors {
        theirs: (selector("10.1.0.0/16"), selector("10.3.0.0/16")),
    });
    let report = explain(&failure, Role::Responder, ExchangeType::QUICK_MODE);
    assert_eq!(report.class, Class::Selectors);
    assert!(lines(&report).contains(
        "[connections.old.children.NAME]\nlocal = [\"10.1.0.0/16\"]\nremote = [\"10.3.0.0/16\"]"
    ));
    let behind: Vec<bool> = report.comparisons.iter().map(Comparison::differs).collect();
    assert_eq!(behind, [false, true]);
}

#[test]
fn silence_and_a_refused_quick_mode_are_told_apart() {
    let silence = Failure::Timeout(None);
    let report = explain(&silence, Role::Initiator, ExchangeType::MAIN_MODE);
    assert_eq!(report.class, Class::Silent);
    assert!(lines(&report).contains("ikee probe 192.0.2.9 --ikev1"));
    let refused = Failure::PeerError(NotifyType::NO_PROPOSAL_CHOSEN);
    let report = explain(&refused, Role::Initiator, ExchangeType::QUICK_MODE);
    assert_eq!(report.class, Class::PeerError);
    assert!(lines(&report).contains("quick mode was refused"));
}
