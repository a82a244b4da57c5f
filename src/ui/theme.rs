//! The look: every colour, size and stroke of the window, in four sets, and nowhere else.

use std::ops::RangeInclusive;
use std::sync::Arc;

use egui::style::{Selection, WidgetVisuals, Widgets};
use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow,
    Stroke, Style, TextStyle, Ui, Visuals, vec2,
};

/// The colours of one set. Text has three strengths; colour means a server, a state or the one thing to look at.
#[derive(Debug, PartialEq, Eq)]
pub struct Theme {
    pub dark: bool,
    /// Behind the stage.
    pub bg: Color32,
    /// Behind bar, side, why and time.
    pub panel: Color32,
    /// Cards, fields and boxes.
    pub raised: Color32,
    /// Hairlines and empty places.
    pub line: Color32,
    /// Connections.
    pub pipe: Color32,
    pub text: Color32,
    pub mute: Color32,
    /// Only for what may be missed.
    pub faint: Color32,
    /// Selection, links, the unavoidable part.
    pub accent: Color32,
    pub ok: Color32,
    pub warn: Color32,
    pub err: Color32,
}

impl Theme {
    /// The set in force where this is drawn.
    pub fn of(ui: &Ui) -> &'static Self {
        Self::of_context(ui.ctx())
    }

    pub fn of_context(ctx: &Context) -> &'static Self {
        let dark = ctx.theme() == egui::Theme::Dark;
        let projector = ctx.data(|data| data.get_temp(projector_id())).unwrap_or(false);
        match (dark, projector) {
            (true, false) => &DARK,
            (false, false) => &LIGHT,
            (true, true) => &PROJECTOR_DARK,
            (false, true) => &PROJECTOR_LIGHT,
        }
    }

    /// The colour of a server's badge number.
    pub fn server(&self, number: usize) -> Color32 {
        SERVERS[number % SERVERS.len()]
    }

    /// A colour that lies between the background and another: quiet, but of the same hue.
    pub fn quiet(&self, colour: Color32) -> Color32 {
        self.bg.lerp_to_gamma(colour, 0.45)
    }

    fn visuals(&self) -> Visuals {
        let base = if self.dark { Visuals::dark() } else { Visuals::light() };
        let stroke = |colour| Stroke::new(HAIRLINE, colour);
        let widget = |fill, edge, text| WidgetVisuals {
            bg_fill: fill,
            weak_bg_fill: fill,
            bg_stroke: stroke(edge),
            corner_radius: CornerRadius::same(CONTROL_RADIUS),
            fg_stroke: Stroke::new(1.0, text),
            expansion: 0.0,
        };
        let hovered = self.raised.lerp_to_gamma(self.line, 0.6);
        Visuals {
            dark_mode: self.dark,
            widgets: Widgets {
                noninteractive: widget(self.panel, self.line, self.text),
                inactive: widget(self.raised, self.line, self.text),
                hovered: widget(hovered, self.line, self.text),
                active: widget(self.line, self.accent, self.text),
                open: widget(self.raised, self.accent, self.text),
            },
            selection: Selection {
                bg_fill: self.panel.lerp_to_gamma(self.accent, 0.35),
                stroke: stroke(self.text),
            },
            weak_text_color: Some(self.mute),
            hyperlink_color: self.accent,
            faint_bg_color: self.raised,
            extreme_bg_color: self.bg,
            text_edit_bg_color: Some(self.raised),
            code_bg_color: self.raised,
            warn_fg_color: self.warn,
            error_fg_color: self.err,
            window_corner_radius: CornerRadius::same(CARD_RADIUS),
            window_fill: self.panel,
            window_stroke: stroke(self.line),
            menu_corner_radius: CornerRadius::same(CONTROL_RADIUS),
            panel_fill: self.panel,
            window_shadow: Shadow { color: SHADOW, ..base.window_shadow },
            popup_shadow: Shadow { color: SHADOW, ..base.popup_shadow },
            ..base
        }
    }
}

/// Gives a context the fonts, sizes and colours. To be called once.
pub fn apply(ctx: &Context) {
    ctx.set_fonts(fonts());
    set_projector(ctx, false);
}

/// Switches to the pair of sets for projectors, with text one step larger, or back.
pub fn set_projector(ctx: &Context, projector: bool) {
    ctx.data_mut(|data| data.insert_temp(projector_id(), projector));
    let (dark, light) =
        if projector { (&PROJECTOR_DARK, &PROJECTOR_LIGHT) } else { (&DARK, &LIGHT) };
    let step = step(ctx);
    ctx.set_style_of(egui::Theme::Dark, style(dark, step));
    ctx.set_style_of(egui::Theme::Light, style(light, step));
}

/// The sentence that matters: semi-bold, a step above the text.
pub fn sentence() -> TextStyle {
    TextStyle::Name("sentence".into())
}

/// The name of a section: small and semi-bold.
pub fn caption() -> TextStyle {
    TextStyle::Name("caption".into())
}

/// The one number in the middle of a picture.
pub fn number_font() -> FontId {
    FontId::new(34.0, semi_bold())
}

/// The one number of a lane.
pub fn lane_number_font() -> FontId {
    FontId::new(24.0, semi_bold())
}

/// A number inside a picture.
pub fn small_number_font() -> FontId {
    FontId::new(11.0, FontFamily::Monospace)
}

/// The number that the last row reads.
pub fn stage_number_font() -> FontId {
    FontId::new(76.0, semi_bold())
}

/// A font of a picture that grows with the text where it is projected.
pub fn growing_font(ctx: &Context, size: f32, family: FontFamily) -> FontId {
    FontId::new(size + step(ctx), family)
}

/// How much larger text is than it was designed.
pub fn step(ctx: &Context) -> f32 {
    let projector = ctx.data(|data| data.get_temp(projector_id())).unwrap_or(false);
    if projector { PROJECTOR_STEP } else { 0.0 }
}

pub fn semi_bold() -> FontFamily {
    FontFamily::Name("semi-bold".into())
}

fn style(theme: &Theme, step: f32) -> Style {
    let proportional = |size| FontId::new(size + step, FontFamily::Proportional);
    let bold = |size| FontId::new(size + step, semi_bold());
    let mut style = Style { visuals: theme.visuals(), ..Style::default() };
    style.text_styles = [
        (TextStyle::Body, proportional(13.0)),
        (TextStyle::Button, proportional(13.0)),
        (TextStyle::Small, proportional(11.0)),
        (TextStyle::Heading, bold(16.0)),
        (TextStyle::Monospace, FontId::new(12.0 + step, FontFamily::Monospace)),
        (sentence(), bold(14.0)),
        (caption(), bold(11.0)),
    ]
    .into();
    style.spacing.item_spacing = vec2(8.0, 4.0);
    style.spacing.button_padding = vec2(10.0, 4.0);
    style.spacing.interact_size = vec2(24.0, 24.0);
    style.spacing.window_margin = Margin::same(12);
    style.spacing.menu_margin = Margin::same(8);
    style.spacing.slider_width = 80.0;
    style.interaction.tooltip_delay = 0.4;
    // What is read out is selected by clicking elsewhere; labels that turn into text fields get in the way.
    style.interaction.selectable_labels = false;
    style
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let files: [(&str, &'static [u8]); 3] = [
        ("inter", include_bytes!("../../assets/fonts/Inter-Regular.otf")),
        ("inter-semi-bold", include_bytes!("../../assets/fonts/Inter-SemiBold.otf")),
        ("jetbrains-mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf")),
    ];
    for (name, bytes) in files {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    // Each falls back on the others, so that a sign which one of them lacks is still drawn.
    let families = [
        (FontFamily::Proportional, ["inter", "jetbrains-mono"]),
        (FontFamily::Monospace, ["jetbrains-mono", "inter"]),
        (semi_bold(), ["inter-semi-bold", "jetbrains-mono"]),
    ];
    for (family, names) in families {
        fonts.families.insert(family, names.map(str::to_owned).to_vec());
    }
    fonts
}

fn projector_id() -> egui::Id {
    egui::Id::unique("projector")
}

const fn hex(code: u32) -> Color32 {
    Color32::from_rgb((code >> 16) as u8, (code >> 8) as u8, code as u8)
}

pub static DARK: Theme = Theme {
    dark: true,
    bg: hex(0x0E1217),
    panel: hex(0x141A21),
    raised: hex(0x1B232C),
    line: hex(0x263140),
    pipe: hex(0x33414F),
    text: hex(0xE2E8EF),
    mute: hex(0x8A99AB),
    faint: hex(0x5B6878),
    accent: hex(0x7FB2FF),
    ok: hex(0x4CC38A),
    warn: hex(0xFFB454),
    err: hex(0xFF6B6B),
};

pub static LIGHT: Theme = Theme {
    dark: false,
    bg: hex(0xF6F7F9),
    panel: hex(0xFFFFFF),
    raised: hex(0xEFF2F5),
    line: hex(0xD9DFE6),
    pipe: hex(0xC9D2DC),
    text: hex(0x1A222C),
    mute: hex(0x5B6878),
    faint: hex(0x93A0AE),
    accent: hex(0x1F6FEB),
    ok: hex(0x1D8A56),
    warn: hex(0xB26A00),
    err: hex(0xC62828),
};

pub static PROJECTOR_DARK: Theme = Theme {
    bg: hex(0x000000),
    panel: hex(0x0A0D11),
    raised: hex(0x171E26),
    line: hex(0x3A495C),
    pipe: hex(0x4A5C70),
    text: hex(0xFFFFFF),
    mute: hex(0xB8C4D2),
    faint: hex(0x8A99AB),
    ..DARK
};

pub static PROJECTOR_LIGHT: Theme = Theme {
    bg: hex(0xFFFFFF),
    panel: hex(0xFFFFFF),
    raised: hex(0xF2F5F8),
    line: hex(0xB9C4D0),
    pipe: hex(0xA9B6C4),
    text: hex(0x000000),
    mute: hex(0x3D4855),
    faint: hex(0x5B6878),
    ..LIGHT
};

/// The servers' colours, in the order of their letters.
const SERVERS: [Color32; 8] = [
    hex(0x4EA1FF),
    hex(0xFFB000),
    hex(0x22C7A0),
    hex(0xE678B8),
    hex(0x9B8CFF),
    hex(0xF2754E),
    hex(0xB8D948),
    hex(0x6FD3F2),
];
/// Hues before stripes begin.
pub const HUES: usize = SERVERS.len();
/// Text on a server's colour.
pub const ON_SERVER: Color32 = hex(0x0B1016);
const SHADOW: Color32 = Color32::from_black_alpha(60);

pub const HAIRLINE: f32 = 1.0;
pub const CARD_RADIUS: u8 = 8;
pub const CONTROL_RADIUS: u8 = 6;
pub const CHIP_RADIUS: u8 = 4;
pub const BAR_HEIGHT: f32 = 44.0;
pub const TABS_HEIGHT: f32 = 36.0;
pub const SIDE_WIDTH: f32 = 248.0;
pub const WHY_WIDTH: f32 = 276.0;
/// How far it can be dragged.
pub const WHY_WIDTHS: RangeInclusive<f32> = WHY_WIDTH..=480.0;
pub const TIME_HEIGHT: f32 = 168.0;
/// How far it can be dragged.
pub const TIME_HEIGHTS: RangeInclusive<f32> = 96.0..=420.0;
pub const ROW_HEIGHT: f32 = 22.0;
/// How long what changes place takes to get there.
pub const MOVE_SECS: f32 = 0.15;
const PROJECTOR_STEP: f32 = 2.0;
