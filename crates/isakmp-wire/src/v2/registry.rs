//! The numbers that stand in fixed fields of IKEv2 payloads.

crate::registry! {
    /// What an SPI or proposal is for (RFC 7296 §3.3.1).
    pub struct ProtocolId(u8);
    {
        /// No SA: notifications about none.
        NONE = 0, "NONE";
        /// The IKE SA.
        IKE = 1, "IKE";
        /// Authentication header.
        AH = 2, "AH";
        /// Encapsulating security payload.
        ESP = 3, "ESP";
        /// Fibre Channel ESP header (RFC 4595).
        FC_ESP_HEADER = 4, "FC_ESP_HEADER";
        /// Fibre Channel common-transport authentication (RFC 4595).
        FC_CT_AUTHENTICATION = 5, "FC_CT_AUTHENTICATION";
        /// Group IKE update (RFC 9838).
        GIKE_UPDATE = 6, "GIKE_UPDATE";
    }
}

crate::registry! {
    /// What a transform chooses (RFC 7296 §3.3.2).
    pub struct TransformType(u8);
    {
        /// Encryption algorithm.
        ENCR = 1, "ENCR";
        /// Pseudorandom function.
        PRF = 2, "PRF";
        /// Integrity algorithm.
        INTEG = 3, "INTEG";
        /// Key exchange method, formerly Diffie-Hellman group.
        KE = 4, "KE";
        /// Extended sequence numbers.
        ESN = 5, "ESN";
        /// First additional key exchange (RFC 9370 §2.2.1).
        ADDKE1 = 6, "ADDKE1";
        /// Second additional key exchange (RFC 9370 §2.2.1).
        ADDKE2 = 7, "ADDKE2";
        /// Third additional key exchange (RFC 9370 §2.2.1).
        ADDKE3 = 8, "ADDKE3";
        /// Fourth additional key exchange (RFC 9370 §2.2.1).
        ADDKE4 = 9, "ADDKE4";
        /// Fifth additional key exchange (RFC 9370 §2.2.1).
        ADDKE5 = 10, "ADDKE5";
        /// Sixth additional key exchange (RFC 9370 §2.2.1).
        ADDKE6 = 11, "ADDKE6";
        /// Seventh additional key exchange (RFC 9370 §2.2.1).
        ADDKE7 = 12, "ADDKE7";
    }
}

crate::registry! {
    /// What an identity is (RFC 7296 §3.5).
    pub struct IdType(u8);
    {
        /// An IPv4 address, 4 octets.
        IPV4_ADDR = 1, "ID_IPV4_ADDR";
        /// A domain name.
        FQDN = 2, "ID_FQDN";
        /// An e-mail address.
        RFC822_ADDR = 3, "ID_RFC822_ADDR";
        /// An IPv6 address, 16 octets.
        IPV6_ADDR = 5, "ID_IPV6_ADDR";
        /// A distinguished name in DER.
        DER_ASN1_DN = 9, "ID_DER_ASN1_DN";
        /// A general name in DER.
        DER_ASN1_GN = 10, "ID_DER_ASN1_GN";
        /// Opaque octets.
        KEY_ID = 11, "ID_KEY_ID";
        /// A Fibre Channel name (RFC 4595).
        FC_NAME = 12, "ID_FC_NAME";
        /// Nobody (RFC 7619 §2.2).
        NULL = 13, "ID_NULL";
    }
}

crate::registry! {
    /// How a peer proves who it is (RFC 7296 §3.8).
    pub struct AuthMethod(u8);
    {
        /// RSA signature with SHA-1 and PKCS #1 v1.5 padding.
        RSA = 1, "RSA";
        /// Shared key.
        SHARED_KEY = 2, "SHARED_KEY";
        /// DSS signature.
        DSS = 3, "DSS";
        /// ECDSA with SHA-256 on P-256 (RFC 4754 §5).
        ECDSA_256 = 9, "ECDSA_256";
        /// ECDSA with SHA-384 on P-384 (RFC 4754 §5).
        ECDSA_384 = 10, "ECDSA_384";
        /// ECDSA with SHA-512 on P-521 (RFC 4754 §5).
        ECDSA_521 = 11, "ECDSA_521";
        /// Generic secure password method (RFC 6467 §5).
        GSPM = 12, "GSPM";
        /// None (RFC 7619 §2.1).
        NULL = 13, "NULL";
        /// Digital signature with its algorithm named (RFC 7427 §3).
        DIGITAL_SIGNATURE = 14, "DIGITAL_SIGNATURE";
    }
}

crate::registry! {
    /// What a traffic selector is (RFC 7296 §3.13.1).
    pub struct TsType(u8);
    {
        /// A range of IPv4 addresses.
        IPV4_ADDR_RANGE = 7, "TS_IPV4_ADDR_RANGE";
        /// A range of IPv6 addresses.
        IPV6_ADDR_RANGE = 8, "TS_IPV6_ADDR_RANGE";
        /// A range of Fibre Channel addresses (RFC 4595).
        FC_ADDR_RANGE = 9, "TS_FC_ADDR_RANGE";
        /// A security label (RFC 9478 §2).
        SECLABEL = 10, "TS_SECLABEL";
    }
}

crate::registry! {
    /// What a configuration payload does (RFC 7296 §3.15).
    pub struct CfgType(u8);
    {
        /// Asks.
        REQUEST = 1, "CFG_REQUEST";
        /// Answers a request.
        REPLY = 2, "CFG_REPLY";
        /// Sets.
        SET = 3, "CFG_SET";
        /// Acknowledges a set.
        ACK = 4, "CFG_ACK";
    }
}

crate::registry! {
    /// What a configuration attribute holds (RFC 7296 §3.15.1).
    pub struct CfgAttribute(u16);
    {
        /// IPv4 address inside the tunnel, 0 or 4 octets.
        INTERNAL_IP4_ADDRESS = 1, "INTERNAL_IP4_ADDRESS";
        /// Netmask, 0 or 4 octets.
        INTERNAL_IP4_NETMASK = 2, "INTERNAL_IP4_NETMASK";
        /// IPv4 DNS server, 0 or 4 octets.
        INTERNAL_IP4_DNS = 3, "INTERNAL_IP4_DNS";
        /// IPv4 NetBIOS name server, 0 or 4 octets.
        INTERNAL_IP4_NBNS = 4, "INTERNAL_IP4_NBNS";
        /// Seconds that the address is good for (RFC 4306, withdrawn by RFC 5996).
        INTERNAL_ADDRESS_EXPIRY = 5, "INTERNAL_ADDRESS_EXPIRY";
        /// IPv4 DHCP server, 0 or 4 octets.
        INTERNAL_IP4_DHCP = 6, "INTERNAL_IP4_DHCP";
        /// Version of the application, text.
        APPLICATION_VERSION = 7, "APPLICATION_VERSION";
        /// IPv6 address and prefix length, 0 or 17 octets.
        INTERNAL_IP6_ADDRESS = 8, "INTERNAL_IP6_ADDRESS";
        /// IPv6 DNS server, 0 or 16 octets.
        INTERNAL_IP6_DNS = 10, "INTERNAL_IP6_DNS";
        /// IPv6 NetBIOS name server (RFC 4306, withdrawn by RFC 5996).
        INTERNAL_IP6_NBNS = 11, "INTERNAL_IP6_NBNS";
        /// IPv6 DHCP server, 0 or 16 octets.
        INTERNAL_IP6_DHCP = 12, "INTERNAL_IP6_DHCP";
        /// Protected IPv4 network, 0 or 8 octets.
        INTERNAL_IP4_SUBNET = 13, "INTERNAL_IP4_SUBNET";
        /// Attributes that are understood, a multiple of 2 octets.
        SUPPORTED_ATTRIBUTES = 14, "SUPPORTED_ATTRIBUTES";
        /// Protected IPv6 network, 0 or 17 octets.
        INTERNAL_IP6_SUBNET = 15, "INTERNAL_IP6_SUBNET";
        /// IPv6 prefix for home networks (RFC 5026).
        MIP6_HOME_PREFIX = 16, "MIP6_HOME_PREFIX";
        /// IPv6 link of the virtual interface (RFC 5739).
        INTERNAL_IP6_LINK = 17, "INTERNAL_IP6_LINK";
        /// IPv6 prefix of the virtual link (RFC 5739).
        INTERNAL_IP6_PREFIX = 18, "INTERNAL_IP6_PREFIX";
        /// IPv4 home agent address (3GPP TS 24.302).
        HOME_AGENT_ADDRESS = 19, "HOME_AGENT_ADDRESS";
        /// IPv4 P-CSCF server, 0 or 4 octets (RFC 7651 §3).
        P_CSCF_IP4_ADDRESS = 20, "P_CSCF_IP4_ADDRESS";
        /// IPv6 P-CSCF server, 0 or 16 octets (RFC 7651 §4).
        P_CSCF_IP6_ADDRESS = 21, "P_CSCF_IP6_ADDRESS";
        /// NAT keepalive of a fixed-mobile interworking gateway (3GPP TS 24.302).
        FTT_KAT = 22, "FTT_KAT";
        /// External source address and port (3GPP TS 29.139).
        EXTERNAL_SOURCE_IP4_NAT_INFO = 23, "EXTERNAL_SOURCE_IP4_NAT_INFO";
        /// Seconds between liveness checks (3GPP TS 24.302).
        TIMEOUT_PERIOD_FOR_LIVENESS_CHECK = 24, "TIMEOUT_PERIOD_FOR_LIVENESS_CHECK";
        /// Domain answered by the internal DNS servers (RFC 8598 §4.1).
        INTERNAL_DNS_DOMAIN = 25, "INTERNAL_DNS_DOMAIN";
        /// DNSSEC trust anchor of an internal domain (RFC 8598 §4.2).
        INTERNAL_DNSSEC_TA = 26, "INTERNAL_DNSSEC_TA";
        /// Encrypted DNS resolver, by IPv4 address (RFC 9464 §3).
        ENCDNS_IP4 = 27, "ENCDNS_IP4";
        /// Encrypted DNS resolver, by IPv6 address (RFC 9464 §3).
        ENCDNS_IP6 = 28, "ENCDNS_IP6";
        /// Digest of a resolver's certificate (RFC 9464 §3).
        ENCDNS_DIGEST_INFO = 29, "ENCDNS_DIGEST_INFO";
        /// IPv4 address of the server inside the tunnel, 0 or 4 octets ([MS-IKEE] §2.2.8).
        INTERNAL_IP4_SERVER = 23456, "INTERNAL_IP4_SERVER";
        /// IPv6 address of the server inside the tunnel, 0 or 16 octets ([MS-IKEE] §2.2.8).
        INTERNAL_IP6_SERVER = 23457, "INTERNAL_IP6_SERVER";
    }
}

crate::registry! {
    /// What an EAP message does (RFC 3748 §4).
    pub struct EapCode(u8);
    {
        /// The authenticator asks.
        REQUEST = 1, "Request";
        /// The peer answers.
        RESPONSE = 2, "Response";
        /// The peer is authenticated.
        SUCCESS = 3, "Success";
        /// The peer is not.
        FAILURE = 4, "Failure";
        /// Re-authentication begins (RFC 6696 §5.3).
        INITIATE = 5, "Initiate";
        /// Re-authentication ends (RFC 6696 §5.3).
        FINISH = 6, "Finish";
    }
}

crate::registry! {
    /// The method of an EAP request or response (RFC 3748 §5).
    pub struct EapMethod(u8);
    {
        /// Identity.
        IDENTITY = 1, "Identity";
        /// Notification.
        NOTIFICATION = 2, "Notification";
        /// The method asked for is refused.
        NAK = 3, "Nak";
        /// MD5 challenge.
        MD5_CHALLENGE = 4, "MD5-Challenge";
        /// One-time password.
        OTP = 5, "OTP";
        /// Generic token card.
        GTC = 6, "GTC";
        /// EAP-TLS (RFC 5216).
        TLS = 13, "TLS";
        /// EAP-SIM (RFC 4186).
        SIM = 18, "SIM";
        /// EAP-TTLS (RFC 5281).
        TTLS = 21, "TTLS";
        /// EAP-AKA (RFC 4187).
        AKA = 23, "AKA";
        /// PEAP.
        PEAP = 25, "PEAP";
        /// EAP-MSCHAPv2.
        MSCHAPV2 = 26, "MSCHAPv2";
        /// EAP-FAST (RFC 4851).
        FAST = 43, "FAST";
        /// EAP-AKA' (RFC 9048).
        AKA_PRIME = 50, "AKA'";
        /// EAP-pwd (RFC 5931).
        PWD = 52, "PWD";
        /// TEAP (RFC 7170).
        TEAP = 55, "TEAP";
        /// A method of a vendor, named in the data.
        EXPANDED = 254, "Expanded";
        /// Experimental.
        EXPERIMENTAL = 255, "Experimental";
    }
}
