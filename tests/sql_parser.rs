//! What our parser accepts, sqlparser's PostgreSQL dialect accepts with the same meaning; and no text makes it panic.

use std::ops::ControlFlow;

use interleave::servers::sql::parse::parse;
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use sqlparser::ast::{Expr, Statement, visit_expressions_mut};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "id", "v", "t.a", "t.v", "\"Odd name\""]).prop_map(str::to_owned)
}

fn table() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["t", "u", "accounts"]).prop_map(str::to_owned)
}

/// An expression as it is written, and with every part in parentheses.
fn expr() -> BoxedStrategy<(String, String)> {
    let same = |text: String| (text.clone(), text);
    let leaf = prop_oneof![
        name().prop_map(same),
        (0_u32..1000).prop_map(move |n| same(n.to_string())),
        "[a-z' ]{0,6}".prop_map(move |text| same(format!("'{}'", text.replace('\'', "''")))),
        prop::sample::select(vec!["NULL", "TRUE", "FALSE", "1.50", "count(*)", "max(v)", "DATE '2008-12-22'"])
            .prop_map(move |text| same(text.to_owned())),
    ];
    // Tightness of the weakest operator, as the server's table of precedence has it: a tighter one may stand without parentheses.
    leaf.prop_map(|(text, full)| (text, full, 10_u8))
        .prop_recursive(4, 24, 3, |inner| {
            let wrap =
                |text: &str, tight: u8, least: u8| if tight < least { format!("({text})") } else { text.to_owned() };
            let binary = prop::sample::select(vec![
                ("OR", 1_u8),
                ("AND", 2),
                ("=", 5),
                ("<>", 5),
                ("<", 5),
                (">=", 5),
                ("+", 8),
                ("-", 8),
                ("*", 9),
                ("/", 9),
                ("%", 9),
            ]);
            prop_oneof![
                (inner.clone(), binary, inner.clone()).prop_map(move |((a, fa, ta), (sign, tight), (b, fb, tb))| {
                    // Comparisons do not chain; the others lean left.
                    let left = wrap(&a, ta, if tight == 5 { 6 } else { tight });
                    let right = wrap(&b, tb, tight + 1);
                    (format!("{left} {sign} {right}"), format!("({fa}) {sign} ({fb})"), tight)
                }),
                inner.clone().prop_map(move |(a, fa, ta)| (
                    format!("NOT {}", wrap(&a, ta, 3)),
                    format!("NOT ({fa})"),
                    3
                )),
                (inner.clone(), any::<bool>()).prop_map(move |((a, fa, ta), not)| {
                    let not = if not { "NOT " } else { "" };
                    (format!("{} IS {not}NULL", wrap(&a, ta, 6)), format!("({fa}) IS {not}NULL"), 4)
                }),
                (inner.clone(), inner.clone(), inner, any::<bool>()).prop_map(
                    move |((a, fa, ta), (b, fb, _), (c, fc, _), not)| {
                        let not = if not { "NOT " } else { "" };
                        (format!("{} {not}IN ({b}, {c})", wrap(&a, ta, 7)), format!("({fa}) {not}IN ({fb}, {fc})"), 6)
                    }
                ),
            ]
        })
        .prop_map(|(text, full, _)| (text, full))
        .boxed()
}

fn statement() -> BoxedStrategy<String> {
    let text = || expr().prop_map(|(text, _)| text);
    // sqlparser does not know NO KEY UPDATE and KEY SHARE; the isolation specs hold us to these.
    let lock = prop::sample::select(vec!["", " FOR UPDATE", " FOR SHARE NOWAIT", " FOR UPDATE SKIP LOCKED"]);
    let modes = prop::sample::select(vec![
        "",
        " ISOLATION LEVEL SERIALIZABLE",
        " ISOLATION LEVEL READ COMMITTED, READ ONLY",
        " READ WRITE",
    ]);
    prop_oneof![
        (text(), table(), text(), lock).prop_map(|(item, table, filter, lock)| {
            format!("SELECT {item}, * FROM {table} AS t WHERE {filter} ORDER BY 1 DESC LIMIT 3{lock}")
        }),
        (text(), table(), text())
            .prop_map(|(item, table, on)| format!("SELECT {item} FROM t JOIN {table} AS x ON {on}")),
        (text(), table()).prop_map(|(item, table)| {
            format!("SELECT v, count(*) FROM {table} WHERE a IN (SELECT {item} FROM u) GROUP BY v HAVING count(*) > 1")
        }),
        (table(), text(), text())
            .prop_map(|(table, a, b)| format!("INSERT INTO {table} (a, b) VALUES ({a}, {b}), (1, DEFAULT)")),
        (table(), text(), text())
            .prop_map(|(table, value, filter)| format!("UPDATE {table} SET a = {value} WHERE {filter} RETURNING *")),
        (table(), text()).prop_map(|(table, filter)| format!("DELETE FROM {table} WHERE {filter}")),
        (table(), text()).prop_map(|(table, check)| {
            format!(
                "CREATE TABLE {table} (a int PRIMARY KEY, b text NOT NULL UNIQUE, v numeric(10, 2), CHECK ({check}))"
            )
        }),
        table().prop_map(|table| format!("CREATE UNIQUE INDEX i ON {table} (a, b)")),
        modes.prop_map(|modes| format!("BEGIN{modes}")),
        prop::sample::select(vec![
            "COMMIT",
            "ROLLBACK",
            "SAVEPOINT a",
            "ROLLBACK TO SAVEPOINT a",
            "RELEASE SAVEPOINT a",
            "DROP TABLE IF EXISTS t, u",
        ])
        .prop_map(str::to_owned),
    ]
    .boxed()
}

/// What sqlparser reads, without the parentheses that only group.
fn read(sql: &str) -> Result<Vec<Statement>, String> {
    let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).map_err(|error| format!("{sql}: {error}"))?;
    let _ = visit_expressions_mut(&mut statements, |expr| {
        while let Expr::Nested(inner) = expr {
            *expr = (**inner).clone();
        }
        ControlFlow::<()>::Continue(())
    });
    Ok(statements)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn statements_are_read_by_sqlparser_too(sql in statement()) {
        let ours = parse(&sql);
        prop_assert!(ours.is_ok(), "{sql}: {ours:?}");
        prop_assert!(read(&sql).is_ok(), "{:?}", read(&sql));
    }

    #[test]
    fn operators_bind_as_the_servers_do((text, full) in expr()) {
        // Ours drops parentheses that only group, so both ways of writing must be one tree.
        let (short, long) = (parse(&format!("SELECT {text}")), parse(&format!("SELECT {full}")));
        prop_assert!(short.is_ok(), "{text}: {short:?}");
        prop_assert_eq!(short, long);
        let (short, long) = (read(&format!("SELECT {text}")), read(&format!("SELECT {full}")));
        prop_assert!(short.is_ok(), "{:?}", short);
        prop_assert_eq!(short, long);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(?s).{0,80}", sql in statement(), cut in 0_usize..200) {
        let _ = parse(&text);
        let cut: String = sql.chars().take(cut).collect();
        let _ = parse(&cut);
        let _ = interleave::servers::sql::isolation_tester::parse(&text);
    }
}
