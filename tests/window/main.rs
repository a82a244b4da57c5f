//! The window without a screen: everything a hand can do, by the names that things have for everybody.

mod compare;
mod everywhere;
mod keys;
mod kit;
mod side;
mod time;
