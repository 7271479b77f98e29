//! Who asks.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Rights, Role, RoleAt, Verb};
use crate::id::{AccountId, NetworkId, TokenId};

/// What whoever has the machine may do.
const OPERATOR: &[RoleAt] = &[RoleAt { network: None, community: None, role: Role::Admin }];

/// The caller did not sign in, and this is only for those who did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this needs a token")]
pub struct NotSignedIn;

/// Who asks. Found out once for each request; clones are cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Someone at the API who did not sign in.
    Anonymous,
    /// Someone at the API who did.
    SignedIn(Arc<SignedIn>),
    /// Whoever runs commands on the machine of the database, and could read its files anyway.
    Operator,
}

/// Someone who signed in, with what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who it is.
    pub who: Who,
    /// Their roles, in order.
    pub roles: Vec<RoleAt>,
    /// What they may use them for, in order.
    pub verbs: Vec<Verb>,
    /// From when on they have to sign in anew; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who pays for what they ask for. An account and all its tokens are one, and stay it when the account is made anew.
    pub payer: Uuid,
}

/// What someone signed in as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// With a token of ours.
    Token(TokenId),
    /// As an account of an issuer that we trust.
    Account(AccountId),
}

impl Who {
    /// The identity, whatever it is of.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Token(id) => id.uuid(),
            Self::Account(id) => id.uuid(),
        }
    }
}

impl Caller {
    /// Someone who signed in, and pays for themselves.
    pub fn signed_in(who: Who, mut roles: Vec<RoleAt>, mut verbs: Vec<Verb>, expires_at: Option<DateTime<Utc>>) -> Self {
        roles.sort_unstable();
        roles.dedup();
        verbs.sort_unstable();
        verbs.dedup();
        Self::SignedIn(Arc::new(SignedIn { who, roles, verbs, expires_at, payer: who.uuid() }))
    }

    /// The same, but someone else pays.
    #[must_use]
    pub fn paid_by(self, payer: Uuid) -> Self {
        match self {
            Self::SignedIn(signed) => Self::SignedIn(Arc::new(SignedIn { payer, ..Arc::unwrap_or_clone(signed) })),
            Self::Anonymous | Self::Operator => self,
        }
    }

    /// Someone with a token that may do everything.
    pub fn token(id: TokenId) -> Self {
        Self::signed_in(Who::Token(id), vec![RoleAt::everywhere(Role::Admin)], Verb::ALL.to_vec(), None)
    }

    /// The caller, if they signed in.
    pub fn signed(&self) -> Option<&SignedIn> {
        match self {
            Self::SignedIn(signed) => Some(signed),
            Self::Anonymous | Self::Operator => None,
        }
    }

    /// What the caller signed in as, if they did.
    pub fn who(&self) -> Option<Who> {
        self.signed().map(|signed| signed.who)
    }

    /// The roles that the caller can use for something, wherever.
    pub fn roles(&self, verb: Verb) -> &[RoleAt] {
        match self {
            Self::SignedIn(it) if it.verbs.contains(&verb) => &it.roles,
            Self::SignedIn(_) | Self::Anonymous => &[],
            Self::Operator => OPERATOR,
        }
    }

    /// What this caller may read.
    pub fn rights(&self) -> Rights {
        Rights::of(self.roles(Verb::Read).iter())
    }

    /// What this caller may read of one network.
    pub fn rights_in(&self, network: NetworkId) -> Rights {
        Rights::of(self.roles(Verb::Read).iter().filter(|role| role.network.is_none_or(|of| of == network)))
    }

    /// Checks that the caller may write.
    pub fn check_writes(&self) -> Result<(), NotSignedIn> {
        match self {
            Self::Anonymous => Err(NotSignedIn),
            Self::SignedIn(_) | Self::Operator => Ok(()),
        }
    }

    /// What the caller's idempotency keys are kept under; nil for the operator.
    pub fn key_space(&self) -> Uuid {
        self.who().map(Who::uuid).unwrap_or_default()
    }
}
