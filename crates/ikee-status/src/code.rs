use core::fmt;

mod table;

/// A status code of Windows: a 32-bit number of [MS-ERREF] ([MS-IKEE] §2.2.6, note 8).
///
/// It is shown as name, number and meaning if it is one of those for IPsec, and as a number
/// otherwise.
///
/// ```
/// use ikee_status::StatusCode;
///
/// assert_eq!(StatusCode::IKE_AUTH_FAIL.get(), 13801);
/// assert_eq!(
///     StatusCode::IKE_AUTH_FAIL.to_string(),
///     "ERROR_IPSEC_IKE_AUTH_FAIL (13801): the credentials are not acceptable",
/// );
/// assert_eq!(StatusCode::new(5).to_string(), "5");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StatusCode(u32);

impl StatusCode {
    /// Nothing has failed.
    pub const SUCCESS: Self = Self(0);
    /// The credentials are not acceptable.
    pub const IKE_AUTH_FAIL: Self = Self(13_801);
    /// Something went wrong in processing.
    pub const IKE_GENERAL_PROCESSING_ERROR: Self = Self(13_804);
    /// A critical payload is not known.
    pub const IKE_CRITICAL_PAYLOAD_NOT_RECOGNIZED: Self = Self(13_823);
    /// A signature does not verify.
    pub const IKE_INVALID_SIGNATURE: Self = Self(13_826);
    /// A payload cannot be processed.
    pub const IKE_PROCESS_ERR: Self = Self(13_829);
    /// An identity cannot be processed.
    pub const IKE_PROCESS_ERR_ID: Self = Self(13_834);
    /// A certificate cannot be processed.
    pub const IKE_PROCESS_ERR_CERT: Self = Self(13_835);
    /// A payload is not valid.
    pub const IKE_INVALID_PAYLOAD: Self = Self(13_843);
    /// A cookie is not valid.
    pub const IKE_INVALID_COOKIE: Self = Self(13_846);
    /// The traffic selectors are not acceptable.
    pub const IKE_INVALID_FILTER: Self = Self(13_858);
    /// The group of the key exchange is not acceptable.
    pub const IKE_INVALID_GROUP: Self = Self(13_865);
    /// No proposal is acceptable.
    pub const IKE_POLICY_MATCH: Self = Self(13_868);
    /// A hash does not verify.
    pub const IKE_INVALID_HASH: Self = Self(13_870);
    /// This version of IKE is not spoken.
    pub const IKE_INVALID_MAJOR_VERSION: Self = Self(13_880);
    /// The main mode SA has had all its quick modes.
    pub const IKE_QM_LIMIT: Self = Self(13_884);
    /// No address inside the tunnel was to be had.
    pub const IKE_INNER_IP_ASSIGNMENT_FAILURE: Self = Self(13_899);
    /// The configuration payload is missing.
    pub const IKE_REQUIRE_CP_PAYLOAD_MISSING: Self = Self(13_900);

    /// The code with this number.
    #[must_use]
    pub const fn new(code: u32) -> Self {
        Self(code)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The symbolic name without `ERROR_IPSEC_`, for 13000 to 13023 and 13800 to 13932 where
    /// there is one.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(table::entry(self.0)?.0)
    }

    /// What it says, in a few words.
    #[must_use]
    pub fn meaning(self) -> Option<&'static str> {
        Some(table::entry(self.0)?.1)
    }

    /// The usual cause and what to do about it, for the codes that operators meet.
    #[must_use]
    pub fn advice(self) -> Option<Advice> {
        table::ADVICE
            .iter()
            .find(|(codes, ..)| codes.contains(&self.0))
            .map(|(_, cause, remedy)| Advice { cause, remedy })
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match table::entry(self.0) {
            Some((name, meaning)) => write!(f, "ERROR_IPSEC_{name} ({}): {meaning}", self.0),
            None => self.0.fmt(f),
        }
    }
}

/// Why a code comes, usually, and what helps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Advice {
    /// The usual cause.
    pub cause: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}
