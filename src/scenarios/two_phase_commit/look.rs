//! How the nodes look: badges, fields, logs, locks.

use super::acceptor::Acceptor;
use super::client::Client;
use super::coordinator::{self, Coordinator};
use super::participant::{self, Participant};
use super::vocabulary::{Config, Decision, Record, StateReport, participants_in};
use crate::engine::{Badge, Bar, Disk, Field, Look, SpanKind, Tone};

fn field(name: &str, value: impl Into<String>) -> Field {
    Field { name: name.to_owned(), value: value.into() }
}

fn outcome_badge(decision: Decision) -> Badge {
    match decision {
        Decision::Commit => Badge { text: "committed", tone: Tone::Good },
        Decision::Abort => Badge { text: "aborted", tone: Tone::Stopped },
    }
}

/// Records, the unforced ones marked.
fn log_lines(log: &Disk<Vec<Record>>) -> Vec<String> {
    let safe = log.survives().len();
    let line = |(at, record): (usize, &Record)| {
        let mark = if at < safe { "" } else { " (not forced)" };
        format!("{}{mark}", record.word())
    };
    log.iter().enumerate().map(line).collect()
}

/// The client.
pub fn client(client: &Client) -> Look {
    let knows = match (client.asked, client.told) {
        (false, _) => "nothing asked yet".to_owned(),
        (true, None) => "asked, not answered".to_owned(),
        (true, Some(decision)) => format!("told that it {}", decision.state()),
    };
    Look { badge: client.told.map(outcome_badge), fields: vec![field("knows", knows)], ..Look::default() }
}

/// The coordinator of two-phase and three-phase commit.
pub fn coordinator(node: &Coordinator) -> Look {
    use coordinator::Phase;
    let (phase, badge) = match node.phase {
        Phase::Idle => ("idle", None),
        Phase::Forgotten => ("knows of no transaction", Some(Badge { text: "knows nothing", tone: Tone::Neutral })),
        Phase::Collecting => ("collecting votes", Some(Badge { text: "collecting", tone: Tone::Active })),
        Phase::PreCommitting => ("pre-committing", Some(Badge { text: "pre-committing", tone: Tone::Active })),
        Phase::Recovering => ("asking how it ended", Some(Badge { text: "recovering", tone: Tone::Waiting })),
        Phase::Telling(decision) => ("telling the participants", Some(outcome_badge(decision))),
        Phase::Done(decision) => ("done", Some(outcome_badge(decision))),
    };
    let mut fields = vec![field("phase", phase)];
    if let Phase::Telling(decision) | Phase::Done(decision) = node.phase {
        fields.push(field("decision", decision.word()));
    }
    fields.push(field("voted yes", participants_in(node.yes)));
    fields.push(field("voted no", participants_in(node.no)));
    fields.push(field("acknowledged", participants_in(node.acks)));
    Look { badge, fields, log: log_lines(&node.log), bars: Vec::new() }
}

/// A participant.
pub fn participant(node: &Participant) -> Look {
    use participant::Phase;
    let (phase, badge) = match node.phase {
        Phase::Working => ("working: may still abort on its own", Badge { text: "working", tone: Tone::Active }),
        Phase::Prepared => ("prepared: in doubt", Badge { text: "prepared", tone: Tone::Waiting }),
        Phase::PreCommitted => {
            ("pre-committed: everyone voted yes", Badge { text: "pre-committed", tone: Tone::Waiting })
        }
        Phase::Decided(decision) => (decision.state(), outcome_badge(decision)),
    };
    let locked = !matches!(node.phase, Phase::Decided(_));
    let mut fields = vec![field("phase", phase), field("row lock", if locked { "held" } else { "released" })];
    if node.doubtful != 0 {
        fields.push(field("in doubt too", participants_in(node.doubtful)));
    }
    if node.termination.recovering {
        fields.push(field("recovering", "asks how it ended"));
    }
    if node.termination.leads {
        fields.push(field("backup coordinator", states_line(node)));
    }
    let bars = if locked { vec![Bar { kind: SpanKind::Lock, label: "row lock".to_owned() }] } else { Vec::new() };
    Look { badge: Some(badge), fields, log: log_lines(&node.log), bars }
}

fn states_line(node: &Participant) -> String {
    let known: Vec<String> = node
        .termination
        .states
        .iter()
        .enumerate()
        .filter_map(|(at, state)| {
            let word = match state.as_ref()? {
                StateReport::Uncertain => "uncertain",
                StateReport::PreCommitted => "pre-committed",
                StateReport::Decided(decision) => decision.state(),
                StateReport::Recovering => "recovering",
                StateReport::Leading => "leading",
            };
            Some(format!("p{} {word}", at + 1))
        })
        .collect();
    known.join(", ")
}

/// An acceptor.
pub fn acceptor(config: &Config, node: &Acceptor) -> Look {
    let badge = match (&node.outcome, &node.leads) {
        (Some(decision), _) => Some(outcome_badge(*decision)),
        (None, Some(leading)) if leading.ballot == 0 => Some(Badge { text: "collecting", tone: Tone::Active }),
        (None, Some(_)) => Some(Badge { text: "leading", tone: Tone::Active }),
        (None, None) => None,
    };
    let mut fields = vec![field("promised ballot", node.disk.promised.to_string())];
    for (at, vote) in node.disk.accepted.iter().enumerate().take(usize::from(config.participants)) {
        let value = vote.map_or("nothing accepted".to_owned(), |(ballot, prepared)| {
            format!("{} in ballot {ballot}", if prepared { "prepared" } else { "aborted" })
        });
        fields.push(field(&format!("p{}", at + 1), value));
    }
    if let Some(leading) = &node.leads {
        let phase = if leading.proposed { "phase 2" } else { "phase 1" };
        fields.push(field("leads ballot", format!("{} ({phase})", leading.ballot)));
    }
    if let Some(decision) = node.outcome {
        fields.push(field("decision", decision.word()));
    }
    let mut log = vec![format!("promised {}", node.disk.promised)];
    for (at, vote) in node.disk.accepted.iter().enumerate() {
        if let Some((ballot, prepared)) = vote {
            let word = if *prepared { "prepared" } else { "aborted" };
            log.push(format!("accepted in ballot {ballot}: p{} {word}", at + 1));
        }
    }
    if !node.disk.is_forced() {
        log.push("(latest not forced)".to_owned());
    }
    Look { badge, fields, log, bars: Vec::new() }
}
