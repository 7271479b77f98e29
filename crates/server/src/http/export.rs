//! `/export/activity.csv` and `/export/comparison.csv`: numbers for spreadsheets, by plain addresses.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use convene_graphql::{
    export::{ExportRequest, Exported, Table},
    request::Outcome,
};

use super::{Http, answer, graphql, negotiate::Media};

/// What a table costs, as it does in a query.
const COST: u64 = 4_000;

pub(super) fn routes() -> Router<Http> {
    Router::new()
        .route("/export/activity.csv", get(async |http, request| serve(http, request, Table::Activity).await))
        .route("/export/comparison.csv", get(async |http, request| serve(http, request, Table::Comparison).await))
}

async fn serve(State(http): State<Http>, request: Request, table: Table) -> Response {
    let headers = request.headers().clone();
    let paid = graphql::pay(&http, &headers, request.extensions().get().copied()).await;
    let allowed = if http.get_queries { Ok(()) } else { http.origins.allow_table(&headers) };
    let paid = paid.and_then(|(caller, charge)| {
        allowed?;
        charge.map_or(Ok(()), |charge| charge(COST))?;
        Ok(caller)
    });
    let caller = match paid {
        Ok(caller) => caller,
        Err(refusal) => return refuse(&Outcome::refused(refusal)),
    };
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok()).map(str::to_owned);
    let query = request.uri().query().unwrap_or_default().to_owned();
    match (http.export)(caller, ExportRequest { table, query, known }).await {
        Ok(Exported::Unchanged { tag }) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            set_headers(&mut response, Some(&tag));
            response
        }
        Ok(Exported::Csv { tag, text }) => {
            let mut response = Response::new(Body::from(text));
            set_headers(&mut response, tag.as_deref());
            response
        }
        Err(outcome) => refuse(&outcome),
    }
}

/// A fault is told in JSON, as everywhere; here it has a status of its own, because nobody reads a table for errors.
fn refuse(outcome: &Outcome) -> Response {
    let mut response = answer::answer(outcome, Media::Json);
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    response
}

fn set_headers(response: &mut Response, tag: Option<&str>) {
    answer::set_headers(response, "text/csv; charset=utf-8; header=present");
    let headers = response.headers_mut();
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(tag).ok()) {
        headers.insert(header::ETAG, tag);
    }
    // It may be kept by whoever asked, but is to be asked for each time; and others may be told something else.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization"));
}
