//! What is asked for of people who are named in reports.

use async_graphql::{ID, InputObject};
use convene_application::writing::{Refusal, persons::ErasePerson};

use super::{Fields, Input, Once};

/// A person to take out of the reports of a network.
#[derive(Debug, InputObject)]
pub(crate) struct ErasePersonInput {
    /// The id of the network (net_...).
    network: ID,
    /// The name, in capitals or not, its letters composed (NFC) or not.
    name: String,
    #[graphql(flatten)]
    once: Once,
}

impl Input for ErasePersonInput {
    type Command = ErasePerson;

    fn check(self, mut fields: Fields) -> Result<ErasePerson, Vec<Refusal>> {
        let network = fields.parsed("network", self.network);
        let name = fields.parsed("name", self.name);
        fields.build(|| Some(ErasePerson { network: network?, name: name? }))
    }
}
