//! The work-list of a coordinator: what should be looked at in a place as of a date.

use std::collections::HashMap;

use chrono::NaiveDate;
use convene_domain::{
    access::Caller,
    attention::{AttentionEntry, AttentionKind, Problem},
    community::CommunityStatus,
    id::{CommunityId, Within},
    lifecycle::{Rule, Rules, calendar::days_after},
    metric::Value,
    occurrence::Window,
    page::{Page, PageRequest, Place},
};
use convene_persistence::{
    attention::{self, Asked, place},
    lifecycle::Past,
};

use crate::{
    App, Result, access,
    lifecycle::{Held, load},
    policies::Choice,
};

/// What a list of this kind is marked with in cursors.
pub const LIST: &str = "attention";

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Where.
    pub within: Within,
    /// The gatherings of which days; it ends with the date of evaluation.
    pub window: Window,
    /// Which kinds; all when empty.
    pub kinds: Vec<AttentionKind>,
    /// By which policy communities are active.
    pub policy: Choice,
    /// How many days ahead the end of activity is looked for.
    pub ahead: u32,
    /// After how many days a report should have been reviewed.
    pub review_days: u32,
}

/// A work-list. What is about communities as a whole was found out; the rest is read page by page.
#[derive(Debug, Clone)]
pub struct Attention {
    asked: Asked,
    of_communities: Vec<(Place, AttentionEntry)>,
}

/// Begins a work-list in a place, which has to exist.
pub async fn attention(app: &App, caller: &Caller, question: &Question) -> Result<Attention> {
    let wanted = |kind: &&AttentionKind| question.kinds.is_empty() || question.kinds.contains(kind);
    let kinds = AttentionKind::ALL.iter().filter(wanted).copied().collect();
    let asked = Asked {
        within: question.within,
        window: question.window,
        rights: access::rights_within(app, caller, &[question.within]).await?,
        review_days: question.review_days,
        kinds,
    };
    let held = Held::load(app, question.within, &question.policy, question.window.to()).await?;
    let mut entries = Vec::new();
    if asked.kinds.iter().any(|kind| kind.is_of_community()) {
        entries = of_communities(app, question, &asked, &held).await?;
    }
    entries.retain(|entry| asked.kinds.contains(&entry.problem.kind()));
    let mut of_communities: Vec<_> = entries.into_iter().map(|entry| (place_of(&entry), entry)).collect();
    of_communities.sort_by_cached_key(|(place, _)| (place.instant, place.text.clone(), place.id));
    Ok(Attention { asked, of_communities })
}

fn place_of(entry: &AttentionEntry) -> Place {
    let gathering = entry.gathering.map(convene_domain::id::GatheringId::uuid);
    let id = entry.item.map(convene_domain::id::ItemId::uuid).or(gathering).unwrap_or_else(|| entry.community.uuid());
    place(LIST, entry.problem, entry.since, id)
}

async fn of_communities(app: &App, question: &Question, asked: &Asked, held: &Held<'_>) -> Result<Vec<AttentionEntry>> {
    let as_of = question.window.to();
    let mut past = load(app, question.within, &[], as_of).await?;
    past.retain(|past| past.status != CommunityStatus::Closed);
    let cadence = Rules::try_new(vec![Rule::OwnCadence]).map_err(|_| crate::Error::Lost("the rule of the own cadence"))?;
    let entry = |past: &Past, problem, since, due| AttentionEntry {
        problem,
        community: past.id,
        gathering: None,
        report: None,
        item: None,
        since,
        due,
    };
    let mut entries = Vec::new();
    for past in &past {
        let (rules, _) = held.rules(past)?;
        if let Some(since) = rules.ended(&past.history, as_of) {
            entries.push(entry(past, Problem::NotActive, since, Some(since)));
        } else if let Some((day, _)) =
            rules.end(&past.history, as_of).filter(|(day, _)| *day <= days_after(as_of, question.ahead))
        {
            entries.push(entry(past, Problem::ActivityEnding, day, Some(day)));
        }
        if let Some(since) = cadence.ended(&past.history, as_of) {
            entries.push(entry(past, Problem::LaterThanCadence, since, Some(since)));
        }
    }
    if asked.kinds.contains(&AttentionKind::AttendanceFalling) {
        let open: HashMap<CommunityId, &Past> = past.iter().map(|past| (past.id, past)).collect();
        for (community, day) in attention::falling(app.reader(), asked).await? {
            if let Some(past) = open.get(&community) {
                entries.push(entry(past, Problem::FellThreeTimes, day, None));
            }
        }
    }
    Ok(entries)
}

impl Attention {
    /// The date of evaluation.
    pub fn as_of(&self) -> NaiveDate {
        self.asked.window.to()
    }

    /// The gatherings of which days are looked at.
    pub fn window(&self) -> Window {
        self.asked.window
    }

    /// Reads a page, which is read forward.
    pub async fn page(&self, app: &App, request: &PageRequest) -> Result<Page<AttentionEntry>> {
        let key = |place: &Place| (place.instant, place.text.clone(), place.id);
        let from = request.after().map_or(0, |after| self.of_communities.partition_point(|(it, _)| key(it) <= key(after)));
        let read = usize::try_from(request.limit()).unwrap_or(usize::MAX).saturating_add(1);
        let mut entries: Vec<_> = self.of_communities.iter().skip(from).take(read).cloned().collect();
        let left = u64::try_from(read.saturating_sub(entries.len())).unwrap_or_default();
        if left > 0 {
            let found = attention::list(app.reader(), &self.asked, request.after(), left).await?;
            entries.extend(found.into_iter().map(|entry| (place_of(&entry), entry)));
        }
        Ok(Page::from_read(request, entries))
    }

    /// Counts the entries of each kind that was asked for, in their order.
    pub async fn counts(&self, app: &App) -> Result<Vec<(AttentionKind, Value)>> {
        let mut counts: HashMap<AttentionKind, u64> = HashMap::new();
        for (_, entry) in &self.of_communities {
            *counts.entry(entry.problem.kind()).or_default() += 1;
        }
        for (problem, count) in attention::count(app.reader(), &self.asked).await? {
            *counts.entry(problem.kind()).or_default() += count;
        }
        let asked = AttentionKind::ALL.iter().filter(|kind| self.asked.kinds.contains(kind));
        let value = |kind: &AttentionKind| {
            let count = counts.get(kind).copied().unwrap_or_default() as f64;
            (*kind, Value::count(kind.metric(), count))
        };
        Ok(asked.map(value).collect())
    }
}
