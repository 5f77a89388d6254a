//! Deviations from the RFCs, as data.

/// Where the core departs from the letter of the RFCs, by name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// Whether the responder of an exchange repeats an unanswered message by itself (RFC 2408 §5.1), or only when it is
    /// asked again ([MS-IKEE] §3.1.5).
    pub responder_retransmits: bool,
    /// Whether a certificate counts only in a message that also has an identity ([MS-IKEE] §3.1.5).
    pub certificate_beside_identity: bool,
    /// Whether we set the commit bit as quick mode's responder, so that the initiator waits for a fourth message
    /// (RFC 2408 §3.1). Many peers do not know that message.
    pub commit_bit: bool,
    /// Whether a protected notification before the end of phase 1 goes on with the chain of phase 1 ([MS-IKEE] note 12),
    /// instead of one of its own (RFC 2409 App. B); both are read.
    pub chained_notify: bool,
    /// Whose children live on when their SA is deleted, until they are deleted themselves or are over
    /// ([MS-IKEE] §3.8.4.1, note 26).
    pub outliving: Outliving,
    /// Whether aggressive mode's third message is encrypted, which RFC 2409 §5.4 leaves open; both forms are accepted.
    pub encrypt_aggressive: bool,
}

/// Whose children outlive their SA.
///
/// RFC 2408 §2.1 and RFC 2409 §5.5 let them, but many peers forget them with it, and say nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outliving {
    /// Nobody's: they go with their SA, unless another one with the same peer takes them over.
    Nobody,
    /// Those of peers with Microsoft's vendor ID, who leave theirs alone.
    Microsoft,
    /// Everybody's.
    Everybody,
}

impl Profile {
    /// The RFCs to the letter; our default.
    pub const RFC: Self = Self {
        responder_retransmits: true,
        certificate_beside_identity: false,
        commit_bit: false,
        chained_notify: false,
        outliving: Outliving::Microsoft,
        encrypt_aggressive: true,
    };
    /// What Windows does ([MS-IKEE] §3.1.5).
    pub const MICROSOFT: Self = Self {
        responder_retransmits: false,
        certificate_beside_identity: true,
        commit_bit: true,
        chained_notify: true,
        outliving: Outliving::Everybody,
        encrypt_aggressive: true,
    };
}

impl Default for Profile {
    fn default() -> Self {
        Self::RFC
    }
}
