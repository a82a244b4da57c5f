//! A key with what is held down with it, and how it is written.

use egui::{Key, Modifiers};

use crate::ui::view::Arrangement;

/// A key with what has to be held down with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) struct Keys {
    pub(in crate::ui) modifiers: Modifiers,
    pub(in crate::ui) key: Key,
}

impl Keys {
    pub(in crate::ui) const fn plain(key: Key) -> Self {
        Self { modifiers: Modifiers::NONE, key }
    }

    pub(in crate::ui) const fn shift(key: Key) -> Self {
        Self { modifiers: Modifiers::SHIFT, key }
    }

    pub(in crate::ui) const fn command(key: Key) -> Self {
        Self { modifiers: Modifiers::COMMAND, key }
    }

    pub(in crate::ui) const fn command_shift(key: Key) -> Self {
        Self { modifiers: Modifiers::COMMAND.plus(Modifiers::SHIFT), key }
    }

    pub(in crate::ui) const fn of_arrangement(arrangement: Arrangement) -> Self {
        Self::plain(match arrangement {
            Arrangement::Learn => Key::F3,
            Arrangement::Serve => Key::F4,
            Arrangement::Present => Key::F5,
        })
    }

    /// Whether it does nothing to a text that is being typed.
    pub(in crate::ui) fn passes_text(self) -> bool {
        let is_function = matches!(self.key, Key::F1 | Key::F5 | Key::F11);
        let belongs_to_text = matches!(self.key, Key::Z | Key::Y);
        is_function || self.modifiers.command && !belongs_to_text
    }

    pub(in crate::ui) fn text(self) -> String {
        let key = match self.key {
            Key::Space => "Space".to_owned(),
            Key::ArrowLeft => "←".to_owned(),
            Key::ArrowRight => "→".to_owned(),
            Key::PageDown => "Page Down".to_owned(),
            Key::PageUp => "Page Up".to_owned(),
            key => key.symbol_or_name().to_owned(),
        };
        let Modifiers { command, shift, .. } = self.modifiers;
        let held = if cfg!(target_os = "macos") { "Cmd " } else { "Ctrl " };
        format!("{}{}{key}", if command { held } else { "" }, if shift { "Shift " } else { "" })
    }
}
