//! Communities with their profiles and former slugs.

use std::collections::HashMap;

use convene_domain::{
    community::{Community, Level, Profile},
    id::CommunityId,
    record::Recorded,
    text::Slug,
};
use convene_persistence::{Database, communities};

use super::{Fate, Past, Planned, Prints};
use crate::{
    Error,
    exchange::{
        directory::Directory,
        draft::CommunityDraft,
        fields::{self, Names, fingerprint},
        files,
    },
};

/// A community as it is to be written.
#[derive(Debug)]
pub(in crate::exchange) struct CommunityRecord {
    pub(in crate::exchange) id: CommunityId,
    pub(in crate::exchange) stored: Option<Recorded<CommunityId, Community>>,
    pub(in crate::exchange) content: Community,
    /// Former slugs that are not stored yet.
    pub(in crate::exchange) new_aliases: Vec<Slug>,
}

pub(in crate::exchange) type CommunityPlan = Planned<CommunityRecord>;

/// Fingerprints of a community and of those parts that the files speak of.
fn prints(id: CommunityId, content: &Community, profile: Option<&Profile>, aliases: Option<&[Slug]>) -> Prints {
    let names = Names::Ids;
    let mut prints = vec![("community", fingerprint(&files::COMMUNITIES, &[fields::community(&names, content)]))];
    if let Some(profile) = profile {
        prints.push(("community.profile", fingerprint(&files::PROFILES, &[fields::profile(&names, id, profile)])));
    }
    if let Some(aliases) = aliases {
        let rows: Vec<_> = aliases.iter().map(|alias| fields::alias(&names, id, alias)).collect();
        prints.push(("community.aliases", fingerprint(&files::ALIASES, &rows)));
    }
    prints
}

/// The first community that could not stand where it would: one of the two was changed here and is kept, so that the
/// level of its parent is not the one that the files were checked with. Answers both names.
pub(in crate::exchange) fn misplaced(directory: &Directory, plans: &[CommunityPlan]) -> Option<(String, String)> {
    let mut tree: HashMap<CommunityId, (Level, Option<CommunityId>, &str)> = HashMap::new();
    for (id, stored) in &directory.stored_communities {
        tree.insert(*id, (stored.level, stored.parent, &stored.slug));
    }
    for plan in plans.iter().filter(|plan| matches!(plan.fate, Fate::Create | Fate::Update)) {
        let content = &plan.record.content;
        tree.insert(plan.record.id, (content.level, content.parent, &content.slug));
    }
    let mut misplaced: Vec<_> = tree
        .values()
        .filter_map(|(level, parent, slug)| {
            let (above, _, parent) = tree.get(parent.as_ref()?)?;
            (!level.may_be_under(*above)).then(|| ((*slug).to_owned(), (*parent).to_owned()))
        })
        .collect();
    misplaced.sort();
    misplaced.into_iter().next()
}

pub(super) async fn make(
    database: &Database,
    past: &Past,
    directory: &Directory,
    drafts: Vec<CommunityDraft>,
) -> Result<Vec<CommunityPlan>, Error> {
    let ids: Vec<CommunityId> = drafts.iter().filter(|draft| !draft.aliases.is_empty()).map(|draft| draft.id).collect();
    let former: HashMap<CommunityId, Vec<Slug>> = communities::load_former_slugs(database.reader(), &ids).await?;
    let plan = |draft: CommunityDraft| {
        let CommunityDraft { id, told_slug, mut content, profile, aliases } = draft;
        let had = former.get(&id).map(Vec::as_slice).unwrap_or_default();
        let named = |slug: &Slug| {
            let content = Community { slug: slug.clone(), ..content.clone() };
            prints(id, &content, profile.as_ref(), (!aliases.is_empty()).then_some(&aliases))
        };
        // What the files say is known by the name they say it by, which can be an old one.
        let (prints_now, compared) = (named(&told_slug), named(&content.slug));
        let stored = directory.stored_communities.get(&id).cloned();
        let fate = match &stored {
            None => Fate::Create,
            Some(_) if past.knows(id.uuid(), &prints_now) => Fate::Unchanged,
            Some(stored) => {
                let aliases = (!aliases.is_empty()).then_some(had);
                let current = prints(id, stored, profile.as_ref().map(|_| &stored.profile), aliases);
                past.fate(id.uuid(), stored.revision, &compared, &current)
            }
        };
        if let (Some(stored), None) = (&stored, profile) {
            content.profile = stored.profile.clone();
        }
        let new_aliases = aliases.into_iter().filter(|alias| !had.contains(alias)).collect();
        let name = format!("community {}", &*content.slug);
        Planned { fate, name, prints: prints_now, record: CommunityRecord { id, stored, content, new_aliases } }
    };
    Ok(drafts.into_iter().map(plan).collect())
}
