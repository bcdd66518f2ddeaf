//! Values that the page keeps and watches: Leptos's reactive graph behind types of our own.
//!
//! Leptos compiles its signals, memos and stored values anew for each type of value, 2 KB of Wasm apiece. Here the graph knows one type of each, and
//! what is particular to a type of value is to find it in its place. All three are `Copy` handles that live as long as the component that made them.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use leptos::prelude::{Get, GetUntracked, GetValue, LocalStorage, Memo, Notify, StoredValue, Track, Trigger};

type Place = StoredValue<Rc<dyn Any>, LocalStorage>;

fn place(value: Rc<dyn Any>) -> Place {
    StoredValue::new_local(value)
}

fn held(place: Place) -> Option<Rc<dyn Any>> {
    place.try_get_value()
}

/// Only who outlives their component can come here; what may outlive it asks with a `try_` method.
fn gone<T>() -> T {
    unreachable!("a value was asked for when the part of the page that keeps it had left")
}

/// A value that nobody watches.
pub struct Kept<T> {
    place: Place,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kept<T> {}

impl<T: 'static> Kept<T> {
    /// Keeps a value.
    pub fn new(value: T) -> Self {
        Kept { place: place(Rc::new(RefCell::new(value))), of: PhantomData }
    }

    fn cell(self) -> Option<Rc<RefCell<T>>> {
        held(self.place)?.downcast().ok()
    }

    /// Reads it; `None` once it is gone.
    pub fn try_with_value<U>(self, read: impl FnOnce(&T) -> U) -> Option<U> {
        let cell = self.cell()?;
        let value = cell.borrow();
        Some(read(&value))
    }

    /// Reads it.
    pub fn with_value<U>(self, read: impl FnOnce(&T) -> U) -> U {
        self.try_with_value(read).unwrap_or_else(gone)
    }

    /// Changes it; `None` once it is gone.
    pub fn try_update_value<U>(self, change: impl FnOnce(&mut T) -> U) -> Option<U> {
        let cell = self.cell()?;
        let mut value = cell.borrow_mut();
        Some(change(&mut value))
    }

    /// Changes it, unless it is gone.
    pub fn update_value(self, change: impl FnOnce(&mut T)) {
        self.try_update_value(change);
    }

    /// Replaces it, unless it is gone.
    pub fn set_value(self, value: T) {
        self.try_set_value(value);
    }

    /// Replaces it; whether it was still there.
    pub fn try_set_value(self, value: T) -> bool {
        let cell = self.cell();
        // What was there may have a destructor that reads this very value, so it goes once nothing is borrowed.
        cell.map(|cell| cell.replace(value)).is_some()
    }

    /// A copy of it; `None` once it is gone.
    pub fn try_get_value(self) -> Option<T>
    where
        T: Clone,
    {
        self.try_with_value(T::clone)
    }

    /// A copy of it.
    pub fn get_value(self) -> T
    where
        T: Clone,
    {
        self.with_value(T::clone)
    }
}

/// A value whose changes wake those who have read it.
pub struct State<T> {
    kept: Kept<T>,
    changed: Trigger,
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for State<T> {}

/// Whether they are the same, not whether they hold the same.
impl<T> PartialEq for State<T> {
    fn eq(&self, other: &Self) -> bool {
        self.kept.place == other.kept.place
    }
}

impl<T: 'static> State<T> {
    /// Keeps a value.
    pub fn new(value: T) -> Self {
        State { kept: Kept::new(value), changed: Trigger::new() }
    }

    /// Wakes who calls when the value changes.
    pub fn track(self) {
        self.changed.track();
    }

    /// Reads it and watches it.
    pub fn with<U>(self, read: impl FnOnce(&T) -> U) -> U {
        self.track();
        self.with_untracked(read)
    }

    /// Reads it.
    pub fn with_untracked<U>(self, read: impl FnOnce(&T) -> U) -> U {
        self.kept.with_value(read)
    }

    /// Reads it; `None` once it is gone.
    pub fn try_with_untracked<U>(self, read: impl FnOnce(&T) -> U) -> Option<U> {
        self.kept.try_with_value(read)
    }

    /// A copy of it, watched.
    pub fn get(self) -> T
    where
        T: Clone,
    {
        self.track();
        self.get_untracked()
    }

    /// A copy of it.
    pub fn get_untracked(self) -> T
    where
        T: Clone,
    {
        self.kept.get_value()
    }

    /// A copy of it; `None` once it is gone.
    pub fn try_get_untracked(self) -> Option<T>
    where
        T: Clone,
    {
        self.kept.try_get_value()
    }

    /// Replaces it and wakes who watches, unless it is gone.
    pub fn set(self, value: T) {
        self.try_set(value);
    }

    /// Replaces it and wakes who watches; whether it was still there.
    pub fn try_set(self, value: T) -> bool {
        let was_there = self.kept.try_set_value(value);
        self.changed.notify();
        was_there
    }

    /// Changes it and wakes who watches, unless it is gone.
    pub fn update(self, change: impl FnOnce(&mut T)) {
        self.kept.update_value(change);
        self.changed.notify();
    }
}

/// A value that can be compared with another of its type.
trait Comparable: Any + Send + Sync {
    fn equals(&self, other: &dyn Comparable) -> bool;
}

impl<T: PartialEq + Send + Sync + 'static> Comparable for T {
    fn equals(&self, other: &dyn Comparable) -> bool {
        (other as &dyn Any).downcast_ref().is_some_and(|other| self == other)
    }
}

#[derive(Clone)]
struct Found(Arc<dyn Comparable>);

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(&*other.0)
    }
}

/// A value that follows from others: found anew when it is read after one of them has changed; wakes who watches it only if it came out different.
pub struct Derived<T> {
    memo: Memo<Found>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Derived<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Derived<T> {}

impl<T: PartialEq + Send + Sync + 'static> Derived<T> {
    /// A value that is found so.
    pub fn new(find: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Derived { memo: memo(Box::new(move || Found(Arc::new(find())))), of: PhantomData }
    }

    /// Wakes who calls when the value changes.
    pub fn track(self) {
        self.memo.track();
    }

    /// Reads it and watches it.
    pub fn with<U>(self, read: impl FnOnce(&T) -> U) -> U {
        Self::read(&self.memo.get(), read)
    }

    /// Reads it.
    pub fn with_untracked<U>(self, read: impl FnOnce(&T) -> U) -> U {
        Self::read(&self.memo.get_untracked(), read)
    }

    /// A copy of it, watched.
    pub fn get(self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// A copy of it.
    pub fn get_untracked(self) -> T
    where
        T: Clone,
    {
        self.with_untracked(T::clone)
    }

    fn read<U>(found: &Found, read: impl FnOnce(&T) -> U) -> U {
        // Whatever is in this memo was put there by `new`, as a T.
        read((&*found.0 as &dyn Any).downcast_ref().unwrap_or_else(gone))
    }
}

fn memo(find: Box<dyn Fn() -> Found + Send + Sync>) -> Memo<Found> {
    Memo::new(move |_| find())
}
