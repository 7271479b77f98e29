//! Changes a gathering, says so, and seals the change only when its input ends: the tests freeze it in between.

use convene_domain::{
    change::{ChangeKind, EntityType, NewChange},
    gathering::{GatheringParts, Hosts},
    id::GatheringId,
    text::HeadCount,
};
use convene_persistence::{Database, Write, gatherings};

#[expect(clippy::print_stdout, reason = "the test reads it")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (address, id) = (arguments.next().ok_or("no address")?, arguments.next().ok_or("no gathering")?);
    let id: GatheringId = id.parse()?;
    let database = Database::open(&address, 2).await?;
    let mut write = Write::begin(&database, chrono::Utc::now()).await?;
    let mut record = gatherings::load_many(write.transaction(), &[id]).await?.remove(&id).ok_or("no such gathering")?;
    let hosts = gatherings::load_hosts(write.transaction(), &[id]).await?.remove(&id).unwrap_or_default();
    record.revision += 1;
    record.content.rsvps.yes = HeadCount::try_new(99).ok();
    let parts = GatheringParts { hosts: Hosts::try_new(hosts)?, agenda: Vec::new(), invitations: Vec::new() };
    let _ = gatherings::update(&write, &record, &parts).await?;
    let change = NewChange {
        kind: ChangeKind::Updated,
        entity_type: EntityType::Gathering,
        entity: id.uuid(),
        revision: record.revision,
        occurred_at: None,
    };
    write.record(record.network, change);
    println!("written");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    write.seal().await?;
    Ok(())
}
