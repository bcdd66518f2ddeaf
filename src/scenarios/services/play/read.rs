//! Reads a play from text.
//!
//! ```text
//! node buyer client buyer                                who plays: id, role, title
//! node api service payment service
//! node mq queue 1 3 30000 RabbitMQ                       a queue: prefetch, deliveries at most, patience with consumers (ms)
//! node kafka log 2 30000 Kafka                           a log: partitions, patience (ms)
//! lossy api bank                                         messages between these may be lost and duplicated
//! fragile api.mq                                         who may crash and be cut off; without this line, every service and broker
//! database orders orders-db                              whose statements go to which database
//! group orders: orders orders-db                         members that can be shown as one
//! tables bank                                            its own database: SQL, and more of it where there is another such line
//!   CREATE TABLE charges (key text, amount int);
//! on buyer may click at most 2                           what somebody may do of their own accord
//!   call api pay(k1, 10) within 3000
//! on api hears pay(key, amount)                          what follows from a message
//!   redis GET $key
//!   if $answer != nil: go again
//!   call bank charge($key, $amount)
//!   redis SET $key $answer PX 60000
//!   reply paid $answer
//!   again:
//!   reply paid $answer
//! gauge charged bank SELECT count(*) FROM charges        a number that rules and ledgers name; `gauge dead mq` how many messages a queue has put aside,
//!                                                        `gauge events kafka topic` of how many keys a log has records
//! state orders SELECT status FROM orders                 a word for the lifeline
//! pending orders unapproved                              a gauge that says whether something unfinished can be read
//! always once: charged <= 1 | {charged} charges.         what must hold
//! finally whole: charged = orders | One without the other.  the same, once nothing moves
//! ledger money 100: bank paid, wallet left               gauges, and what they come to
//! plan reserve inventory SELECT status FROM reservations a step of a saga, and the word that says how it stands (`pivot` for `plan` where
//!                                                        there is no way back, `save-point` where it goes back to)
//! ```
//!
//! What is done: `let x = $y + 1`, `if a = b and c < d: …`, `go LABEL`, `call NODE name(args) [within MS]` (the answer is `$answer`, and what is said beside
//! it `$detail`; `every MS` in place of `within MS` asks the same again until there is an answer), `undo NODE name(args)` for a compensation,
//! `ask NODE name(args) as x` (or `undo … as x`) and `wait [[every] MS]` for several at once, `tell NODE name(args)`,
//! `reply word [detail]`, `sql S[; S]` (all or none: `$rows`, `$error`, and the first row's columns), `redis [NODE] COMMAND`, `publish NODE topic key value…`
//! (`on x takes topic(key, a, b)` gets the words of the value one by one), `done`, `again`, `aside` (of a delivery), `work MS`, `say …`, `stop …`, `end`.

use std::sync::Arc;

use thiserror::Error;

use super::program::{
    Atom, Compare, Condition, Gauge, Handler, Ledger, Member, Op, Piece, PlanStep, Play, Reading, Role, Rule, Settled,
    Sum, Template, Trigger, Verb, Word,
};
use crate::engine::{NodeId, StepMark};
use crate::servers::sql::ast::Statement;
use crate::servers::sql::parse::parse;

/// What is wrong with a play.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("line {line} of the play: {message}")]
pub struct PlayError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// A line is right, or what is wrong with it.
type Read<T> = Result<T, String>;

/// What the lines that follow belong to.
enum Under {
    Nothing,
    Tables(NodeId, String),
    Handler(Box<Draft>),
}

/// A handler whose labels are not yet looked up.
struct Draft {
    handler: Handler,
    labels: Vec<(Word, u16)>,
    /// Where a label is to be put in: (op, label).
    open: Vec<(usize, Word)>,
}

/// Reads a play.
///
/// # Errors
/// Where a line is not understood.
pub fn read(text: &str) -> Result<Play, PlayError> {
    let mut play = Play::default();
    let mut under = Under::Nothing;
    for (number, line) in (1..).zip(text.lines()) {
        let at = |message: String| PlayError { line: number, message };
        let words = line.trim();
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        let is_inner = line.starts_with(' ');
        match &mut under {
            Under::Tables(_, sql) if is_inner => {
                *sql += words;
                *sql += "\n";
            }
            Under::Handler(draft) if is_inner => draft.line(&play, words).map_err(at)?,
            _ if is_inner => return Err(at("a line under nothing".to_owned())),
            _ => {
                close(&mut play, std::mem::replace(&mut under, Under::Nothing)).map_err(at)?;
                under = heading(&mut play, words).map_err(at)?;
            }
        }
    }
    let last = text.lines().count();
    close(&mut play, under)
        .and_then(|()| one_topic_each(&play))
        .map_err(|message| PlayError { line: last, message })?;
    Ok(play)
}

/// A reader of a log has one place in one topic.
fn one_topic_each(play: &Play) -> Read<()> {
    let is_log = play.broker().and_then(|broker| play.member(broker));
    if !is_log.is_some_and(|member| matches!(member.role, Role::Log { .. })) {
        return Ok(());
    }
    for (node, member) in play.nodes() {
        let takes = |handler: &&Handler| handler.node == node && matches!(handler.trigger, Trigger::Takes(_));
        if play.handlers.iter().filter(takes).count() > 1 {
            return Err(format!("`{}` takes two topics of a log", member.id));
        }
    }
    Ok(())
}

/// Puts away what the lines so far belonged to.
fn close(play: &mut Play, under: Under) -> Read<()> {
    match under {
        Under::Nothing => {}
        Under::Tables(node, sql) => {
            let member = &mut play.members[node.index()];
            member.schema = [&*member.schema, &*statements(&sql)?].concat().into();
        }
        Under::Handler(draft) => play.handlers.push(draft.finished()?),
    }
    Ok(())
}

fn statements(sql: &str) -> Read<Arc<[Statement]>> {
    Ok(parse(sql).map_err(|error| format!("{error} in {sql}"))?.into())
}

fn first(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim())
}

fn node(play: &Play, id: &str) -> Read<NodeId> {
    play.find(id).ok_or_else(|| format!("nobody is called `{id}`"))
}

fn number<T: std::str::FromStr>(text: &str) -> Read<T> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn reading(play: &Play, text: &str) -> Read<Reading> {
    let (id, sql) = first(text);
    let node = node(play, id)?;
    // Of a broker there is only one number to read.
    let is_broker =
        play.member(node).is_some_and(|member| matches!(member.role, Role::Queue { .. } | Role::Log { .. }));
    if is_broker {
        return Ok(Reading { node, query: Arc::from([]), topic: sql.into() });
    }
    Ok(Reading { node, query: statements(sql)?, topic: Word::default() })
}

fn gauge(play: &Play, name: &str) -> Read<u16> {
    let at = play.gauges.iter().position(|gauge| &*gauge.name == name);
    at.and_then(|at| u16::try_from(at).ok()).ok_or_else(|| format!("there is no gauge `{name}`"))
}

/// A line that begins something.
fn heading(play: &mut Play, line: &str) -> Read<Under> {
    let (keyword, rest) = first(line);
    match keyword {
        "node" => play.members.push(member(rest)?),
        "lossy" => {
            let (a, b) = first(rest);
            let (a, b) = (node(play, a)?, node(play, b)?);
            play.lossy.extend([(a, b), (b, a)]);
        }
        "database" => {
            let (whose, of) = first(rest);
            let (whose, of) = (node(play, whose)?, node(play, of)?);
            play.members[whose.index()].database = Some(of);
        }
        "fragile" => {
            play.is_choosy = true;
            for id in rest.split('.').filter(|id| *id != "none") {
                let node = node(play, id)?;
                play.members[node.index()].is_fragile = true;
            }
        }
        "group" => {
            let (name, members) = rest.split_once(": ").ok_or("members are missing")?;
            for id in members.split_whitespace() {
                let node = node(play, id)?;
                play.members[node.index()].group = name.into();
            }
        }
        "tables" => return Ok(Under::Tables(node(play, rest)?, String::new())),
        "on" => return Ok(Under::Handler(Box::new(Draft::new(play, rest)?))),
        "gauge" => {
            let (name, rest) = first(rest);
            let reading = reading(play, rest)?;
            let place = play.gauges_of(reading.node).count() as u16;
            play.gauges.push(Gauge { name: name.into(), reading, place });
        }
        "state" => play.states.push(reading(play, rest)?),
        "pending" => {
            let (words, name) = rest.rsplit_once(' ').ok_or("a gauge is missing")?;
            let at = gauge(play, name)?;
            play.pending.push((words.into(), at));
        }
        "always" | "finally" => {
            let (id, rest) = rest.split_once(": ").ok_or("`id: condition | sentence` is missing")?;
            let (holds, sentence) = rest.split_once(" | ").ok_or("the sentence is missing")?;
            let holds = of_gauges(holds, play)?;
            let rule = Rule { id: id.into(), in_the_end: keyword == "finally", holds, sentence: braces(sentence) };
            play.rules.push(rule);
        }
        "ledger" => {
            let (head, entries) = rest.split_once(": ").ok_or("entries are missing")?;
            let (title, total) = first(head);
            let total = if total.is_empty() { None } else { Some(number(total)?) };
            let entry = |entry: &str| -> Read<(Word, u16)> {
                let (words, name) = entry.trim().rsplit_once(' ').ok_or("a gauge is missing")?;
                Ok((words.into(), gauge(play, name)?))
            };
            let entries = entries.split(',').map(entry).collect::<Read<_>>()?;
            play.ledgers.push(Ledger { title: title.into(), entries, total });
        }
        "plan" | "pivot" | "save-point" => {
            let (name, rest) = first(rest);
            let mark = match keyword {
                "pivot" => Some(StepMark::Pivot),
                "save-point" => Some(StepMark::SavePoint),
                _ => None,
            };
            play.plan.push(PlanStep { name: name.into(), reading: reading(play, rest)?, mark });
        }
        other => return Err(format!("`{other}` begins nothing")),
    }
    Ok(Under::Nothing)
}

fn member(line: &str) -> Read<Member> {
    let (id, rest) = first(line);
    let (role, rest) = first(rest);
    let (role, title) = match role {
        "client" => (Role::Client, rest),
        "service" => (Role::Service, rest),
        "outside" => (Role::Outside, rest),
        "redis" => (Role::Redis, rest),
        "database" => (Role::Database, rest),
        "queue" => {
            let (prefetch, rest) = first(rest);
            let (limit, rest) = first(rest);
            let (timeout, rest) = first(rest);
            let (prefetch, limit, timeout_ms) = (number(prefetch)?, number(limit)?, number(timeout)?);
            (Role::Queue { prefetch, limit, timeout_ms }, rest)
        }
        "log" => {
            let (partitions, rest) = first(rest);
            let (timeout, rest) = first(rest);
            (Role::Log { partitions: number(partitions)?, timeout_ms: number(timeout)? }, rest)
        }
        other => return Err(format!("nobody is a `{other}`")),
    };
    Ok(Member {
        id: id.into(),
        title: title.into(),
        role,
        schema: Arc::from([]),
        database: None,
        group: Word::default(),
        is_fragile: false,
    })
}

/// `name(a, b)`
fn called(text: &str) -> Read<(&str, Vec<&str>)> {
    let (name, rest) = text.split_once('(').ok_or_else(|| format!("`{text}` is not `name(…)`"))?;
    let inner = rest.strip_suffix(')').ok_or_else(|| format!("`{text}` is not closed"))?;
    Ok((name, inner.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()))
}

/// Text with `$name` in it.
fn template(text: &str) -> Template {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(after.len());
        pieces.extend((!before.is_empty()).then(|| Piece::Text(before.into())));
        pieces.push(Piece::Value(after[..end].into()));
        rest = &after[end..];
    }
    pieces.extend((!rest.is_empty()).then(|| Piece::Text(rest.into())));
    Template(pieces)
}

/// Text with `{name}` in it.
fn braces(text: &str) -> Template {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        pieces.extend((!before.is_empty()).then(|| Piece::Text(before.into())));
        pieces.push(Piece::Value(name.into()));
        rest = behind;
    }
    pieces.extend((!rest.is_empty()).then(|| Piece::Text(rest.into())));
    Template(pieces)
}

fn atom(word: &str, play: &Play) -> Atom {
    match word.strip_prefix('$') {
        Some(name) => Atom::Value(name.into()),
        None => gauge(play, word).map_or_else(|_| Atom::Text(word.into()), Atom::Gauge),
    }
}

/// `$a + 1 - b`
fn sum(text: &str, play: &Play) -> Sum {
    let mut sum = Vec::new();
    let mut is_less = false;
    for word in text.split_whitespace() {
        match word {
            "+" => is_less = false,
            "-" => is_less = true,
            _ => sum.push((is_less, atom(word, play))),
        }
    }
    Sum(sum)
}

const COMPARISONS: [(&str, Compare); 6] = [
    (" != ", Compare::IsNot),
    (" <= ", Compare::AtMost),
    (" >= ", Compare::AtLeast),
    (" = ", Compare::Is),
    (" < ", Compare::Less),
    (" > ", Compare::More),
];

/// `a = b and c < d or e > f`
fn condition(text: &str, play: &Play) -> Read<Condition> {
    let comparison = |text: &str| {
        let found = COMPARISONS.iter().find_map(|(sign, how)| Some((text.split_once(sign)?, *how)));
        let ((left, right), how) = found.ok_or_else(|| format!("`{text}` compares nothing"))?;
        Ok((sum(left, play), how, sum(right, play)))
    };
    let all = |text: &str| text.split(" and ").map(comparison).collect::<Read<Vec<_>>>();
    Ok(Condition(text.split(" or ").map(all).collect::<Read<Vec<_>>>()?))
}

/// A condition that names gauges and numbers, and nothing else: there is no thread whose words it could mean.
fn of_gauges(text: &str, play: &Play) -> Read<Condition> {
    let is_sign = |word: &&str| !matches!(*word, "and" | "or" | "+" | "-" | "=" | "!=" | "<" | "<=" | ">" | ">=");
    for word in text.split_whitespace().filter(is_sign) {
        if word.parse::<i64>().is_err() {
            gauge(play, word)?;
        }
    }
    condition(text, play)
}

impl Draft {
    /// `NODE hears name(a, b)`, `NODE takes topic(a, b)`, `NODE may name [at most N] [while …]`, `NODE starts`, `NODE restarts`.
    fn new(play: &Play, line: &str) -> Read<Draft> {
        let (id, rest) = first(line);
        let (verb, rest) = first(rest);
        let node = node(play, id)?;
        let (trigger, parameters) = match verb {
            "starts" => (Trigger::Starts, Vec::new()),
            "restarts" => (Trigger::Restarts, Vec::new()),
            "hears" => {
                let (name, parameters) = called(rest)?;
                (Trigger::Hears(name.into()), parameters)
            }
            "takes" => {
                let (name, parameters) = called(rest)?;
                (Trigger::Takes(name.into()), parameters)
            }
            "may" => {
                let (head, only_while) = rest.split_once(" while ").unwrap_or((rest, ""));
                let (name, times) = head.split_once(" at most ").unwrap_or((head, "0"));
                let only_while =
                    if only_while.is_empty() { Condition::default() } else { of_gauges(only_while, play)? };
                let is_own = |at: u16| play.gauges.get(usize::from(at)).is_some_and(|gauge| gauge.reading.node == node);
                if !only_while.gauges().all(is_own) {
                    return Err(format!("`{id}` cannot see what others have"));
                }
                (Trigger::May { name: name.into(), times: number(times)?, only_while }, Vec::new())
            }
            other => return Err(format!("nobody `{other}`")),
        };
        let handler = Handler {
            node,
            trigger,
            parameters: parameters.into_iter().map(Word::from).collect(),
            ops: Vec::new(),
            lines: Vec::new(),
            text: Vec::new(),
        };
        Ok(Draft { handler, labels: Vec::new(), open: Vec::new() })
    }

    fn push(&mut self, op: Op) {
        self.handler.ops.push(op);
        self.handler.lines.push(self.handler.text.len() as u16 - 1);
    }

    // Programs see no gauges: a word that is the name of one is a word.
    fn line(&mut self, play: &Play, line: &str) -> Read<()> {
        self.handler.text.push(line.into());
        if let Some(label) = line.strip_suffix(':').filter(|label| !label.contains(' ')) {
            self.labels.push((label.into(), self.handler.ops.len() as u16));
            return Ok(());
        }
        let Some((test, then)) = line.strip_prefix("if ").and_then(|rest| rest.split_once(": ")) else {
            return self.deed(play, line);
        };
        let at = self.handler.ops.len();
        self.push(Op::Unless(condition(test, &Play::default())?, 0));
        self.deed(play, then)?;
        let behind = self.handler.ops.len() as u16;
        if let Op::Unless(_, to) = &mut self.handler.ops[at] {
            *to = behind;
        }
        Ok(())
    }

    fn deed(&mut self, play: &Play, line: &str) -> Read<()> {
        let (verb, rest) = first(line);
        match verb {
            "let" => {
                let (name, value) = rest.split_once(" = ").ok_or("`let x = …` it is")?;
                self.push(Op::Let(name.into(), sum(value, &Play::default())));
            }
            "go" => {
                self.open.push((self.handler.ops.len(), rest.into()));
                self.push(Op::Go(0));
            }
            "undo" if rest.contains(" as ") => {
                let (what, into) = rest.rsplit_once(" as ").unwrap_or((rest, ""));
                self.ask(play, verb, what, into)?;
            }
            "call" | "undo" => {
                if let Some((what, every)) = rest.split_once(" every ") {
                    self.ask(play, verb, what, "answer")?;
                    self.push(Op::Every(number(every)?));
                    return Ok(());
                }
                let (what, within) = rest.split_once(" within ").unwrap_or((rest, "0"));
                self.ask(play, verb, what, "answer")?;
                self.push(Op::Wait(number(within)?));
            }
            "ask" => {
                let (what, into) = rest.rsplit_once(" as ").ok_or("`as` and a name are missing")?;
                self.ask(play, verb, what, into)?;
            }
            "wait" if rest.starts_with("every ") => self.push(Op::Every(number(&rest[6..])?)),
            "wait" => self.push(Op::Wait(if rest.is_empty() { 0 } else { number(rest)? })),
            "tell" => {
                let (id, what) = first(rest);
                let (name, arguments) = called(what)?;
                let words = std::iter::once(name).chain(arguments).map(template).collect();
                self.push(Op::Tell { to: node(play, id)?, words });
            }
            "reply" => self.push(Op::Reply(rest.split_whitespace().map(template).collect())),
            "sql" => {
                let texts: Vec<Template> = rest.split("; ").map(template).collect();
                // What is not SQL is told now, and not when it is run.
                for text in &texts {
                    statements(&text.fill_with(|_| "1".to_owned()))?;
                }
                match play.member(self.handler.node).and_then(|member| member.database) {
                    Some(to) => {
                        self.push(Op::Ask { to, verb: Verb::Sql, words: texts, into: Word::default() });
                        self.push(Op::Wait(0));
                    }
                    None => self.push(Op::Sql(texts)),
                }
            }
            "redis" => {
                // Where there are several, the command names the one that it is for.
                let is_redis = |node: &NodeId| play.member(*node).is_some_and(|member| member.role == Role::Redis);
                let (id, command) = first(rest);
                let named = play.find(id).filter(is_redis);
                let command = if named.is_some() { command } else { rest };
                let to = named.or_else(|| play.nodes().map(|(node, _)| node).find(is_redis));
                let to = to.ok_or("there is no Redis")?;
                let words = command.split_whitespace().map(template).collect();
                self.push(Op::Ask { to, verb: Verb::Redis, words, into: "answer".into() });
                self.push(Op::Wait(0));
            }
            "publish" => {
                let (what, within) = rest.split_once(" within ").unwrap_or((rest, "0"));
                let (id, what) = first(what);
                let (topic, what) = first(what);
                let (key, value) = first(what);
                if value.is_empty() {
                    return Err("`publish NODE topic key value` it is".to_owned());
                }
                let words = [topic, key, value].into_iter().map(template).collect();
                self.push(Op::Ask { to: node(play, id)?, verb: Verb::Publish, words, into: "answer".into() });
                self.push(Op::Wait(number(within)?));
            }
            "done" => self.push(Op::Settle(Settled::Done)),
            "again" => self.push(Op::Settle(Settled::Again)),
            "aside" => self.push(Op::Settle(Settled::Aside)),
            "work" => self.push(Op::Work(number(rest)?)),
            "say" => self.push(Op::Say(template(rest))),
            "stop" => self.push(Op::Stop(template(rest))),
            "end" => self.push(Op::End),
            other => return Err(format!("nobody can `{other}`")),
        }
        Ok(())
    }

    fn ask(&mut self, play: &Play, verb: &str, what: &str, into: &str) -> Read<()> {
        let (id, what) = first(what);
        let (name, arguments) = called(what)?;
        let words = std::iter::once(name).chain(arguments).map(template).collect();
        let verb = if verb == "undo" { Verb::Undo } else { Verb::Do };
        self.push(Op::Ask { to: node(play, id)?, verb, words, into: into.into() });
        Ok(())
    }

    /// The handler with its labels looked up.
    fn finished(mut self) -> Read<Handler> {
        for (at, label) in self.open {
            let to = self.labels.iter().find(|(known, _)| *known == label).map(|(_, to)| *to);
            self.handler.ops[at] = Op::Go(to.ok_or_else(|| format!("there is no label `{label}`"))?);
        }
        Ok(self.handler)
    }
}
