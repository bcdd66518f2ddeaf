//! Closures under one type each. Leptos compiles its machinery anew for every type of closure that it is given, and a page has hundreds; boxed, they
//! share it, and the page loads a quarter faster.

use leptos::prelude::*;

/// A value that the view keeps up to date.
pub type Live<T> = Box<dyn FnMut() -> T + Send>;

/// A value that the view keeps up to date.
pub fn live<T: 'static>(value: impl Fn() -> T + Send + 'static) -> Live<T> {
    Box::new(value)
}

/// A part of the view that is drawn anew whenever what it reads has changed.
pub fn drawn<V: IntoAny>(draw: impl Fn() -> V + Send + 'static) -> Live<AnyView> {
    Box::new(move || draw().into_any())
}

/// What an event does.
pub type Act<E> = Box<dyn FnMut(E)>;

/// What an event does, whatever the event says.
pub fn act<E>(mut act: impl FnMut() + 'static) -> Act<E> {
    Box::new(move |_| act())
}

/// What an event does.
pub fn heed<E: 'static>(act: impl FnMut(E) + 'static) -> Act<E> {
    Box::new(act)
}

/// An effect that keeps nothing from run to run.
pub fn effect(act: impl FnMut() + 'static) {
    let mut act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(move |_| act());
}

/// A derived value.
pub fn memo<T: PartialEq + Send + Sync + 'static>(derive: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    let derive: Box<dyn Fn() -> T + Send + Sync> = Box::new(derive);
    Memo::new(move |_| derive())
}
