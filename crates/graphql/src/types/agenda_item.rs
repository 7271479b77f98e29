//! Agendas.

use async_graphql::Object;
use convene_domain::{gathering, id::NetworkId, network::VocabularyKind};

use crate::types::VocabularyCode;

/// What the API shows of a part of an agenda.
#[derive(Debug)]
pub(crate) struct AgendaItem {
    pub(crate) network: NetworkId,
    pub(crate) item: gathering::AgendaItem,
}

/// A part of a gathering's agenda.
#[Object]
impl AgendaItem {
    /// What it is called.
    async fn title(&self) -> &str {
        &self.item.title
    }

    /// What sort of part it is, such as care for the caregiver (`AGENDA_KIND`); null when nobody said.
    async fn kind(&self) -> Option<VocabularyCode> {
        self.item.kind.clone().map(|code| VocabularyCode::new(self.network, VocabularyKind::AgendaKind, code))
    }

    /// How long it is planned to last, in minutes; null when nobody said.
    async fn minutes(&self) -> Option<i32> {
        self.item.minutes.map(i32::from)
    }

    /// Who leads it; null when nobody said.
    async fn presenter(&self) -> Option<&str> {
        self.item.presenter.as_deref()
    }
}
