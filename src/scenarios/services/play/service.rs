//! A member with a program: threads that run it, and what it keeps.

use std::hash::Hash;
use std::sync::Arc;

use super::program::{Handler, Memory, Op, Play, Role, Settled, Template, Trigger, Verb, Word};
use super::store::{ERROR, Store};
use super::value::keep;
use super::{Context, Msg, Services, Timer};
use crate::engine::{Disk, Input, NodeId, sort};

/// Most threads of a member.
pub const MAX_THREADS: usize = 6;
/// Most ops that a thread runs without waiting, so that a circle ends.
const MAX_OPS: u32 = 200;

/// Mark of the event with which a database was changed.
pub const WROTE: &str = "wrote";
/// Mark of the event with which a member stopped.
pub const STOPPED: &str = "stopped";

/// Which question an answer is to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Call {
    /// The thread that asked.
    pub thread: u8,
    /// Which round of questions of it: what answers an older one comes too late.
    pub round: u8,
    /// Which of those that it asked at once.
    pub slot: u8,
}

/// An answer that is waited for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Awaited {
    /// Which of those that were asked at once.
    pub slot: u8,
    /// Who was asked.
    pub of: NodeId,
    /// Under which name it comes into memory.
    pub into: Word,
    /// The op that asked.
    pub at: u16,
}

/// What a broker has handed out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Parcel {
    /// The broker.
    pub from: NodeId,
    /// The topic or queue.
    pub topic: Word,
    /// Its number: a queue's delivery tag, or a log's offset.
    pub tag: u32,
    /// The partition.
    pub partition: u8,
    /// The generation of the group.
    pub generation: u16,
}

/// A thread.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Thread {
    /// What it runs.
    pub handler: u16,
    /// The next op.
    pub at: u16,
    /// What it has in memory.
    pub memory: Memory,
    /// Who asked it.
    pub asker: Option<(NodeId, Call)>,
    /// What it was handed.
    pub parcel: Option<Parcel>,
    /// Whether it has said how that ended.
    is_settled: bool,
    /// What it waits for.
    pub awaits: Vec<Awaited>,
    /// Whether it has given up waiting for an answer, which may still come.
    is_owed: bool,
    /// Whether it waits for them.
    pub is_waiting: bool,
    /// Whether it works.
    pub is_working: bool,
    /// How many it has asked in this round.
    asked: u8,
    /// Its round of questions.
    round: u8,
}

/// A member with a program.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Service {
    /// Its threads, in places of their own.
    pub threads: Vec<Option<Thread>>,
    /// How often it did each of the things that it may do a limited number of times, in order of handlers.
    pub taken: Vec<(u16, u8)>,
    /// Its database.
    pub store: Option<Arc<Store>>,
    /// What its gauges say.
    pub gauges: Vec<i64>,
    /// The round in which the next thread in each place begins, where an answer to an earlier thread may still come.
    rounds: Vec<u8>,
    /// Where a crash can fall between two writes; what is written is in the store, at once.
    disk: Disk<()>,
}

impl Service {
    /// As the run begins.
    pub fn new(play: &Play, node: NodeId) -> Service {
        let schema = play.member(node).map(|member| Arc::clone(&member.schema)).unwrap_or_default();
        // That every schema can be set up is held by tests.
        let store = if schema.is_empty() { None } else { Store::new(&schema).ok().map(Arc::new) };
        let mut new = Service {
            threads: Vec::new(),
            taken: Vec::new(),
            store,
            gauges: Vec::new(),
            rounds: Vec::new(),
            disk: Disk::new(()),
        };
        new.read_gauges(play, node);
        new
    }

    /// What a crash leaves.
    pub fn crashed(&self, play: &Play, node: NodeId) -> Service {
        let mut left = self.clone();
        (0..left.threads.len()).for_each(|place| left.forget(play, node, place));
        left.threads.clear();
        left
    }

    /// Ends a thread. What answers its questions later must not be taken for an answer to the next one's: where connections are kept, nothing does, unless
    /// it has given up waiting.
    fn forget(&mut self, play: &Play, node: NodeId, place: usize) {
        let Some(thread) = self.threads.get_mut(place).and_then(Option::take) else { return };
        let has_asked = thread.asked > 0 || thread.round > self.rounds.get(place).copied().unwrap_or(0);
        let is_lossy = play.lossy.iter().any(|(one, other)| node == *one || node == *other);
        if has_asked && is_lossy || thread.is_owed || !thread.awaits.is_empty() {
            self.rounds.resize(self.rounds.len().max(place + 1), 0);
            self.rounds[place] = thread.round.wrapping_add(1);
        }
    }

    fn read_gauges(&mut self, play: &Play, node: NodeId) {
        let Some(store) = &self.store else { return };
        self.gauges = play.gauges_of(node).map(|gauge| store.number(&gauge.reading.query)).collect();
    }

    /// Whether anything goes on in it.
    pub fn is_busy(&self) -> bool {
        self.threads.iter().any(Option::is_some)
    }

    /// What it may do of its own accord now.
    pub fn steps(&self, play: &Play, node: NodeId) -> Vec<u16> {
        let may = |(at, handler): (u16, &Handler)| {
            let Trigger::May { times, only_while, .. } = &handler.trigger else { return None };
            let is_running = self.threads.iter().flatten().any(|thread| thread.handler == at);
            let is_left = if *times == 0 { !is_running } else { self.times(at) < *times };
            (handler.node == node && is_left && only_while.holds(&Memory::new(), &|gauge| self.gauge(play, gauge)))
                .then_some(at)
        };
        (0..).zip(&play.handlers).filter_map(may).collect()
    }

    fn times(&self, handler: u16) -> u8 {
        self.taken.iter().find(|(known, _)| *known == handler).map_or(0, |(_, times)| *times)
    }

    fn gauge(&self, play: &Play, at: u16) -> i64 {
        let place = play.gauges.get(usize::from(at)).map(|gauge| usize::from(gauge.place));
        place.and_then(|place| self.gauges.get(place).copied()).unwrap_or(0)
    }

    /// Acts.
    pub fn on(&mut self, play: &Play, input: Input<Services>, cx: &mut Context<'_>) {
        let me = cx.me();
        match input {
            Input::Start => self.begin(play, |trigger| *trigger == Trigger::Starts, cx),
            Input::Restarted => {
                self.subscribe(play, cx);
                self.begin(play, |trigger| *trigger == Trigger::Restarts, cx);
            }
            Input::Step(handler) => {
                // What may be done without end is not counted.
                let of = play.handlers.get(usize::from(handler)).map(|handler| &handler.trigger);
                if !matches!(of, Some(Trigger::May { times: 0, .. })) {
                    match self.taken.iter_mut().find(|(known, _)| *known == handler) {
                        Some((_, times)) => *times = times.saturating_add(1),
                        None => self.taken.push((handler, 1)),
                    }
                    sort(&mut self.taken);
                }
                self.spawn(play, handler, &[], None, None, cx);
            }
            Input::Timer(Timer::Thread(at)) => self.wake(play, usize::from(at), cx),
            Input::Timer(_) => {}
            Input::Message { from, msg } => match msg {
                Msg::Ask { call, words, .. } => self.hear(play, from, Some(call), &words, cx),
                Msg::Tell { words } => self.hear(play, from, None, &words, cx),
                Msg::Answer { call, found } => self.heard(play, call, found, cx),
                Msg::Parcel { parcel, key, value, .. } => {
                    let topic = Arc::clone(&parcel.topic);
                    let handler =
                        play.handler(me, |trigger| matches!(trigger, Trigger::Takes(known) if *known == topic));
                    // Where a log has come back and sends again what is being worked on, there is nothing new in it.
                    let is_at_work =
                        self.threads.iter().flatten().any(|thread| thread.parcel.as_ref() == Some(&parcel));
                    if let Some(handler) = handler.filter(|_| !is_at_work) {
                        let words: Vec<Word> = std::iter::once(key).chain(value.split(' ').map(Word::from)).collect();
                        self.spawn(play, handler, &words, None, Some(parcel), cx);
                    }
                }
                Msg::Settle { .. } | Msg::Subscribe { .. } => {}
            },
        }
    }

    /// Tells the broker what it takes: it is back.
    fn subscribe(&self, play: &Play, cx: &mut Context<'_>) {
        let me = cx.me();
        for handler in play.handlers.iter().filter(|handler| handler.node == me) {
            let Trigger::Takes(topic) = &handler.trigger else { continue };
            if let Some(broker) = play.broker() {
                cx.send(broker, Msg::Subscribe { topic: Arc::clone(topic) });
            }
        }
    }

    fn begin(&mut self, play: &Play, is_it: impl Fn(&Trigger) -> bool, cx: &mut Context<'_>) {
        if let Some(handler) = play.handler(cx.me(), is_it) {
            self.spawn(play, handler, &[], None, None, cx);
        }
    }

    fn hear(&mut self, play: &Play, from: NodeId, call: Option<Call>, words: &[Word], cx: &mut Context<'_>) {
        let [name, arguments @ ..] = words else { return };
        let handler = play.handler(cx.me(), |trigger| matches!(trigger, Trigger::Hears(known) if known == name));
        if let Some(handler) = handler {
            self.spawn(play, handler, arguments, call.map(|call| (from, call)), None, cx);
        }
    }

    fn spawn(
        &mut self,
        play: &Play,
        handler: u16,
        arguments: &[Word],
        asker: Option<(NodeId, Call)>,
        parcel: Option<Parcel>,
        cx: &mut Context<'_>,
    ) {
        let place = self.threads.iter().position(Option::is_none).unwrap_or(self.threads.len());
        if place >= MAX_THREADS {
            cx.note("busy", || "All threads are busy: what came is turned away.".to_owned());
            if let Some((asker, call)) = asker {
                cx.send(asker, Msg::Answer { call, found: vec![("answer".into(), "busy".into())] });
            }
            return;
        }
        let mut memory = Memory::new();
        let Some(of) = play.handlers.get(usize::from(handler)) else { return };
        for (name, value) in of.parameters.iter().zip(arguments) {
            keep(&mut memory, name, Arc::clone(value));
        }
        let thread = Thread {
            handler,
            at: 0,
            memory,
            asker,
            parcel,
            is_settled: false,
            awaits: Vec::new(),
            is_owed: false,
            is_waiting: false,
            is_working: false,
            asked: 0,
            round: self.rounds.get(place).copied().unwrap_or(0),
        };
        if place == self.threads.len() {
            self.threads.push(Some(thread));
        } else {
            self.threads[place] = Some(thread);
        }
        self.run(play, place, cx);
    }

    /// An answer has come.
    fn heard(&mut self, play: &Play, call: Call, found: Vec<(Word, Word)>, cx: &mut Context<'_>) {
        let place = usize::from(call.thread);
        let Some(Some(thread)) = self.threads.get_mut(place) else { return };
        let Some(at) = thread.awaits.iter().position(|awaited| awaited.slot == call.slot && thread.round == call.round)
        else {
            return;
        };
        let Awaited { into, .. } = thread.awaits.remove(at);
        for (name, value) in found {
            match &*name {
                "answer" => keep(&mut thread.memory, &into, value),
                "detail" if &*into != "answer" => keep(&mut thread.memory, &format!("{into}-detail"), value),
                _ => keep(&mut thread.memory, &name, value),
            }
        }
        if thread.is_waiting && thread.awaits.is_empty() {
            cx.cancel_timer(Timer::Thread(call.thread));
            self.go_on(play, place, cx);
        }
    }

    /// A timer of a thread has fired: its work is done, or it has waited for long enough.
    fn wake(&mut self, play: &Play, place: usize, cx: &mut Context<'_>) {
        let Some(Some(thread)) = self.threads.get_mut(place) else { return };
        let ops = play.handlers.get(usize::from(thread.handler)).map_or(&[][..], |handler| &handler.ops);
        if let Some(Op::Every(every_ms)) = ops.get(usize::from(thread.at).saturating_sub(1)) {
            for awaited in &thread.awaits {
                if let Some(Op::Ask { to, verb, words, .. }) = ops.get(usize::from(awaited.at)) {
                    let call = Call { thread: place as u8, round: thread.round, slot: awaited.slot };
                    cx.send(*to, Msg::Ask { call, verb: *verb, words: filled(*verb, words, &thread.memory) });
                }
            }
            cx.set_timer(Timer::Thread(place as u8), *every_ms);
            return;
        }
        thread.is_owed |= !thread.awaits.is_empty();
        for awaited in std::mem::take(&mut thread.awaits) {
            keep(&mut thread.memory, &awaited.into, "timeout".into());
        }
        self.go_on(play, place, cx);
    }

    fn go_on(&mut self, play: &Play, place: usize, cx: &mut Context<'_>) {
        if let Some(Some(thread)) = self.threads.get_mut(place) {
            thread.is_waiting = false;
            thread.is_working = false;
            thread.round = thread.round.wrapping_add(1);
            thread.asked = 0;
        }
        self.run(play, place, cx);
    }

    /// Runs a thread until it waits or ends.
    fn run(&mut self, play: &Play, place: usize, cx: &mut Context<'_>) {
        for _ in 0..MAX_OPS {
            let Some(Some(thread)) = self.threads.get_mut(place) else { return };
            let Some(handler) = play.handlers.get(usize::from(thread.handler)) else { return };
            let Some(op) = handler.ops.get(usize::from(thread.at)) else { break };
            thread.at += 1;
            match op {
                Op::Let(name, sum) => {
                    let value = sum.value(&thread.memory, &|_| 0);
                    keep(&mut thread.memory, name, value);
                }
                Op::Unless(condition, to) => {
                    if !condition.holds(&thread.memory, &|_| 0) {
                        thread.at = *to;
                    }
                }
                Op::Go(to) => thread.at = *to,
                Op::Ask { to, verb, words, into } => {
                    let words = filled(*verb, words, &thread.memory);
                    let slot = thread.asked;
                    let call = Call { thread: place as u8, round: thread.round, slot };
                    thread.awaits.push(Awaited { slot, of: *to, into: Arc::clone(into), at: thread.at - 1 });
                    thread.asked += 1;
                    cx.send(*to, Msg::Ask { call, verb: *verb, words });
                }
                Op::Wait(within_ms) | Op::Every(within_ms) => {
                    if thread.awaits.is_empty() {
                        thread.asked = 0;
                        continue;
                    }
                    thread.is_waiting = true;
                    if *within_ms > 0 {
                        cx.set_timer(Timer::Thread(place as u8), *within_ms);
                    }
                    return;
                }
                Op::Work(for_ms) => {
                    thread.is_working = true;
                    cx.set_timer(Timer::Thread(place as u8), *for_ms);
                    return;
                }
                Op::Tell { to, words } => {
                    let words = words.iter().map(|word| word.fill(&thread.memory).into()).collect();
                    cx.send(*to, Msg::Tell { words });
                }
                Op::Reply(words) => {
                    let names = ["answer", "detail"].into_iter().map(Word::from);
                    let words = words.iter().map(|word| word.fill(&thread.memory).into());
                    if let Some((asker, call)) = thread.asker.take() {
                        cx.send(asker, Msg::Answer { call, found: names.zip(words).collect() });
                    }
                }
                // That it is done with is said as the thread ends.
                Op::Settle(Settled::Done)
                    if matches!(handler.ops.get(usize::from(thread.at)), None | Some(Op::End)) => {}
                Op::Settle(how) => self.settle(place, *how, cx),
                Op::Say(words) => {
                    let text = words.fill(&thread.memory);
                    let id = play.member(cx.me()).map_or("", |member| &member.id);
                    cx.note(&text, || format!("{id}: {text}."));
                }
                Op::Stop(words) => {
                    let text = words.fill(&thread.memory);
                    let id = play.member(cx.me()).map_or("", |member| &member.id);
                    cx.note(&text, || format!("{id} stops: {text}."));
                    cx.mark(STOPPED);
                    break;
                }
                Op::End => break,
                Op::Sql(texts) => {
                    let texts: Vec<String> = texts.iter().map(|text| text.sql(&thread.memory)).collect();
                    self.sql(play, place, &texts, cx);
                }
            }
        }
        self.put_down(play, place, cx);
        self.forget(play, cx.me(), place);
        while self.threads.last().is_some_and(Option::is_none) {
            self.threads.pop();
        }
    }

    /// Says how the delivery at hand ended, if there is one.
    fn settle(&mut self, place: usize, how: Settled, cx: &mut Context<'_>) {
        let Some(Some(thread)) = self.threads.get_mut(place) else { return };
        if let Some(parcel) = &thread.parcel {
            thread.is_settled = true;
            let (to, is_ready) = (parcel.from, how != Settled::Done);
            let parcel = parcel.clone();
            if is_ready {
                thread.parcel = None;
            }
            cx.send(to, Msg::Settle { parcel, how, is_ready });
        }
    }

    /// A thread ends: whoever has not said how its delivery ended is done with it, and whoever reads a log is ready for the next record.
    fn put_down(&mut self, play: &Play, place: usize, cx: &mut Context<'_>) {
        let Some(Some(thread)) = self.threads.get_mut(place) else { return };
        let Some(parcel) = thread.parcel.take() else { return };
        let is_log = play.member(parcel.from).is_some_and(|member| matches!(member.role, Role::Log { .. }));
        if is_log || !thread.is_settled {
            let how = if thread.is_settled { Settled::Next } else { Settled::Done };
            cx.send(parcel.from, Msg::Settle { parcel, how, is_ready: true });
        }
    }

    /// Runs statements on its own database.
    fn sql(&mut self, play: &Play, place: usize, texts: &[String], cx: &mut Context<'_>) {
        let node = cx.me();
        let Some(store) = &self.store else { return };
        let mut after = Store::clone(store);
        let found = after.run(texts);
        let error = found.iter().find(|(name, _)| &**name == ERROR).map(|(_, code)| Arc::clone(code));
        let id = play.member(node).map_or("", |member| &member.id);
        if after == **store {
            let said = match error.filter(|code| !code.is_empty()) {
                Some(code) => format!("{} \u{2192} {code}", texts.join("; ")),
                None => format!("{} \u{2192} {}", texts.join("; "), told(&found)),
            };
            cx.note(&said, || format!("{id}: {said}."));
        } else {
            let mut is_written = false;
            cx.force(&mut self.disk, &texts.join("; "), |()| is_written = true);
            if !is_written {
                return;
            }
            cx.mark(WROTE);
            self.store = Some(Arc::new(after));
            self.read_gauges(play, node);
        }
        if let Some(Some(thread)) = self.threads.get_mut(place) {
            for (name, value) in found {
                keep(&mut thread.memory, &name, value);
            }
        }
    }
}

/// What is asked, with values in it.
fn filled(verb: Verb, words: &[Template], memory: &Memory) -> Vec<Word> {
    let fill = |word: &Template| if verb == Verb::Sql { word.sql(memory) } else { word.fill(memory) };
    words.iter().map(|word| fill(word).into()).collect()
}

/// What was found, in a few words.
pub fn told(found: &Memory) -> String {
    let columns: Vec<String> = found
        .iter()
        .filter(|(name, _)| !matches!(&**name, "rows" | ERROR))
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let rows = found.iter().find(|(name, _)| &**name == "rows").map_or("0", |(_, rows)| &**rows);
    match rows {
        "0" => "no rows".to_owned(),
        "1" if columns.is_empty() => "1 row".to_owned(),
        _ if columns.is_empty() => format!("{rows} rows"),
        "1" => columns.join(", "),
        _ => format!("{rows} rows, {}", columns.join(", ")),
    }
}
