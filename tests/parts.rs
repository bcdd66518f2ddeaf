//! The page comes in parts, and boot.js picks the one that an address asks for.

use interleave::scenarios::{Part, catalogue};

#[test]
fn the_page_knows_in_which_part_a_scenario_is() {
    let boot = include_str!("../public/boot.js");
    let names = |part: Part| {
        let line = boot.lines().find_map(|line| line.trim().strip_prefix(part.name())?.strip_prefix(": '"));
        line.map_or(Vec::new(), |line| line.trim_end_matches("',").split('|').collect::<Vec<_>>())
    };
    for part in Part::ALL {
        let here: Vec<&str> =
            catalogue().iter().filter(|entry| entry.part() == part).map(|entry| entry.info().id).collect();
        assert!(!here.is_empty(), "{part:?}");
        // Whatever is in none of the others is taken for one of the first.
        assert_eq!(names(part), if part == Part::Commit { Vec::new() } else { here }, "{part:?}");
    }
}

#[test]
fn the_page_names_its_parts() {
    let page = include_str!("../index.html");
    let trunk = include_str!("../Trunk.toml");
    for part in Part::ALL {
        let name = format!("<meta name=\"part-{}\"", part.name());
        assert_eq!(page.matches(&name).count() + trunk.matches(&name).count(), 1, "{part:?}");
    }
}
