//! SAs of either version as an operator sees them.

use core::net::SocketAddr;

use ikee::doi::Identity;
use ikee::endpoint::ChildStatus;
use ikee::ext::{Instant, PolicyId, Role, SaId};
use ikee::wire::{ExchangeType, Spi};
use ikee::{ikev1, ikev2};

/// One IKE SA as an operator sees it.
#[derive(Clone, Copy, Debug)]
pub(super) enum SaStatus<'a> {
    V1(ikev1::SaStatus<'a>),
    V2(ikev2::SaStatus<'a>),
}

impl<'a> SaStatus<'a> {
    pub(super) const fn sa(&self) -> SaId {
        match self {
            Self::V1(it) => it.sa,
            Self::V2(it) => it.sa,
        }
    }

    pub(super) const fn policy(&self) -> Option<PolicyId> {
        match self {
            Self::V1(it) => it.policy,
            Self::V2(it) => it.policy,
        }
    }

    pub(super) const fn role(&self) -> Role {
        match self {
            Self::V1(it) => it.role,
            Self::V2(it) => it.role,
        }
    }

    pub(super) const fn state(&self) -> &'static str {
        match self {
            Self::V1(it) => it.state,
            Self::V2(it) => it.state,
        }
    }

    /// 1 or 2.
    pub(super) const fn version(&self) -> u8 {
        match self {
            Self::V1(_) => 1,
            Self::V2(_) => 2,
        }
    }

    /// The first exchange of IKEv1, where there are two.
    pub(super) fn mode(&self) -> Option<&'static str> {
        match self {
            Self::V1(it) if it.mode == ExchangeType::AGGRESSIVE => Some("aggressive"),
            Self::V1(_) => Some("main"),
            Self::V2(_) => None,
        }
    }

    pub(super) const fn spis(&self) -> (Spi, Spi) {
        match self {
            Self::V1(it) => it.spis,
            Self::V2(it) => it.spis,
        }
    }

    pub(super) const fn local(&self) -> SocketAddr {
        match self {
            Self::V1(it) => it.local,
            Self::V2(it) => it.local,
        }
    }

    pub(super) const fn remote(&self) -> SocketAddr {
        match self {
            Self::V1(it) => it.remote,
            Self::V2(it) => it.remote,
        }
    }

    pub(super) fn suite(&self) -> Option<String> {
        match self {
            Self::V1(it) => it.suite.map(|suite| suite.to_string()),
            Self::V2(it) => it.suite.map(|suite| suite.to_string()),
        }
    }

    pub(super) fn remote_id(&self) -> Option<&'a Identity> {
        match self {
            Self::V1(it) => it.remote_id.map(|(id, _)| id),
            Self::V2(it) => it.remote_id,
        }
    }

    /// The user who proved itself by XAUTH.
    pub(super) fn user(&self) -> Option<&'a str> {
        match self {
            Self::V1(it) => it.remote_id.and_then(|(_, user)| user),
            Self::V2(_) => None,
        }
    }

    pub(super) const fn vendor_ids(&self) -> &'a [Vec<u8>] {
        match self {
            Self::V1(it) => it.vendor_ids,
            Self::V2(it) => it.vendor_ids,
        }
    }

    /// When it is replaced, by us.
    pub(super) const fn renewal(&self) -> Option<Instant> {
        match self {
            Self::V1(it) => it.renewal,
            Self::V2(it) => it.renewal,
        }
    }

    pub(super) fn children(&self) -> Vec<ChildStatus<'a>> {
        match self {
            Self::V1(it) => it.children().collect(),
            Self::V2(it) => it.children().collect(),
        }
    }
}
