//! Lines of a message: ended by CRLF and nothing else, without control characters, of bounded length.

/// Where the reading of lines stands, in a slice that grows at its end and keeps its beginning.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    start: usize,
    /// No control character before this place, so that a line that comes byte by byte is looked at once.
    searched: usize,
}

/// What is wrong with a line as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    TooLong,
    BareLineFeed,
    BareCarriageReturn,
    Nul,
    Control,
}

impl Cursor {
    /// Where the next line begins.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// The next line without its end, if it is whole. Its end must lie at `end_max` or before.
    pub(super) fn line<'a>(
        &mut self,
        bytes: &'a [u8],
        end_max: usize,
    ) -> Result<Option<&'a [u8]>, Fault> {
        let control = next_control(bytes, self.searched);
        let end = control.unwrap_or(bytes.len());
        if end > end_max {
            return Err(Fault::TooLong);
        }
        self.searched = end;
        match (bytes.get(end), bytes.get(end + 1)) {
            (None, _) | (Some(b'\r'), None) => Ok(None),
            (Some(b'\r'), Some(b'\n')) => Ok(Some(self.pass(bytes, end, 2))),
            (Some(b'\r'), _) => Err(Fault::BareCarriageReturn),
            (Some(b'\n'), _) => Err(Fault::BareLineFeed),
            (Some(0), _) => Err(Fault::Nul),
            _ => Err(Fault::Control),
        }
    }

    /// The same for lines that may end with a line feed alone, as old servers end them (RFC 9112 section 2.2).
    pub(super) fn lenient_line<'a>(
        &mut self,
        bytes: &'a [u8],
        end_max: usize,
    ) -> Result<Option<&'a [u8]>, Fault> {
        match self.line(bytes, end_max) {
            Err(Fault::BareLineFeed) => Ok(Some(self.pass(bytes, self.searched, 1))),
            read => read,
        }
    }

    fn pass<'a>(&mut self, bytes: &'a [u8], end: usize, n_ends: usize) -> &'a [u8] {
        let line = &bytes[self.start..end];
        self.start = end + n_ends;
        self.searched = self.start;
        line
    }
}

/// The place of the first control character that is no tab. Every byte of every head passes through here, so it is eight
/// at a time; sixteen in a vector, and then byte by byte where one was found, are slower, because lines are short.
fn next_control(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.min(bytes.len());
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let marks = controls(u64::from_le_bytes(*chunk));
        if marks == 0 {
            at += chunk.len();
            continue;
        }
        let place = at + marks.trailing_zeros() as usize / 8;
        if bytes[place] != b'\t' {
            return Some(place);
        }
        at = place + 1;
    }
    bytes[at..].iter().position(|&byte| is_control(byte)).map(|offset| at + offset)
}

/// Marks the highest bit of each byte that is a control character or a tab. The lowest mark is always right; a borrow may
/// set others above it (Warren, "Hacker's Delight", 6-1).
const fn controls(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let below_blank = word.wrapping_sub(ONES * 0x20) & !word;
    let delete = word ^ (ONES * 0x7f);
    let is_delete = delete.wrapping_sub(ONES) & !delete;
    (below_blank | is_delete) & (ONES * 0x80)
}

const fn is_control(byte: u8) -> bool {
    (byte < b' ') && (byte != b'\t') || (byte == 0x7f)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_next_control_is_the_one_that_a_look_at_each_byte_finds(
            bytes in proptest::collection::vec(
                prop_oneof![8 => any::<u8>().prop_map(|byte| byte | b'@'), 1 => any::<u8>(), 1 => Just(b'\t')], 0..40,
            ),
            from in 0_usize..44,
        ) {
            let from = from.min(bytes.len());
            let plainly = (from..bytes.len()).find(|&place| is_control(bytes[place]));
            prop_assert_eq!(next_control(&bytes, from), plainly);
        }
    }
}
