//! The window without a screen: everything a hand can do, by the names that things have for everybody.

mod compare;
mod driven;
mod everywhere;
mod files;
mod first_look;
mod keyboard;
mod keys;
mod kit;
mod presenting;
mod reopened;
mod requests;
mod serve;
mod side;
mod time;
