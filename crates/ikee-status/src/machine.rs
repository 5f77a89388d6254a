//! Which code goes with which error of the protocol.

use isakmp_wire::{v1, v2};

use crate::code::StatusCode;

/// The code that says to Windows what an error notification of IKEv1 says to everybody; `None`
/// where nothing has failed ([MS-IKEE] §2.2.6).
///
/// ```
/// use ikee_status::{StatusCode, code_for_v1};
/// use isakmp_wire::v1::NotifyType;
///
/// let code = code_for_v1(NotifyType::NO_PROPOSAL_CHOSEN);
/// assert_eq!(code, Some(StatusCode::IKE_POLICY_MATCH));
/// assert_eq!(code_for_v1(NotifyType::INITIAL_CONTACT), None);
/// ```
#[must_use]
pub const fn code_for_v1(kind: v1::NotifyType) -> Option<StatusCode> {
    use v1::NotifyType as N;
    Some(match kind {
        N::AUTHENTICATION_FAILED => StatusCode::IKE_AUTH_FAIL,
        N::INVALID_HASH_INFORMATION => StatusCode::IKE_INVALID_HASH,
        N::INVALID_SIGNATURE => StatusCode::IKE_INVALID_SIGNATURE,
        N::NO_PROPOSAL_CHOSEN | N::BAD_PROPOSAL_SYNTAX | N::ATTRIBUTES_NOT_SUPPORTED => {
            StatusCode::IKE_POLICY_MATCH
        }
        N::INVALID_ID_INFORMATION => StatusCode::IKE_PROCESS_ERR_ID,
        N::INVALID_KEY_INFORMATION => StatusCode::IKE_INVALID_GROUP,
        N::INVALID_CERT_ENCODING
        | N::INVALID_CERTIFICATE
        | N::CERT_TYPE_UNSUPPORTED
        | N::INVALID_CERT_AUTHORITY
        | N::CERTIFICATE_UNAVAILABLE => StatusCode::IKE_PROCESS_ERR_CERT,
        N::INVALID_COOKIE => StatusCode::IKE_INVALID_COOKIE,
        N::INVALID_MAJOR_VERSION | N::INVALID_MINOR_VERSION => {
            StatusCode::IKE_INVALID_MAJOR_VERSION
        }
        N::PAYLOAD_MALFORMED | N::INVALID_PAYLOAD_TYPE | N::UNEQUAL_PAYLOAD_LENGTHS => {
            StatusCode::IKE_INVALID_PAYLOAD
        }
        other if other.is_error() => StatusCode::IKE_PROCESS_ERR,
        _ => return None,
    })
}

/// The same for IKEv2, where some errors ask for another try instead ([MS-IKEE] §2.2.7).
#[must_use]
pub const fn code_for_v2(kind: v2::NotifyType) -> Option<StatusCode> {
    use v2::NotifyType as N;
    Some(match kind {
        N::INVALID_KE_PAYLOAD | N::TEMPORARY_FAILURE | N::CHILD_SA_NOT_FOUND | N::MS_STATUS => {
            return None;
        }
        N::AUTHENTICATION_FAILED => StatusCode::IKE_AUTH_FAIL,
        N::NO_PROPOSAL_CHOSEN => StatusCode::IKE_POLICY_MATCH,
        N::TS_UNACCEPTABLE | N::INVALID_SELECTORS | N::SINGLE_PAIR_REQUIRED => {
            StatusCode::IKE_INVALID_FILTER
        }
        N::INVALID_SYNTAX => StatusCode::IKE_INVALID_PAYLOAD,
        N::UNSUPPORTED_CRITICAL_PAYLOAD => StatusCode::IKE_CRITICAL_PAYLOAD_NOT_RECOGNIZED,
        N::INVALID_MAJOR_VERSION => StatusCode::IKE_INVALID_MAJOR_VERSION,
        N::NO_ADDITIONAL_SAS => StatusCode::IKE_QM_LIMIT,
        N::INTERNAL_ADDRESS_FAILURE => StatusCode::IKE_INNER_IP_ASSIGNMENT_FAILURE,
        N::FAILED_CP_REQUIRED => StatusCode::IKE_REQUIRE_CP_PAYLOAD_MISSING,
        other if other.is_error() => StatusCode::IKE_GENERAL_PROCESSING_ERROR,
        _ => return None,
    })
}
