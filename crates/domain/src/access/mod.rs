//! Who may see what. Each use case asks here first.

mod caller;
mod rights;
mod role;

pub use caller::{Caller, NotSignedIn, SignedIn, Who};
pub use rights::{Rights, RightsMark, Sight};
pub use role::{Grant, Role, RoleAt, Verb};

use crate::{report::ReportStatus, words::words};

words! {
    /// Who may read a report, or see a work site.
    Audience, "audience" {
        /// Members of the host communities.
        Members = "MEMBERS",
        /// Everyone in the network.
        Network = "NETWORK",
        /// Everyone.
        Public = "PUBLIC",
    }
}

words! {
    /// Who can read a record.
    Visibility, "visibility" {
        /// Only those who write it: it is a draft, or was taken back.
        Authors = "AUTHORS",
        /// Members of the host communities.
        Members = "MEMBERS",
        /// Everyone in the network.
        Network = "NETWORK",
        /// Everyone.
        Public = "PUBLIC",
    }
}

impl Visibility {
    /// Who can read a report. The seal says the same in SQL.
    pub fn of_report(audience: Audience, status: ReportStatus) -> Self {
        match (status, audience) {
            (ReportStatus::Draft | ReportStatus::Withdrawn, _) => Self::Authors,
            (_, Audience::Members) => Self::Members,
            (_, Audience::Network) => Self::Network,
            (_, Audience::Public) => Self::Public,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::{AccountId, CommunityId, NetworkId, TokenId};

    fn network(n: u128) -> NetworkId {
        NetworkId::from_uuid(Uuid::from_u128(n))
    }

    fn community(n: u128) -> CommunityId {
        CommunityId::from_uuid(Uuid::from_u128(n))
    }

    fn holder(roles: &[RoleAt]) -> Caller {
        let who = Who::Account(AccountId::from_uuid(Uuid::from_u128(77)));
        Caller::signed_in(who, roles.to_vec(), Verb::ALL.to_vec(), None)
    }

    #[test]
    fn a_stranger_reads_what_is_public_and_submitted_and_writes_nothing() {
        let sight = Caller::Anonymous.rights().everywhere();
        assert_eq!(sight.audiences(), [Audience::Public]);
        assert!(!sight.statuses().contains(&ReportStatus::Draft) && !sight.statuses().contains(&ReportStatus::Withdrawn));
        assert_eq!(sight, Sight::Public);
        assert_eq!(Caller::Anonymous.check_writes(), Err(NotSignedIn));
        let token = Caller::token(TokenId::from_uuid(Uuid::from_u128(1)));
        assert!(token.check_writes().is_ok());
        assert_eq!(token.rights(), Rights::all());
        assert_eq!(token.rights().mark(), Caller::Operator.rights().mark());
    }

    /// What the log says of who sees a report has to be what reading the report says.
    #[test]
    fn rights_of_the_log_say_the_same_as_the_lists() {
        let sights = Role::ALL.iter().map(|role| Sight::of_role(*role)).chain([Sight::Public, Sight::Network]);
        for sight in sights {
            for (audience, status) in Audience::ALL.iter().flat_map(|a| ReportStatus::ALL.iter().map(move |s| (*a, *s))) {
                let reads = sight.audiences().contains(&audience) && sight.statuses().contains(&status);
                assert_eq!(sight.sees(Visibility::of_report(audience, status)), reads, "{sight:?} {audience} {status}");
            }
        }
    }

    #[test]
    fn a_role_holds_in_its_place_and_makes_one_of_the_network() {
        let (n, c) = (network(1), community(5));
        let rights = holder(&[RoleAt::at(n, c, Role::Member)]).rights();
        assert_eq!(rights.at([n.uuid(), c.uuid(), community(6).uuid()]), Sight::Members);
        assert_eq!(rights.at([n.uuid(), community(6).uuid()]), Sight::Network);
        assert_eq!(rights.at([network(2).uuid()]), Sight::Public);
        assert_eq!(rights.from(Sight::Members).places(), [], "nothing more is read under the place");
        assert_eq!(rights.from(Sight::Network).places(), [(c.uuid(), Sight::Members)]);
    }

    #[test]
    fn what_a_wider_role_allows_is_said_once() {
        let (n, c) = (network(1), community(5));
        let wide = RoleAt::in_network(n, Role::Admin);
        let both = holder(&[wide, RoleAt::at(n, c, Role::Facilitator)]).rights();
        assert_eq!(both, holder(&[wide]).rights());
        assert_eq!(holder(&[RoleAt::everywhere(Role::Admin), wide]).rights(), Rights::all());
        assert_ne!(both.mark(), Rights::all().mark());
    }

    /// Callers with the same rights are told the same: also of who has which role, and that no two roles may read alike.
    #[test]
    fn every_role_reads_something_else() {
        let n = network(1);
        for (at, role) in Role::ALL.iter().enumerate() {
            for other in &Role::ALL[..at] {
                let [one, two] = [role, other].map(|role| holder(&[RoleAt::in_network(n, *role)]).rights());
                assert!(one != two && one.mark() != two.mark() && one.to_bytes() != two.to_bytes(), "{role} and {other}");
                assert_ne!(holder(&[RoleAt::everywhere(*role)]).rights(), holder(&[RoleAt::everywhere(*other)]).rights());
            }
        }
        // Nor is a role hidden by a lower one above it.
        let roles = [RoleAt::in_network(n, Role::Coordinator), RoleAt::at(n, community(5), Role::Admin)];
        assert_ne!(holder(&roles).rights(), holder(&roles[..1]).rights());
    }

    #[test]
    fn rights_in_a_network_do_not_depend_on_others() {
        let (n, c) = (network(1), community(5));
        let one = holder(&[RoleAt::at(n, c, Role::Coordinator)]);
        let two = holder(&[RoleAt::at(n, c, Role::Coordinator), RoleAt::in_network(network(2), Role::Admin)]);
        assert_eq!(one.rights_in(n), two.rights_in(n));
        assert_ne!(one.rights(), two.rights());
        assert_eq!(one.rights_in(network(2)), Rights::public());
    }

    #[test]
    fn a_token_that_may_not_read_reads_what_everyone_reads() {
        let who = Who::Token(TokenId::from_uuid(Uuid::from_u128(1)));
        let caller = Caller::signed_in(who, vec![RoleAt::everywhere(Role::Admin)], vec![Verb::Write], None);
        assert_eq!(caller.rights(), Rights::public());
    }
}
