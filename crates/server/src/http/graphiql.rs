//! `/graphiql`: a page for developers, that asks nobody but this service.
//!
//! Which page it is, was decided when the program was built: GraphiQL, or a small one of our own (`build.rs`).

use axum::{
    Router,
    body::Body,
    http::{HeaderName, HeaderValue, header},
    response::Response,
    routing::get,
};
use serde_json::json;

/// Name, document and variables of each example, in the order of their names.
const OPERATIONS: &[(&str, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/operations.rs"));

/// What the page may do. Styles within the page are for the scroll lock of GraphiQL's dialogs, fonts and pictures come with its
/// styles; `'self'` covers the WebSocket of the same host.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
                      font-src data:; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whoever rebuilds the program should see it on the next visit.
const SHORT: &str = "max-age=60";

struct Asset {
    path: &'static str,
    content_type: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset {
        path: "/graphiql/main.js",
        content_type: "text/javascript; charset=utf-8",
        text: include_str!(concat!(env!("OUT_DIR"), "/graphiql/main.js")),
    },
    Asset {
        path: "/graphiql/main.css",
        content_type: "text/css; charset=utf-8",
        text: include_str!(concat!(env!("OUT_DIR"), "/graphiql/main.css")),
    },
    // The small page loads it; GraphiQL's bundle has it inside.
    Asset {
        path: "/graphiql/examples.js",
        content_type: "text/javascript; charset=utf-8",
        text: include_str!("../../graphiql/shared/examples.js"),
    },
];

/// The page and everything that it loads.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let page = include_str!(concat!(env!("OUT_DIR"), "/graphiql/index.html"));
    let router = Router::new()
        .route("/graphiql", get(async move || answer("text/html; charset=utf-8", "no-store", page)))
        .route("/graphiql/operations.json", get(async || answer("application/json", "no-store", operations())));
    ASSETS.into_iter().fold(router, |router, Asset { path, content_type, text }| {
        router.route(path, get(async move || answer(content_type, SHORT, text)))
    })
}

/// The examples as the page reads them. Variables stay text, for the page puts ids in their place.
fn operations() -> String {
    let example = |(name, query, variables)| json!({ "name": name, "query": query, "variables": variables });
    serde_json::Value::from_iter(OPERATIONS.iter().copied().map(example)).to_string()
}

fn answer(content_type: &'static str, caching: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    let headers: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, caching),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

#[cfg(test)]
mod tests {
    use axum::{body::to_bytes, http::Request};
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    async fn load(path: &str) -> (Response<()>, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let (head, body) = routes().with_state(()).oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (Response::from_parts(head, ()), String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn each_part_has_its_type_and_the_policy() {
        for (path, content_type, caching) in [
            ("/graphiql", "text/html; charset=utf-8", "no-store"),
            ("/graphiql/main.js", "text/javascript; charset=utf-8", SHORT),
            ("/graphiql/main.css", "text/css; charset=utf-8", SHORT),
            ("/graphiql/examples.js", "text/javascript; charset=utf-8", SHORT),
            ("/graphiql/operations.json", "application/json", "no-store"),
        ] {
            let (head, body) = load(path).await;
            let header = |name: &str| head.headers()[name].to_str().unwrap();
            assert_eq!((head.status().as_u16(), header("content-type"), header("cache-control")), (200, content_type, caching));
            assert!(header("content-security-policy").starts_with("default-src 'none'; script-src 'self';"), "{path}");
            assert_eq!((header("x-content-type-options"), header("referrer-policy")), ("nosniff", "no-referrer"), "{path}");
            assert!(!body.is_empty(), "{path}");
        }
        assert_eq!(load("/graphiql/other.js").await.0.status(), 404);
    }

    /// Scripts do name addresses, in links and namespaces; that they load nothing from them is what the policy is for.
    #[tokio::test]
    async fn the_page_and_its_styles_name_no_other_host() {
        let (_, page) = load("/graphiql").await;
        let (_, styles) = load("/graphiql/main.css").await;
        for text in [page, styles] {
            assert!(["http:", "https:", "url(//", "@import"].iter().all(|outside| !text.contains(outside)));
        }
    }

    #[tokio::test]
    async fn every_example_has_variables_that_the_page_can_read() {
        let (_, body) = load("/graphiql/operations.json").await;
        let operations: Vec<Value> = serde_json::from_str(&body).unwrap();
        assert_eq!(operations.len(), OPERATIONS.len());
        for operation in operations {
            let text = |field: &str| operation[field].as_str().unwrap();
            let variables: Value = serde_json::from_str(text("variables")).unwrap();
            assert!(variables.is_object() && !text("query").is_empty(), "{}", text("name"));
        }
    }
}
