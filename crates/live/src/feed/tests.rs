//! Feeds of logs that the tests make up.

use std::{future, task::Poll};

use bytes::Bytes;
use convene_domain::{
    access::Visibility,
    change::{ChangeKind, Effect, EntityType},
    id::ChangeId,
};
use futures::FutureExt;
use uuid::Uuid;

use super::*;
use crate::{
    End, Made, Next, Since, Unmade,
    ring::tests::{entry, log as tests_log},
};

const DEADLINE: Duration = Duration::from_secs(20);
/// The place that every entry touches whose position is even, and the one that all touch.
const EVEN: Uuid = Uuid::from_u128(2);
const ALL: Uuid = Uuid::from_u128(1);

fn network() -> NetworkId {
    tests_log().network
}

/// A log, as it stands in a database.
#[derive(Default)]
struct Log {
    entries: Vec<Entry>,
    /// How often it could not be read, while it cannot be.
    failed: Option<u32>,
}

impl Log {
    fn grow(&mut self, to: Position) {
        while Position::try_from(self.entries.len()).unwrap() < to {
            let mut next = entry(Position::try_from(self.entries.len()).unwrap() + 1);
            next.effects.push((ALL, Effect::Changed));
            if next.change.position % 2 == 0 {
                next.effects.push((EVEN, Effect::Changed));
            }
            self.entries.push(next);
        }
    }
}

type Shared = Arc<Mutex<Log>>;

fn log(to: Position) -> Shared {
    let log = Shared::default();
    log.lock().unwrap().grow(to);
    log
}

fn feed(log: &Shared) -> Feed {
    let (of_entries, of_heads) = (Arc::clone(log), Arc::clone(log));
    let source = Source {
        entries: Box::new(move |_, after, limit| {
            let mut log = of_entries.lock().unwrap();
            let read = match &mut log.failed {
                Some(failed) => {
                    *failed += 1;
                    Err("out of reach".into())
                }
                None => {
                    let [after, limit] = [after.unsigned_abs(), limit].map(|it| usize::try_from(it).unwrap());
                    Ok(log.entries.iter().skip(after).take(limit).cloned().collect())
                }
            };
            Box::pin(future::ready(read))
        }),
        heads: Box::new(move |networks| {
            assert_eq!(networks, [network()]);
            let log = of_heads.lock().unwrap();
            let change = log.entries.last().map_or(ChangeId::from_uuid(Uuid::nil()), |last| last.change.id);
            let head = Head { log: tests_log(), position: Position::try_from(log.entries.len()).unwrap(), change };
            Box::pin(future::ready(Ok(vec![head])))
        }),
    };
    Feed::start(source, &WakeUps::try_new(None).unwrap(), Handle::current())
}

/// What a group makes of an entry: its position and how often it was made.
#[derive(Default)]
struct Kitchen {
    made: Mutex<Vec<Position>>,
    /// What keeps it from making anything.
    unmade: Mutex<Option<Unmade>>,
}

fn interest(scope: Uuid, kitchen: &Arc<Kitchen>) -> Interest {
    let kitchen = Arc::clone(kitchen);
    Interest {
        scope,
        wants: Box::new(|entry| entry.change.kind != ChangeKind::Reviewed),
        make: Box::new(move |told| {
            if let Some(unmade) = *kitchen.unmade.lock().unwrap() {
                return future::ready(Err(unmade)).boxed();
            }
            let position = told.slot.entry.change.position;
            let mut made = kitchen.made.lock().unwrap();
            made.push(position);
            let times = made.iter().filter(|it| **it == position).count();
            future::ready(Ok(Made { bytes: Bytes::from(format!("{position}/{times}")), keep: true })).boxed()
        }),
        checkpoint: Box::new(|place| {
            future::ready(Ok(Made { bytes: Bytes::from(format!("at {}", place.position)), keep: true })).boxed()
        }),
        is_gone: false,
        asked: Arc::new("what was asked for"),
    }
}

async fn follow(feed: &Feed, scope: Uuid, kitchen: &Arc<Kitchen>) -> Follower {
    let group = Group([u8::try_from(scope.as_u128()).unwrap(); 32]);
    feed.follow(network(), group, interest(scope, kitchen)).await.unwrap()
}

async fn next(follower: &mut Follower, position: Position) -> Next {
    let next = future::poll_fn(|context| {
        follower.register(context);
        follower.poll_next(position)
    });
    tokio::time::timeout(DEADLINE, next).await.unwrap()
}

/// Reads on from a position to an end, and gives what was sent.
async fn read_to(follower: &mut Follower, mut position: Position, end: Position) -> Vec<String> {
    let mut sent = Vec::new();
    while position < end {
        let Next::Told(told) = next(follower, position).await else { panic!("nothing is told after {position}") };
        assert!(told.slot.entry.change.position > position);
        position = told.slot.entry.change.position;
        let frame = match told.frame() {
            Some(frame) => frame,
            None => follower.make(&told).await.unwrap(),
        };
        sent.push(String::from_utf8(frame.to_vec()).unwrap());
    }
    sent
}

fn once(positions: impl Iterator<Item = Position>) -> Vec<String> {
    positions.map(|position| format!("{position}/1")).collect()
}

#[tokio::test]
async fn a_ring_reaches_back_and_grows_when_it_is_told_or_looks() {
    let log = log(1_000);
    let (feed, kitchen) = (feed(&log), Arc::default());
    let mut follower = follow(&feed, ALL, &kitchen).await;
    assert!(matches!(next(&mut follower, 1_000 - REACH_BACK - 1).await, Next::Beyond));
    assert_eq!(read_to(&mut follower, 1_000 - REACH_BACK, 1_000).await, once(1_001 - REACH_BACK..=1_000));
    // Told of more than there is, and of the same twice.
    log.lock().unwrap().grow(1_002);
    for position in [1_001, 1_002, 5_000_000, 1_002, 1_001] {
        feed.wake(network(), position);
    }
    assert_eq!(read_to(&mut follower, 1_000, 1_002).await, once(1_001..=1_002));
    // Not told at all.
    log.lock().unwrap().grow(1_700);
    assert_eq!(read_to(&mut follower, 1_002, 1_700).await, once(1_003..=1_700));
    feed.close();
}

#[tokio::test]
async fn those_who_ask_for_the_same_are_served_the_same_and_are_told_of_their_place_only() {
    let log = log(0);
    let (feed, kitchen, even) = (feed(&log), Arc::default(), Arc::default());
    let (mut first, mut second) = (follow(&feed, ALL, &kitchen).await, follow(&feed, ALL, &kitchen).await);
    let mut other = follow(&feed, EVEN, &even).await;
    log.lock().unwrap().grow(10);
    log.lock().unwrap().entries[5].change.kind = ChangeKind::Reviewed;
    feed.wake(network(), 10);
    let wanted = once((1..=10).filter(|position| *position != 6));
    assert_eq!(read_to(&mut first, 0, 10).await, wanted);
    assert_eq!(read_to(&mut second, 0, 10).await, wanted);
    assert_eq!(read_to(&mut other, 0, 10).await, once([2, 4, 8, 10].into_iter()));
    // Who comes later, and goes back, is served what was made.
    assert_eq!(first.asked::<&str>().as_deref(), Some(&"what was asked for"));
    let mut third = feed.find(Group([1; 32])).unwrap();
    assert_eq!(read_to(&mut third, 3, 10).await, wanted[3..]);
    assert_eq!(kitchen.made.lock().unwrap().len(), 9);
    assert!(feed.find(Group([9; 32])).is_none());
    feed.close();
}

#[tokio::test]
async fn what_was_made_before_something_was_hidden_is_made_again() {
    let log = log(0);
    let (feed, kitchen) = (feed(&log), Arc::default());
    let mut follower = follow(&feed, ALL, &kitchen).await;
    log.lock().unwrap().grow(2);
    feed.wake(network(), 2);
    assert_eq!(read_to(&mut follower, 0, 2).await, ["1/1", "2/1"]);
    {
        let mut log = log.lock().unwrap();
        log.grow(4);
        // A draft that is handed in hides nothing.
        log.entries[2].change.was_visible_to = Some(Visibility::Authors);
        log.entries[2].change.visible_to = Some(Visibility::Members);
        log.entries[3].change.was_visible_to = Some(Visibility::Public);
    }
    feed.wake(network(), 3);
    assert_eq!(read_to(&mut follower, 2, 4).await[1], "4/1");
    assert_eq!(read_to(&mut follower, 0, 2).await, ["1/2", "2/2"]);
    feed.close();
}

#[tokio::test]
async fn what_cannot_be_made_yet_keeps_nobody_from_being_told_in_order() {
    let log = log(0);
    let (feed, kitchen) = (feed(&log), Arc::<Kitchen>::default());
    let mut follower = follow(&feed, ALL, &kitchen).await;
    *kitchen.unmade.lock().unwrap() = Some(Unmade::Unavailable);
    log.lock().unwrap().grow(3);
    feed.wake(network(), 3);
    tokio::time::timeout(DEADLINE, async {
        while follower.head() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert!(follower.poll_next(0).is_pending());
    *kitchen.unmade.lock().unwrap() = None;
    assert_eq!(read_to(&mut follower, 0, 3).await, ["1/1", "2/1", "3/1"]);
    *kitchen.unmade.lock().unwrap() = Some(Unmade::Late);
    log.lock().unwrap().grow(4);
    feed.wake(network(), 4);
    assert!(matches!(next(&mut follower, 3).await, Next::End(End::Late)));
    // Who begins anew is not served by what has ended.
    *kitchen.unmade.lock().unwrap() = None;
    let mut again = follow(&feed, ALL, &kitchen).await;
    assert_eq!(read_to(&mut again, 3, 4).await, ["4/1"]);
    feed.close();
}

#[tokio::test]
async fn nobody_is_taken_past_what_is_still_being_made() {
    let log = log(1);
    let (feed, kitchen) = (feed(&log), Arc::<Kitchen>::default());
    let mut follower = follow(&feed, ALL, &kitchen).await;
    assert_eq!(read_to(&mut follower, 0, 1).await, ["1/1"]);
    *kitchen.unmade.lock().unwrap() = Some(Unmade::Unavailable);
    log.lock().unwrap().grow(2);
    feed.wake(network(), 2);
    tokio::time::timeout(DEADLINE, async {
        while follower.head() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let ring = feed.ring(network()).await.unwrap();
    let (line, _waiting) = ring.find_line(Group([1; 32]), &Arc::default()).unwrap();
    line.tell_place(ring.end().unwrap()).await;
    assert!(follower.poll_next(1).is_pending());
    *kitchen.unmade.lock().unwrap() = None;
    assert_eq!(read_to(&mut follower, 1, 2).await, ["2/1"]);
    assert!(matches!(next(&mut follower, 2).await, Next::Checkpoint(place, _) if place.position == 2));
    feed.close();
}

#[tokio::test]
async fn a_log_that_is_out_of_reach_for_a_while_is_read_when_it_is_back() {
    let log = log(3);
    let (feed, kitchen) = (feed(&log), Arc::default());
    let mut follower = follow(&feed, ALL, &kitchen).await;
    assert_eq!(read_to(&mut follower, 0, 3).await, once(1..=3));
    log.lock().unwrap().failed = Some(0);
    log.lock().unwrap().grow(5);
    feed.wake(network(), 5);
    // The reading is under way, fails, and is tried again.
    let failed = async {
        while log.lock().unwrap().failed < Some(2) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, failed).await.unwrap();
    assert!(matches!(follower.poll_next(3), Poll::Pending));
    log.lock().unwrap().failed = None;
    assert_eq!(read_to(&mut follower, 3, 5).await, once(4..=5));
    feed.close();
}

#[tokio::test]
async fn another_log_in_the_same_place_ends_those_who_follow() {
    let log = log(5);
    let (feed, kitchen) = (feed(&log), Arc::default());
    let mut follower = follow(&feed, ALL, &kitchen).await;
    assert_eq!(read_to(&mut follower, 0, 5).await.len(), 5);
    {
        let mut log = log.lock().unwrap();
        log.entries.truncate(3);
        log.grow(9);
        log.entries[4].change.id = ChangeId::from_uuid(Uuid::from_u128(77));
    }
    assert!(matches!(next(&mut follower, 5).await, Next::End(End::Broken)));
    feed.close();
}

#[tokio::test]
async fn places_are_found_among_the_newest_entries() {
    let feed = feed(&log(1_000));
    let found = async |position| feed.locate(network(), position).await.unwrap().map(|head| head.change.uuid().as_u128());
    assert_eq!(found(1_000).await, Some(1_000));
    assert_eq!(found(900).await, Some(900));
    assert_eq!([found(10).await, found(1_001).await], [None, None]);
    feed.close();
}

async fn until<T>(find: impl Fn() -> Option<T>) -> T {
    let found = async {
        loop {
            match find() {
                Some(found) => return found,
                None => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(DEADLINE, found).await.unwrap()
}

#[tokio::test]
async fn a_baseline_says_which_records_changed_or_that_it_cannot() {
    let log = log(3);
    let feed = feed(&log);
    assert!(feed.baseline(network()).is_none(), "nobody has asked for this log before");
    feed.attend(network());
    let baseline = until(|| feed.baseline(network())).await;
    let changed = || match baseline.changed(EntityType::Community) {
        Since::These(changed, head) => Some((changed, head.position)),
        Since::Unsure | Since::Anything => None,
    };
    assert_eq!(until(changed).await, (vec![], 3));
    {
        let mut log = log.lock().unwrap();
        log.grow(4);
        log.entries[3].change.entity_type = EntityType::Community;
    }
    // There is said to be one more, which somebody relies on.
    feed.owe(network(), 5);
    assert_eq!(baseline.changed(EntityType::Community), Since::Unsure);
    log.lock().unwrap().grow(5);
    feed.wake(network(), 5);
    assert_eq!(until(changed).await, (vec![entry(4).change.entity], 5));
    assert_eq!(until(changed).await, (vec![entry(4).change.entity], 5), "until somebody begins anew");
    // While others write, that there is more says nothing of these records.
    feed.wake(network(), 6);
    assert_eq!(changed(), Some((vec![entry(4).change.entity], 5)));
    assert!(feed.standing(network()).is_none(), "who asks of everything is told that it is not known");
    {
        let mut log = log.lock().unwrap();
        log.entries.truncate(2);
        log.grow(9);
        log.entries[4].change.id = ChangeId::from_uuid(Uuid::from_u128(77));
    }
    until(|| (baseline.changed(EntityType::Community) == Since::Anything).then_some(())).await;
    feed.close();
}

#[tokio::test]
async fn nobody_begins_to_follow_a_place_that_is_no_more() {
    let (log, kitchen) = (log(0), Arc::default());
    let feed = feed(&log);
    let mut follower = follow(&feed, EVEN, &kitchen).await;
    assert!(feed.find(Group([2; 32])).is_some());
    {
        let mut log = log.lock().unwrap();
        log.grow(2);
        let removed = &mut log.entries[1].change;
        (removed.kind, removed.entity) = (ChangeKind::Removed, EVEN);
    }
    feed.wake(network(), 2);
    assert_eq!(read_to(&mut follower, 0, 2).await, ["2/1"], "those who follow hear of it");
    assert!(feed.find(Group([2; 32])).is_none());
    let late = Interest { is_gone: true, ..interest(EVEN, &kitchen) };
    let _late = feed.follow(network(), Group([3; 32]), late).await.unwrap();
    assert!(feed.find(Group([3; 32])).is_none());
    feed.close();
}

#[tokio::test]
async fn who_follows_hears_that_the_process_stops() {
    let (feed, kitchen) = (feed(&log(0)), Arc::default());
    let mut follower = follow(&feed, ALL, &kitchen).await;
    let stopped = next(&mut follower, 0);
    let (stopped, ()) = tokio::join!(stopped, async { feed.stop() });
    assert!(matches!(stopped, Next::End(End::Stopping)));
    feed.close();
}
