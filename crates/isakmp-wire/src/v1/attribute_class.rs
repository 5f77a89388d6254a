//! The classes of data attributes, and those of their values that others than the IETF have numbered.

crate::registry! {
    /// What an attribute of a phase 1 transform chooses (RFC 2409 App. A).
    pub struct Phase1Attribute(u16);
    {
        /// Encryption algorithm.
        ENCRYPTION = 1, "ENCRYPTION";
        /// Hash algorithm.
        HASH = 2, "HASH";
        /// Authentication method, see [`AuthMethod`].
        AUTHENTICATION = 3, "AUTHENTICATION";
        /// Group, by number.
        GROUP_DESCRIPTION = 4, "GROUP_DESCRIPTION";
        /// Kind of group.
        GROUP_TYPE = 5, "GROUP_TYPE";
        /// Prime or irreducible polynomial.
        GROUP_PRIME = 6, "GROUP_PRIME";
        /// First generator.
        GROUP_GENERATOR_1 = 7, "GROUP_GENERATOR_1";
        /// Second generator.
        GROUP_GENERATOR_2 = 8, "GROUP_GENERATOR_2";
        /// First coefficient of the curve.
        GROUP_CURVE_A = 9, "GROUP_CURVE_A";
        /// Second coefficient of the curve.
        GROUP_CURVE_B = 10, "GROUP_CURVE_B";
        /// What the lifetime counts.
        LIFE_TYPE = 11, "LIFE_TYPE";
        /// The lifetime.
        LIFE_DURATION = 12, "LIFE_DURATION";
        /// Pseudorandom function.
        PRF = 13, "PRF";
        /// Key length in bits.
        KEY_LENGTH = 14, "KEY_LENGTH";
        /// Size of the field in bits.
        FIELD_SIZE = 15, "FIELD_SIZE";
        /// Order of the group.
        GROUP_ORDER = 16, "GROUP_ORDER";
    }
}

crate::registry! {
    /// What an attribute of a phase 2 transform chooses (RFC 2407 §4.5).
    pub struct Phase2Attribute(u16);
    {
        /// What the lifetime counts.
        LIFE_TYPE = 1, "LIFE_TYPE";
        /// The lifetime.
        LIFE_DURATION = 2, "LIFE_DURATION";
        /// Group for forward secrecy.
        GROUP_DESCRIPTION = 3, "GROUP_DESCRIPTION";
        /// Tunnel or transport, see [`EncapsulationMode`].
        ENCAPSULATION_MODE = 4, "ENCAPSULATION_MODE";
        /// Integrity algorithm.
        AUTHENTICATION_ALGORITHM = 5, "AUTHENTICATION_ALGORITHM";
        /// Key length in bits.
        KEY_LENGTH = 6, "KEY_LENGTH";
        /// Rounds of the cipher.
        KEY_ROUNDS = 7, "KEY_ROUNDS";
        /// Size of the compression dictionary.
        COMPRESS_DICTIONARY_SIZE = 8, "COMPRESS_DICTIONARY_SIZE";
        /// Vendor compression algorithm.
        COMPRESS_PRIVATE_ALGORITHM = 9, "COMPRESS_PRIVATE_ALGORITHM";
        /// Congestion notification in tunnels (RFC 3168 §9.2).
        ECN_TUNNEL = 10, "ECN_TUNNEL";
        /// Sequence numbers of 64 bits (RFC 4304 §2).
        EXTENDED_SEQUENCE_NUMBER = 11, "EXTENDED_SEQUENCE_NUMBER";
        /// Length of a signature key (RFC 4359).
        AUTHENTICATION_KEY_LENGTH = 12, "AUTHENTICATION_KEY_LENGTH";
        /// Signature encoding (RFC 4359).
        SIGNATURE_ENCODING = 13, "SIGNATURE_ENCODING";
        /// Addresses to be preserved (RFC 6407).
        ADDRESS_PRESERVATION = 14, "ADDRESS_PRESERVATION";
        /// Direction of the SA (RFC 6407).
        SA_DIRECTION = 15, "SA_DIRECTION";
    }
}

crate::registry! {
    /// How peers authenticate in phase 1 (RFC 2409 App. A).
    pub struct AuthMethod(u16);
    {
        /// Shared key.
        PRE_SHARED_KEY = 1, "PRE_SHARED_KEY";
        /// DSS signatures.
        DSS = 2, "DSS";
        /// RSA signatures.
        RSA_SIGNATURE = 3, "RSA_SIGNATURE";
        /// Encryption with RSA.
        RSA_ENCRYPTION = 4, "RSA_ENCRYPTION";
        /// Revised encryption with RSA.
        REVISED_RSA_ENCRYPTION = 5, "REVISED_RSA_ENCRYPTION";
        /// ECDSA with SHA-256 on P-256 (RFC 4754 §5).
        ECDSA_256 = 9, "ECDSA_256";
        /// ECDSA with SHA-384 on P-384 (RFC 4754 §5).
        ECDSA_384 = 10, "ECDSA_384";
        /// ECDSA with SHA-512 on P-521 (RFC 4754 §5).
        ECDSA_521 = 11, "ECDSA_521";
        /// Only the responder signs, with RSA; the initiator proves itself by XAUTH.
        HYBRID_INIT_RSA = 64221, "HYBRID_INIT_RSA";
        /// Only the initiator signs, with RSA; the responder proves itself by XAUTH.
        HYBRID_RESP_RSA = 64222, "HYBRID_RESP_RSA";
        /// Shared key, then XAUTH for the initiator (draft-beaulieu-ike-xauth-02 §7).
        XAUTH_INIT_PRE_SHARED = 65001, "XAUTH_INIT_PRE_SHARED";
        /// Shared key, then XAUTH for the responder.
        XAUTH_RESP_PRE_SHARED = 65002, "XAUTH_RESP_PRE_SHARED";
        /// DSS signatures, then XAUTH for the initiator.
        XAUTH_INIT_DSS = 65003, "XAUTH_INIT_DSS";
        /// DSS signatures, then XAUTH for the responder.
        XAUTH_RESP_DSS = 65004, "XAUTH_RESP_DSS";
        /// RSA signatures, then XAUTH for the initiator. The same number as [`CGA`](Self::CGA).
        XAUTH_INIT_RSA = 65005, "XAUTH_INIT_RSA or CGA";
        /// RSA signatures, then XAUTH for the responder.
        XAUTH_RESP_RSA = 65006, "XAUTH_RESP_RSA";
        /// Encryption with RSA, then XAUTH for the initiator.
        XAUTH_INIT_RSA_ENCRYPTION = 65007, "XAUTH_INIT_RSA_ENCRYPTION";
        /// Encryption with RSA, then XAUTH for the responder.
        XAUTH_RESP_RSA_ENCRYPTION = 65008, "XAUTH_RESP_RSA_ENCRYPTION";
        /// Revised encryption with RSA, then XAUTH for the initiator.
        XAUTH_INIT_REVISED_RSA_ENCRYPTION = 65009, "XAUTH_INIT_REVISED_RSA_ENCRYPTION";
        /// Revised encryption with RSA, then XAUTH for the responder.
        XAUTH_RESP_REVISED_RSA_ENCRYPTION = 65010, "XAUTH_RESP_REVISED_RSA_ENCRYPTION";
    }
}

impl AuthMethod {
    /// Cryptographically generated addresses ([MS-IKEE] §2.2.4): 0xFDED, the number that XAUTH uses for
    /// [`XAUTH_INIT_RSA`](Self::XAUTH_INIT_RSA). Which is meant follows from the vendor IDs that the peer has sent.
    pub const CGA: Self = Self::XAUTH_INIT_RSA;
}

crate::registry! {
    /// How packets are encapsulated in phase 2 (RFC 2407 §4.5, RFC 3947 §5.1).
    pub struct EncapsulationMode(u16);
    {
        /// Tunnel mode.
        TUNNEL = 1, "TUNNEL";
        /// Transport mode.
        TRANSPORT = 2, "TRANSPORT";
        /// Tunnel mode in UDP (RFC 3947 §5.1).
        UDP_TUNNEL = 3, "UDP_TUNNEL";
        /// Transport mode in UDP (RFC 3947 §5.1).
        UDP_TRANSPORT = 4, "UDP_TRANSPORT";
        /// Tunnel mode in UDP, draft revision ([MS-IKEE] §2.2.2).
        UDP_TUNNEL_DRAFT = 0xF003, "UDP_TUNNEL_DRAFT";
        /// Transport mode in UDP, draft revision ([MS-IKEE] §2.2.2).
        UDP_TRANSPORT_DRAFT = 0xF004, "UDP_TRANSPORT_DRAFT";
    }
}

crate::registry! {
    /// What an attribute of mode config, XAUTH or Cisco Unity holds (draft-dukes-ike-mode-cfg-02 §3.4, draft-beaulieu-ike-xauth-02 §6).
    pub struct ConfigAttribute(u16);
    {
        /// IPv4 address inside the tunnel.
        INTERNAL_IP4_ADDRESS = 1, "INTERNAL_IP4_ADDRESS";
        /// Netmask of that address.
        INTERNAL_IP4_NETMASK = 2, "INTERNAL_IP4_NETMASK";
        /// IPv4 DNS server.
        INTERNAL_IP4_DNS = 3, "INTERNAL_IP4_DNS";
        /// IPv4 NetBIOS name server.
        INTERNAL_IP4_NBNS = 4, "INTERNAL_IP4_NBNS";
        /// Seconds that the address is good for.
        INTERNAL_ADDRESS_EXPIRY = 5, "INTERNAL_ADDRESS_EXPIRY";
        /// IPv4 DHCP server.
        INTERNAL_IP4_DHCP = 6, "INTERNAL_IP4_DHCP";
        /// Version of the application, text.
        APPLICATION_VERSION = 7, "APPLICATION_VERSION";
        /// IPv6 address inside the tunnel.
        INTERNAL_IP6_ADDRESS = 8, "INTERNAL_IP6_ADDRESS";
        /// Netmask of that address.
        INTERNAL_IP6_NETMASK = 9, "INTERNAL_IP6_NETMASK";
        /// IPv6 DNS server.
        INTERNAL_IP6_DNS = 10, "INTERNAL_IP6_DNS";
        /// IPv6 NetBIOS name server.
        INTERNAL_IP6_NBNS = 11, "INTERNAL_IP6_NBNS";
        /// IPv6 DHCP server.
        INTERNAL_IP6_DHCP = 12, "INTERNAL_IP6_DHCP";
        /// Protected IPv4 network.
        INTERNAL_IP4_SUBNET = 13, "INTERNAL_IP4_SUBNET";
        /// Attributes that are understood.
        SUPPORTED_ATTRIBUTES = 14, "SUPPORTED_ATTRIBUTES";
        /// Protected IPv6 network.
        INTERNAL_IP6_SUBNET = 15, "INTERNAL_IP6_SUBNET";
        /// Kind of extended authentication.
        XAUTH_TYPE = 16520, "XAUTH_TYPE";
        /// Name of the user.
        XAUTH_USER_NAME = 16521, "XAUTH_USER_NAME";
        /// Password of the user.
        XAUTH_USER_PASSWORD = 16522, "XAUTH_USER_PASSWORD";
        /// Passcode from a token card.
        XAUTH_PASSCODE = 16523, "XAUTH_PASSCODE";
        /// Text for the user.
        XAUTH_MESSAGE = 16524, "XAUTH_MESSAGE";
        /// Challenge.
        XAUTH_CHALLENGE = 16525, "XAUTH_CHALLENGE";
        /// Domain of the user.
        XAUTH_DOMAIN = 16526, "XAUTH_DOMAIN";
        /// Whether the authentication succeeded: 1 yes, 0 no.
        XAUTH_STATUS = 16527, "XAUTH_STATUS";
        /// New personal number.
        XAUTH_NEXT_PIN = 16528, "XAUTH_NEXT_PIN";
        /// Answer of the user.
        XAUTH_ANSWER = 16529, "XAUTH_ANSWER";
        /// Banner (Cisco Unity).
        UNITY_BANNER = 28672, "UNITY_BANNER";
        /// Whether the password may be kept (Cisco Unity).
        UNITY_SAVE_PASSWORD = 28673, "UNITY_SAVE_PASSWORD";
        /// Default domain (Cisco Unity).
        UNITY_DEFAULT_DOMAIN = 28674, "UNITY_DEFAULT_DOMAIN";
        /// Domains answered inside the tunnel (Cisco Unity).
        UNITY_SPLIT_DNS_NAME = 28675, "UNITY_SPLIT_DNS_NAME";
        /// Networks that go through the tunnel (Cisco Unity).
        UNITY_SPLIT_INCLUDE = 28676, "UNITY_SPLIT_INCLUDE";
        /// Port of UDP encapsulation (Cisco Unity).
        UNITY_NAT_T_PORT = 28677, "UNITY_NAT_T_PORT";
        /// Networks that do not go through the tunnel (Cisco Unity).
        UNITY_LOCAL_LAN = 28678, "UNITY_LOCAL_LAN";
        /// Forward secrecy (Cisco Unity).
        UNITY_PFS = 28679, "UNITY_PFS";
        /// Firewall of the client (Cisco Unity).
        UNITY_FIREWALL_TYPE = 28680, "UNITY_FIREWALL_TYPE";
        /// Other gateways (Cisco Unity).
        UNITY_BACKUP_SERVERS = 28681, "UNITY_BACKUP_SERVERS";
        /// Host name for dynamic DNS (Cisco Unity).
        UNITY_DDNS_HOSTNAME = 28682, "UNITY_DDNS_HOSTNAME";
    }
}
