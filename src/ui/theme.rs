//! The look: every colour, size and stroke of the window, in four sets, and nowhere else.

use std::sync::Arc;

use egui::style::{Selection, WidgetVisuals, Widgets};
use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow,
    Stroke, Style, TextStyle, Ui, Visuals, vec2,
};

/// The colours of one set. Text has three strengths; colour means a server, a state or the one thing to look at.
#[derive(Debug, PartialEq)]
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
    let step = if projector { PROJECTOR_STEP } else { 0.0 };
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

/// The number that the last row reads.
pub fn stage_number_font() -> FontId {
    FontId::new(76.0, semi_bold())
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
    bg: hex(0x0E_12_17),
    panel: hex(0x14_1A_21),
    raised: hex(0x1B_23_2C),
    line: hex(0x26_31_40),
    pipe: hex(0x33_41_4F),
    text: hex(0xE2_E8_EF),
    mute: hex(0x8A_99_AB),
    faint: hex(0x5B_68_78),
    accent: hex(0x7F_B2_FF),
    ok: hex(0x4C_C3_8A),
    warn: hex(0xFF_B4_54),
    err: hex(0xFF_6B_6B),
};

pub static LIGHT: Theme = Theme {
    dark: false,
    bg: hex(0xF6_F7_F9),
    panel: hex(0xFF_FF_FF),
    raised: hex(0xEF_F2_F5),
    line: hex(0xD9_DF_E6),
    pipe: hex(0xC9_D2_DC),
    text: hex(0x1A_22_2C),
    mute: hex(0x5B_68_78),
    faint: hex(0x93_A0_AE),
    accent: hex(0x1F_6F_EB),
    ok: hex(0x1D_8A_56),
    warn: hex(0xB2_6A_00),
    err: hex(0xC6_28_28),
};

pub static PROJECTOR_DARK: Theme = Theme {
    bg: hex(0x00_00_00),
    panel: hex(0x0A_0D_11),
    raised: hex(0x17_1E_26),
    line: hex(0x3A_49_5C),
    pipe: hex(0x4A_5C_70),
    text: hex(0xFF_FF_FF),
    mute: hex(0xB8_C4_D2),
    faint: hex(0x8A_99_AB),
    ..DARK
};

pub static PROJECTOR_LIGHT: Theme = Theme {
    bg: hex(0xFF_FF_FF),
    panel: hex(0xFF_FF_FF),
    raised: hex(0xF2_F5_F8),
    line: hex(0xB9_C4_D0),
    pipe: hex(0xA9_B6_C4),
    text: hex(0x00_00_00),
    mute: hex(0x3D_48_55),
    faint: hex(0x5B_68_78),
    ..LIGHT
};

/// The servers' colours, in the order of their letters.
const SERVERS: [Color32; 8] = [
    hex(0x4E_A1_FF),
    hex(0xFF_B0_00),
    hex(0x22_C7_A0),
    hex(0xE6_78_B8),
    hex(0x9B_8C_FF),
    hex(0xF2_75_4E),
    hex(0xB8_D9_48),
    hex(0x6F_D3_F2),
];
/// Hues before stripes begin.
pub const HUES: usize = SERVERS.len();
/// Text on a server's colour.
pub const ON_SERVER: Color32 = hex(0x0B_10_16);
const SHADOW: Color32 = Color32::from_black_alpha(60);

pub const HAIRLINE: f32 = 1.0;
pub const CARD_RADIUS: u8 = 8;
pub const CONTROL_RADIUS: u8 = 6;
pub const CHIP_RADIUS: u8 = 4;
pub const BAR_HEIGHT: f32 = 44.0;
pub const TABS_HEIGHT: f32 = 36.0;
pub const SIDE_WIDTH: f32 = 248.0;
pub const WHY_WIDTH: f32 = 276.0;
pub const TIME_HEIGHT: f32 = 168.0;
pub const ROW_HEIGHT: f32 = 22.0;
/// How long what changes place takes to get there.
pub const MOVE_SECS: f32 = 0.15;
const PROJECTOR_STEP: f32 = 2.0;
