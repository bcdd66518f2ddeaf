//! The client: it asks once, over one connection, and hears how it ended.

use super::TwoPhaseCommit;
use super::vocabulary::{Config, Decision, Msg};
use crate::engine::{Cx, Input};

/// State of the client.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Client {
    /// Whether it has asked.
    pub asked: bool,
    /// What it was told.
    pub told: Option<Decision>,
}

impl Client {
    /// Acts.
    pub fn on(&mut self, input: Input<TwoPhaseCommit>, cx: &mut Cx<'_, TwoPhaseCommit>) {
        match input {
            Input::Step(_) => {
                self.asked = true;
                cx.send(Config::COORDINATOR, Msg::Request);
            }
            Input::Message { msg: Msg::Reply(decision), .. } => self.told = Some(decision),
            _ => {}
        }
    }
}
