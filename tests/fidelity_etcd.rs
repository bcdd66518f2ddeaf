//! The simulated etcd against a real one: random sequences of grants, transactions, reads, deletions and revocations, with answers, revisions and what
//! watches hear compared, and leases that end of themselves. Run by `make fidelity` (`tools/fidelity/etcd.sh`), which starts a server and says where in
//! `ETCD_PORT`. It speaks to the JSON gateway that every etcd 3.4 serves beside gRPC.
//!
//! Tolerance: a real server looks for leases that are over every half second and revokes them by a proposal of its own, so that the end of one is compared
//! to [`SLACK_MS`].

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use interleave::engine::generator;
use interleave::servers::etcd::{Etcd, Fired, NoLease, OUTSIDE};
use rand_core::RngCore;
use serde_json::{Value, json};

/// Long enough that no lease ends by itself, in s.
const LONG_S: i64 = 1_000;
/// A lease that is to end, and by how much later than said it may, in ms.
const SHORT_MS: u64 = 2_000;
const SLACK_MS: u64 = 1_500;
/// Leases and keys of a sequence, from 1.
const LEASES: u32 = 3;
const KEYS: u32 = 4;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Act {
    Grant(u16),
    KeepAlive(u16),
    Revoke(u16),
    PutIf { if_key: u16, created: i32, key: u16, lease: Option<u16> },
    Get(u16),
    First,
    Last(i32),
    Delete(u16),
}

/// A connection to the gateway.
struct Gateway(BufReader<TcpStream>);

impl Gateway {
    fn open() -> Self {
        let port: u16 = std::env::var("ETCD_PORT").expect("ETCD_PORT").parse().expect("a port");
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a server listens");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
        Gateway(BufReader::new(stream))
    }

    fn send(&mut self, path: &str, body: &Value) {
        let body = body.to_string();
        let head = format!("POST /v3/{path} HTTP/1.1\r\nHost: etcd\r\nContent-Length: {}\r\n\r\n", body.len());
        self.0.get_mut().write_all((head + &body).as_bytes()).expect("it is sent");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// Reads the head of an answer: how long its body is, or `None` where it comes in chunks.
    fn head(&mut self) -> Option<usize> {
        let mut length = None;
        loop {
            let line = self.line().to_ascii_lowercase();
            if line.is_empty() {
                return length;
            }
            length = line.strip_prefix("content-length: ").map_or(length, |text| text.parse().ok());
        }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).expect("a body");
        bytes
    }

    /// A chunk; empty for the last.
    fn chunk(&mut self) -> Vec<u8> {
        let length = usize::from_str_radix(&self.line(), 16).expect("the length of a chunk");
        let bytes = self.bytes(length);
        self.line();
        bytes
    }

    /// Asks, over a connection of its own: some paths close theirs behind the answer.
    fn ask(path: &str, body: &Value) -> Value {
        let mut gateway = Gateway::open();
        gateway.send(path, body);
        let Some(length) = gateway.head() else {
            let mut all = Vec::new();
            loop {
                let chunk = gateway.chunk();
                if chunk.is_empty() {
                    return serde_json::from_slice(&all).expect("JSON");
                }
                all.extend(chunk);
            }
        };
        serde_json::from_slice(&gateway.bytes(length)).expect("JSON")
    }
}

/// A number; 64-bit ones are text, and 0 is left out.
fn int(value: &Value) -> i64 {
    value.as_str().map_or(0, |text| text.parse().expect("a number"))
}

/// A sequence with the real server.
struct Real {
    /// Its keys begin so.
    prefix: String,
    /// Its leases are counted from here.
    leases: i64,
    /// The revision before it; an empty etcd is at 1.
    revision: i64,
}

impl Real {
    fn begin(seed: u64) -> Self {
        let nothing = Gateway::ask("kv/range", &json!({ "key": STANDARD.encode("nothing") }));
        let revision = int(&nothing["header"]["revision"]);
        let prefix = format!("locks-{}-{seed}/", std::process::id());
        Real { prefix, leases: i64::from(std::process::id()) << 32 | (seed as i64) << 8, revision }
    }

    fn key(&self, name: u16) -> String {
        let text = if name == OUTSIDE { format!("data-{}", self.prefix) } else { format!("{}{name}", self.prefix) };
        STANDARD.encode(text)
    }

    fn all(&self) -> (String, String) {
        (STANDARD.encode(&self.prefix), STANDARD.encode(self.prefix.replace('/', "0")))
    }

    fn name(&self, key: &Value) -> u16 {
        let bytes = STANDARD.decode(key.as_str().expect("a key")).expect("base64");
        let text = String::from_utf8(bytes).expect("a key of ours");
        text.strip_prefix(&self.prefix).map_or(OUTSIDE, |name| name.parse().expect("a name"))
    }

    fn lease(&self, lease: u16) -> String {
        (self.leases | i64::from(lease)).to_string()
    }

    fn since(&self, revision: &Value) -> i64 {
        int(revision) - self.revision + 1
    }

    /// The first key of an answer, as [`told`] has it.
    fn first(&self, answer: &Value) -> String {
        let Some(kv) = answer["kvs"].get(0) else { return "none".to_owned() };
        let lease = match int(&kv["lease"]) {
            0 => None,
            lease => Some((lease & 0xFF) as u16),
        };
        let (created, modified) = (self.since(&kv["create_revision"]), self.since(&kv["mod_revision"]));
        format!("{} {created} {modified} {} {lease:?}", self.name(&kv["key"]), int(&kv["version"]))
    }

    fn range(&mut self, order: &str, at_most: i64) -> String {
        let (from, to) = self.all();
        let most = if at_most == 0 { 0 } else { at_most + self.revision - 1 };
        let body = json!({
            "key": from, "range_end": to, "limit": "1", "sort_order": order, "sort_target": "CREATE",
            "max_create_revision": most.to_string(),
        });
        let answer = Gateway::ask("kv/range", &body);
        self.first(&answer)
    }

    /// What it does: an answer, and the revision after it.
    fn perform(&mut self, act: Act) -> (String, i64) {
        let answer = match act {
            Act::Grant(lease) => {
                let body = json!({ "ID": self.lease(lease), "TTL": LONG_S.to_string() });
                let answer = Gateway::ask("lease/grant", &body);
                assert_eq!(int(&answer["TTL"]), LONG_S, "{answer}");
                "ok".to_owned()
            }
            Act::KeepAlive(lease) => {
                let answer = Gateway::ask("lease/keepalive", &json!({ "ID": self.lease(lease) }));
                if int(&answer["result"]["TTL"]) > 0 { "ok" } else { "gone" }.to_owned()
            }
            Act::Revoke(lease) => {
                let answer = Gateway::ask("lease/revoke", &json!({ "ID": self.lease(lease) }));
                if answer["error"].is_null() { "ok" } else { "gone" }.to_owned()
            }
            Act::PutIf { if_key, created, key, lease } => {
                let created = if created == 0 { 0 } else { i64::from(created) + self.revision - 1 };
                let compare = json!({
                    "target": "CREATE", "result": "EQUAL", "key": self.key(if_key), "create_revision": created.to_string(),
                });
                let lease = lease.map_or("0".to_owned(), |lease| self.lease(lease));
                let put = json!({ "request_put": { "key": self.key(key), "lease": lease } });
                let answer = Gateway::ask("kv/txn", &json!({ "compare": [compare], "success": [put] }));
                match (&answer["error"], &answer["succeeded"]) {
                    (Value::Null, Value::Bool(true)) => "ok".to_owned(),
                    (Value::Null, _) => "not so".to_owned(),
                    (error, _) => {
                        assert!(error.as_str().is_some_and(|text| text.contains("lease not found")), "{error}");
                        "no lease".to_owned()
                    }
                }
            }
            Act::Get(key) => {
                let answer = Gateway::ask("kv/range", &json!({ "key": self.key(key) }));
                self.first(&answer)
            }
            Act::First => self.range("ASCEND", 0),
            Act::Last(at_most) => self.range("DESCEND", i64::from(at_most)),
            Act::Delete(key) => {
                let answer = Gateway::ask("kv/deleterange", &json!({ "key": self.key(key) }));
                if int(&answer["deleted"]) == 1 { "ok" } else { "none" }.to_owned()
            }
        };
        let now = Gateway::ask("kv/range", &json!({ "key": self.key(OUTSIDE) }));
        (answer, self.since(&now["header"]["revision"]))
    }

    /// Everything that a watch over the prefix hears, from the beginning on: (revision, name, whether it was deleted).
    fn history(&mut self) -> Vec<(i64, u16, bool)> {
        let last = Gateway::ask("kv/put", &json!({ "key": self.key(999) }));
        let last = int(&last["header"]["revision"]);
        let (from, to) = self.all();
        let start = (self.revision + 1).to_string();
        let create = json!({ "create_request": { "key": from, "range_end": to, "start_revision": start } });
        let mut stream = Gateway::open();
        stream.send("watch", &create);
        assert_eq!(stream.head(), None, "it comes in chunks");
        let (mut heard, mut rest) = (Vec::new(), Vec::new());
        loop {
            rest.extend(stream.chunk());
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                let told: Value = serde_json::from_slice(&line).expect("JSON");
                for event in told["result"]["events"].as_array().into_iter().flatten() {
                    let revision = int(&event["kv"]["mod_revision"]);
                    if revision == last {
                        return heard;
                    }
                    heard.push((
                        revision - self.revision + 1,
                        self.name(&event["kv"]["key"]),
                        event["type"] == "DELETE",
                    ));
                }
            }
        }
    }
}

/// A key as text.
fn told(key: Option<&interleave::servers::etcd::Key>) -> String {
    key.map_or("none".to_owned(), |key| {
        format!("{} {} {} {} {:?}", key.name, key.created, key.modified, key.version, key.lease)
    })
}

/// What the simulated one does: an answer, and the watches that fire.
fn simulated(server: &mut Etcd, act: Act) -> (String, Vec<Fired>) {
    let word = |done: bool, yes: &str, no: &str| if done { yes } else { no }.to_owned();
    let answer = match act {
        Act::Grant(lease) => {
            server.grant(0, lease, LONG_S * 1_000);
            "ok".to_owned()
        }
        Act::KeepAlive(lease) => word(server.keep_alive(0, lease).is_ok(), "ok", "gone"),
        Act::Revoke(lease) => {
            let fired = server.revoke(lease);
            return (word(fired.is_some(), "ok", "gone"), fired.unwrap_or_default());
        }
        Act::PutIf { if_key, created, key, lease } => match server.put_if(if_key, created, key, lease) {
            Ok(done) => word(done, "ok", "not so"),
            Err(NoLease) => "no lease".to_owned(),
        },
        Act::Get(key) => told(server.get(key)),
        Act::First => told(server.first()),
        Act::Last(at_most) => told(server.last(at_most)),
        Act::Delete(key) => {
            let fired = server.delete(key);
            return (word(fired.is_some(), "ok", "none"), fired.unwrap_or_default());
        }
    };
    (answer, Vec::new())
}

/// Draws what is asked next.
fn draw(random: &mut impl RngCore, granted: &mut [bool], server: &Etcd) -> Act {
    let mut below = |most: u32| (random.next_u32() % most) as u16;
    let (lease, key) = (1 + below(LEASES), 1 + below(KEYS));
    let is_granted = &mut granted[usize::from(lease)];
    match below(20) {
        0..4 if !*is_granted => {
            *is_granted = true;
            Act::Grant(lease)
        }
        4 => {
            *is_granted = false;
            Act::Revoke(lease)
        }
        5 => Act::KeepAlive(lease),
        6..13 => {
            // As the recipe does most often: one's own key, if it is not there.
            let if_key = if below(3) == 0 { 1 + below(KEYS) } else { key };
            let created = if below(3) == 0 { server.get(if_key).map_or(0, |key| key.created) } else { 0 };
            let key = if below(6) == 0 { OUTSIDE } else { key };
            Act::PutIf { if_key, created, key, lease: (below(5) != 0).then_some(lease) }
        }
        13 => Act::Get(key),
        14 => Act::First,
        15 => Act::Last(1 + i32::from(below(server.revision().unsigned_abs() + 1))),
        _ => Act::Delete(key),
    }
}

#[test]
#[ignore = "needs a real etcd: make fidelity"]
fn random_sequences_get_the_same_answers_revisions_and_watches_from_a_real_etcd() {
    let number = |name: &str, default: u64| std::env::var(name).ok().map_or(default, |text| text.parse().expect(name));
    let (first, count) = (number("ETCD_SEED", 1), number("ETCD_SEQUENCES", 200));
    let (mut requests, mut watches) = (0, 0);
    for seed in first..first + count {
        let mut random = generator(seed, 8);
        let (mut real, mut server, mut granted) = (Real::begin(seed), Etcd::default(), [false; LEASES as usize + 1]);
        let (mut log, mut fired, mut begun) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..30 {
            // Somebody begins to watch a key that is there.
            let name = 1 + (random.next_u32() % KEYS) as u16;
            if let Some(created) = server.get(name).map(|key| key.created)
                && random.next_u32().is_multiple_of(3)
            {
                let watcher = begun.len() as u16;
                assert!(server.watch(watcher, name, created));
                begun.push((watcher, name, i64::from(server.revision())));
            }
            let act = draw(&mut random, &mut granted, &server);
            let theirs = real.perform(act);
            let (answer, woken) = simulated(&mut server, act);
            log.push(format!("{act:?}: {theirs:?}"));
            assert_eq!((answer, i64::from(server.revision())), theirs, "seed {seed}:\n{}", log.join("\n"));
            fired.extend(woken.iter().map(|one| (i64::from(server.revision()), one.watcher, one.name)));
            requests += 1;
        }
        let history = real.history();
        (1..=LEASES as u16).for_each(|lease| drop(real.perform(Act::Revoke(lease))));
        let ends = begun.iter().filter_map(|(watcher, name, since)| {
            let end = history.iter().find(|(revision, key, is_gone)| *is_gone && key == name && revision > since)?;
            Some((end.0, *watcher, *name))
        });
        let mut heard: Vec<(i64, u16, u16)> = ends.collect();
        heard.sort_unstable();
        assert_eq!(fired, heard, "seed {seed}:\n{}", log.join("\n"));
        watches += fired.len();
    }
    println!("etcd: {count} sequences from seed {first}, {requests} requests, {watches} watches fired, no difference");
    assert!(watches as u64 >= count, "watches fire");
}

#[test]
#[ignore = "needs a real etcd: make fidelity"]
fn a_lease_that_nobody_keeps_alive_ends_when_it_is_said_to_and_its_key_with_it() {
    for round in 0..2 {
        let mut real = Real::begin(1_000_000 + round);
        let begun = Instant::now();
        let granted =
            Gateway::ask("lease/grant", &json!({ "ID": real.lease(1), "TTL": (SHORT_MS / 1_000).to_string() }));
        assert_eq!(int(&granted["TTL"]).unsigned_abs() * 1_000, SHORT_MS);
        let put = Act::PutIf { if_key: 1, created: 0, key: 1, lease: Some(1) };
        assert_eq!(real.perform(put), ("ok".to_owned(), 2));
        while real.perform(Act::Get(1)).0 != "none" {
            assert!(begun.elapsed() < Duration::from_secs(10), "it never ends");
            std::thread::sleep(Duration::from_millis(10));
        }
        let took_ms = begun.elapsed().as_millis() as u64;
        assert!((SHORT_MS..=SHORT_MS + SLACK_MS).contains(&took_ms), "{took_ms} ms and not {SHORT_MS}");
        assert_eq!(real.perform(Act::KeepAlive(1)), ("gone".to_owned(), 3));
        assert_eq!(real.perform(put), ("no lease".to_owned(), 3));

        let (mut server, short_ms) = (Etcd::default(), SHORT_MS.cast_signed());
        server.grant(0, 1, short_ms);
        assert_eq!(server.put_if(1, 0, 1, Some(1)), Ok(true));
        assert!(server.expire(short_ms - 1).is_empty());
        assert_eq!(server.expire(short_ms), [(1, Vec::new())]);
        assert_eq!((server.get(1), server.revision()), (None, 3));
        assert_eq!(server.put_if(1, 0, 1, Some(1)), Err(NoLease));
    }
}
