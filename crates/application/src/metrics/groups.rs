//! What groups are called, and how they are sorted.

use std::collections::{BTreeMap, HashMap};

use convene_domain::{
    community::Level,
    gathering::{Format, GatheringStatus},
    id::CommunityId,
    metric::{Dimension, Key},
    network::VocabularyKind,
    report::{ActivityKind, ItemKind},
};
use convene_persistence::metrics::{self, Named, Place};
use uuid::Uuid;

use super::places;
use crate::{App, Result};

/// A group of one dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The dimension.
    pub dimension: Dimension,
    /// What programs call it: the slug of a community, a word, a code or a number; `None` where nobody said.
    pub code: Option<String>,
    /// What people call it.
    pub label: String,
    /// The community, where it is one.
    pub community: Option<CommunityId>,
}

/// What keys are called.
#[derive(Debug, Default)]
pub(super) struct Names {
    communities: HashMap<Uuid, Named>,
    codes: BTreeMap<Dimension, HashMap<String, String>>,
}

impl Names {
    /// Loads what the keys of these groups are called, as far as it has to be looked up.
    pub(super) async fn load<'k>(
        app: &App,
        place: &Place,
        dimensions: &[Dimension],
        keys: impl Iterator<Item = &'k Vec<Key>>,
    ) -> Result<Self> {
        let mut names = Self { communities: place.children.clone(), codes: BTreeMap::new() };
        names.communities.insert(place.within.uuid(), place.name.clone());
        let mut unknown: Vec<CommunityId> = Vec::new();
        for key in keys.flatten() {
            if let Key::Community(id) = key
                && !names.communities.contains_key(id)
            {
                unknown.push(CommunityId::from_uuid(*id));
            }
        }
        unknown.sort();
        unknown.dedup();
        if !unknown.is_empty() {
            names.communities.extend(places::names(app, &unknown).await?);
        }
        let network = place.head.log.network;
        for dimension in dimensions {
            let kind = match dimension {
                Dimension::Outcome => VocabularyKind::DesiredOutcome,
                Dimension::Function => VocabularyKind::Function,
                Dimension::Region => {
                    names.codes.insert(*dimension, places::regions(app, network).await?);
                    continue;
                }
                _ => continue,
            };
            names.codes.insert(*dimension, metrics::terms(app.reader(), network, kind).await?);
        }
        Ok(names)
    }

    /// The group of a key.
    pub(super) fn group(&self, dimension: Dimension, key: &Key) -> Group {
        let (code, label, community) = match key {
            Key::Community(id) => {
                let named = self.communities.get(id);
                let community = Some(CommunityId::from_uuid(*id));
                (named.map(|it| it.slug.clone()), named.map(|it| it.name.clone()).unwrap_or_default(), community)
            }
            Key::Number(number) => match weekday(dimension, *number) {
                Some((code, label)) => (Some(code.to_owned()), label.to_owned(), None),
                None => (Some(number.to_string()), number.to_string(), None),
            },
            Key::Word(word) => {
                let label = match dimension {
                    Dimension::Country => word.clone(),
                    _ => match self.codes.get(&dimension) {
                        Some(names) => names.get(word).unwrap_or(word).clone(),
                        None => spoken(word),
                    },
                };
                (Some(word.clone()), label, None)
            }
            Key::Unknown => (None, "Unknown".to_owned(), None),
        };
        Group { dimension, code, label, community }
    }
}

fn weekday(dimension: Dimension, number: i32) -> Option<(&'static str, &'static str)> {
    const DAYS: [(&str, &str); 7] = [
        ("MONDAY", "Monday"),
        ("TUESDAY", "Tuesday"),
        ("WEDNESDAY", "Wednesday"),
        ("THURSDAY", "Thursday"),
        ("FRIDAY", "Friday"),
        ("SATURDAY", "Saturday"),
        ("SUNDAY", "Sunday"),
    ];
    let at = usize::try_from(number - 1).ok().filter(|_| dimension == Dimension::Weekday)?;
    DAYS.get(at).copied()
}

/// A word of an enum as people read it.
pub(super) fn spoken(word: &str) -> String {
    let small = word.to_lowercase().replace('_', " ");
    let mut letters = small.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A place in the order of a dimension: of words that are defined in an order, then by code, then by id.
pub(super) type Rank = (usize, Option<String>, Key);

/// Where a group comes in the order of its dimension: words in the order of their definition, everything else by code, and
/// what is not known last.
pub(super) fn rank(group: &Group, key: &Key) -> Rank {
    fn at<T: Copy>(all: &[T], as_str: fn(T) -> &'static str, word: &str) -> usize {
        all.iter().position(|one| as_str(*one) == word).unwrap_or(all.len())
    }
    let by_word = match (group.dimension, key) {
        (_, Key::Unknown) => usize::MAX,
        (Dimension::Level, Key::Word(word)) => at(Level::ALL, Level::as_str, word),
        (Dimension::Format, Key::Word(word)) => at(Format::ALL, Format::as_str, word),
        (Dimension::Status, Key::Word(word)) => at(GatheringStatus::ALL, GatheringStatus::as_str, word),
        (Dimension::ItemKind, Key::Word(word)) => at(ItemKind::ALL, ItemKind::as_str, word),
        (Dimension::ActivityKind, Key::Word(word)) => at(ActivityKind::ALL, ActivityKind::as_str, word),
        (_, Key::Number(number)) => usize::try_from(*number).unwrap_or_default(),
        _ => 0,
    };
    (by_word, group.code.clone(), key.clone())
}
