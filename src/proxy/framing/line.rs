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

/// The place of the first control character that is no tab. Sixteen bytes at a time without a branch, which the
/// compiler turns into vector instructions: every byte of every head passes through here.
fn next_control(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.min(bytes.len());
    while let Some(chunk) = bytes[at..].first_chunk::<16>() {
        if chunk.iter().fold(false, |found, &byte| found | is_control(byte)) {
            break;
        }
        at += chunk.len();
    }
    bytes[at..].iter().position(|&byte| is_control(byte)).map(|offset| at + offset)
}

const fn is_control(byte: u8) -> bool {
    (byte < b' ') && (byte != b'\t') || (byte == 0x7f)
}
