//! The keyboard: which command a key means. Single letters never act while a text is being typed.

use egui::{Context, Event, Key, Modifiers};

use super::app::App;
use super::commands::{self, Command, Keys};
use super::verb::Verb;
use super::view::Arrangement;
use super::widgets::{Keeps, kept_by};

/// Takes the keys that mean something out of this frame's input, and does what they mean.
pub(super) fn handle(ctx: &Context, app: &mut App) {
    if !ctx.input(|input| input.events.iter().any(is_of_interest)) {
        return;
    }
    let types = ctx.text_edit_focused();
    if egui::Popup::is_any_open(ctx) && ctx.input(|input| input.key_pressed(Key::Escape)) {
        // A menu or a list is what lies on top, and closes itself.
        return;
    }
    if take(ctx, Key::Escape) && !types {
        escape(ctx, app);
    } else if types && ctx.input(|input| input.key_pressed(Key::Escape)) {
        app.overlays.close();
        app.files.close();
    }
    if app.overlays.is_open() || app.files.is_asking() {
        // What lies over the regions has the keyboard to itself.
        return toggle_overlay(ctx, app);
    }
    paste(ctx, app, types);
    let table = commands::table(&app.workbench);
    let hand = match ctx.memory(egui::Memory::focused) {
        _ if types => Hand::Types,
        Some(focused) => Hand::On(kept_by(ctx, focused)),
        None => Hand::Free,
    };
    for deed in meant(ctx, &table, hand) {
        commands::perform(ctx, &mut app.workbench, &deed);
    }
}

fn is_of_interest(event: &Event) -> bool {
    matches!(event, Event::Key { pressed: true, .. } | Event::Paste(_))
}

/// Closes the topmost thing: an overlay, a question, the stage without menus, Why.
fn escape(ctx: &Context, app: &mut App) {
    if app.overlays.close() || app.files.close() {
        return;
    }
    if app.workbench.view.arrangement == Arrangement::Present {
        app.present.leave(ctx, &mut app.workbench);
    } else {
        app.workbench.selection = super::selection::Selection::Nothing;
    }
}

/// The keys that open the palette and the sheet close them, too.
fn toggle_overlay(ctx: &Context, app: &mut App) {
    let table = commands::table(&app.workbench);
    for command in table {
        if let (commands::Deed::Ask(verb @ Verb::Show(_)), Some(keys)) =
            (&command.deed, command.keys)
            && keys.passes_text()
            && ctx.input_mut(|input| input.consume_key(keys.modifiers, keys.key))
        {
            app.workbench.ask(verb.clone());
        }
    }
}

/// A lab may be pasted anywhere but in a text field.
fn paste(ctx: &Context, app: &mut App, types: bool) {
    if types {
        return;
    }
    let pasted = ctx.input(|input| {
        input.events.iter().find_map(|event| match event {
            Event::Paste(text) => Some(text.clone()),
            _ => None,
        })
    });
    let Some(text) = pasted else { return };
    if looks_like_a_lab(&text) {
        app.workbench.ask(Verb::Paste(text));
    } else {
        app.workbench.ask(Verb::Tell("What was pasted is no lab".to_owned()));
    }
}

/// Text that means to be a lab, right or wrong: then its problems are worth showing.
fn looks_like_a_lab(text: &str) -> bool {
    let is_comment = |line: &&str| line.trim_start().starts_with("//") || line.trim().is_empty();
    let begins = text
        .lines()
        .find(|line| !is_comment(line))
        .is_some_and(|line| line.trim_start().starts_with('('));
    begins && text.contains(':')
}

fn take(ctx: &Context, key: Key) -> bool {
    let types = ctx.text_edit_focused();
    !types && ctx.input_mut(|input| input.consume_key(Modifiers::NONE, key))
}

/// What has the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hand {
    Free,
    On(Keeps),
    Types,
}

impl Hand {
    /// Whether a key is for what has the keyboard, and for no command.
    fn keeps(self, keys: Keys) -> bool {
        let is_plain = keys.modifiers == Modifiers::NONE;
        let is_arrow = matches!(keys.key, Key::ArrowLeft | Key::ArrowRight);
        let is_end = matches!(keys.key, Key::Home | Key::End);
        match self {
            Self::Free | Self::On(Keeps::Nothing) => false,
            Self::On(Keeps::Presses) => is_plain && (is_arrow || keys.key == Key::Space),
            Self::On(Keeps::Values) => is_plain && (is_arrow || is_end),
            Self::Types => !keys.passes_text(),
        }
    }
}

/// What the keys of this frame mean, and takes those keys away.
fn meant(ctx: &Context, table: &[Command], hand: Hand) -> Vec<commands::Deed> {
    let mut deeds = Vec::new();
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, pressed: true, modifiers, .. } = event else { return true };
            let command = table.iter().find(|command| {
                command
                    .keys
                    .is_some_and(|keys| is_pressed(keys, *key, *modifiers) && !hand.keeps(keys))
            });
            let Some(command) = command else { return true };
            deeds.push(command.deed.clone());
            false
        });
    });
    deeds
}

fn is_pressed(keys: Keys, key: Key, modifiers: Modifiers) -> bool {
    // On many keyboards a question mark or a plus is typed with Shift.
    let any_shift = matches!(keys.key, Key::Questionmark | Key::Plus);
    let same_key = key == keys.key || keys.key == Key::Plus && key == Key::Equals;
    same_key
        && !modifiers.alt
        && modifiers.command == keys.modifiers.command
        && (any_shift || modifiers.shift == keys.modifiers.shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_means_to_be_a_lab_is_taken_for_one() {
        for (text, is_lab) in [
            (crate::lab::PRESETS[0].text, true),
            ("(pools: [", true),
            ("hello: world", false),
            ("", false),
            ("// (a: b)", false),
        ] {
            assert_eq!(looks_like_a_lab(text), is_lab, "{text}");
        }
    }

    #[test]
    fn no_two_commands_have_the_same_keys() {
        let lab = crate::lab::load(crate::lab::PRESETS[0].text.as_bytes()).unwrap().lab.into_lab();
        let desk = crate::ui::desk::Desk::new(lab, None);
        let workbench = crate::ui::workbench::Workbench::new(desk, Default::default());
        let keys: Vec<String> =
            commands::table(&workbench).iter().filter_map(|it| it.keys.map(Keys::text)).collect();
        for (place, text) in keys.iter().enumerate() {
            assert!(!keys[..place].contains(text), "{text}");
        }
    }
}
