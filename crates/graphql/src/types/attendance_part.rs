//! Who came, in parts.

use async_graphql::Object;
use convene_domain::{id::NetworkId, network::VocabularyKind, report};

use crate::{scalars::int, types::VocabularyCode};

/// What the API shows of a part of the attendance.
#[derive(Debug)]
pub(crate) struct AttendancePart {
    pub(crate) network: NetworkId,
    pub(crate) part: report::AttendancePart,
}

/// How many people came in one role, from one organisation, or both.
#[Object]
impl AttendancePart {
    /// The role they took part in, such as training facilitator (`PARTICIPANT_ROLE`); null when only the organisation
    /// was counted.
    async fn role(&self) -> Option<VocabularyCode> {
        let code = self.part.role().cloned();
        code.map(|code| VocabularyCode::new(self.network, VocabularyKind::ParticipantRole, code))
    }

    /// The organisation they came from; null when only the role was counted.
    async fn organisation(&self) -> Option<&str> {
        self.part.organisation().map(|organisation| &**organisation)
    }

    /// How many people; at least 1.
    async fn people(&self) -> i32 {
        int(self.part.people().people())
    }
}
