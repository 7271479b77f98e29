//! Beginning to follow.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use convene_application::changes::{self, Follower, Group};
use convene_domain::{access::Caller, change::Head};

use super::{
    Following, Started,
    asked::{Asked, body, execute},
    group::{Since, group},
    run::Run,
};
use crate::{
    cursor,
    error::{Error, ErrorCode},
    guard::{Checked, Refusal},
    request::{GraphqlRequest, Outcome},
    service::Service,
    subscriptions::Stage,
};

/// How long to wait for someone else who begins the same.
const PATIENCE: Duration = Duration::from_secs(2);

/// Locks for those who begin to follow. Of many who come back at once and ask for the same, one looks it up, and the
/// others find what it found.
#[derive(Debug, Default)]
pub(crate) struct Openings([tokio::sync::Mutex<()>; 32]);

impl Openings {
    fn of(&self, group: Group) -> &tokio::sync::Mutex<()> {
        &self.0[usize::from(group.0[0]) % self.0.len()]
    }
}

/// What was opened: who follows, where it begins, and what it is told first.
type Opening = (Arc<Asked>, Follower, Head, Bytes);

/// Opens a subscription.
pub(crate) async fn start(service: Service, caller: Caller, request: GraphqlRequest, checked: Checked) -> Started {
    let (operation_name, cost) = (checked.operation_name.clone(), checked.cost);
    let (group, from) = group(&request.query, &checked, &request.variables, &caller.rights());
    let from = request.last_event_id.clone().map_or(from, Since::Cursor);
    let signed = caller.signed().map(|signed| (signed.who, signed.expires_at));
    let follows = caller.clone();
    let openings = Arc::clone(&service.openings);
    let deadline = service.deadline;
    let opening = async {
        // Whoever comes usually finds others who ask for the same.
        if let Some(joined) = join(&service, group, &from).await {
            return joined;
        }
        let _turn = tokio::time::timeout(PATIENCE, openings.of(group).lock()).await;
        match join(&service, group, &from).await {
            Some(joined) => joined,
            // In a box: those who wait for their turn need no room for it.
            None => Box::pin(open(&service, caller, request, checked, group)).await,
        }
    };
    let opened = tokio::time::timeout(deadline, opening).await.unwrap_or_else(|_| {
        let message = format!("stopped after {} s", deadline.as_secs());
        Err(Box::new(Outcome::refused(Refusal::new(ErrorCode::DeadlineExceeded, message))))
    });
    match opened {
        Ok((asked, follower, here, first)) => {
            let signed = signed.map(|(who, until)| (service.sign_ins.watch(&service.app, who), until));
            let signed = signed.map(|(signed, until)| (signed, until, follows));
            Started::Following(Following::new(Run::new(asked, follower, signed, (here, first)), operation_name, cost))
        }
        Err(outcome) => Started::Done(outcome),
    }
}

/// Follows what others follow already; `None` when nobody does, or it is not clear from where on.
async fn join(service: &Service, group: Group, from: &Since) -> Option<Result<Opening, Box<Outcome>>> {
    let follower = service.app.find_followed(group)?;
    let asked = follower.asked::<Asked>()?;
    let reader = &asked.opened.reader;
    let network = reader.here.log.network;
    let here = match from {
        Since::Unclear => return None,
        Since::End => changes::find_end(&service.app, network).await,
        Since::Cursor(cursor) => {
            let cursor = cursor::decode_log(cursor).filter(|cursor| cursor.log.network == network)?;
            let resumed = changes::resume(&service.app, reader.rights.mark(), cursor).await;
            match asked.opened.wants.interval() {
                // Whoever is told how things are begins with how they are now.
                Some(_) if resumed.is_ok() => changes::find_end(&service.app, network).await,
                _ => resumed,
            }
        }
    };
    let here = match here {
        Ok(here) => here,
        Err(error) => return Some(Err(Box::new(Outcome::failed_with(Error::from(error))))),
    };
    // When it cannot be made now, opening says why.
    let first = Arc::clone(&asked).checkpoint(here).await.ok()?;
    Some(Ok((asked, follower, here, first.bytes)))
}

/// Finds out what is followed, and from where on.
async fn open(
    service: &Service,
    caller: Caller,
    request: GraphqlRequest,
    checked: Checked,
    group: Group,
) -> Result<Opening, Box<Outcome>> {
    let mut variables = request.variables;
    // Kept as long as it is followed: no more than what the operation uses.
    variables.retain(|name, _| checked.declares(name));
    let cell = Arc::new(Mutex::new(None));
    let stage = Stage::Opening { resume: request.last_event_id, opened: Arc::clone(&cell) };
    let outcome = execute(service, &checked, &variables, |request| service.data(request, caller.clone()).data(stage)).await;
    let opened = Mutex::lock(&cell).unwrap_or_else(PoisonError::into_inner).take();
    let (opened, first) = match (opened, body(&outcome)) {
        (Some(opened), Some(first)) if outcome.failure.is_none() => (opened, first),
        _ => return Err(Box::new(failed(outcome))),
    };
    let reader = opened.reader.clone();
    let asked = Arc::new(Asked::new(service.clone(), caller, checked, variables, opened));
    let followed = changes::follow(&service.app, &reader, group, asked.interest()).await;
    let follower = followed.map_err(|error| Box::new(Outcome::failed_with(Error::from(error))))?;
    // Others may have begun the same.
    let asked = follower.asked().unwrap_or(asked);
    Ok((asked, follower, reader.here, first))
}

/// The outcome of a subscription that was not opened: whatever went wrong, nothing is going to be told.
fn failed(outcome: Outcome) -> Outcome {
    match outcome.failure {
        Some(_) => outcome,
        None if outcome.response.errors.is_empty() => Outcome::refused(Refusal::new(
            ErrorCode::GraphqlValidationFailed,
            "the subscription's field is left out by a directive",
        )),
        None => outcome.into_failure(),
    }
}
