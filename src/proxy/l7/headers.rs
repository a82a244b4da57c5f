//! Fields that belong to one connection and go no further.

use http::{HeaderMap, header};

/// Removes what HTTP/2 does not allow and HTTP/1.1 means for one connection only (RFC 9113 section 8.2.2), with the
/// fields that `Connection` names.
pub(super) fn strip_connection_fields(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let values: Vec<_> = headers.get_all(header::CONNECTION).iter().cloned().collect();
        let names = values.iter().filter_map(|value| value.to_str().ok());
        for name in names.flat_map(|value| value.split(',')) {
            headers.remove(name.trim());
        }
        headers.remove(header::CONNECTION);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::UPGRADE);
}
