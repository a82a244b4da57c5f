//! A value of any serde type as a tree of RON, so that layout and omissions are decided in one place.

use std::fmt;

use serde::ser::{self, Serialize};

/// One value of RON text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// Written as it stands: numbers, booleans, `None`, names of variants.
    Plain(String),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Struct(Record),
    /// A variant with values in order.
    Call(&'static str, Vec<Self>),
}

/// A struct, or a variant that holds one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// The struct's name in Rust, by which its defaults are known; empty for a variant's own fields.
    pub(super) type_name: &'static str,
    /// The variant it stands in, if any.
    pub(super) head: &'static str,
    pub(super) fields: Vec<(&'static str, Node)>,
}

impl Node {
    /// `None` for what RON files of ours never hold, such as raw bytes.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Option<Self> {
        value.serialize(Grow).ok()
    }

    pub(super) fn as_record(&self) -> Option<&Record> {
        match self {
            Self::Struct(fields) => Some(fields),
            _ => None,
        }
    }
}

struct Grow;

impl Grow {
    fn plain(value: impl fmt::Display) -> Node {
        Node::Plain(value.to_string())
    }
}

type Grown = Result<Node, Unwritable>;

impl ser::Serializer for Grow {
    type Ok = Node;
    type Error = Unwritable;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Entries;
    type SerializeStruct = Record;
    type SerializeStructVariant = Record;

    fn serialize_bool(self, value: bool) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_i8(self, value: i8) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_i16(self, value: i16) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_i32(self, value: i32) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_i64(self, value: i64) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_u8(self, value: u8) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_u16(self, value: u16) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_u32(self, value: u32) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_u64(self, value: u64) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_f32(self, value: f32) -> Grown {
        Ok(Self::plain(value))
    }
    /// The shortest text that gives the same number back; 20 stands for 20.0.
    fn serialize_f64(self, value: f64) -> Grown {
        Ok(Self::plain(value))
    }
    fn serialize_char(self, value: char) -> Grown {
        Ok(Node::Text(value.to_string()))
    }
    fn serialize_str(self, value: &str) -> Grown {
        Ok(Node::Text(value.to_owned()))
    }
    fn serialize_bytes(self, _value: &[u8]) -> Grown {
        Err(Unwritable)
    }
    fn serialize_none(self) -> Grown {
        Ok(Self::plain("None"))
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Grown {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Grown {
        Ok(Self::plain("()"))
    }
    fn serialize_unit_struct(self, _name: &'static str) -> Grown {
        self.serialize_unit()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Grown {
        Ok(Self::plain(variant))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Grown {
        value.serialize(self)
    }
    /// A variant around a struct reads as one: `inserted(name: "shop")`.
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Grown {
        Ok(match value.serialize(self)? {
            Node::Struct(fields) if fields.head.is_empty() => {
                Node::Struct(Record { head: variant, ..fields })
            }
            other => Node::Call(variant, vec![other]),
        })
    }
    fn serialize_seq(self, _len: Option<usize>) -> Result<Items, Unwritable> {
        Ok(Items { head: Head::List, items: Vec::new() })
    }
    fn serialize_tuple(self, _len: usize) -> Result<Items, Unwritable> {
        Ok(Items { head: Head::Call(""), items: Vec::new() })
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items, Unwritable> {
        self.serialize_tuple(len)
    }
    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Items, Unwritable> {
        Ok(Items { head: Head::Call(variant), items: Vec::new() })
    }
    fn serialize_map(self, _len: Option<usize>) -> Result<Entries, Unwritable> {
        Ok(Entries { entries: Vec::new(), key: None })
    }
    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Record, Unwritable> {
        Ok(Record { type_name: name, head: "", fields: Vec::new() })
    }
    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Record, Unwritable> {
        Ok(Record { type_name: "", head: variant, fields: Vec::new() })
    }
}

enum Head {
    List,
    Call(&'static str),
}

struct Items {
    head: Head,
    items: Vec<Node>,
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.items.push(value.serialize(Grow)?);
        Ok(())
    }

    fn node(self) -> Node {
        match self.head {
            Head::List => Node::List(self.items),
            Head::Call(head) => Node::Call(head, self.items),
        }
    }
}

impl ser::SerializeSeq for Items {
    type Ok = Node;
    type Error = Unwritable;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.push(value)
    }
    fn end(self) -> Grown {
        Ok(self.node())
    }
}

impl ser::SerializeTuple for Items {
    type Ok = Node;
    type Error = Unwritable;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.push(value)
    }
    fn end(self) -> Grown {
        Ok(self.node())
    }
}

impl ser::SerializeTupleStruct for Items {
    type Ok = Node;
    type Error = Unwritable;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.push(value)
    }
    fn end(self) -> Grown {
        Ok(self.node())
    }
}

impl ser::SerializeTupleVariant for Items {
    type Ok = Node;
    type Error = Unwritable;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.push(value)
    }
    fn end(self) -> Grown {
        Ok(self.node())
    }
}

struct Entries {
    entries: Vec<(Node, Node)>,
    key: Option<Node>,
}

impl ser::SerializeMap for Entries {
    type Ok = Node;
    type Error = Unwritable;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.key = Some(key.serialize(Grow)?);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let key = self.key.take().ok_or(Unwritable)?;
        self.entries.push((key, value.serialize(Grow)?));
        Ok(())
    }
    fn end(self) -> Grown {
        Ok(Node::Map(self.entries))
    }
}

impl ser::SerializeStruct for Record {
    type Ok = Node;
    type Error = Unwritable;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        self.fields.push((name, value.serialize(Grow)?));
        Ok(())
    }
    fn end(self) -> Grown {
        Ok(Node::Struct(self))
    }
}

impl ser::SerializeStructVariant for Record {
    type Ok = Node;
    type Error = Unwritable;
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        ser::SerializeStruct::serialize_field(self, name, value)
    }
    fn end(self) -> Grown {
        Ok(Node::Struct(self))
    }
}

/// The value has no place in a lab file.
#[derive(Debug, thiserror::Error)]
#[error("this value has no form in a lab file")]
pub(super) struct Unwritable;

impl ser::Error for Unwritable {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self
    }
}
