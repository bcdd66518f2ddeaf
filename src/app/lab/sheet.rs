//! The diagram's place in the middle of the bench.

use leptos::prelude::*;

use super::state::Lab;

/// The diagram.
#[component]
pub fn Sheet() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let labels = lab.derive(Vec::new(), |branch| {
        let trace = branch.run.trace();
        let rows = trace.rows_at_step(branch.step) as usize;
        trace.events[..rows].iter().map(|event| event.label.clone()).collect::<Vec<_>>()
    });
    view! { <div class="sheet">{move || labels.get().join(" / ")}</div> }
}
