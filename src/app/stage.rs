//! Which lab stands on the page now, for what lives longer than a page: the page API and the embedding page.

use leptos::prelude::*;

use super::lab::state::Lab;

/// The lab that is shown, if any. `Copy`, from context.
#[derive(Clone, Copy)]
pub struct Stage {
    lab: RwSignal<Option<Lab>>,
    /// Raised when a link has been opened, well or badly.
    pub opened: RwSignal<u32>,
}

impl Stage {
    /// An empty stage.
    pub fn new() -> Self {
        Stage { lab: RwSignal::new(None), opened: RwSignal::new(0) }
    }

    /// The lab that is shown.
    pub fn lab(self) -> Option<Lab> {
        self.lab.get_untracked()
    }

    /// A lab enters; it leaves when the component that calls this goes.
    pub fn enter(self, lab: Lab) {
        self.lab.set(Some(lab));
        on_cleanup(move || {
            // The next page may have entered before this one is cleaned up.
            let still_here = self.lab.with_untracked(|now| now.is_some_and(|now| now.at == lab.at));
            if still_here {
                self.lab.set(None);
            }
        });
    }
}
