//! How the nodes look: badges, fields, leases and critical sections.

use super::client::{Client, Phase};
use super::keeper::{Data, Keeper};
use super::servers::{Server, Storage};
use super::vocabulary::{Config, LOCK, Owner, Persistence};
use crate::engine::{Badge, Bar, Field, Look, SpanKind, Tone};

fn field(name: &str, value: impl Into<String>) -> Field {
    Field { name: name.to_owned(), value: value.into() }
}

/// A client.
pub fn client(config: &Config, node: &Client) -> Look {
    let (text, tone) = match node.phase {
        Phase::Idle => ("idle", Tone::Neutral),
        Phase::Asking | Phase::Expiring => ("acquiring", Tone::Active),
        Phase::Reading | Phase::Working | Phase::Writing => ("inside", Tone::Active),
        Phase::Releasing => ("releasing", Tone::Active),
        Phase::Drawing | Phase::Waiting => ("waiting", Tone::Waiting),
        Phase::Done => ("done", Tone::Good),
        Phase::Failed => ("failed", Tone::Stopped),
        Phase::Lost => ("lost the lock", Tone::Stopped),
        Phase::GaveUp => ("gave up", Tone::Stopped),
    };
    let mut fields = vec![field("state", text)];
    if !config.rules.single {
        let yes: Vec<String> =
            (0..config.masters).filter(|at| node.granted >> at & 1 == 1).map(|at| format!("r{}", at + 1)).collect();
        fields.push(field("said yes", if yes.is_empty() { "nobody".to_owned() } else { yes.join(", ") }));
    }
    if let Some(until_ms) = node.until_ms {
        fields.push(field("lease until (own clock)", format!("{until_ms} ms")));
    }
    if let Some(token) = node.token {
        fields.push(field("token", token.to_string()));
    }
    let mut bars = Vec::new();
    if let Some(until_ms) = node.until_ms {
        let label = if node.is_inside() { "believes it holds the lock" } else { "believes that its session lasts" };
        bars.push(Bar { kind: SpanKind::Lease { until_ms }, label: label.to_owned() });
    }
    if node.is_inside() {
        bars.push(Bar { kind: SpanKind::CriticalSection, label: "critical section".to_owned() });
    }
    Look { badge: Some(Badge { text, tone }), fields, log: Vec::new(), bars }
}

/// A Redis. It cannot see its own clock here, so that a key stands until it is swept.
pub fn server(config: &Config, node: &Server) -> Look {
    let mut fields = Vec::new();
    let mut bars = Vec::new();
    for (key, text, until_ms) in node.data.list(i64::MIN) {
        let expiry = until_ms.map_or(String::new(), |until_ms| format!(", until {until_ms} ms"));
        fields.push(field(key, format!("{text}{expiry}")));
        if key == LOCK {
            let kind = until_ms.map_or(SpanKind::Lock, |until_ms| SpanKind::Lease { until_ms });
            bars.push(Bar { kind, label: format!("{key} = {text}") });
        }
    }
    if fields.is_empty() {
        fields.push(field("keys", "none"));
    }
    let log = match config.persistence {
        Persistence::Off => Vec::new(),
        _ => node.disk.survives().list(i64::MIN).map(|(key, text, _)| format!("{key} = {text}")).collect(),
    };
    let badge = node.is_silent.then_some(Badge { text: "silent", tone: Tone::Waiting });
    Look { badge, fields, log, bars }
}

/// A service with sessions.
pub fn keeper(config: &Config, node: &Keeper) -> Look {
    let mut fields = Vec::new();
    let mut bars = Vec::new();
    for (place, session, until_ms) in node.list() {
        let (name, owner) = (config.rules.service.place(place), Owner::of_session(session).text());
        if bars.is_empty() {
            bars.push(Bar { kind: SpanKind::Lease { until_ms }, label: format!("{name} = {owner}") });
        }
        fields.push(field(&name, format!("{owner}, session until {until_ms} ms")));
    }
    if fields.is_empty() {
        fields.push(field("places", "none"));
    }
    match &node.data {
        Data::ZooKeeper(_) => {}
        Data::Etcd(data) => fields.push(field("revision", data.revision().to_string())),
        Data::Consul(data) => {
            if let Some(until_ms) = data.delay_until_ms() {
                fields.push(field("lock-delay until", format!("{until_ms} ms")));
                bars.push(Bar { kind: SpanKind::Lease { until_ms }, label: "lock-delay".to_owned() });
            }
        }
    }
    if config.rules.guarded {
        fields.extend(storage(config, &node.storage).fields);
    }
    Look { fields, bars, ..Look::default() }
}

/// The storage.
pub fn storage(config: &Config, node: &Storage) -> Look {
    let last = node.last.map_or("nobody".to_owned(), |owner| owner.text());
    let mut fields = vec![field("version", node.version.to_string()), field("written last by", last)];
    if config.rules.fenced {
        fields.push(field("newest token", node.newest.map_or("none".to_owned(), |token| token.to_string())));
    }
    Look { fields, ..Look::default() }
}
