//! A ZooKeeper as the lock's clients see it: their places are children of one node, and who watches a place hears of its end.

use super::Locks;
use super::vocabulary::{Answer, Command, Config, Msg, Owner, Timer};
use crate::engine::{Cx, Input, NodeId};
use crate::servers::zookeeper::{Fired, Refused, ZooKeeper};

/// The mark on events by which it wakes whoever waits.
pub const WOKE: &str = "woke";

/// State of a ZooKeeper. All of it is durable: a majority of its servers has agreed on it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Keeper {
    /// What it knows.
    pub data: ZooKeeper,
}

type Context<'a> = Cx<'a, Locks>;

impl Keeper {
    /// Acts.
    pub fn on(&mut self, config: &Config, input: Input<Locks>, cx: &mut Context<'_>) {
        match input {
            Input::Message { from, msg: Msg::Ask(owner, command) } => {
                let (answer, fired) = self.perform(config, owner, command, cx.local_ms());
                wake(&fired, cx);
                if command != Command::Close {
                    cx.send(from, Msg::Answer(owner, command, answer));
                }
            }
            Input::Timer(Timer::Expire) => {
                for (session, fired) in self.data.expire(cx.local_ms()) {
                    let owner = Owner::of_session(session).text();
                    cx.note(&format!("session {owner} expires"), || {
                        format!("It has heard nothing of {owner} for {} ms: it ends the session.", config.ttl_ms)
                    });
                    wake(&fired, cx);
                }
            }
            _ => return,
        }
        match self.data.next_expiry_ms() {
            Some(until_ms) => {
                let left_ms = (until_ms - cx.local_ms()).max(0);
                cx.set_timer(Timer::Expire, u32::try_from(left_ms).unwrap_or(u32::MAX));
            }
            None => cx.cancel_timer(Timer::Expire),
        }
    }

    fn perform(&mut self, config: &Config, owner: Owner, command: Command, now_ms: i64) -> (Answer, Vec<Fired>) {
        let (data, session) = (&mut self.data, owner.session());
        let done = match command {
            Command::Connect => {
                data.connect(now_ms, session, i64::from(config.ttl_ms));
                Ok((Answer::Ok, Vec::new()))
            }
            Command::Create => data.create(now_ms, session).map(|child| (Answer::Int(i64::from(child)), Vec::new())),
            Command::Children => data.children(now_ms, session).map(|all| (Answer::children(&all), Vec::new())),
            Command::Watch(child) => data.watch(now_ms, session, child).map(|()| (Answer::Ok, Vec::new())),
            Command::Delete(child) => data.delete(now_ms, session, child).map(|fired| (Answer::Ok, fired)),
            Command::Close => Ok((Answer::Ok, data.close(session))),
            // All else that a ZooKeeper is asked here says no more than that the client lives.
            _ => data.ping(now_ms, session).map(|()| (Answer::Ok, Vec::new())),
        };
        done.unwrap_or_else(|refused| match refused {
            Refused::SessionExpired => (Answer::Expired, Vec::new()),
            Refused::NoNode => (Answer::Nil, Vec::new()),
        })
    }
}

/// Sends the watches that fire.
fn wake(fired: &[Fired], cx: &mut Context<'_>) {
    for one in fired {
        let owner = Owner::of_session(one.session);
        cx.send(NodeId(owner.client), Msg::Gone(owner, one.child));
    }
    if !fired.is_empty() {
        cx.mark(WOKE);
        let woken = fired.len() as u8;
        cx.ghost(|ghost| ghost.woken = ghost.woken.max(woken));
    }
}
