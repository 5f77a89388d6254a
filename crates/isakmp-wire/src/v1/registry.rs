//! The numbers that stand in fixed fields of IKEv1 payloads, and the attribute classes.

crate::registry! {
    /// Who defines the numbers of a payload (RFC 2408 §3.4).
    pub struct Doi(u32);
    {
        /// Generic ISAKMP.
        ISAKMP = 0, "ISAKMP";
        /// The IPsec domain of interpretation (RFC 2407).
        IPSEC = 1, "IPSEC";
        /// Group domain of interpretation (RFC 6407).
        GDOI = 2, "GDOI";
    }
}

crate::registry! {
    /// What an SPI or proposal is for (RFC 2407 §4.4.1).
    pub struct ProtocolId(u8);
    {
        /// The ISAKMP SA itself.
        ISAKMP = 1, "ISAKMP";
        /// Authentication header.
        AH = 2, "AH";
        /// Encapsulating security payload.
        ESP = 3, "ESP";
        /// IP compression.
        IPCOMP = 4, "IPCOMP";
    }
}

crate::registry! {
    /// What an identity is (RFC 2407 §4.6.2.1).
    pub struct IdType(u8);
    {
        /// An IPv4 address, 4 octets.
        IPV4_ADDR = 1, "ID_IPV4_ADDR";
        /// A domain name.
        FQDN = 2, "ID_FQDN";
        /// A user at a domain name.
        USER_FQDN = 3, "ID_USER_FQDN";
        /// An IPv4 address and a mask, 8 octets.
        IPV4_ADDR_SUBNET = 4, "ID_IPV4_ADDR_SUBNET";
        /// An IPv6 address, 16 octets.
        IPV6_ADDR = 5, "ID_IPV6_ADDR";
        /// An IPv6 address and a mask, 32 octets.
        IPV6_ADDR_SUBNET = 6, "ID_IPV6_ADDR_SUBNET";
        /// A first and a last IPv4 address, 8 octets.
        IPV4_ADDR_RANGE = 7, "ID_IPV4_ADDR_RANGE";
        /// A first and a last IPv6 address, 32 octets.
        IPV6_ADDR_RANGE = 8, "ID_IPV6_ADDR_RANGE";
        /// A distinguished name in DER.
        DER_ASN1_DN = 9, "ID_DER_ASN1_DN";
        /// A general name in DER.
        DER_ASN1_GN = 10, "ID_DER_ASN1_GN";
        /// Opaque octets.
        KEY_ID = 11, "ID_KEY_ID";
        /// A list of identities (RFC 3554 §3).
        LIST = 12, "ID_LIST";
        /// The parameters of a cryptographically generated address ([MS-IKEE] §2.2.5).
        IPV6_CGA = 0xFA, "ID_IPV6_CGA";
    }
}

crate::registry! {
    /// What an attributes payload does (draft-dukes-ike-mode-cfg-02 §3.2).
    pub struct ConfigType(u8);
    {
        /// Asks.
        REQUEST = 1, "ISAKMP_CFG_REQUEST";
        /// Answers a request.
        REPLY = 2, "ISAKMP_CFG_REPLY";
        /// Sets.
        SET = 3, "ISAKMP_CFG_SET";
        /// Acknowledges a set.
        ACK = 4, "ISAKMP_CFG_ACK";
    }
}
