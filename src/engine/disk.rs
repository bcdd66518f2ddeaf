//! Durable state: what survives a crash, and what a crash takes with it because nobody forced it.

use std::ops::Deref;

/// A node's durable state. It can be read at any time, and changed only through [`super::Cx::force`], [`super::Cx::overwrite`] and [`super::Cx::write`], so that
/// a crash can fall between any two writes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Disk<T> {
    current: T,
    /// What is on the platter, where that is not `current`.
    forced: Option<Box<T>>,
}

impl<T> Disk<T> {
    /// A disk that holds this, forced.
    pub fn new(content: T) -> Self {
        Disk { current: content, forced: None }
    }

    /// Whether everything written has been forced.
    pub fn is_forced(&self) -> bool {
        self.forced.is_none()
    }

    /// What a crash now would leave.
    pub fn survives(&self) -> &T {
        self.forced.as_deref().unwrap_or(&self.current)
    }

    /// A disk that holds the same in other words: what is forced stays forced.
    #[must_use]
    pub fn map(&self, change: impl Fn(&T) -> T) -> Self {
        Disk { current: change(&self.current), forced: self.forced.as_deref().map(|forced| Box::new(change(forced))) }
    }

    pub(super) fn force(&mut self, change: impl FnOnce(&mut T)) {
        change(&mut self.current);
        self.forced = None;
    }
}

impl<T: Clone> Disk<T> {
    /// The disk after a crash: unforced writes are lost. (A real one may keep some of them; losing all is the worst case.)
    pub fn crashed(&self) -> Self {
        Disk::new(self.survives().clone())
    }

    pub(super) fn write(&mut self, change: impl FnOnce(&mut T)) {
        if self.forced.is_none() {
            self.forced = Some(Box::new(self.current.clone()));
        }
        change(&mut self.current);
    }
}

impl<T> Deref for Disk<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_loses_what_was_not_forced() {
        let mut disk = Disk::new(vec![1]);
        disk.write(|log| log.push(2));
        assert_eq!(*disk, vec![1, 2]);
        assert_eq!(*disk.crashed(), vec![1]);
        disk.force(|log| log.push(3));
        assert_eq!(*disk.crashed(), vec![1, 2, 3]);
    }
}
