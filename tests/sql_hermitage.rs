//! The Hermitage sequences, step by step as a real PostgreSQL 15 and a real MariaDB 10.11 ran them, and the verdicts that Hermitage published.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use interleave::servers::sql::answer::{Answer, Reply};
use interleave::servers::sql::ast::Level;
use interleave::servers::sql::engine::{Engine, Kind, SessionId};
use interleave::servers::sql::parse::parse;
use interleave::servers::sql::schema::Row;

/// A line of a transcript: case, level, step, session, SQL, result.
type Line = [String; 6];

fn table(file: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ground-truth").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().skip(1).filter(|line| !line.is_empty());
    lines.map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn transcript(kind: Kind) -> Vec<Line> {
    let file = match kind {
        Kind::Postgres => "hermitage-live/postgresql-15.20.tsv",
        // No real server is a textbook: it is given the same steps.
        Kind::Innodb | Kind::Textbook => "hermitage-live/mariadb-10.11.19.tsv",
    };
    table(file).into_iter().map(|line| line.try_into().unwrap()).collect()
}

fn level(words: &str) -> Level {
    Level::ALL.into_iter().find(|level| level.words().eq_ignore_ascii_case(words)).unwrap()
}

fn send(database: &mut dyn Engine, session: SessionId, sql: &str) -> Vec<(SessionId, Answer)> {
    database.execute(session, Arc::from(parse(sql).unwrap()))
}

/// The result of a step in the words of the transcripts.
fn told(answer: &Answer) -> String {
    match answer.replies.last().unwrap() {
        Reply::Error(error) if error.number > 0 => {
            format!("ERROR {} ({}, '{}')", error.number, error.number, error.message)
        }
        Reply::Error(error) => format!("ERROR {} {}", error.code, error.message),
        Reply::Rows(rows) => {
            // The transcripts have rows in order of id.
            let mut rows: Vec<&Row> = rows.rows.iter().collect();
            rows.sort_by(|a, b| a[0].order(&b[0]));
            if rows.is_empty() {
                return "rows (none)".to_owned();
            }
            rows.iter().fold("rows".to_owned(), |out, row| format!("{out} {}=>{}", row[0], row[1]))
        }
        Reply::Done(tag) => match tag.rsplit_once(' ') {
            Some((_, count)) if !tag.starts_with("BEGIN") => format!("ok n={count}"),
            _ => "ok".to_owned(),
        },
    }
}

/// Runs the sends of one case at one level, and writes its transcript.
fn replay(kind: Kind, lines: &[&Line]) -> Vec<(String, String)> {
    let mut database = kind.database();
    let database = database.engine_mut();
    let mut sessions: BTreeMap<String, SessionId> = BTreeMap::new();
    let setup = database.connect().unwrap();
    send(database, setup, "create table test (id int primary key, value int)");
    send(database, setup, "insert into test (id, value) values (1, 10), (2, 20)");
    for name in ["T1", "T2", "T3"] {
        let session = database.connect().unwrap();
        database.set_default_level(session, level(&lines[0][1]));
        send(database, session, &format!("begin isolation level {}", lines[0][1]));
        sessions.insert(name.to_owned(), session);
    }
    // The others find deadlocks at once, or the sequences have none.
    let looks = kind == Kind::Textbook;
    let mut case =
        Case { database, looks, out: Vec::new(), blocked: BTreeMap::new(), aborted: Vec::new(), deferred: Vec::new() };
    for line in lines {
        let [_, _, step, name, sql, _] = line;
        if step == "final" {
            let done = send(case.database, setup, sql);
            case.out.push((step.clone(), told(&done[0].1)));
        } else if !step.contains('@') {
            case.step(step, sessions[name], sql, step);
        }
    }
    case.out
}

struct Case<'a> {
    database: &'a mut dyn Engine,
    /// Whether who waits looks for a deadlock right away.
    looks: bool,
    out: Vec<(String, String)>,
    /// The step that each session is blocked in.
    blocked: BTreeMap<SessionId, String>,
    aborted: Vec<SessionId>,
    /// What a blocked session was given meanwhile, which it runs as soon as it can.
    deferred: Vec<(SessionId, String, String)>,
}

impl Case<'_> {
    /// Sends a step, at its own time or at that of another.
    fn step(&mut self, step: &str, session: SessionId, sql: &str, now: &str) {
        let place = if step == now { step.to_owned() } else { format!("{step}@{now}") };
        if self.blocked.contains_key(&session) {
            self.out.push((place, "DEFERRED (session blocked)".to_owned()));
            self.deferred.push((session, step.to_owned(), sql.to_owned()));
            return;
        }
        if self.aborted.contains(&session) {
            self.out.push((place, "NOT-SENT (txn aborted)".to_owned()));
            return;
        }
        let mut answers = send(self.database, session, sql);
        if self.looks && self.database.waiting(session).is_some() {
            answers.extend(self.database.lose_patience(session));
        }
        if !answers.iter().any(|(done, _)| *done == session) {
            self.out.push((place.clone(), "BLOCKS".to_owned()));
            self.blocked.insert(session, step.to_owned());
        }
        for (done, answer) in answers {
            if answer.error().is_some() {
                self.aborted.push(done);
            }
            match self.blocked.remove(&done) {
                Some(at) => self.out.push((format!("{at}@{now}"), format!("UNBLOCKED {}", told(&answer)))),
                None => self.out.push((place.clone(), told(&answer))),
            }
            while let Some(at) = self.deferred.iter().position(|(other, ..)| *other == done) {
                if self.blocked.contains_key(&done) {
                    break;
                }
                let (session, step, sql) = self.deferred.remove(at);
                self.step(&step, session, &sql, now);
            }
        }
    }
}

fn go_step_by_step(kind: Kind) {
    let lines = transcript(kind);
    let mut cases: Vec<(&str, &str)> = lines.iter().map(|line| (line[0].as_str(), line[1].as_str())).collect();
    cases.dedup();
    assert_eq!(cases.len(), 18 * 4);
    for (case, level) in cases {
        let of_case: Vec<&Line> = lines.iter().filter(|line| line[0] == case && line[1] == level).collect();
        let expected: Vec<(String, String)> = of_case.iter().map(|line| (line[2].clone(), line[5].clone())).collect();
        assert_eq!(replay(kind, &of_case), expected, "{case} at {level}");
    }
}

#[test]
fn postgres_goes_step_by_step_as_the_real_one_did() {
    go_step_by_step(Kind::Postgres);
}

#[test]
fn innodb_goes_step_by_step_as_the_real_one_did() {
    go_step_by_step(Kind::Innodb);
}

/// Whether the anomaly of a case came about, by what the case's own steps saw (see the table of the ground truth).
fn anomaly(kind: Kind, case: &str, at: Level) -> bool {
    let lines = transcript(kind);
    let of_case: Vec<&Line> = lines.iter().filter(|line| line[0] == case && level(&line[1]) == at).collect();
    let seen = replay(kind, &of_case);
    let got = |step: &str| {
        let found = seen.iter().find(|(at, _)| at == step || at.starts_with(&format!("{step}@")));
        found.map(|(_, result)| result.as_str()).unwrap_or_default()
    };
    let step_of = |name: &str, sql: &str, nth: usize| {
        let all: Vec<&&Line> =
            of_case.iter().filter(|line| line[3] == name && line[4] == sql && !line[2].contains('@')).collect();
        all[nth][2].clone()
    };
    let any = |name: &str, part: &str| of_case.iter().any(|line| line[3] == name && got(&line[2]).contains(part));
    let both_commit = || {
        let commits = of_case.iter().filter(|line| line[4] == "commit" && !line[2].contains('@') && line[3] != "T3");
        commits.map(|line| got(&line[2])).filter(|result| *result == "ok").count() == 2
    };
    match case {
        "G0" => !matches!(got("final"), "rows 1=>11 2=>21" | "rows 1=>12 2=>22"),
        "G1a" | "G1b" => any("T2", "1=>101"),
        "G1c" => any("T1", "2=>22") && any("T2", "1=>11"),
        "OTV" => {
            let commit = step_of("T2", "commit", 0);
            let before = seen.iter().take_while(|(at, result)| !(at.starts_with(&commit) && result == "ok"));
            let first = step_of("T3", "select * from test where id = 1", 0);
            let second = step_of("T3", "select * from test where id = 2", 0);
            let is_of = |at: &str, step: &str| at == step || at.starts_with(&format!("{step}@"));
            before.clone().any(|(at, result)| is_of(at, &first) && (result.contains("12") || result.contains("18")))
                || before.clone().any(|(at, result)| is_of(at, &second) && result.contains("18"))
        }
        "PMP" => any("T1", "3=>30"),
        "P4" | "G2-item" | "G2" => both_commit(),
        "G-single" => any("T1", "2=>18"),
        other => panic!("no rule for {other}"),
    }
}

fn give_the_verdicts(kind: Kind, of: &str) {
    let compared = verdicts(kind, of, &|at| Some(level(at)));
    assert!(compared >= 30, "only {compared} verdicts compared");
}

/// Compares with what is published of a database, at the levels that are told for its own.
fn verdicts(kind: Kind, of: &str, as_level: &dyn Fn(&str) -> Option<Level>) -> usize {
    let mut compared = 0;
    for line in table("hermitage.tsv") {
        let [case, database, at, result, source] = &line[..5] else { panic!("{line:?}") };
        let rules = ["G0", "G1a", "G1b", "G1c", "OTV", "PMP", "P4", "G-single", "G2-item", "G2"];
        if database != of || !rules.contains(&case.as_str()) || !["possible", "prevented"].contains(&result.as_str()) {
            continue;
        }
        let Some(level) = as_level(at) else { continue };
        assert_eq!(anomaly(kind, case, level), result == "possible", "{of}: {case} at {at} ({source})");
        compared += 1;
    }
    compared
}

#[test]
fn postgres_gives_the_published_verdicts() {
    give_the_verdicts(Kind::Postgres, "PostgreSQL");
}

#[test]
fn innodb_gives_the_published_verdicts() {
    give_the_verdicts(Kind::Innodb, "MySQL/InnoDB");
}

/// SQL Server's locking levels let pass what the textbook's do, and its snapshots what PostgreSQL's do. Neither says that they wait and fail alike.
#[test]
fn the_levels_of_sql_server_let_pass_what_levels_here_do() {
    let locking = verdicts(Kind::Textbook, "MS SQL Server", &|at| match at {
        "read uncommitted" => Some(Level::ReadUncommitted),
        "read committed (locking)" => Some(Level::ReadCommitted),
        "repeatable read" => Some(Level::RepeatableRead),
        "serializable" => Some(Level::Serializable),
        _ => None,
    });
    let versions = verdicts(Kind::Postgres, "MS SQL Server", &|at| match at {
        "read committed (snapshot)" => Some(Level::ReadCommitted),
        "snapshot" => Some(Level::RepeatableRead),
        _ => None,
    });
    assert!(locking >= 40 && versions >= 20, "{locking} and {versions} compared");
}

/// Oracle has snapshots at both of its levels; what it calls SERIALIZABLE is snapshot isolation.
#[test]
fn the_levels_of_oracle_let_pass_what_levels_here_do() {
    let compared = verdicts(Kind::Postgres, "Oracle DB", &|at| match at {
        "read committed" => Some(Level::ReadCommitted),
        "serializable" => Some(Level::RepeatableRead),
        _ => None,
    });
    assert!(compared >= 20, "{compared} compared");
}
