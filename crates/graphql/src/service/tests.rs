//! What the service does with requests of any kind before and after they are answered.

use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::{fixture::World, request::Charge};

fn request(body: serde_json::Value) -> GraphqlRequest {
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
        let asked = request(json!({ "query": "{ networks(first: 1) { nodes { id } } }" }));
        GraphqlRequest { charge: Some(charge), ..asked }
    };
    service.execute(Caller::Anonymous, asked()).await;
    let once = std::mem::take(&mut *paid.lock().unwrap());
    // The request itself is paid for where it arrives.
    assert_eq!(once, [3]);
    let Started::Done(_) = service.start(Caller::Anonymous, asked()).await else { panic!("a query is answered") };
    assert_eq!(*paid.lock().unwrap(), once);
}
