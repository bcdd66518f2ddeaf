//! A broker.

use super::program::{Play, Role};
use super::{Context, Services};
use crate::engine::{Input, Look, NodeId};

/// A broker.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Post {
    role: Role,
}

impl Post {
    /// As the run begins.
    pub fn new(role: Role) -> Post {
        Post { role }
    }
    /// What a crash leaves.
    pub fn crashed(&self) -> Post {
        self.clone()
    }
    /// Acts.
    pub fn on(&mut self, _play: &Play, _input: Input<Services>, _cx: &mut Context<'_>) {}
    /// Whether nothing waits.
    pub fn is_idle(&self) -> bool {
        true
    }
    /// Whether it will yet answer a member.
    pub fn owes(&self, _node: NodeId) -> bool {
        false
    }
    /// How it looks.
    pub fn look(&self) -> Look {
        Look::default()
    }
}
