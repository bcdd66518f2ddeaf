//! From a trace to a picture or a text: pure functions. [`layout()`] says where everything stands, `svg`, [`mermaid()`], [`plantuml()`] and
//! [`transcript()`] say it to others; the page draws the same [`Scene`].

mod arrange;
mod arrows;
mod bars;
mod ground;
mod layout;
mod marks;
mod mermaid;
mod plantuml;
mod scene;
mod script;
mod svg;
mod text;
mod transcript;

pub use arrange::{Arranged, Arrangement, arrange};
pub use layout::{Extent, Style, Window, extent, format_time, in_flight, layout, layout_within};
pub use mermaid::mermaid;
pub use plantuml::plantuml;
pub use scene::{Anchor, Head, Item, Key, Point, Scene, Shape, Target, Thing, number, tone_class, tone_sign};
pub use svg::{About, TOKENS, Theme, escape, export, write_shape};
pub use text::fit_mono;
pub use transcript::{step_sentence, transcript, violation_sentence};
