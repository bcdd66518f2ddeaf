//! Counts of messages, delays and log writes, beside those that the literature gives for the failure-free case.

use super::ghost::DECIDED;
use super::vocabulary::{Begin, Config, Rules};
use crate::engine::{EventKind, Figure, NodeId, Trace};

/// Figures about the first `rows` rows.
pub fn figures(config: &Config, trace: &Trace, rows: u32) -> Vec<Figure> {
    let counts = Counts::of(config, trace, rows);
    let n = u32::from(config.participants);
    let f = u32::from(config.tolerated);
    vec![
        Figure { label: "messages", value: counts.messages, published: published_messages(config, n, f) },
        Figure {
            label: "message delays until all have decided",
            value: counts.delays,
            published: published_delays(config),
        },
        Figure { label: "acknowledgements", value: counts.acks, published: published_acks(config, n) },
        Figure { label: "forced log writes", value: counts.forced, published: published_forced(config, n) },
        Figure { label: "unforced log writes", value: counts.unforced, published: String::new() },
    ]
}

#[derive(Default)]
struct Counts {
    messages: u32,
    acks: u32,
    forced: u32,
    unforced: u32,
    delays: u32,
}

impl Counts {
    fn of(config: &Config, trace: &Trace, rows: u32) -> Self {
        let mut counts = Counts::default();
        // Length of the longest chain of messages that ends at each node, and at each message's sending.
        let mut chain = vec![0_u32; trace.lanes.len()];
        let mut chain_of_message = vec![0_u32; trace.messages.len()];
        for event in &trace.events[..trace.events.len().min(rows as usize)] {
            let at = event.node.index();
            match &event.kind {
                EventKind::Sent { message } => {
                    chain_of_message[*message as usize] = chain[at] + 1;
                    let sent = &trace.messages[*message as usize];
                    match sent.label.as_str() {
                        "ack" => counts.acks += 1,
                        // What the client is told is no part of the published counts.
                        _ if sent.to == Config::CLIENT => {}
                        _ => counts.messages += 1,
                    }
                }
                EventKind::Duplicated { message, copy } => {
                    chain_of_message[*copy as usize] = chain_of_message[*message as usize];
                }
                EventKind::Delivered { message } => chain[at] = chain[at].max(chain_of_message[*message as usize]),
                EventKind::Wrote { forced: true } => counts.forced += 1,
                EventKind::Wrote { forced: false } => counts.unforced += 1,
                _ => {}
            }
            if event.marks.contains(&DECIDED) && is_participant(config, event.node) {
                counts.delays = counts.delays.max(chain[at]);
            }
        }
        counts
    }
}

fn is_participant(config: &Config, node: NodeId) -> bool {
    config.index_of(node).is_some()
}

/// Gray and Lamport 2006, §5: two-phase commit 3N-1, Paxos Commit NF+F+3N-1, where the first vote sets it off. A client's request and the coordinator's
/// asking all N add 2 to the former.
fn published_messages(config: &Config, n: u32, f: u32) -> String {
    let client = config.begin == Begin::Client;
    match config.rules {
        Rules::ThreePhase if client => format!("5N+1 = {}", 5 * n + 1),
        Rules::ThreePhase => format!("5N\u{2212}1 = {}", 5 * n - 1),
        Rules::PaxosCommit if client => format!("NF+F+3N+1 = {}", n * f + f + 3 * n + 1),
        Rules::PaxosCommit => format!("NF+F+3N\u{2212}1 = {}", n * f + f + 3 * n - 1),
        _ if client => format!("3N+1 = {} (3N\u{2212}1 without a client)", 3 * n + 1),
        _ => format!("3N\u{2212}1 = {}", 3 * n - 1),
    }
}

/// Gray and Lamport 2006, §5: 4 for two-phase commit, 5 for Paxos Commit; a round of pre-commits adds 2.
fn published_delays(config: &Config) -> String {
    match config.rules {
        Rules::ThreePhase => "6",
        // With no crash to tolerate (F=0), the leader is the only acceptor and there is no phase 2b to wait for.
        Rules::PaxosCommit if config.tolerated > 0 => "5",
        _ => "4",
    }
    .to_owned()
}

/// Mohan, Lindsay and Obermarck 1986, §3: every participant acknowledges a commit; in presumed abort nobody acknowledges an abort.
fn published_acks(config: &Config, n: u32) -> String {
    match config.rules {
        Rules::PaxosCommit => "0".to_owned(),
        Rules::PresumedAbort => format!("commit N = {n}, abort 0"),
        _ => format!("commit N = {n}"),
    }
}

/// The coordinator's start and decision and two records at each participant; presumed abort has no start record.
fn published_forced(config: &Config, n: u32) -> String {
    match config.rules {
        Rules::PresumedAbort => format!("commit 2N+1 = {}", 2 * n + 1),
        Rules::NoLog => format!("commit 2N = {}", 2 * n),
        Rules::PaxosCommit => String::new(),
        _ => format!("commit 2N+2 = {}", 2 * n + 2),
    }
}
