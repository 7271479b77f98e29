//! Rows that are legal and yet look wrong. They are imported as they are, and listed.

use std::collections::{BTreeSet, HashMap, HashSet};

use convene_domain::{
    gathering::{Format, GatheringStatus},
    place::Coordinates,
};

use super::plan::{GatheringPlan, Plan};

/// How many examples are given.
const EXAMPLES: usize = 3;
/// Online gatherings of more communities than this do not share a real place.
const PLACEHOLDER_COMMUNITIES: usize = 10;

/// Something that looks wrong, how often, and where for example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspicion {
    /// What looks wrong.
    pub what: &'static str,
    /// How many gatherings, reports, or groups of gatherings.
    pub count: usize,
    /// The external ids of the first ones.
    pub examples: Vec<String>,
}

fn id(plan: &GatheringPlan) -> String {
    plan.record.content.external_id.as_deref().unwrap_or_default().to_owned()
}

fn suspicion(what: &'static str, ids: impl Iterator<Item = String>) -> Suspicion {
    let (mut count, mut examples) = (0, Vec::new());
    for id in ids {
        count += 1;
        if examples.len() < EXAMPLES {
            examples.push(id);
        }
    }
    Suspicion { what, count, examples }
}

/// Looks at what the files bring. What is not there at all is left out.
pub(super) fn find(plan: &Plan) -> Vec<Suspicion> {
    let all = &plan.gatherings;
    let which = |test: fn(&GatheringPlan) -> bool| all.iter().filter(move |plan| test(plan)).map(id);
    let at_zero = |plan: &GatheringPlan| plan.record.content.venue.coordinates.is_some_and(Coordinates::is_null_island);
    let mut found = vec![
        suspicion("gatherings without a format", which(|plan| plan.record.content.format == Format::Unknown)),
        suspicion("online gatherings at the coordinates of a placeholder", at_placeholders(all).into_iter()),
        suspicion("gatherings at the coordinates 0, 0", all.iter().filter(|plan| at_zero(plan)).map(id)),
        suspicion("gatherings without an end", which(|plan| plan.record.content.occurrence.end().is_none())),
        suspicion(
            "gatherings of more than 24 hours",
            which(|plan| plan.record.content.occurrence.minutes().is_some_and(|minutes| minutes > 24 * 60)),
        ),
        suspicion("held gatherings whose title says cancelled or postponed", which(title_denies)),
        suspicion("gatherings of one community at the same time as another of it", twins(all).into_iter()),
        suspicion("sets of held gatherings of several communities with the same title and start", joint(all).into_iter()),
    ];
    let not_held = plan.reports.iter().filter(|plan| plan.record.gathering_status != GatheringStatus::Held);
    found.push(suspicion(
        "reports of gatherings that were not held",
        not_held.map(|plan| plan.record.gathering_external_id.clone()),
    ));
    found.retain(|suspicion| suspicion.count > 0);
    found
}

/// Sources give online gatherings some point on the map. One that gatherings of many communities share is no place.
fn at_placeholders(all: &[GatheringPlan]) -> BTreeSet<String> {
    let mut at_point: HashMap<_, Vec<&GatheringPlan>> = HashMap::new();
    for plan in all.iter().filter(|plan| plan.record.content.format == Format::Online) {
        if let Some(point) = plan.record.content.venue.coordinates.filter(|point| !point.is_null_island()) {
            at_point.entry((point.latitude().to_bits(), point.longitude().to_bits())).or_default().push(plan);
        }
    }
    let shared = at_point.into_values().filter(|plans| communities(plans) > PLACEHOLDER_COMMUNITIES);
    shared.flatten().map(id).collect()
}

/// How many communities host the gatherings.
fn communities(plans: &[&GatheringPlan]) -> usize {
    plans.iter().flat_map(|plan| plan.record.parts.hosts.ids()).collect::<HashSet<_>>().len()
}

fn title_denies(plan: &GatheringPlan) -> bool {
    let title = plan.record.content.title.to_lowercase();
    plan.record.content.status == GatheringStatus::Held && (title.contains("cancel") || title.contains("postpon"))
}

fn twins(all: &[GatheringPlan]) -> BTreeSet<String> {
    let mut at_once: HashMap<_, Vec<&GatheringPlan>> = HashMap::new();
    for plan in all {
        for host in plan.record.parts.hosts.ids() {
            at_once.entry((host, plan.record.content.occurrence.sort_at())).or_default().push(plan);
        }
    }
    at_once.into_values().filter(|plans| plans.len() > 1).flatten().map(id).collect()
}

/// The same meeting announced by each of its communities: one gathering stands for each set.
fn joint(all: &[GatheringPlan]) -> BTreeSet<String> {
    let mut sets: HashMap<_, Vec<&GatheringPlan>> = HashMap::new();
    for plan in all.iter().filter(|plan| plan.record.content.status == GatheringStatus::Held) {
        let content = &plan.record.content;
        sets.entry((content.title.trim(), content.occurrence.sort_at())).or_default().push(plan);
    }
    let several = sets.into_values().filter(|set| set.len() > 1 && communities(set) > 1);
    several.filter_map(|set| set.first().map(|plan| id(plan))).collect()
}
