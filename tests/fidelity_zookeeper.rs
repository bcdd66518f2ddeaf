//! The simulated ZooKeeper against a real one: random sequences of requests from three sessions, answers and watches compared, and sessions that end of
//! themselves. Run by `make fidelity` (`tools/fidelity/zookeeper.sh`), which starts a server and says where in `ZOOKEEPER_PORT`.
//!
//! Tolerance: a real server ends a session at the next of its ticks, of 100 ms here, so that the end of one is compared to [`SLACK_MS`].

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use interleave::engine::generator;
use interleave::servers::zookeeper::{Fired, Refused, ZooKeeper};
use rand_core::RngCore;

/// The longest that a sequence may take, in ms: no session ends meanwhile.
const LONG_MS: i32 = 4_000;
/// A session that is to end, and by how much later than said it may, in ms.
const SHORT_MS: i32 = 400;
const SLACK_MS: u128 = 350;
/// Sessions of a sequence.
const SESSIONS: u16 = 3;

/// What a session asks.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Act {
    Create,
    Children,
    Watch(i32),
    Delete(i32),
    Close,
}

/// What comes of it: an answer as text, and who hears of the end of which child.
type Outcome = (String, Vec<(u16, i32)>);

/// The real server's protocol, as far as it is needed (jute; `zookeeper.jute`).
#[derive(Default)]
struct Packet(Vec<u8>);

impl Packet {
    fn int(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn long(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn bytes(self, value: &[u8]) -> Self {
        let mut packet = self.int(i32::try_from(value.len()).expect("short"));
        packet.0.extend(value);
        packet
    }

    fn flag(mut self, value: bool) -> Self {
        self.0.push(u8::from(value));
        self
    }
}

/// A reader of what the server sent.
struct Sent<'a>(&'a [u8]);

impl Sent<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_at(N);
        self.0 = rest;
        head.try_into().expect("as long as asked for")
    }

    fn int(&mut self) -> i32 {
        i32::from_be_bytes(self.take())
    }

    fn text(&mut self) -> String {
        let length = usize::try_from(self.int()).expect("a length");
        let (head, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8(head.to_vec()).expect("a path")
    }
}

/// A session with the real server.
struct Session {
    stream: TcpStream,
    xid: i32,
    /// Watches that have fired: paths.
    heard: Vec<String>,
}

impl Session {
    fn open(port: u16, timeout_ms: i32) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a server listens");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
        let mut session = Session { stream, xid: 0, heard: Vec::new() };
        let hello = Packet::default().int(0).long(0).int(timeout_ms).long(0).bytes(&[0; 16]).flag(false);
        session.send(&hello);
        let answer = session.receive();
        let mut answer = Sent(&answer);
        answer.int();
        assert_eq!(answer.int(), timeout_ms, "the timeout is what was asked for");
        session
    }

    fn send(&mut self, packet: &Packet) {
        let framed = Packet::default().bytes(&packet.0);
        self.stream.write_all(&framed.0).expect("it is sent");
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).expect("an answer");
        let mut body = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut body).expect("an answer");
        body
    }

    /// Asks, and reads up to the answer: its error code and what follows.
    fn ask(&mut self, operation: i32, payload: &Packet) -> (i32, Vec<u8>) {
        self.xid += 1;
        let mut packet = Packet::default().int(self.xid).int(operation);
        packet.0.extend(&payload.0);
        self.send(&packet);
        loop {
            let body = self.receive();
            let mut sent = Sent(&body);
            let xid = sent.int();
            sent.take::<8>();
            let error = sent.int();
            if xid == -1 {
                assert_eq!((sent.int(), sent.int()), (2, 3), "a node was deleted, and the session is connected");
                self.heard.push(sent.text());
            } else {
                assert_eq!(xid, self.xid);
                return (error, sent.0.to_vec());
            }
        }
    }

    fn create(&mut self, path: &str, flags: i32) -> (i32, Vec<u8>) {
        let anyone =
            Packet::default().bytes(path.as_bytes()).bytes(b"").int(1).int(31).bytes(b"world").bytes(b"anyone");
        self.ask(1, &anyone.int(flags))
    }

    /// Whatever has been fired at it meanwhile: a request is answered behind it.
    fn heard(&mut self) -> Vec<i32> {
        self.ask(3, &Packet::default().bytes(b"/").flag(false));
        self.heard.drain(..).map(|path| number(&path)).collect()
    }
}

/// The number at the end of a path.
fn number(path: &str) -> i32 {
    path.rsplit('-').next().and_then(|digits| digits.parse().ok()).expect("a sequential node")
}

fn path(parent: &str, child: i32) -> Packet {
    Packet::default().bytes(format!("{parent}/lock-{child:010}").as_bytes())
}

/// What the real server does.
fn real(sessions: &mut [Option<Session>], port: u16, parent: &str, who: u16, act: Act) -> Outcome {
    let slot = &mut sessions[usize::from(who)];
    let session = slot.get_or_insert_with(|| Session::open(port, LONG_MS));
    let (error, body) = match act {
        Act::Create => session.create(&format!("{parent}/lock-"), 3),
        Act::Children => session.ask(8, &Packet::default().bytes(parent.as_bytes()).flag(false)),
        Act::Watch(child) => session.ask(4, &path(parent, child).flag(true)),
        Act::Delete(child) => session.ask(2, &path(parent, child).int(-1)),
        Act::Close => session.ask(-11, &Packet::default()),
    };
    let mut sent = Sent(&body);
    let answer = match (error, act) {
        (-101, _) => "no node".to_owned(),
        (0, Act::Create) => number(&sent.text()).to_string(),
        (0, Act::Children) => {
            let mut all: Vec<i32> = (0..sent.int()).map(|_| number(&sent.text())).collect();
            all.sort_unstable();
            format!("{all:?}")
        }
        (0, _) => "ok".to_owned(),
        _ => panic!("error {error}"),
    };
    if act == Act::Close {
        *slot = None;
    }
    let others = sessions.iter_mut().zip(0..).filter_map(|(slot, who)| Some((slot.as_mut()?, who)));
    let heard = others.flat_map(|(session, who)| session.heard().into_iter().map(move |child| (who, child)));
    (answer, heard.collect())
}

/// What the simulated one does.
fn simulated(server: &mut ZooKeeper, open: &mut [bool], who: u16, act: Act) -> Outcome {
    if !std::mem::replace(&mut open[usize::from(who)], true) {
        server.connect(0, who, i64::from(LONG_MS));
    }
    let told = |fired: Vec<Fired>| fired.into_iter().map(|one| (one.session, one.child)).collect::<Vec<_>>();
    let done = match act {
        Act::Create => server.create(0, who).map(|child| (child.to_string(), Vec::new())),
        Act::Children => server.children(0, who).map(|all| (format!("{all:?}"), Vec::new())),
        Act::Watch(child) => server.watch(0, who, child).map(|()| ("ok".to_owned(), Vec::new())),
        Act::Delete(child) => server.delete(0, who, child).map(|fired| ("ok".to_owned(), told(fired))),
        Act::Close => {
            open[usize::from(who)] = false;
            Ok(("ok".to_owned(), told(server.close(who))))
        }
    };
    let (answer, mut fired) = match done {
        Ok(done) => done,
        Err(Refused::NoNode) => ("no node".to_owned(), Vec::new()),
        Err(Refused::SessionExpired) => panic!("no session ends here"),
    };
    // Who hears of several ends hears of them in the order of the real server's; between sessions there is none.
    fired.sort_by_key(|(session, _)| *session);
    (answer, fired)
}

fn port() -> u16 {
    std::env::var("ZOOKEEPER_PORT").expect("ZOOKEEPER_PORT").parse().expect("a port")
}

#[test]
#[ignore = "needs a real ZooKeeper: make fidelity"]
fn random_sequences_get_the_same_answers_and_watches_from_a_real_zookeeper() {
    let number = |name: &str, default: u64| std::env::var(name).ok().map_or(default, |text| text.parse().expect(name));
    let (first, count) = (number("ZOOKEEPER_SEED", 1), number("ZOOKEEPER_SEQUENCES", 400));
    let run = std::process::id();
    let (mut requests, mut watches) = (0, 0);
    for seed in first..first + count {
        let mut random = generator(seed, 7);
        let parent = format!("/locks-{run}-{seed}");
        let (error, _) = Session::open(port(), LONG_MS).create(&parent, 0);
        assert_eq!(error, 0);
        let mut sessions: Vec<Option<Session>> = (0..SESSIONS).map(|_| None).collect();
        let (mut server, mut open) = (ZooKeeper::default(), [false; SESSIONS as usize]);
        let mut told = Vec::new();
        for _ in 0..30 {
            let who = (random.next_u32() % u32::from(SESSIONS)) as u16;
            let child = (random.next_u32() % 8) as i32;
            let act = match random.next_u32() % 20 {
                0..6 => Act::Create,
                6..9 => Act::Children,
                9..15 => Act::Watch(child),
                15..19 => Act::Delete(child),
                _ => Act::Close,
            };
            let theirs = real(&mut sessions, port(), &parent, who, act);
            let mut ours = simulated(&mut server, &mut open, who, act);
            // The real one ends the children of a session in no order of ours.
            let sorted = |outcome: &mut Outcome| outcome.1.sort_unstable();
            let mut theirs = theirs;
            sorted(&mut theirs);
            sorted(&mut ours);
            told.push(format!("{who} {act:?}: {theirs:?}"));
            assert_eq!(ours, theirs, "seed {seed}:\n{}", told.join("\n"));
            requests += 1;
            watches += ours.1.len();
        }
    }
    println!(
        "zookeeper: {count} sequences from seed {first}, {requests} requests, {watches} watches fired, no difference"
    );
    assert!(watches as u64 * 4 > count, "watches fire");
}

#[test]
#[ignore = "needs a real ZooKeeper: make fidelity"]
fn a_session_that_is_silent_ends_when_it_is_said_to_and_wakes_who_watches_its_child() {
    for round in 0..5 {
        let parent = format!("/expiry-{}-{round}", std::process::id());
        let mut watcher = Session::open(port(), LONG_MS);
        assert_eq!(watcher.create(&parent, 0).0, 0);
        let mut silent = Session::open(port(), SHORT_MS);
        let begun = Instant::now();
        assert_eq!(silent.create(&format!("{parent}/lock-"), 3).0, 0);
        assert_eq!(watcher.ask(4, &path(&parent, 0).flag(true)).0, 0);
        let heard = loop {
            let heard = watcher.heard();
            if !heard.is_empty() {
                break heard;
            }
            assert!(begun.elapsed() < Duration::from_secs(5), "it never ends");
            std::thread::sleep(Duration::from_millis(5));
        };
        let (took_ms, said_ms) = (begun.elapsed().as_millis(), u128::from(SHORT_MS.unsigned_abs()));
        assert_eq!(heard, [0]);
        assert!((said_ms..=said_ms + SLACK_MS).contains(&took_ms), "{took_ms} ms and not {said_ms}");

        let mut server = ZooKeeper::default();
        server.connect(0, 1, i64::from(LONG_MS));
        server.connect(0, 2, i64::from(SHORT_MS));
        assert_eq!(server.create(0, 2), Ok(0));
        assert_eq!(server.watch(0, 1, 0), Ok(()));
        assert_eq!(server.expire(i64::from(SHORT_MS) - 1), []);
        assert_eq!(server.expire(i64::from(SHORT_MS)), [(2, vec![Fired { session: 1, child: 0 }])]);
    }
}
