//! Rings of logs that the tests make up.

use chrono::DateTime;
use convene_domain::{
    change::{Change, ChangeKind, Effect, EntityType},
    id::{InstanceId, NetworkId},
};
use uuid::Uuid;

use super::*;

pub(crate) fn log() -> LogId {
    LogId { instance: InstanceId::from_uuid(Uuid::nil()), network: NetworkId::from_uuid(Uuid::from_u128(1)), epoch: 1 }
}

pub(crate) fn entry(position: Position) -> Entry {
    let change = Change {
        network: log().network,
        position,
        id: ChangeId::from_uuid(Uuid::from_u128(position as u128)),
        kind: ChangeKind::Updated,
        entity_type: EntityType::Gathering,
        entity: Uuid::from_u128(9),
        revision: position,
        occurred_at: DateTime::UNIX_EPOCH,
        recorded_at: DateTime::UNIX_EPOCH,
        was_visible_to: None,
        visible_to: None,
    };
    Entry { change, effects: Vec::new() }
}

fn entries(positions: std::ops::RangeInclusive<Position>) -> Vec<Entry> {
    positions.map(entry).collect()
}

pub(crate) fn ring(position: Position) -> Arc<Ring> {
    Arc::new(Ring::new(log(), position, Handle::current()))
}

fn push(ring: &Ring, positions: std::ops::RangeInclusive<Position>) -> Read {
    ring.push(entries(positions))
}

#[tokio::test]
async fn the_ring_knows_the_changes_that_it_holds() {
    let ring = ring(10);
    assert_eq!(ring.end(), None, "not read yet");
    assert_eq!(push(&ring, 10..=13), Read::Same);
    let found = |position| ring.find(position).map(|head| (head.position, head.change.uuid().as_u128()));
    assert_eq!([9, 10, 11, 13, 14].map(found), [None, None, Some((11, 11)), Some((13, 13)), None]);
    assert_eq!(ring.end().map(|end| end.position), Some(13));
    assert_eq!(push(&ring, 13..=13), Read::Same);
    let many = 13 + i64::try_from(SLOTS).unwrap();
    assert_eq!(push(&ring, 13..=many), Read::Same);
    assert_eq!([12, 13, 14].map(found), [None, None, Some((14, 14))]);
}

#[tokio::test]
async fn a_place_is_unchanged_until_an_entry_touches_it() {
    let (here, there) = (Uuid::from_u128(5), Uuid::from_u128(6));
    let in_place = |position, place| Entry { effects: vec![(place, Effect::Changed)], ..entry(position) };
    let ring = ring(0);
    assert_eq!(ring.push(vec![in_place(1, here), in_place(2, there)]), Read::Same);
    assert_eq!(ring.unchanged(&[here], 1), Some(2));
    assert_eq!(ring.unchanged(&[here], 0), None);
    assert_eq!(ring.unchanged(&[here, there], 1), None);
    assert_eq!(ring.unchanged(&[here], 2), Some(2));
    let mut term = in_place(3, Uuid::from_u128(7));
    term.change.entity_type = EntityType::Term;
    assert_eq!(ring.push(vec![entry(2), term]), Read::Same);
    assert_eq!(ring.unchanged(&[here], 2), None, "words are used everywhere");
    let mut moved = in_place(4, there);
    (moved.change.entity_type, moved.change.kind) = (EntityType::Community, ChangeKind::Moved);
    assert_eq!(ring.push(vec![in_place(3, Uuid::from_u128(7)), moved]), Read::Same);
    assert_eq!(ring.unchanged(&[here], 3), None, "who may read what is something else");
    let many = 4 + i64::try_from(SLOTS).unwrap();
    assert_eq!(push(&ring, 4..=many), Read::Same);
    assert_eq!(ring.unchanged(&[here], 4), Some(many));
    assert_eq!(ring.unchanged(&[here], 3), None, "it does not reach back so far");
    assert!(!ring.is_behind());
    ring.tell(many + 1);
    assert!(ring.is_behind(), "there is more than was read");
}

#[tokio::test]
async fn it_says_which_records_of_a_type_changed() {
    let of_community = |position, id| {
        let mut entry = entry(position);
        entry.change.entity_type = EntityType::Community;
        entry.change.entity = Uuid::from_u128(id);
        entry
    };
    let ring = ring(0);
    let changed = |since| ring.changed(EntityType::Community, since);
    let these = |ids: &[u128]| Since::These(ids.iter().map(|id| Uuid::from_u128(*id)).collect(), ring.end().expect("an end"));
    assert_eq!(changed(0), these(&[]), "nothing was ever written");
    assert_eq!(ring.push(vec![of_community(1, 8), entry(2), of_community(3, 7), of_community(4, 8)]), Read::Same);
    assert_eq!([0, 1, 3, 4].map(changed), [these(&[7, 8]), these(&[7, 8]), these(&[8]), these(&[])]);
    assert_eq!(ring.changed(EntityType::Term, 0), these(&[]));
    let many = 4 + i64::try_from(SLOTS).unwrap();
    assert_eq!(push(&ring, 5..=many), Read::Broken, "the newest entry comes first");
    assert_eq!(ring.push([vec![of_community(4, 8)], entries(5..=many)].concat()), Read::Same);
    assert_eq!([3, 4].map(changed), [Since::Anything, these(&[])], "it reaches back so far and no further");
}

#[tokio::test]
async fn another_log_in_the_same_place_is_noticed() {
    let ring = ring(0);
    assert_eq!(push(&ring, 1..=5), Read::Same);
    let mut other = entry(5);
    other.change.id = ChangeId::from_uuid(Uuid::from_u128(77));
    assert_eq!(ring.push(vec![other, entry(6)]), Read::Broken);
    assert_eq!(ring.push(vec![entry(5), entry(7)]), Read::Broken, "a gap");
    assert_eq!(ring.push(vec![entry(6)]), Read::Broken, "the newest one is gone");
    let head = |epoch, position| Head { log: LogId { epoch, ..log() }, position, change: entry(position).change.id };
    assert!(ring.contradicts(5, &head(1, 4)) && ring.contradicts(5, &head(2, 9)) && !ring.contradicts(5, &head(1, 5)));
    assert!(ring.contradicts(5, &Head { change: entry(6).change.id, ..head(1, 5) }), "grown to the same place");
    ring.fail();
    assert!(ring.is_broken());
}
