//! What every mutation does.

use async_graphql::Context;
use chrono::Utc;
use convene_application::{
    Error as Failure,
    writing::{self, Answer, Order, Refusal},
};
use futures::{FutureExt, future::BoxFuture};

use crate::{
    cursor,
    error::Error,
    input::{Fields, Input, identify},
    loaders::{self, Loads},
    types::UserError,
};

/// How many reasons of one refusal are told: more help nobody.
const MOST_USER_ERRORS: usize = 100;

/// What came of a mutation.
#[derive(Debug)]
pub(super) struct Outcome {
    answer: Option<Answer>,
    cursor: Option<String>,
    refusals: Vec<Refusal>,
}

/// Carries out what an input asks for, or says why not. In a box: there are dozens of mutations, of which one field at a time
/// has to have room for the largest.
pub(super) fn perform<'c, I, P>(context: &'c Context<'_>, input: I) -> BoxFuture<'c, Result<P, Error>>
where
    I: Input + 'c,
    P: From<Outcome>,
{
    async move { Ok(carry_out(context, input).await?.into()) }.boxed()
}

async fn carry_out<I: Input>(context: &Context<'_>, input: I) -> Result<Outcome, Error> {
    let Loads { app, caller, .. } = loaders::of(context)?;
    // A stranger is told nothing of what they sent.
    caller.check_writes().map_err(Failure::from)?;
    loaders::keep_nothing(context)?;
    let (key, body) = identify(&input);
    let done = match input.check(Fields::after(writing::check_key(&key))) {
        Ok(command) => writing::perform(app, &Order { caller: caller.clone(), key, body, now: Utc::now() }, &command).await?,
        Err(refusals) => Err(refusals),
    };
    Ok(match done {
        Ok(answer) => {
            let cursor = cursor::encode_log(answer.head.cursor(&caller.rights_in(answer.head.log.network)));
            Outcome { answer: Some(answer), cursor: Some(cursor), refusals: Vec::new() }
        }
        Err(mut refusals) => {
            refusals.truncate(MOST_USER_ERRORS);
            Outcome { answer: None, cursor: None, refusals }
        }
    })
}

impl Outcome {
    /// What was answered; `None` when it was refused.
    pub(super) fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// Where it was written.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Why it was refused.
    pub(super) fn user_errors(&self) -> Vec<UserError> {
        self.refusals.iter().cloned().map(UserError::from).collect()
    }
}
