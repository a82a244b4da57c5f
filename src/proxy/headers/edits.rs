//! A route's own header edits, made ready once.

use http::header::{HeaderName, HeaderValue};

use crate::lab::HeaderEdit;
use crate::proxy::fields::Fields;

/// The edits of one list, in order.
#[derive(Debug, Clone, Default)]
pub(in crate::proxy) struct Edits(Vec<Edit>);

#[derive(Debug, Clone)]
enum Edit {
    Add(HeaderName, HeaderValue),
    Set(HeaderName, HeaderValue),
    Remove(HeaderName),
}

impl Edits {
    /// The error names what cannot stand in a header; a checked lab has none.
    pub(in crate::proxy) fn compile(edits: &[HeaderEdit]) -> Result<Self, String> {
        edits.iter().map(compiled).collect::<Result<_, _>>().map(Self)
    }

    pub(in crate::proxy) fn apply(&self, fields: &mut Fields) {
        for edit in &self.0 {
            let (Edit::Add(name, _) | Edit::Set(name, _) | Edit::Remove(name)) = edit;
            if !matches!(edit, Edit::Add(..)) {
                fields.remove_named(name.as_str());
            }
            if let Edit::Add(_, value) | Edit::Set(_, value) = edit {
                fields.push(name.as_str().as_bytes(), value.as_bytes());
            }
        }
    }
}

fn compiled(edit: &HeaderEdit) -> Result<Edit, String> {
    let name_of = |name: &str| {
        HeaderName::from_bytes(name.as_bytes())
            .map_err(|_odd| format!("`{name}` is no name of a header"))
    };
    let value_of = |value: &str| {
        HeaderValue::from_str(value).map_err(|_odd| format!("`{value}` cannot stand in a header"))
    };
    Ok(match edit {
        HeaderEdit::Add { name, value } => Edit::Add(name_of(name)?, value_of(value)?),
        HeaderEdit::Set { name, value } => Edit::Set(name_of(name)?, value_of(value)?),
        HeaderEdit::Remove { name } => Edit::Remove(name_of(name)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_apply_in_their_order() {
        let (name, value) = ("X-A".to_owned(), "1".to_owned());
        let edits = Edits::compile(&[
            HeaderEdit::Set { name: name.clone(), value: value.clone() },
            HeaderEdit::Add { name: "x-a".to_owned(), value: "2".to_owned() },
            HeaderEdit::Remove { name: "b".to_owned() },
        ])
        .unwrap();
        let mut fields = Fields::default();
        fields.push(b"X-A", b"0");
        fields.push(b"b", b"0");
        edits.apply(&mut fields);
        let left: Vec<(&str, &[u8])> = fields.iter().collect();
        assert_eq!(left, [("x-a", &b"1"[..]), ("x-a", b"2")]);
        assert!(Edits::compile(&[HeaderEdit::Set { name: "a b".to_owned(), value }]).is_err());
        assert!(Edits::compile(&[HeaderEdit::Set { name, value: "a\nb".to_owned() }]).is_err());
    }
}
