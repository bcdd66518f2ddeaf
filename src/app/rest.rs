//! Puts off what need not be done at every step of a reader who steps fast.

use std::time::Duration;

use leptos::prelude::*;

use super::browser;
use super::signal::Kept;

/// Does something once the reader rests, in any case before long. What comes later takes the place of what was to be done. `Copy`.
#[derive(Clone, Copy)]
pub struct Rest {
    /// How long the reader must have rested, in ms.
    rest_ms: u32,
    /// How long it is put off at most, in ms.
    latest_ms: u32,
    /// When it must be done, in ms, while anything is to be done.
    due: Kept<Option<f64>>,
    /// Counts what was asked for: only the last is done at rest.
    asked: Kept<u32>,
}

impl Rest {
    /// Nothing to do yet.
    pub fn new(rest_ms: u32, latest_ms: u32) -> Self {
        Rest { rest_ms, latest_ms, due: Kept::new(None), asked: Kept::new(0) }
    }

    /// Does this at rest, unless something else is asked for meanwhile or the page is left.
    pub fn then(self, act: impl FnOnce() + 'static) {
        let now = browser::now_ms();
        let due = self.due.get_value().unwrap_or(now + f64::from(self.latest_ms));
        self.due.set_value(Some(due));
        self.asked.update_value(|asked| *asked += 1);
        let asked = self.asked.get_value();
        let is_wanted = move || {
            let is_last = self.asked.try_get_value() == Some(asked);
            let is_due = self.due.try_get_value().flatten().is_some_and(|due| browser::now_ms() >= due);
            is_last || is_due
        };
        let act = move || {
            if is_wanted() {
                self.forget();
                act();
            }
        };
        let rest = self.rest_ms.min((due - now).max(0.0) as u32);
        set_timeout(act, Duration::from_millis(rest.into()));
    }

    /// What is to be done is done, or need not be.
    pub fn forget(self) {
        self.due.set_value(None);
        // What waits is no longer the last.
        self.asked.update_value(|asked| *asked += 1);
    }
}
