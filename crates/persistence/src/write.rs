//! The unit of work: one transaction, what it changes, and the seal at its end.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use convene_domain::{
    access::Who,
    change::{EntityType, Head, NewChange},
    id::{ChangeId, InstanceId, NetworkId},
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    PrimaryKeyTrait, QueryFilter, QuerySelect, QueryTrait, UpdateMany,
    sea_query::{CommonTableExpression, InsertStatement, SubQueryStatement, UpdateStatement, WithClause},
};
use uuid::Uuid;

use crate::{
    Database, Error, Result, Transaction,
    entity::{change, change_set, idempotency_key},
    keys::{self, Key},
    log,
};

/// How many values one statement holds: SQLite takes 32,766.
const BIND_LIMIT: usize = 30_000;
/// How many changes are written in one statement with what else is new. More are those of an import.
const FEW: usize = 8;

/// A write that has begun. Dropped without [`Write::seal`], it never happened.
#[derive(Debug)]
pub struct Write {
    database: Database,
    transaction: Transaction,
    recorded_at: DateTime<Utc>,
    by: Option<Who>,
    key: Option<Key>,
    changes: BTreeMap<NetworkId, Vec<NewChange>>,
    /// What is written at the end, because nobody reads it before.
    last: Vec<Last>,
}

/// A statement that can wait until the end.
#[derive(Debug)]
enum Last {
    Insert(InsertStatement),
    Update(UpdateStatement),
}

impl Write {
    /// Begins a write that is recorded as of `now`.
    pub async fn begin(database: &Database, now: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            database: database.clone(),
            transaction: database.begin().await?,
            recorded_at: now.trunc_subsecs(6),
            by: None,
            key: None,
            changes: BTreeMap::new(),
            last: Vec::new(),
        })
    }

    /// Says who writes this; whoever runs commands on the machine of the database says nothing.
    pub fn signed(&mut self, by: Option<Who>) {
        self.by = by;
    }

    /// Who writes this; `None` for whoever runs commands on the machine of the database.
    pub fn by(&self) -> Option<Who> {
        self.by
    }

    /// Says by which key the write is known when it is asked for again, and what is answered then.
    pub fn keep(&mut self, key: Key) {
        self.key = Some(key);
    }

    /// When this is recorded.
    pub fn recorded_at(&self) -> DateTime<Utc> {
        self.recorded_at
    }

    /// The transaction, to read from what it has written.
    pub fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// The instance that new records are born at.
    pub fn instance(&self) -> InstanceId {
        self.database.instance()
    }

    /// Says what was written. Each change becomes one entry of the network's log.
    pub fn record(&mut self, network: NetworkId, change: NewChange) {
        self.changes.entry(network).or_default().push(change);
    }

    /// Whether something was written of records of this type.
    pub fn records(&self, entity_type: EntityType) -> bool {
        self.changes.values().flatten().any(|change| change.entity_type == entity_type)
    }

    /// Waits until no other import writes: two that write the same records in another order would wait for each other.
    pub async fn exclude_other_imports(&self) -> Result<()> {
        if self.transaction.get_database_backend() == DbBackend::Postgres {
            // However long the other one takes.
            self.transaction.execute_unprepared("SET LOCAL lock_timeout = 0").await?;
            self.transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
            self.transaction.execute_unprepared("SELECT pg_advisory_xact_lock(6071843202)").await?;
        }
        Ok(())
    }

    /// Gives the changes their places in the log and commits. Answers the new head of each network; none when
    /// nothing was recorded, and then nothing is committed either.
    ///
    /// The networks are sealed in the order of their ids, so that two writes never wait for each other crosswise.
    pub async fn seal(mut self) -> Result<Vec<Head>> {
        if self.changes.is_empty() {
            self.transaction.rollback().await?;
            return Ok(Vec::new());
        }
        let (token_id, account_id) = match self.by {
            None => (None, None),
            Some(Who::Token(id)) => (Some(id.uuid()), None),
            Some(Who::Account(id)) => (None, Some(id.uuid())),
        };
        let (mut sets, mut ends) = (Vec::new(), Vec::new());
        for (network, changes) in std::mem::take(&mut self.changes) {
            let set = change_set::Model {
                id: Uuid::now_v7(),
                network_id: network.uuid(),
                recorded_at: self.recorded_at,
                token_id,
                account_id,
            };
            if let Some(key) = self.key.take() {
                let row = keys::row(&key, set.id, self.recorded_at);
                self.insert_last::<idempotency_key::Entity, _>(vec![row]);
            }
            let rows: Vec<_> = (1_i32..).zip(changes).map(|change| self.change(&set, change)).collect();
            ends.extend(rows.last().map(|change| ChangeId::from_uuid(change.id)));
            if rows.len() <= FEW {
                self.insert_last::<change::Entity, _>(rows);
            } else {
                self.insert_all::<change::Entity, _>(rows).await?;
            }
            sets.push(set);
        }
        for set in sets {
            self.insert_last::<change_set::Entity, _>(vec![set]);
        }
        self.write_last().await?;
        let Self { database, transaction, .. } = self;
        transaction.commit().await?;
        let mut heads = Vec::new();
        for end in ends {
            // That it is there proves that the transaction was kept: a COMMIT of a transaction that has failed is no
            // error to Postgres.
            match log::find_head_at(database.reader(), database.instance(), end).await {
                Ok(Some(head)) => heads.push(head),
                Ok(None) => return Err(Error::NotCommitted),
                // It is committed: to call that a failure would have the caller do it again.
                Err(error) => tracing::warn!(%error, "the head of a write that was kept cannot be read"),
            }
        }
        Ok(heads)
    }

    /// Seals what was recorded; and commits as well when nothing was, for what is no part of a network.
    pub async fn seal_or_commit(self) -> Result<Vec<Head>> {
        if self.changes.is_empty() {
            self.transaction.commit().await?;
            return Ok(Vec::new());
        }
        self.seal().await
    }

    fn change(&self, set: &change_set::Model, (ordinal, new): (i32, NewChange)) -> change::Model {
        change::Model {
            // Random on purpose: a cursor that names it proves which log it was read from.
            id: Uuid::new_v4(),
            network_id: set.network_id,
            position: None,
            change_set_id: set.id,
            ordinal,
            kind: new.kind.to_string(),
            entity_type: new.entity_type.to_string(),
            entity_id: new.entity,
            revision: new.revision,
            occurred_at: new.occurred_at.map_or(self.recorded_at, |at| at.trunc_subsecs(6)),
            recorded_at: self.recorded_at,
            was_visible_to: None,
            visible_to: None,
        }
    }

    /// Inserts rows at the end, where all that is new is written at once. A few rows, which nobody reads before.
    pub(crate) fn insert_last<E, A>(&mut self, rows: Vec<E::Model>)
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = E> + Send,
    {
        if !rows.is_empty() {
            self.last.push(Last::Insert(E::insert_many(rows.into_iter().map(all_set::<E, A>)).into_query()));
        }
    }

    /// Changes columns of a row at the end, with all else that is written then. The row has to be locked, so that it is still
    /// at the revision that the change was made from, and nobody reads it before.
    pub(crate) fn update_last<E: EntityTrait>(&mut self, update: UpdateMany<E>) {
        self.last.push(Last::Update(update.into_query()));
    }

    /// Postgres takes rows of several tables in one statement, which saves a round trip for each. It looks at what rows
    /// refer to when the statement is over, so their order does not matter.
    async fn write_last(&mut self) -> Result<()> {
        let mut statements = std::mem::take(&mut self.last);
        let together = self.transaction.get_database_backend() == DbBackend::Postgres;
        // The last one is the row that the seal is set off by.
        if together
            && statements.len() > 1
            && let Some(Last::Insert(last)) = statements.pop()
        {
            let mut others = WithClause::new();
            for (index, statement) in statements.into_iter().enumerate() {
                let statement: SubQueryStatement = match statement {
                    Last::Insert(insert) => insert.into(),
                    Last::Update(update) => update.into(),
                };
                others.cte(CommonTableExpression::new().query(statement).table_name(format!("rows_{index}")).to_owned());
            }
            self.transaction.execute(&last.with(others)).await?;
            return Ok(());
        }
        for statement in &statements {
            match statement {
                Last::Insert(insert) => self.transaction.execute(insert).await?,
                Last::Update(update) => self.transaction.execute(update).await?,
            };
        }
        Ok(())
    }

    /// Inserts rows in as few statements as the databases take.
    pub(crate) async fn insert_all<E, A>(&self, rows: Vec<E::Model>) -> Result<()>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = E> + Send,
    {
        let columns = <E::Column as sea_orm::Iterable>::iter().count();
        let mut rows = rows.into_iter().map(all_set).peekable();
        while rows.peek().is_some() {
            let chunk: Vec<A> = rows.by_ref().take((BIND_LIMIT / columns).min(500)).collect();
            E::insert_many(chunk).exec_without_returning(&self.transaction).await?;
        }
        Ok(())
    }

    /// Replaces a row that is still at the revision the change was made from.
    pub(crate) async fn update_at<E, A>(&self, row: E::Model, id: (E::Column, Uuid), revision: (E::Column, i64)) -> Result<()>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = E> + Send,
    {
        let mut row: A = all_set::<E, A>(row);
        // Where a record was born does not change, whoever writes it.
        for column in E::Column::iter().filter(|column| column.as_str() == "origin") {
            row.not_set(column);
        }
        let result =
            E::update_many().set(row).filter(id.0.eq(id.1)).filter(revision.0.eq(revision.1)).exec(&self.transaction).await?;
        if result.rows_affected == 1 { Ok(()) } else { Err(Error::Stale { id: id.1, expected: revision.1 }) }
    }
}

/// Reads a record and keeps others from writing it until this write ends.
pub(crate) async fn lock<E>(write: &Write, id: Uuid) -> Result<Option<E::Model>>
where
    E: EntityTrait,
    E::PrimaryKey: PrimaryKeyTrait<ValueType = Uuid>,
{
    // SQLite has one writer anyway, and leaves the clause out.
    Ok(E::find_by_id(id).lock_exclusive().one(&write.transaction).await?)
}

fn all_set<E, A>(row: E::Model) -> A
where
    E: EntityTrait,
    E::Model: IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = E>,
{
    row.into_active_model().reset_all()
}
