//! Reads which name a TLS client asks for and leaves all bytes where they were.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::AsyncReadExt as _;

use super::super::hello::{self, Hello};
use super::super::network::Wire;
use super::super::transport::Transport;

/// The name in the client's greeting, if it asks for one; else why there is no greeting. How much is looked at has its
/// bound where it is read.
pub(super) async fn name_asked_for<S: Wire>(
    transport: &mut Transport<S>,
) -> Result<Option<Arc<str>>, &'static str> {
    let mut read = BytesMut::with_capacity(GREETING_BYTES_USUAL);
    let server_name = loop {
        match hello::read(&read) {
            Hello::Found { server_name } => break server_name,
            Hello::NotTls => return Err("the client does not speak TLS"),
            Hello::Invalid(why) => return Err(why),
            Hello::NeedMore => {}
        }
        match transport.read_buf(&mut read).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return Err("the connection ended within the TLS hello"),
        }
    };
    transport.put_back(read.freeze());
    Ok(server_name.map(Arc::from))
}

const GREETING_BYTES_USUAL: usize = 4 * 1024;
