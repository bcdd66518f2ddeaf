//! A drawing as one self-contained SVG file: own stylesheet, system fonts, title and description, nothing fetched.

use std::fmt::Write as _;

use super::scene::{Anchor, Item, Scene, Shape, number, tone_class, tone_sign};
use super::text;

/// Which colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Theme {
    /// Dark ink on light paper.
    Light,
    /// Light ink on dark paper.
    Dark,
}

/// What an export says about itself.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Title of the picture.
    pub title: &'a str,
    /// Description: the run as text.
    pub description: &'a str,
    /// Link to the run, if there is one.
    pub link: Option<&'a str>,
    /// Colours.
    pub theme: Theme,
}

const STYLE: &str = include_str!("../../styles/diagram.css");
const HEAD_HEIGHT: f32 = 58.0;

/// The tokens that the stylesheet uses: (name, light, dark). The page's own stand in `styles/tokens.css`; a test holds them together.
pub const TOKENS: &[(&str, &str, &str)] = &[
    ("paper", "#fbf9f4", "#10171e"),
    ("paper-2", "#f2eee4", "#18222c"),
    ("paper-3", "#ffffff", "#141d25"),
    ("ink", "#18222c", "#ece7dc"),
    ("ink-2", "#4a5762", "#adb7bf"),
    ("line", "#76797c", "#6f7d89"),
    ("grid", "#ece7da", "#1b2630"),
    ("accent", "#005f9e", "#7cc3f2"),
    ("accent-soft", "#dcebf5", "#1a3145"),
    ("good", "#00694b", "#57cda2"),
    ("good-soft", "#dcefe6", "#15322a"),
    ("stop", "#7b3f74", "#dba6cd"),
    ("stop-soft", "#f2e4ef", "#33233a"),
    ("wait", "#7f5200", "#ebb955"),
    ("wait-soft", "#f8ead0", "#352a14"),
    ("danger", "#ad3000", "#ff9468"),
    ("danger-soft", "#fbe4da", "#3a2118"),
    ("on-danger", "#ffffff", "#1d0d05"),
];

const FONTS: &[(&str, &str)] = &[
    ("font-ui", "\"Segoe UI\", \"Helvetica Neue\", \"Noto Sans\", \"Liberation Sans\", sans-serif"),
    ("font-mono", "ui-monospace, \"Cascadia Mono\", Menlo, Consolas, \"DejaVu Sans Mono\", monospace"),
];

/// The SVG file of a drawing.
pub fn export(scene: &Scene, about: &About<'_>) -> String {
    let (width, height) = (number(scene.width), number(scene.height + HEAD_HEIGHT));
    let mut out = String::with_capacity(scene.items.len() * 200 + 8_000);
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"diagram\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"graphics-document document\" aria-roledescription=\"sequence\" \
         aria-labelledby=\"interleave-title interleave-description\">\n\
         <title id=\"interleave-title\">{}</title>\n<desc id=\"interleave-description\">{}</desc>\n",
        escape(about.title),
        escape(about.description)
    );
    if let Some(link) = about.link {
        let _ = writeln!(out, "<metadata>{}</metadata>", escape(link));
    }
    let _ = writeln!(out, "<style>{}</style>", escape(&stylesheet(about.theme)));
    let paper = token("paper", about.theme);
    let _ = writeln!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>");
    let _ = writeln!(out, "<g transform=\"translate(0 {})\">", number(HEAD_HEIGHT));
    for item in &scene.items {
        write_item(&mut out, item);
    }
    out.push_str("</g>\n");
    write_heads(&mut out, scene);
    out.push_str("</svg>\n");
    out
}

fn token(name: &str, theme: Theme) -> &'static str {
    TOKENS.iter().find(|(known, _, _)| *known == name).map_or("none", |(_, light, dark)| match theme {
        Theme::Light => light,
        Theme::Dark => dark,
    })
}

/// The stylesheet with its tokens resolved: not every viewer of SVG knows custom properties.
fn stylesheet(theme: Theme) -> String {
    let start = STYLE.find("*/").map_or(0, |at| at + 2);
    let mut css = STYLE[start..].trim().to_owned();
    for (name, _, _) in TOKENS {
        css = css.replace(&format!("var(--{name})"), token(name, theme));
    }
    for (name, value) in FONTS {
        css = css.replace(&format!("var(--{name})"), value);
    }
    css
}

fn write_item(out: &mut String, item: &Item) {
    let _ = write!(out, "<g class=\"{}\">", item.class);
    if !item.title.is_empty() {
        let _ = write!(out, "<title>{}</title>", escape(&item.title));
    }
    for shape in item.shapes.iter().filter(|shape| !is_hit_area(shape)) {
        write_shape(out, shape);
    }
    out.push_str("</g>\n");
}

/// Hit areas are for pointers; a picture has none.
fn is_hit_area(shape: &Shape) -> bool {
    matches!(shape, Shape::Rect { class: "row-hit" | "flight-hit", .. })
}

/// One primitive as SVG.
pub fn write_shape(out: &mut String, shape: &Shape) {
    let (name, class) = (shape.element(), shape.class());
    let _ = write!(out, "<{name} class=\"{class}\"");
    for (name, value) in shape.attributes() {
        let _ = write!(out, " {name}=\"{value}\"");
    }
    let _ = match shape.words() {
        Some(words) => write!(out, ">{}</{name}>", escape(&words)),
        None => write!(out, "/>"),
    };
}

fn write_heads(out: &mut String, scene: &Scene) {
    out.push_str("<g class=\"heads\">\n");
    for head in &scene.heads {
        let half = head.width / 2.0;
        let mut shapes = vec![Shape::Rect {
            class: "head-box",
            x: head.x - half,
            y: 6.0,
            width: head.width,
            height: HEAD_HEIGHT - 12.0,
            radius: 5.0,
        }];
        // Where the long name does not fit, the short one stands for it.
        let roomy = text::width(&head.title, 13.0) <= head.width - 12.0;
        let title = if roomy { head.title.clone() } else { head.id.clone() };
        shapes.push(Shape::Text { class: "head-title", x: head.x, y: 25.0, anchor: Anchor::Middle, text: title });
        let standing = match (head.status, head.badge) {
            (Some(status), _) => Some(status.to_owned()),
            (None, badge) => badge.map(|(badge, tone)| format!("{} {badge}", tone_sign(tone))),
        };
        let state = match standing {
            Some(standing) if roomy => format!("{} \u{00B7} {standing}", head.id),
            Some(standing) => standing,
            None => head.id.clone(),
        };
        let state = text::fit(&state, 11.0, head.width - 8.0);
        shapes.push(Shape::Text { class: "head-id", x: head.x, y: 42.0, anchor: Anchor::Middle, text: state });
        let class = head.badge.map_or("", |(_, tone)| tone_class(tone));
        let _ = write!(out, "<g data-state=\"{class}\">");
        for shape in &shapes {
            write_shape(out, shape);
        }
        out.push_str("</g>\n");
    }
    out.push_str("</g>\n");
}

/// Text for XML: the five entities, and no character that XML forbids.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {}
            c => out.push(c),
        }
    }
    out
}
