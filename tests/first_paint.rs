//! The picture that stands on the page until the app does is what the app would draw. To take what it draws now, run with UPDATE_EXPECT=1.
#![allow(clippy::unwrap_used)]

use interleave::diagram::{About, Style, Theme, export, layout, transcript};
use interleave::scenarios::run_string::{parse, replay};

/// A participant tires of waiting, as short as can be: it is the first thing that anyone loads.
const RUN: &str =
    "/two-phase-commit/gives-up?v=1&rev=2&participants=1&run=cl.begin,cl-c+10,c-p1+10,p1-c+10,c:ack,p1:decision";
/// Width of the picture, in px.
const WIDTH: f32 = 720.0;

#[test]
fn the_first_picture_is_what_the_app_draws() {
    let replayed = replay(&parse(RUN).unwrap());
    assert_eq!(replayed.error, None);
    let scene = layout(replayed.run.trace(), replayed.step, &Style::for_width(WIDTH));
    for (name, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
        let description = transcript(replayed.run.trace(), replayed.step);
        let about = About { title: "Split by impatience", description: &description, link: None, theme };
        let (path, drawn) = (format!("public/split-{name}.svg"), export(&scene, &about));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &drawn).unwrap();
        }
        let size = drawn.split_once("width=").and_then(|(_, rest)| rest.split_once(" viewBox")).unwrap().0;
        assert!(include_str!("../index.html").contains(&format!("width={size}")), "the page says {size} of it");
        assert!(std::fs::read_to_string(&path).unwrap() == drawn, "{path} is not what is drawn now");
    }
}
