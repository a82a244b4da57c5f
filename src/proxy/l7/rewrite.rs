//! Targets rewritten on their way to a server, and the places that redirects point to.

use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};

use crate::lab::Rewrite;

/// What a server is asked for: path and query, without scheme and host.
pub(super) fn target(uri: &mut Uri, rewrite: Option<&Rewrite>, prefix: Option<&str>) {
    let Some(asked) = uri.path_and_query() else { return *uri = Uri::from_static("/") };
    let rewritten = rewrite.and_then(|rewrite| rewritten(asked, rewrite, prefix));
    // Most are what they should be, and copying one is an allocation.
    if rewritten.is_some() || uri.authority().is_some() {
        *uri = Uri::from(rewritten.unwrap_or_else(|| with_slash(asked)));
    }
}

/// An empty path is a slash (RFC 9110 section 4.2.3).
fn with_slash(asked: &PathAndQuery) -> PathAndQuery {
    let slashed = asked.as_str().strip_prefix('?').map(|query| format!("/?{query}"));
    slashed.and_then(|target| target.parse().ok()).unwrap_or_else(|| asked.clone())
}

/// `None` leaves the target as it is: what would not be a target any more is not rewritten.
fn rewritten(
    asked: &PathAndQuery,
    rewrite: &Rewrite,
    prefix: Option<&str>,
) -> Option<PathAndQuery> {
    let query = asked.query().map_or_else(String::new, |query| format!("?{query}"));
    let path = match rewrite {
        Rewrite::Path(path) => path.clone(),
        Rewrite::Prefix(new) => {
            let rest = asked.path().strip_prefix(prefix?.trim_end_matches('/'))?;
            let joined = format!("{}/{}", new.trim_end_matches('/'), rest.trim_start_matches('/'));
            // `/api` itself becomes `/v2`, not `/v2/`.
            if rest.is_empty() && joined.len() > 1 {
                joined.trim_end_matches('/').to_owned()
            } else {
                joined
            }
        }
    };
    format!("{}{query}", if path.is_empty() { "/" } else { &path }).parse().ok()
}

/// A redirect's `Location`. What a client wrote is only put in where it cannot end the header.
pub(super) fn location(template: &str, host: &str, uri: &Uri) -> Option<HeaderValue> {
    let query = uri.query().unwrap_or_default();
    let mut text = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        match name {
            "host" => text.push_str(host),
            "path" => text.push_str(uri.path()),
            "query" => text.push_str(query),
            _ => return None,
        }
        rest = after;
    }
    text.push_str(rest);
    HeaderValue::from_str(text.trim_end_matches('?')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(target_text: &str, rewrite: &Rewrite, prefix: Option<&str>) -> String {
        let mut uri = target_text.parse().unwrap();
        target(&mut uri, Some(rewrite), prefix);
        uri.to_string()
    }

    #[test]
    fn a_prefix_is_replaced_by_whole_segments() {
        let strip = Rewrite::Prefix("/".to_owned());
        let move_to = Rewrite::Prefix("/v2".to_owned());
        for (asked, rewrite, expected) in [
            ("/api/users?x=1", &strip, "/users?x=1"),
            ("/api", &strip, "/"),
            ("/api?x", &strip, "/?x"),
            ("/api/users", &move_to, "/v2/users"),
            ("/api", &move_to, "/v2"),
            ("/other", &move_to, "/other"),
        ] {
            assert_eq!(rewritten(asked, rewrite, Some("/api")), expected, "{asked}");
        }
    }

    #[test]
    fn a_whole_path_is_replaced_and_its_query_stays() {
        let path = Rewrite::Path("/index.html".to_owned());
        assert_eq!(rewritten("/any/where?x=1", &path, None), "/index.html?x=1");
    }

    #[test]
    fn a_full_target_becomes_path_and_query() {
        let target = |text: &str| {
            let mut uri = text.parse().unwrap();
            target(&mut uri, None, None);
            uri.to_string()
        };
        assert_eq!(target("http://shop.example/cart?x=1"), "/cart?x=1");
        assert_eq!(target("http://shop.example"), "/");
        assert_eq!(target("*"), "*");
    }

    #[test]
    fn a_redirect_points_where_its_template_says() {
        let uri: Uri = "/a/b?x=1".parse().unwrap();
        let text = |template| location(template, "shop.example", &uri).unwrap();
        assert_eq!(text("https://{host}{path}?{query}"), "https://shop.example/a/b?x=1");
        assert_eq!(text("/moved"), "/moved");
        let plain: Uri = "/a".parse().unwrap();
        assert_eq!(location("{path}?{query}", "", &plain).unwrap(), "/a");
    }
}
