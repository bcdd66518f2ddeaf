//! How the nodes look: badges, fields, leases and critical sections.

use super::client::{Client, Phase};
use super::failover::{Member, Sentinel};
use super::keeper::{Data, Keeper};
use super::servers::{Server, Storage};
use super::vocabulary::{Config, Grain, KEYS, Owner, Persistence, Pool, Service};
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
        Phase::Finding => ("looking for the master", Tone::Waiting),
    };
    let mut fields = vec![field("state", text)];
    if !config.rules.single {
        let yes: Vec<String> =
            (0..config.masters).filter(|at| node.granted >> at & 1 == 1).map(|at| format!("r{}", at + 1)).collect();
        fields.push(field("said yes", if yes.is_empty() { "nobody".to_owned() } else { yes.join(", ") }));
    }
    if config.rules.grain != Grain::One {
        let has: Vec<&str> =
            KEYS.into_iter().zip(0..).filter(|(_, at)| node.granted >> at & 1 == 1).map(|(key, _)| key).collect();
        fields.push(field("has", if has.is_empty() { "no lock".to_owned() } else { has.join(", ") }));
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
        if KEYS.contains(&key) {
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

/// A Redis with replicas, or one of these.
pub fn member(config: &Config, own: u8, node: &Member) -> Look {
    let badge = if node.follows == own { ("master", Tone::Active) } else { ("replica", Tone::Neutral) };
    Look { badge: Some(Badge { text: badge.0, tone: badge.1 }), ..server(config, &node.server) }
}

/// The Sentinel.
pub fn sentinel(node: &Sentinel) -> Look {
    Look { fields: vec![field("master", format!("r{}", node.master + 1))], ..Look::default() }
}

/// A service with sessions.
pub fn keeper(config: &Config, node: &Keeper) -> Look {
    let mut fields = Vec::new();
    let mut bars = Vec::new();
    for (place, session, until_ms) in node.list() {
        let ends = until_ms.map_or(String::new(), |until_ms| match config.rules.service {
            Service::Table => format!(", until {until_ms} ms"),
            _ => format!(", session until {until_ms} ms"),
        });
        let (name, owner) = (config.rules.service.place(place), Owner::of_session(session).text());
        if bars.is_empty() {
            let kind = until_ms.map_or(SpanKind::Lock, |until_ms| SpanKind::Lease { until_ms });
            bars.push(Bar { kind, label: format!("{name} = {owner}") });
        }
        fields.push(field(&name, format!("{owner}{ends}")));
    }
    if fields.is_empty() {
        fields.push(field("places", "none"));
    }
    match &node.data {
        Data::ZooKeeper(_) | Data::Table(_) => {}
        Data::Advisory(data) if config.rules.pool != Pool::None => {
            let (lent, holder) = data.connections();
            for number in 1..=u16::from(config.connections) {
                let client = lent.iter().find(|(connection, _)| *connection == number);
                let mut value = client.map_or("free".to_owned(), |(_, client)| Owner::of_session(*client).text());
                value.push_str(if holder == Some(number) { ", has the lock" } else { "" });
                fields.push(field(&format!("connection {number}"), value));
            }
        }
        Data::Advisory(_) => {}
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
