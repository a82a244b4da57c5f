//! A part of the draft that is edited: whose it is, where it stands, and what is wrong there.

use std::borrow::Cow;

use egui::Ui;

use super::fields::{Field, wrong_ui};
use crate::ui::desk::Wrong;

/// Its fields know their places, so that what is refused is said beneath the control that did it.
#[derive(Clone)]
pub(super) struct Part<'a> {
    owner: &'a str,
    wrong: Wrong<'a>,
    path: String,
}

impl<'a> Part<'a> {
    pub(super) fn new(owner: &'a str, wrong: Wrong<'a>, path: impl Into<String>) -> Self {
        Self { owner, wrong, path: path.into() }
    }

    /// A part of this one.
    pub(super) fn within(&self, name: &str) -> Self {
        Self { path: self.path_of(name), ..self.clone() }
    }

    /// A field by its name in the lab, with what is wrong with it or inside it.
    pub(super) fn field(
        &self,
        name: &str,
        label: &'a str,
        hint: impl Into<Cow<'a, str>>,
    ) -> Field<'a> {
        self.group(label, hint).wrong(self.wrong.words_at(&self.path_of(name)))
    }

    /// A field by its name whose insides have fields of their own, which say what is wrong there.
    pub(super) fn choice(
        &self,
        name: &str,
        label: &'a str,
        hint: impl Into<Cow<'a, str>>,
    ) -> Field<'a> {
        self.group(label, hint).wrong(self.itself(name))
    }

    /// What switches fields on that follow it, and cannot be wrong by itself.
    pub(super) fn group(&self, label: &'a str, hint: impl Into<Cow<'a, str>>) -> Field<'a> {
        Field::new(self.owner, label, hint)
    }

    /// What is wrong with all of it together, and with none of its fields.
    pub(super) fn itself_ui(&self, ui: &mut Ui) {
        wrong_ui(ui, self.itself(""));
    }

    /// What is wrong with it or with anything in it.
    pub(super) fn all_ui(&self, ui: &mut Ui) {
        wrong_ui(ui, self.wrong.words_at(&self.path));
    }

    fn itself(&self, name: &str) -> Option<String> {
        let path = self.path_of(name);
        self.wrong.at(&path).filter(|problem| problem.path == path)?;
        self.wrong.words_at(&path)
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        match (self.path.as_str(), name) {
            (path, "") => path.to_owned(),
            ("", name) => name.to_owned(),
            (path, name) => format!("{path}.{name}"),
        }
    }
}
