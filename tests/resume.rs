//! Who comes back with an old cursor is told the same as those who were there.

use serde_json::json;

use crate::{
    checker::{Told, compare_told},
    live::{Writer, token, until},
    on_both,
    program::Service,
    subscriber::{Subscriber, Wanted},
    weave::{Places, import},
};

/// Two reports are handed in and one of them is amended: the envelopes are the same by the byte, and so is all of an item
/// whose record was not written since. Beside the others is the record as it is now.
async fn an_old_cursor_leads_to_the_same_items(address: String) {
    import(&address, 4);
    let service = Service::start(&address);
    let (places, writer) = (Places::find(&service).await, Writer::new(&service, &token(&address)));
    let follow = |after: Option<String>| {
        let (name, within, urls) = ("follower".to_owned(), places.id("kenya").to_owned(), vec![service.url.clone()]);
        Subscriber::start(Wanted { name, within, resumes: true, token: None, after, urls })
    };
    let received = async |follower: &Subscriber, count: usize| -> Vec<Told> {
        let all = || follower.received().sessions.first().map(|session| session.told.clone()).unwrap_or_default();
        until("all is received", async || all().len() >= count).await;
        all()
    };
    let live = follow(None);
    until("someone follows", async || live.received().connections > 0).await;
    let start = live.received().sessions[0].start.clone();
    let mut reports = Vec::new();
    for gathering in ["g-0000", "g-0001"] {
        let input = json!({ "gathering": places.gatherings[gathering], "attendance": 12, "audience": "PUBLIC" });
        reports.push(writer.make("submitGatheringReport", input, "report").await);
    }
    // They are told before one of them is amended.
    received(&live, 2).await;
    let (report, revision) = &reports[0];
    let input = json!({ "report": report, "expectedRevision": revision, "attendance": 13 });
    writer.make("amendGatheringReport", input, "report").await;

    let (live, again) = (received(&live, 3).await, received(&follow(Some(start)), 3).await);
    compare_told(&live, &again).assert_none();
    let shown = |told: &[Told]| told.iter().map(|told| told.shown).collect::<Vec<_>>();
    assert_eq!(shown(&live), [Some(1), Some(1), Some(2)]);
    assert_eq!(shown(&again), [Some(2), Some(1), Some(2)]);
    for n in [1, 2] {
        assert_eq!((&live[n].change, &live[n].entity), (&again[n].change, &again[n].entity));
    }
    assert_eq!(live[0].change, again[0].change);
    // From a cursor in the middle come the items after it.
    let rest = received(&follow(Some(live[0].cursor.clone())), 2).await;
    compare_told(&live[1..], &rest).assert_none();
}
on_both!(an_old_cursor_leads_to_the_same_items);
