//! What the service does with requests of any kind before and after they are answered.

use std::sync::Mutex;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::*;
use crate::{fixture::World, request::Charge};

fn request(body: &serde_json::Value) -> GraphqlRequest {
    GraphqlRequest::from_json(body.to_string().as_bytes()).map_err(|refusal| refusal.message).unwrap()
}

#[tokio::test]
async fn an_operation_is_paid_for_once_over_any_transport() {
    let world = World::new().await;
    let (service, paid) = (world.service(), Arc::new(Mutex::new(Vec::new())));
    let asked = || {
        let paid = Arc::clone(&paid);
        let charge: Charge = Arc::new(move |cost| {
            paid.lock().unwrap().push(cost);
            Ok(())
        });
        let asked = request(&json!({ "query": "{ networks(first: 1) { nodes { id } } }" }));
        GraphqlRequest { charge: Some(charge), ..asked }
    };
    service.execute(Caller::Anonymous, asked()).await;
    let once = std::mem::take(&mut *paid.lock().unwrap());
    // The request itself is paid for where it arrives.
    assert_eq!(once, [3]);
    let Started::Done(_) = service.start(Caller::Anonymous, asked()).await else { panic!("a query is answered") };
    assert_eq!(*paid.lock().unwrap(), once);
}

#[tokio::test]
async fn a_subscription_can_be_named_by_its_hash_once_it_was_sent() {
    let world = World::new().await;
    let service = world.service();
    let query = format!("subscription {{ changed(within: \"net_{}\") {{ cursor }} }}", world.network.uuid().simple());
    let hash: String = Sha256::digest(&query).iter().map(|byte| format!("{byte:02x}")).collect();
    let start = async |mut body: serde_json::Value| {
        body["extensions"] = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
        match service.start(Caller::Anonymous, request(&body)).await {
            Started::Following(_) => Ok(()),
            Started::Done(outcome) => Err(outcome.failure),
        }
    };
    assert_eq!(start(json!({})).await, Err(Some(ErrorCode::PersistedQueryNotFound)));
    assert_eq!(start(json!({ "query": query })).await, Ok(()));
    assert_eq!(start(json!({})).await, Ok(()));
}
