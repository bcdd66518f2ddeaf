//! What to read beside the run: the story, named runs, what the model leaves out, the sources.

use maud::{Markup, html};

use super::super::library::once_here;
use super::super::nav::href;
use super::super::text;
use super::open;
use super::state::Lab;

/// Named runs, opened by one click. They are links, so that they can be opened in another tab and shared.
pub fn moments(lab: Lab) -> Markup {
    html! {
        h2 #moments-title { (text::MOMENTS) }
        (once_here(lab.library.about(lab.info()), |about| html! {
            ul {
                @for (at, moment) in about.moments.iter().enumerate() {
                    li.moment {
                        a href=[open::moment_fragment(lab, moment).map(|fragment| href(&fragment))] data-act="moment" data-of=(at) {
                            (moment.title)
                        }
                        span.moment-variant { (lab.info().variant(moment.variant).map_or("", |variant| variant.title)) }
                        p { (moment.text) }
                    }
                }
            }
        }))
    }
}

/// The story.
pub fn story(lab: Lab) -> Markup {
    html! {
        h2 #story-title { (text::STORY) }
        (once_here(lab.library.about(lab.info()), |about| html! { @for paragraph in &about.story { p { (paragraph) } } }))
    }
}

/// Its small print.
pub fn small_print(lab: Lab) -> Markup {
    html! {
        h2 #left-out-title { (text::LEFT_OUT) }
        (once_here(lab.library.about(lab.info()), |about| html! {
            ul { @for sentence in &about.left_out { li { (sentence) } } }
            h2 #sources-title { (text::SOURCES) }
            ul.sources {
                @for (title, place) in &about.sources { li { cite { (title) } " " span.place { (place) } } }
            }
        }))
    }
}
