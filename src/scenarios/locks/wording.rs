//! What stands on arrows, timers and steps of the locks: commands as they go over the wire, answers in a few letters.

use std::borrow::Cow;

use super::vocabulary::{Answer, Command, Config, KEYS, LOCK, Msg, Owner, Service, Timer};

impl Config {
    /// A command in a few letters, with whose it is.
    pub fn short(&self, owner: Owner, command: Command) -> String {
        let verb = match command {
            Command::SetNx => "SETNX",
            Command::Set | Command::SetWithToken => "SET NX",
            Command::Expire | Command::Extend(_) => "PEXPIRE",
            Command::Del | Command::DelOwn => "DEL",
            _ => return self.command(owner, command),
        };
        format!("{verb} {}", owner.text())
    }

    /// A command as it goes over the wire.
    pub fn command(&self, owner: Owner, command: Command) -> String {
        let (owner, ttl) = (owner.text(), self.ttl_ms);
        if self.rules.service == Service::Table {
            return sql(&owner, ttl, command);
        }
        match command {
            Command::Wait => format!("WAIT {} {}", self.rules.acks, self.timeout_ms / 2),
            Command::GetAck => "GETACK".to_owned(),
            Command::Master => "which is the master?".to_owned(),
            Command::Promote => "REPLICAOF NO ONE".to_owned(),
            Command::SetNx => format!("SETNX {LOCK} {owner}"),
            Command::Expire => format!("PEXPIRE {LOCK} {ttl}"),
            Command::Set => format!("SET {LOCK} {owner} NX PX {ttl}"),
            Command::SetWithToken => format!("SET {LOCK} {owner} NX PX {ttl} + token"),
            Command::Del => format!("DEL {LOCK}"),
            Command::DelOwn => format!("DEL {LOCK} if {owner}"),
            Command::Extend(_) => format!("PEXPIRE {LOCK} {ttl} if {owner}"),
            Command::SetKey(key) => format!("SET {} {owner} NX PX {ttl}", KEYS[usize::from(key)]),
            Command::DelKey(key) => format!("DEL {} if {owner}", KEYS[usize::from(key)]),
            Command::Before(place) => format!("last before #{place}"),
            Command::Watch(place) | Command::Delete(place) if self.rules.service != Service::Advisory => {
                format!("{} {}", self.verb(command), self.rules.service.place(place))
            }
            _ => self.verb(command).to_owned(),
        }
    }

    /// What a service with sessions is asked, but for the place.
    fn verb(&self, command: Command) -> &'static str {
        let [connect, create, delete, ping, close] = match self.rules.service {
            Service::Etcd => ["grant lease", "put if new", "delete", "keep-alive", "revoke lease"],
            Service::Consul => ["create session", "acquire", "release", "renew", "destroy session"],
            Service::Advisory if self.rules.in_transaction => {
                ["connect", "BEGIN; pg_advisory_xact_lock(1)", "COMMIT", "keep-alive", "close"]
            }
            Service::Advisory => ["connect", "pg_advisory_lock(1)", "pg_advisory_unlock(1)", "keep-alive", "close"],
            Service::Redis | Service::ZooKeeper | Service::Table => {
                ["connect", "create lock-", "delete", "ping", "close"]
            }
        };
        match command {
            Command::Ping if self.rules.replicated => "PING",
            Command::Connect => connect,
            Command::Create => create,
            Command::Delete(_) => delete,
            Command::Close => close,
            Command::Children => "getChildren",
            Command::First => "first",
            Command::Own => "own key",
            Command::Watch(_) if self.rules.service == Service::Consul => "wait for",
            Command::Watch(_) => "watch",
            _ => ping,
        }
    }
}

/// A statement on the table of locks.
fn sql(owner: &str, ttl: u32, command: Command) -> String {
    let expires = format!("now() + {ttl} ms");
    let insert = format!("INSERT INTO locks VALUES ('{LOCK}', '{owner}'");
    let over = "ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at";
    match command {
        Command::SetNx => format!("{insert}) ON CONFLICT DO NOTHING"),
        Command::Set => format!("{insert}, {expires}) {over} WHERE locks.expires_at < now()"),
        Command::SetWithToken => format!(
            "{insert}, {expires}, nextval('fence')) {over}, token = excluded.token WHERE locks.expires_at < now() RETURNING token"
        ),
        Command::SetAt(now_ms) => {
            let until_ms = now_ms + i64::from(ttl);
            format!("{insert}, {until_ms} ms) {over} WHERE locks.expires_at < {now_ms} ms")
        }
        Command::Look => format!("SELECT owner, expires_at < now() FROM locks WHERE name = '{LOCK}'"),
        Command::Seize => format!("{insert}, {expires}) {over}"),
        Command::Del => format!("DELETE FROM locks WHERE name = '{LOCK}'"),
        Command::DelOwn => format!("DELETE FROM locks WHERE name = '{LOCK}' AND owner = '{owner}'"),
        _ => format!("UPDATE locks SET expires_at = {expires} WHERE name = '{LOCK}' AND owner = '{owner}'"),
    }
}

/// The same in a few words.
fn short_sql(owner: Owner, command: Command) -> String {
    let words = match command {
        Command::SetNx => "INSERT",
        Command::Set => "take if over",
        Command::SetWithToken => "take if over + token",
        Command::SetAt(now_ms) => return format!("take if over at {now_ms} {}", owner.text()),
        Command::Look => return "SELECT".to_owned(),
        Command::Seize => "take",
        Command::Del => return "DELETE".to_owned(),
        Command::DelOwn => "DELETE own",
        _ => "UPDATE expires_at",
    };
    format!("{words} {}", owner.text())
}

/// A token as it stands on an arrow.
fn numbered(word: &'static str, token: Option<i64>) -> Cow<'static, str> {
    token.map_or(Cow::Borrowed(word), |token| Cow::Owned(format!("{word} #{token}")))
}

/// What stands on the arrow: the whole command, and in a few letters where many lifelines leave no room for it.
pub fn name(config: &Config, msg: &Msg) -> Cow<'static, str> {
    let is_table = config.rules.service == Service::Table;
    match msg {
        Msg::Ask(owner, command) if is_table => Cow::Owned(short_sql(*owner, *command)),
        Msg::Answer(_, Command::Look, Answer::Ok) => Cow::Borrowed("to be had"),
        Msg::Answer(_, Command::Look, _) => Cow::Borrowed("taken"),
        Msg::Answer(_, _, Answer::Ok) if is_table => Cow::Borrowed("1 row"),
        Msg::Answer(_, _, Answer::Nil) if is_table => Cow::Borrowed("0 rows"),
        Msg::Answer(_, Command::Master, Answer::Int(server)) => Cow::Owned(format!("r{server}")),
        Msg::Answer(_, Command::Ping, _) if config.rules.replicated => Cow::Borrowed("PONG"),
        Msg::Answer(_, Command::GetAck, _) => Cow::Borrowed("ACK"),
        Msg::Answer(_, Command::Create, Answer::Ok) => Cow::Borrowed("locked"),
        Msg::Answer(_, Command::Delete(_), Answer::Nil) if config.rules.service == Service::Advisory => {
            Cow::Borrowed("false")
        }
        Msg::Copy(_, Command::Promote, _) => Cow::Borrowed("all that follows"),
        Msg::Copy(owner, command, _) => Cow::Owned(config.short(*owner, *command)),
        Msg::Ask(owner, command) if config.rules.single => Cow::Owned(config.command(*owner, *command)),
        Msg::Ask(owner, command) => Cow::Owned(config.short(*owner, *command)),
        Msg::Answer(_, Command::SetWithToken, Answer::Int(token)) => Cow::Owned(format!("OK #{token}")),
        Msg::Answer(_, Command::Create, Answer::Int(place)) if config.rules.service == Service::ZooKeeper => {
            Cow::Owned(format!("{LOCK}-{place}"))
        }
        Msg::Answer(_, Command::Create, Answer::Nil) if config.rules.service == Service::Consul => {
            Cow::Borrowed("false")
        }
        Msg::Answer(_, Command::Watch(_), Answer::Nil) if config.rules.service == Service::Consul => {
            Cow::Borrowed("nobody has it")
        }
        Msg::Answer(_, Command::Create | Command::First | Command::Before(_) | Command::Own, Answer::Int(place)) => {
            Cow::Owned(format!("#{place}"))
        }
        Msg::Answer(_, Command::Watch(_) | Command::Delete(_), Answer::Nil) => Cow::Borrowed("no such node"),
        Msg::Answer(_, _, answer) => match *answer {
            Answer::Ok => Cow::Borrowed("OK"),
            Answer::Nil => Cow::Borrowed("(nil)"),
            Answer::Int(number) => Cow::Owned(number.to_string()),
            Answer::Children { first, others } => {
                let there = (0..64).filter(|at| others >> at & 1 == 1).map(|at| (first + at).to_string());
                Cow::Owned(format!("[{}]", there.collect::<Vec<_>>().join(" ")))
            }
            Answer::Place { own, first } => Cow::Owned(format!("#{own}, first #{first}")),
            Answer::Expired => Cow::Borrowed("session expired"),
        },
        Msg::Read(_, token) => numbered("read", *token),
        Msg::Value(_, token) => numbered("value", *token),
        Msg::Write(_, token) => numbered("write", *token),
        Msg::Written(_) => Cow::Borrowed("written"),
        Msg::Refused(_) => Cow::Borrowed("refused"),
        Msg::Gone(_, place) => {
            let happened = if config.rules.service == Service::Consul { "changed" } else { "deleted" };
            Cow::Owned(format!("{} {happened}", config.rules.service.place(*place)))
        }
    }
}

/// The name of a timer in run strings.
pub fn timer_name(timer: Timer) -> &'static str {
    match timer {
        Timer::Reply => "reply",
        Timer::Work => "work",
        Timer::Retry => "retry",
        Timer::Renew => "renew",
        Timer::Deadline => "deadline",
        Timer::Expire => "expire",
        Timer::Fsync => "fsync",
        Timer::Awake => "awake",
        Timer::Wait => "wait",
        Timer::Down => "down",
        Timer::Limit => "limit",
    }
}
