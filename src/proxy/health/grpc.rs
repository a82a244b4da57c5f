//! The messages of `grpc.health.v1.Health/Check`, small enough to be written and read by hand.
//!
//! ```text
//! message:  compressed? (1 byte)  length (4 bytes, big endian)  protobuf
//! request:  field 1, string: service        answer:  field 1, enum: status, 1 = SERVING
//! ```

use bytes::Bytes;

/// A request that asks for a service; the empty one is the server as a whole.
pub(super) fn request(service: &str) -> Bytes {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(SERVICE);
        write_varint(&mut message, service.len() as u64);
        message.extend_from_slice(service.as_bytes());
    }
    let mut framed = vec![0];
    framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
    framed.extend_from_slice(&message);
    framed.into()
}

/// Whether an answer says that the service is up.
pub(super) fn is_serving(framed: &[u8]) -> bool {
    let Some(([0, length @ ..], message)) = framed.split_first_chunk::<5>() else { return false };
    let length = u32::from_be_bytes(*length) as usize;
    message.get(..length).and_then(status) == Some(SERVING)
}

/// The last status in the message, or 0 if there is none; nothing if it is not protobuf.
fn status(mut message: &[u8]) -> Option<u64> {
    let mut status = 0;
    while !message.is_empty() {
        let tag = read_varint(&mut message)?;
        match tag & 7 {
            0 => {
                let value = read_varint(&mut message)?;
                status = if tag == STATUS { value } else { status };
            }
            1 => message = message.get(8..)?,
            2 => {
                let length = usize::try_from(read_varint(&mut message)?).ok()?;
                message = message.get(length..)?;
            }
            5 => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(status)
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Field 1 with a length, and field 1 as a number.
const SERVICE: u8 = 1 << 3 | 2;
const STATUS: u64 = 1 << 3;
const SERVING: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_service_is_an_empty_message() {
        assert_eq!(request(""), &[0, 0, 0, 0, 0][..]);
        assert_eq!(request("ab"), &[0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b'][..]);
        let long = request(&"x".repeat(200));
        assert_eq!(long[..9], [0, 0, 0, 0, 203, 0x0a, 0xc8, 0x01, b'x']);
    }

    #[test]
    fn only_serving_is_good() {
        assert!(is_serving(&[0, 0, 0, 0, 2, 8, 1]));
        for bad in [
            &[0, 0, 0, 0, 2, 8, 2][..],
            &[0, 0, 0, 0, 0],
            &[1, 0, 0, 0, 2, 8, 1],
            &[0, 0, 0, 0, 3, 8, 1],
            &[0, 0, 0, 0, 2, 8],
            &[0, 0, 0, 0, 2, 0x0b, 1],
            &[],
        ] {
            assert!(!is_serving(bad), "{bad:?}");
        }
    }

    #[test]
    fn fields_that_came_later_are_passed_over() {
        assert!(is_serving(&[0, 0, 0, 0, 6, 0x12, 2, 9, 9, 8, 1]));
        assert!(is_serving(&[0, 0, 0, 0, 7, 8, 1, 0x1d, 0, 0, 0, 0]));
    }
}
