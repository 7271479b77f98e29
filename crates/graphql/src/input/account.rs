//! What is asked for of accounts.

use async_graphql::{ID, InputObject};
use convene_application::writing::Refusal;
use convene_domain::id::AccountId;

use super::{Fields, Once};

/// An account to erase.
#[derive(Debug, InputObject)]
pub(crate) struct EraseAccountInput {
    /// The id of the account (acc_...).
    account: ID,
    #[graphql(flatten)]
    once: Once,
}

impl EraseAccountInput {
    /// Checks every field, and answers everything that is wrong.
    pub(crate) fn check(self) -> Result<AccountId, Vec<Refusal>> {
        let mut fields = Fields::default();
        let account = fields.parsed("account", self.account.as_str());
        fields.build(|| account)
    }
}
