//! Taking people out of what is kept.

use convene_domain::{access::Role, change::ChangeKind, id::NetworkId, text::Text};
use convene_persistence::{Write, networks, persons};

use super::{At, Command, Done, Need, Refusal, RefusalCode, Stop, record};

/// Takes the name of a person out of all reports of a network. The texts of items stay as they are: what they say of someone
/// only people can tell.
#[derive(Debug, Clone)]
pub struct ErasePerson {
    /// The network.
    pub network: NetworkId,
    /// The name.
    pub name: Text,
}

impl Command for ErasePerson {
    fn operation(&self) -> &'static str {
        "erasePerson"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Admin, At::Network(self.network), "network")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let network = networks::lock(write, self.network).await?.ok_or_else(|| Refusal::not_found("network"))?;
        let reports = persons::erase(write, self.network, &self.name).await?;
        if reports.is_empty() {
            return Err(Refusal::new(RefusalCode::NotFound, ["name"], "is nobody who told or is to do something here").into());
        }
        for changed in reports {
            record(write, self.network, ChangeKind::Erased, changed, None);
        }
        Ok(Done { entity: network.id.uuid(), revision: network.revision, report: None, secret: None })
    }
}
