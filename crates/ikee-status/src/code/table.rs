//! The codes of Windows for IKE and IPsec, in words of ours.

/// Numbers, cause, remedy.
type Hint = (&'static [u32], &'static str, &'static str);

/// The usual causes and remedies.
pub(super) const ADVICE: &[Hint] = &[
    (
        &[13_801, 13_826, 13_870, 13_875, 13_889],
        "a certificate that is expired, of an unknown authority, without the extended key usage or the name that is asked \
         for; or shared secrets that differ",
        "compare the secret; check the name and the key usage (serverAuth) of the certificate and that both sides trust its \
         authority",
    ),
    (
        &[
            13_868, 13_802, 13_831, 13_832, 13_865, 13_871, 13_873, 13_874,
        ],
        "the two sides have no common cipher, hash, group or authentication method",
        "compare the proposals: Get-NetIPsecMainModeCryptoSet and Get-VpnServerIPsecConfiguration there, `proposals` here",
    ),
    (
        &[13_805, 13_808, 13_813, 13_814, 13_815],
        "UDP 500 or 4500 is blocked, large messages are lost in fragments, or nobody listens",
        "open both ports in every firewall on the way; switch fragmentation on",
    ),
    (
        &[13_806, 13_820, 13_828, 13_847],
        "no certificate with a private key is in the machine's store, or none of an authority that the other side trusts",
        "install the certificate with its key into Cert:\\LocalMachine\\My, and the authority on both sides",
    ),
    (
        &[13_817, 13_848],
        "a revoked certificate, or a list of revocations that cannot be fetched",
        "make the address in the certificate reachable, or renew the certificate",
    ),
    (
        &[13_818, 13_819, 13_835, 13_881, 13_887],
        "a certificate for another purpose, with too short a key, or from another chain than the policy names",
        "issue one with digitalSignature, serverAuth or clientAuth, and a key of 2048 bits or more",
    ),
    (
        &[13_825, 13_850, 13_861, 13_883],
        "no connection security rule there covers the two addresses",
        "look at the rules there: Get-NetIPsecRule -PolicyStore ActiveStore",
    ),
    (
        &[13_827, 13_852, 13_853, 13_854, 13_855, 13_856],
        "a rule there asks for Kerberos, which is spoken between members of a domain only",
        "give the rule a certificate or a shared secret as its authentication",
    ),
    (
        &[13_834, 13_858, 13_869, 13_894],
        "subnets, ports or identities of the two sides differ",
        "compare the traffic selectors; Windows wants single addresses in transport mode",
    ),
    (
        &[13_843, 13_824, 13_867, 13_829, 13_837],
        "keys that differ, most often from different shared secrets, or a message that was changed on its way",
        "compare the secret; then look at the message with `ikee inspect`",
    ),
    (
        &[13_882, 13_884, 13_885, 13_886, 13_895],
        "an SA has come to its end",
        "nothing: the next packet negotiates another one",
    ),
    (
        &[13_899, 13_900],
        "the server has no address for the client, or the client asked for none",
        "give the server a pool of addresses, and let the client ask for one",
    ),
    (
        &[13_890, 13_903, 13_918, 13_925, 13_929, 13_932],
        "the peer is protecting itself against too many negotiations",
        "wait; if it goes on, look for whoever sends so many first messages",
    ),
    (
        &[13_905, 13_906, 13_907, 13_908],
        "the peer is known but not allowed in",
        "look at the groups and accounts that the rule there names",
    ),
];

/// All of them: number, symbolic name without `ERROR_IPSEC_`, meaning.
const CODES: &str = include_str!("codes.txt");

/// The name and the meaning of a number.
pub(super) fn entry(code: u32) -> Option<(&'static str, &'static str)> {
    CODES.lines().find_map(|line| {
        let (number, rest) = line.split_once(' ')?;
        let known = number.parse() == Ok(code);
        rest.split_once(' ').filter(|_| known)
    })
}
