//! The simulated Redis against a real one: random sequences of commands from two connections, replies compared byte for byte. Run by `make fidelity`
//! (`tools/fidelity/redis.sh`), which starts a server and says where in `REDIS_PORT`.
//!
//! Tolerances: PTTL may differ by [`SLACK_MS`], since real time goes on between two commands; a sequence that real time tore apart by more is played
//! again; an error from within a script is compared up to the place in the Lua that Redis adds; counters of
//! scripts stay small, since a script's numbers are Lua's, floats.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use interleave::engine::generator;
use interleave::servers::redis::words::Server;
use rand_core::RngCore;

/// By how much a PTTL may differ, and how long the commands between two sleeps may take, in ms.
const SLACK_MS: i64 = 25;
/// The short expiry of the sequences, and how long they sleep to see it pass, in ms.
const SHORT_MS: i64 = 40;
const SLEEP_MS: i64 = 80;

/// The Lua of our scripts' names.
const SCRIPTS: [(&str, &str); 5] = [
    (
        "compare-and-delete",
        "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end",
    ),
    (
        "compare-and-extend",
        "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('pexpire',KEYS[1],ARGV[2]) else return 0 end",
    ),
    (
        "lock-with-token",
        "if redis.call('set',KEYS[1],ARGV[1],'NX','PX',ARGV[2]) then return redis.call('incr',KEYS[2]) else return false end",
    ),
    (
        "redisson-lock",
        "if redis.call('exists',KEYS[1])==0 or redis.call('hexists',KEYS[1],ARGV[1])==1 then redis.call('hincrby',KEYS[1],ARGV[1],1) redis.call('pexpire',KEYS[1],ARGV[2]) return nil end return redis.call('pttl',KEYS[1])",
    ),
    (
        "redisson-unlock",
        "if redis.call('hexists',KEYS[1],ARGV[1])==0 then return nil end if redis.call('hincrby',KEYS[1],ARGV[1],-1)>0 then redis.call('pexpire',KEYS[1],ARGV[2]) return 0 else redis.call('del',KEYS[1]) return 1 end",
    ),
];

#[derive(Clone, Debug, PartialEq)]
enum Act {
    Call(u8, Vec<String>),
    Sleep,
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a server listens");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
        Connection(BufReader::new(stream))
    }

    fn call(&mut self, words: &[&str]) -> String {
        let mut out = format!("*{}\r\n", words.len());
        for word in words {
            out += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.0.get_mut().write_all(out.as_bytes()).expect("it is sent");
        let mut reply = String::new();
        self.read(&mut reply);
        reply
    }

    fn read(&mut self, reply: &mut String) {
        let begun = reply.len();
        self.0.read_line(reply).expect("it answers");
        let line = reply[begun..].trim_end().to_owned();
        let count = || line[1..].parse::<i64>().expect("a length");
        match line.as_bytes()[0] {
            b'$' if count() >= 0 => {
                let mut text = vec![0; count() as usize + 2];
                self.0.read_exact(&mut text).expect("a string");
                *reply += &String::from_utf8(text).expect("text");
            }
            b'*' if count() > 0 => (0..count()).for_each(|_| self.read(reply)),
            _ => {}
        }
    }
}

/// One of these words.
fn one<'a>(random: &mut impl RngCore, of: &[&'a str]) -> &'a str {
    of[random.next_u32() as usize % of.len()]
}

fn draw(random: &mut impl RngCore) -> Act {
    const KEYS: [&str; 4] = ["k1", "k2", "h", "z"];
    const VALUES: [&str; 8] = ["a", "b", "1", "-5", "007", "9223372036854775807", "", "x y"];
    const AMOUNTS: [&str; 8] = ["40", "100000", "0", "-1", "abc", "1.5", "9223372036854775807", "100000"];
    const SCORES: [&str; 9] = ["1", "2", "2.5", "-inf", "inf", "nan", "x", "3", "-0"];
    const BOUNDS: [&str; 8] = ["-inf", "+inf", "1", "(1", "2.5", "(2.5", "x", "3"];
    const FIELDS: [&str; 3] = ["f", "g", "a"];
    const NUMBERS: [&str; 6] = ["1", "-1", "3", "9223372036854775807", "-9223372036854775808", "x"];
    let key = one(random, &KEYS);
    // Seldom the same twice: which of two equal expiries is the later is for real time to say.
    let far = (100_000 + 1_000 * (random.next_u32() % 5_000)).to_string();
    let text = match random.next_u32() % 34 {
        0..4 => {
            let mut words = vec!["SET", key, one(random, &VALUES)];
            for _ in 0..random.next_u32() % 3 {
                match one(random, &["NX", "XX", "GET", "KEEPTTL", "PX", "EX", "px", "junk"]) {
                    unit @ ("PX" | "px") => words.extend([unit, one(random, &AMOUNTS)]),
                    "EX" => words.extend(["EX", one(random, &["100", "0", "-1", "abc", "9223372036854775807"])]),
                    option => words.push(option),
                }
            }
            words
        }
        4 | 5 => vec!["GET", key],
        6 => vec!["DEL", key, one(random, &KEYS)],
        7 => vec!["EXISTS", key, key, one(random, &KEYS)],
        8 => vec!["EXPIRE", key, one(random, &["100", "0", "-1", "abc", "9223372036854775807"])],
        9 | 10 => {
            let mut words = vec!["PEXPIRE", key, one(random, &["40", "0", "-1", "abc", "1.5", &far, &far, &far])];
            for _ in 0..random.next_u32() % 3 {
                words.push(one(random, &["NX", "XX", "GT", "LT", "gt", "junk"]));
            }
            words
        }
        11 => vec!["TTL", key],
        12 | 13 => vec!["PTTL", key],
        14 => vec![one(random, &["INCR", "DECR", "incr"]), key],
        15 => vec![one(random, &["INCRBY", "DECRBY"]), key, one(random, &NUMBERS)],
        16 => vec!["SETNX", key, one(random, &VALUES)],
        17 => vec!["HSET", "h", one(random, &FIELDS), one(random, &VALUES)],
        18 => vec!["HSET", one(random, &["k1", "h", "z", "zn"]), "f", "1", "g", one(random, &VALUES)],
        19 => vec!["HGET", key, one(random, &FIELDS)],
        20 => vec!["HDEL", key, one(random, &FIELDS), one(random, &FIELDS)],
        21 => vec!["HINCRBY", one(random, &["h", "h", "k1"]), one(random, &FIELDS), one(random, &NUMBERS)],
        22 => vec!["HEXISTS", key, one(random, &FIELDS)],
        23 => {
            let mut words = vec!["ZADD", one(random, &["z", "z", "k1"])];
            for _ in 0..random.next_u32() % 3 {
                words.push(one(random, &["NX", "XX", "GT", "LT", "CH"]));
            }
            for _ in 0..=random.next_u32() % 2 {
                words.extend([one(random, &SCORES), one(random, &["m", "n", "o"])]);
            }
            words
        }
        24 => vec![one(random, &["ZCOUNT", "ZREMRANGEBYSCORE"]), key, one(random, &BOUNDS), one(random, &BOUNDS)],
        25 => vec!["ZCARD", key],
        26 => vec!["MULTI"],
        27 => vec!["EXEC"],
        28 => vec![one(random, &["WATCH", "WATCH", "WATCH", "UNWATCH", "DISCARD"]), key],
        29 => match one(random, &["DISCARD", "UNWATCH", "GET", "NOSUCH", "SET", "HSET", "PUBLISH", "WAIT", "WAITX"]) {
            "PUBLISH" => vec!["PUBLISH", "c", "text"],
            "WAIT" => vec!["WAIT", "0", "1"],
            "WAITX" => vec!["WAIT", "x", "1"],
            "NOSUCH" => vec!["NOSUCH", "a", "b"],
            "HSET" => vec!["HSET", "h", "f", "1", "g"],
            alone => vec![alone],
        },
        30 => vec!["EVAL", "compare-and-delete", "1", key, one(random, &VALUES)],
        31 => vec!["EVAL", "compare-and-extend", "1", key, one(random, &VALUES), one(random, &["40", "100000", "0"])],
        32 => vec![
            "EVAL",
            "lock-with-token",
            "2",
            key,
            one(random, &["n", "n", "zn"]),
            one(random, &VALUES),
            one(random, &["40", "100000"]),
        ],
        _ => vec!["EVAL", one(random, &["redisson-lock", "redisson-unlock"]), "1", key, one(random, &FIELDS), "100000"],
    };
    Act::Call((random.next_u32().is_multiple_of(4)).into(), text.into_iter().map(str::to_owned).collect())
}

fn sequence(seed: u64) -> Vec<Act> {
    let mut random = generator(seed, 5);
    let length = 4 + random.next_u32() % 16;
    let sleeps = random.next_u32().is_multiple_of(40);
    let mut acts: Vec<Act> = (0..length).map(|_| draw(&mut random)).collect();
    if sleeps {
        acts.insert(acts.len() / 2, Act::Sleep);
    }
    acts
}

fn real_words(words: &[String]) -> Vec<&str> {
    let mut out: Vec<&str> = words.iter().map(String::as_str).collect();
    if out[0] == "EVAL" {
        out[1] = SCRIPTS.iter().find(|(name, _)| *name == out[1]).expect("a script of ours").1;
    }
    out
}

/// Whether two replies agree, within what is tolerated.
fn agree(words: &[String], ours: &str, theirs: &str) -> bool {
    if ours == theirs {
        return true;
    }
    let lines = ours.lines().zip(theirs.lines());
    let is_timed = words[0] == "PTTL" || words[0] == "EVAL" || words[0] == "EXEC";
    ours.lines().count() == theirs.lines().count()
        && lines.into_iter().all(|(ours, theirs)| {
            let number = |line: &str| line.strip_prefix(':').and_then(|digits| digits.parse::<i64>().ok());
            let is_near = is_timed
                && number(ours)
                    .zip(number(theirs))
                    .is_some_and(|(ours, theirs)| ours > 1 && theirs >= 0 && (ours - theirs).abs() <= SLACK_MS);
            // Redis says where in the Lua an error arose.
            let is_same_error = ours.starts_with('-') && theirs.starts_with(&format!("{ours} script: "));
            ours == theirs || is_near || is_same_error
        })
}

/// Plays a sequence on both: the first difference, if there is one. `None` where real time went too far to tell.
fn play(acts: &[Act], port: u16) -> Option<Option<String>> {
    let mut real = [Connection::open(port), Connection::open(port)];
    real[0].call(&["FLUSHALL"]);
    let mut ours = Server::default();
    // As a Unix time, so that what overflows there overflows here.
    let mut now_ms: i64 = 1_700_000_000_000;
    let mut since = Instant::now();
    for act in acts {
        match act {
            Act::Sleep => {
                std::thread::sleep(Duration::from_millis(SLEEP_MS as u64));
                now_ms += SLEEP_MS;
                since = Instant::now();
            }
            Act::Call(connection, words) => {
                let theirs = real[usize::from(*connection)].call(&real_words(words));
                let plain: Vec<&str> = words.iter().map(String::as_str).collect();
                let mut reply = String::new();
                ours.call(*connection, &plain, now_ms).reply.encode(&mut reply);
                if since.elapsed().as_millis() as i64 > SLACK_MS {
                    return None;
                }
                if !agree(words, &reply, &theirs) {
                    return Some(Some(format!(
                        "{connection}: {} gives\n  ours {reply:?}\n  real {theirs:?}",
                        words.join(" ")
                    )));
                }
            }
        }
    }
    Some(None)
}

/// As [`play`], again where real time went too far to tell, and where they differed: a difference that real time made (two expiries of equal length, set one
/// after the other) does not come back thrice.
fn difference(acts: &[Act], port: u16) -> Option<String> {
    let once = || (0..20).find_map(|_| play(acts, port)).expect("the machine is too slow to tell");
    once().and_then(|_| once()).and_then(|_| once())
}

/// Leaves out what the difference does not need.
fn shrink(mut acts: Vec<Act>, port: u16) -> Vec<Act> {
    let mut at = 0;
    while at < acts.len() {
        let mut fewer = acts.clone();
        fewer.remove(at);
        if difference(&fewer, port).is_some() {
            acts = fewer;
        } else {
            at += 1;
        }
    }
    acts
}

#[test]
#[ignore = "needs a real Redis: make fidelity"]
fn random_sequences_get_the_same_replies_from_a_real_redis() {
    let port: u16 = std::env::var("REDIS_PORT").expect("REDIS_PORT").parse().expect("a port");
    let number = |name: &str, default: u64| std::env::var(name).ok().map_or(default, |text| text.parse().expect(name));
    let (first, count) = (number("REDIS_SEED", 1), number("REDIS_SEQUENCES", 6_000));
    let (mut commands, mut differences) = (0, Vec::new());
    for seed in first..first + count {
        let acts = sequence(seed);
        commands += acts.len();
        if difference(&acts, port).is_some() {
            let short = shrink(acts, port);
            let last = difference(&short, port).unwrap_or_default();
            let told: Vec<String> = short.iter().map(|act| format!("  {act:?}")).collect();
            println!("seed {seed}:\n{}\n{last}", told.join("\n"));
            differences.push(seed);
            assert!(differences.len() < 5, "seeds {differences:?} differ");
        }
    }
    println!("redis: {count} sequences from seed {first}, {commands} commands, {} differences", differences.len());
    assert_eq!(differences, Vec::<u64>::new());
    assert_eq!(SHORT_MS * 2, SLEEP_MS, "a sleep outlasts the short expiry by more than the slack");
}
