//! Who may administer a whole instance. There is no password to begin with: whoever has the machine hands out a secret,
//! which makes whoever shows it first, signed in, the first administrator, and takes it from those who should be one no longer.

use chrono::{DateTime, TimeDelta, Utc};
use convene_domain::{
    access::{Caller, Grant, NotSignedIn, Role, RoleAt, Who},
    change::{ChangeKind, EntityType, NewChange},
    id::{AccountId, GrantId},
    record::Revision,
};
use convene_persistence::{
    Write, admins,
    grants::{self, Granted},
    networks,
};
use uuid::Uuid;

use crate::{
    App, Result,
    tokens::{hash, secret},
};

pub use convene_persistence::admins::{Administrator, Redeemed};

/// What such a secret begins with.
const PREFIX: &str = "cva_";

/// How long a secret can be used.
pub const VALID: TimeDelta = TimeDelta::hours(1);

/// Makes a secret, which is kept nowhere; `None` when there is an administrator already.
pub async fn create_secret(app: &App, now: DateTime<Utc>) -> Result<Option<String>> {
    let write = Write::begin(app.database(), now).await?;
    // Whoever is becoming administrator at this moment uses up all secrets: this one comes before or not at all.
    admins::take_turn(&write).await?;
    if admins::exist(write.transaction()).await? {
        return Ok(None);
    }
    let secret = secret(PREFIX);
    admins::add_secret(&write, &hash(&secret), now + VALID).await?;
    write.seal_or_commit().await?;
    Ok(Some(secret))
}

/// Makes whoever shows a secret the administrator. `None` when they did not sign in as someone: a token is nobody.
///
/// # Errors
///
/// Fails if the caller did not sign in.
pub async fn redeem(app: &App, caller: &Caller, secret: &str, now: DateTime<Utc>) -> Result<Option<Redeemed>> {
    let account = match caller.who() {
        Some(Who::Account(account)) => account,
        Some(Who::Token(_)) => return Ok(None),
        None => return Err(NotSignedIn.into()),
    };
    let (hash, mut write) = (hash(secret), Write::begin(app.database(), now).await?);
    admins::take_turn(&write).await?;
    let known = admins::look_at_secret(&write, &hash, account).await?;
    if known == Some(Redeemed::Done) && !held(&write, account).await?.is_empty() {
        return Ok(known);
    }
    if admins::exist(write.transaction()).await? {
        return Ok(Some(Redeemed::Late));
    }
    // What it gave was taken from them since, or it is none.
    if known.is_some() {
        return Ok(Some(Redeemed::Wrong));
    }
    give(&mut write, account).await?;
    admins::note_redeemed(&write, &hash, account).await?;
    app.wake(&write.seal_or_commit().await?);
    Ok(Some(Redeemed::Done))
}

/// Makes an account the administrator of the instance, unless there ever was one: what was taken back, or given up, does not come
/// back by a setting that nobody changed. Answers whether it was done.
pub(crate) async fn make_first(app: &App, account: AccountId, now: DateTime<Utc>) -> Result<bool> {
    // Asked with each request of theirs, so without a turn at first.
    if admins::ever_existed(app.reader()).await? {
        return Ok(false);
    }
    let mut write = Write::begin(app.database(), now).await?;
    admins::take_turn(&write).await?;
    if admins::ever_existed(write.transaction()).await? {
        return Ok(false);
    }
    give(&mut write, account).await?;
    app.wake(&write.seal_or_commit().await?);
    Ok(true)
}

/// Makes an account administrator, which uses up every secret: none that was handed out before is a way in later.
async fn give(write: &mut Write, account: AccountId) -> Result<()> {
    admins::use_secrets(write).await?;
    write.signed(Some(Who::Account(account)));
    let id = GrantId::from_uuid(Uuid::now_v7());
    let grant = Grant { id, holder: account, allows: RoleAt::everywhere(Role::Admin) };
    grants::add(write, &Granted { grant, since: write.recorded_at() }).await?;
    tell_all(write, (id, ChangeKind::Created, 1)).await
}

/// Lists all who may administer the whole instance, and who might before, the first one first.
pub async fn list(app: &App) -> Result<Vec<Administrator>> {
    Ok(admins::list(app.reader()).await?)
}

/// Takes it from an account to administer the whole instance; answers whether it could.
pub async fn revoke(app: &App, account: AccountId, now: DateTime<Utc>) -> Result<bool> {
    let mut write = Write::begin(app.database(), now).await?;
    admins::take_turn(&write).await?;
    let everywhere = held(&write, account).await?;
    for id in &everywhere {
        grants::revoke(&write, *id).await?;
        tell_all(&mut write, (*id, ChangeKind::Removed, 2)).await?;
    }
    app.wake(&write.seal_or_commit().await?);
    Ok(!everywhere.is_empty())
}

/// By what an account may administer the whole instance.
async fn held(write: &Write, account: AccountId) -> Result<Vec<GrantId>> {
    let held = grants::load_by_account(write.transaction(), &[account]).await?.remove(&account).unwrap_or_default();
    let everywhere = held.iter().filter(|it| it.grant.allows == RoleAt::everywhere(Role::Admin));
    Ok(everywhere.map(|it| it.grant.id).collect())
}

/// Puts a role over everything into the log of each network, so that what is followed with it ends there and the trail tells of it.
pub(crate) async fn tell_all(write: &mut Write, (id, kind, revision): (GrantId, ChangeKind, Revision)) -> Result<()> {
    for network in networks::all(write.transaction()).await? {
        let (entity_type, entity) = (EntityType::Grant, id.uuid());
        write.record(network.id, NewChange { kind, entity_type, entity, revision, occurred_at: None });
    }
    Ok(())
}
