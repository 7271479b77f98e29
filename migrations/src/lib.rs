//! The steps that make the database what the service needs, one file each.
//!
//! A step that was released is never edited; it is followed by another. Steps know no entity of the service, which
//! moves on while they stay. Table definitions are plain SQL with a few words, such as `{uuid}`, that differ between
//! Postgres and SQLite: see `ddl`.

mod ddl;
mod m20261122_000001_networks;
mod m20261122_000002_communities;
mod m20261122_000003_gatherings;
mod m20261122_000004_reports;
mod m20261122_000005_change_log;
mod m20261122_000006_scopes;
mod m20261122_000007_roll_ups;
mod m20261122_000008_seal;
mod m20261122_000009_imports;
mod m20261122_000010_following;
mod m20261122_000011_writing;
mod m20261122_000012_seal_visibility;
mod m20261122_000013_pruning;
mod m20261123_000014_measures;
mod m20261123_000015_life_cycle;
mod m20261123_000017_public_reports;
mod m20261123_000018_hosted_days;
mod m20261123_000019_quick_seal;
mod m20261123_000020_sign_in;
mod m20261123_000021_grants;
mod m20261123_000022_small_reports;
mod m20261123_000023_audit;
mod m20261123_000024_work_sites;
mod m20261123_000025_role_changes;
mod m20261123_000026_queued_reports;
mod m20261123_000027_moves;
mod m20261123_000028_held_reports;
mod m20261123_000029_networks_of_records;
mod run;

pub use run::{Step, down, status, up};
use sea_orm_migration::prelude::*;

/// All steps in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_networks::Migration),
            Box::new(m20261122_000002_communities::Migration),
            Box::new(m20261122_000003_gatherings::Migration),
            Box::new(m20261122_000004_reports::Migration),
            Box::new(m20261122_000005_change_log::Migration),
            Box::new(m20261122_000006_scopes::Migration),
            Box::new(m20261122_000007_roll_ups::Migration),
            Box::new(m20261122_000008_seal::Migration),
            Box::new(m20261122_000009_imports::Migration),
            Box::new(m20261122_000010_following::Migration),
            Box::new(m20261122_000011_writing::Migration),
            Box::new(m20261122_000012_seal_visibility::Migration),
            Box::new(m20261122_000013_pruning::Migration),
            Box::new(m20261123_000014_measures::Migration),
            Box::new(m20261123_000015_life_cycle::Migration),
            Box::new(m20261123_000017_public_reports::Migration),
            Box::new(m20261123_000018_hosted_days::Migration),
            Box::new(m20261123_000019_quick_seal::Migration),
            Box::new(m20261123_000020_sign_in::Migration),
            Box::new(m20261123_000021_grants::Migration),
            Box::new(m20261123_000022_small_reports::Migration),
            Box::new(m20261123_000023_audit::Migration),
            Box::new(m20261123_000024_work_sites::Migration),
            Box::new(m20261123_000025_role_changes::Migration),
            Box::new(m20261123_000026_queued_reports::Migration),
            Box::new(m20261123_000027_moves::Migration),
            Box::new(m20261123_000028_held_reports::Migration),
            Box::new(m20261123_000029_networks_of_records::Migration),
        ]
    }
}
