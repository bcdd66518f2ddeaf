//! What a search looks at, and what may still go wrong: by that a protocol tells which worlds are alike.

use super::world::Spent;

/// What worlds must agree in to be taken for one; each includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Heed {
    /// Which invariants are broken, now and after whatever happens next.
    Invariants,
    /// Also which goals are reached or blocked.
    Goals,
    /// Also what the badges of lifelines say.
    Looks,
    /// Everything: no two worlds are alike.
    Everything,
}

/// What a protocol must know to say which worlds are alike ([`super::Protocol::essence`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stakes {
    /// What is looked at; never [`Heed::Everything`].
    pub heed: Heed,
    /// Faults that may still be spent.
    pub left: Spent,
}
