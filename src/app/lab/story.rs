//! What to read beside the run: the story, named runs, what the model leaves out, the sources.

use leptos::prelude::*;

use super::super::live::heed;
use super::super::nav::href;
use super::super::text;
use super::open;
use super::state::Lab;

/// Named runs, opened by one click. They are links, so that they can be opened in another tab and shared.
#[component]
pub fn Moments() -> impl IntoView {
    let lab = expect_context::<Lab>();
    let items: Vec<_> = lab
        .info()
        .moments
        .iter()
        .map(|moment| {
            let variant = lab.info().variant(moment.variant).map_or("", |variant| variant.title);
            let address = open::moment_fragment(lab, moment).map(|fragment| href(&fragment));
            let go = heed(move |event: leptos::ev::MouseEvent| {
                if event.ctrl_key() || event.meta_key() || event.shift_key() {
                    return;
                }
                event.prevent_default();
                open::moment(lab, moment);
            });
            view! {
                <li class="moment">
                    <a href=address on:click=go>{moment.title}</a>
                    <span class="moment-variant">{variant}</span>
                    <p>{moment.text}</p>
                </li>
            }
        })
        .collect();
    view! {
        <section class="moments" aria-labelledby="moments-title">
            <h2 id="moments-title">{text::MOMENTS}</h2>
            <ul>{items}</ul>
        </section>
    }
}

/// The story and its small print.
#[component]
pub fn Story() -> impl IntoView {
    let info = expect_context::<Lab>().info();
    let paragraphs: Vec<_> = info.story.iter().map(|paragraph| view! { <p>{*paragraph}</p> }).collect();
    let left_out: Vec<_> = info.left_out.iter().map(|sentence| view! { <li>{*sentence}</li> }).collect();
    let sources: Vec<_> = info
        .sources
        .iter()
        .map(|(title, place)| view! { <li><cite>{*title}</cite>" "<span class="place">{*place}</span></li> })
        .collect();
    view! {
        <section class="story" aria-labelledby="story-title">
            <h2 id="story-title">{text::STORY}</h2>
            {paragraphs}
        </section>
        <section class="small-print" aria-labelledby="left-out-title">
            <h2 id="left-out-title">{text::LEFT_OUT}</h2>
            <ul>{left_out}</ul>
            <h2 id="sources-title">{text::SOURCES}</h2>
            <ul class="sources">{sources}</ul>
        </section>
    }
}
