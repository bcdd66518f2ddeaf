//! The run in other forms, for copying and keeping: the same pure functions that the command line uses.

use crate::diagram::{About, Style, Theme, export, layout, mermaid, plantuml, transcript};

use super::super::text;
use super::state::{Here, Lab};

/// Width of an exported picture, in px.
const PICTURE_WIDTH: f32 = 960.0;

/// A form that a run can take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// One sentence per event.
    Text,
    /// Mermaid's sequence diagram.
    Mermaid,
    /// PlantUML's sequence diagram.
    PlantUml,
    /// A picture on light paper.
    SvgLight,
    /// A picture on dark paper.
    SvgDark,
}

impl Format {
    /// All of them, in the order of the page.
    pub const ALL: [Format; 5] = [Format::Mermaid, Format::PlantUml, Format::SvgLight, Format::SvgDark, Format::Text];

    /// Ending of its file.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Text => "txt",
            Format::Mermaid => "mmd",
            Format::PlantUml => "puml",
            Format::SvgLight => "svg",
            Format::SvgDark => "dark.svg",
        }
    }

    /// Its media type.
    pub fn mime(self) -> &'static str {
        match self {
            Format::Text | Format::Mermaid | Format::PlantUml => "text/plain;charset=utf-8",
            Format::SvgLight | Format::SvgDark => "image/svg+xml",
        }
    }

    /// Writes the run up to the step that is shown. `link` leads to it.
    pub fn write(self, title: &str, branch: &Here<'_>, link: Option<&str>) -> String {
        let (trace, step) = (branch.run.trace(), branch.step);
        let picture = |theme: Theme| {
            let scene = layout(trace, step, &Style::for_width(PICTURE_WIDTH));
            export(&scene, &About { title, description: &transcript(trace, step), link, theme })
        };
        match self {
            Format::Text => transcript(trace, step),
            Format::Mermaid => mermaid(trace, step, title),
            Format::PlantUml => plantuml(trace, step, title),
            Format::SvgLight => picture(Theme::Light),
            Format::SvgDark => picture(Theme::Dark),
        }
    }
}

/// The title of an export.
pub fn title(lab: Lab) -> String {
    text::run_title(lab.info().title, lab.spec().map_or("", |spec| spec.variant.title))
}

/// The name of the file.
pub fn file_name(lab: Lab, format: Format) -> String {
    let variant = lab.spec().map_or("", |spec| spec.variant.id);
    format!("{}-{variant}.{}", lab.info().id, format.extension())
}
