//! Queries.

use std::sync::Arc;

use super::expr::coerce;
use super::{Bound, BoundFrom, BoundItem, BoundQuery, BoundSource, Scope};
use crate::servers::sql::ast::{Expr, Item, Join, Name, Order, Patience, Query, Source};
use crate::servers::sql::error::SqlError;
use crate::servers::sql::value::{Type, Value};

/// Table, column, type.
type Columns = Vec<(Name, Name, Type)>;

impl Scope<'_> {
    /// Reads a query within the names in reach.
    pub fn query(&mut self, query: &Query) -> Result<BoundQuery, SqlError> {
        let id = self.next_query;
        self.next_query += 1;
        let outer_aggregates = std::mem::take(&mut self.aggregates);
        let outer_place = self.no_aggregates;
        let outer_outermost = std::mem::replace(&mut self.outermost, usize::MAX);
        self.columns.push(Vec::new());
        let level = self.columns.len() - 1;
        let bound = self.query_inside(query, id);
        self.columns.truncate(level);
        self.aggregates = outer_aggregates;
        self.no_aggregates = outer_place;
        let outermost = self.outermost;
        self.outermost = outer_outermost.min(if outermost < level { outermost } else { usize::MAX });
        let mut bound = bound?;
        bound.correlated = outermost < level;
        Ok(bound)
    }

    fn query_inside(&mut self, query: &Query, id: u16) -> Result<BoundQuery, SqlError> {
        self.no_aggregates = Some("FROM");
        let mut from = self.from(query)?;
        self.no_aggregates = Some("WHERE");
        let filter = query.filter.as_ref().map(|filter| self.condition(filter, "WHERE")).transpose()?;
        self.no_aggregates = Some("GROUP BY");
        let mut group_by = Vec::new();
        for expr in &query.group_by {
            let expr = self.by_place(expr, query)?.unwrap_or(expr);
            group_by.push(self.expr(expr)?.0);
        }
        self.no_aggregates = None;
        let items = self.items(&query.items)?;
        let having = query.having.as_ref().map(|having| self.condition(having, "HAVING")).transpose()?;
        let mut order_by = Vec::new();
        for order in &query.order_by {
            let bound = self.order(order, query, &items)?;
            let nulls_first = order.nulls_first.unwrap_or(order.descending);
            order_by.push((bound, order.descending, nulls_first));
        }
        let aggregates = std::mem::take(&mut self.aggregates);
        self.no_aggregates = Some("LIMIT");
        let mut count = |expr: &Option<Expr>| -> Result<Option<Bound>, SqlError> {
            let Some(expr) = expr else { return Ok(None) };
            let (bound, ty) = self.expr(expr)?;
            coerce(bound, ty, Type::BigInt).map(Some)
        };
        let (limit, offset) = (count(&query.limit)?, count(&query.offset)?);
        let grouped = !group_by.is_empty() || !aggregates.is_empty() || having.is_some();
        if grouped {
            let all = items.iter().map(|item| &item.expr).chain(&having).chain(order_by.iter().map(|(by, _, _)| by));
            for expr in all {
                self.only_grouped(expr, &group_by)?;
            }
        }
        self.locking(query, grouped, &mut from)?;
        Ok(BoundQuery {
            id,
            correlated: false,
            distinct: query.distinct,
            items,
            from,
            filter,
            grouped,
            group_by,
            aggregates,
            having,
            order_by,
            limit,
            offset,
        })
    }

    fn from(&mut self, query: &Query) -> Result<Vec<BoundFrom>, SqlError> {
        let mut out: Vec<BoundFrom> = Vec::new();
        let level = self.columns.len() - 1;
        for (join, source) in &query.from {
            let (source, columns) = self.source(source)?;
            if let Some((name, ..)) = columns.first()
                && self.columns[level].iter().any(|(other, ..)| other == name)
            {
                return Err(SqlError::new("42712", format!("table name \"{name}\" specified more than once")));
            }
            let offset = self.columns[level].len() as u16;
            let width = columns.len() as u16;
            self.columns[level].extend(columns);
            let (on, left) = match join {
                Join::Comma | Join::Cross => (None, false),
                Join::Inner(on) => (Some(self.condition(on, "JOIN/ON")?), false),
                Join::Left(on) => (Some(self.condition(on, "JOIN/ON")?), true),
            };
            out.push(BoundFrom { source, offset, width, on, left, lock: None });
        }
        Ok(out)
    }

    fn source(&mut self, source: &Source) -> Result<(BoundSource, Columns), SqlError> {
        Ok(match source {
            Source::Table(name, alias) => {
                let table = self.catalog.existing(name)?;
                let shown = alias.as_ref().unwrap_or(name);
                let columns = table.columns.iter().map(|column| (shown.clone(), column.name.clone(), column.ty));
                (BoundSource::Table(table.id), columns.collect())
            }
            Source::Query(query, alias) => {
                // A query in FROM does not see its neighbours.
                let level = self.columns.len() - 1;
                let neighbours = std::mem::take(&mut self.columns[level]);
                let bound = self.query(query);
                self.columns[level] = neighbours;
                let bound = bound?;
                if bound.locks() {
                    return Err(SqlError::unsupported("FOR UPDATE in a subquery"));
                }
                let columns = bound.items.iter().map(|item| (alias.clone(), item.name.clone(), item.ty)).collect();
                (BoundSource::Query(Arc::new(bound)), columns)
            }
            Source::Function(name, arguments, alias) => {
                let shown = alias.as_ref().unwrap_or(name).clone();
                let (arguments, ty) = self.series(name, arguments)?;
                (BoundSource::Series(arguments), vec![(shown.clone(), shown, ty)])
            }
        })
    }

    fn series(&mut self, name: &str, arguments: &[Expr]) -> Result<(Vec<Bound>, Type), SqlError> {
        if name != "generate_series" || !(2..=3).contains(&arguments.len()) {
            return Err(SqlError::unsupported(format!(
                "the function {name} in FROM; generate_series(from, to[, step]) is"
            )));
        }
        let mut bound = Vec::new();
        let mut ty = Type::Int;
        for argument in arguments {
            match self.expr(argument)? {
                (expr, Type::Int) => bound.push(expr),
                (expr, Type::BigInt) => {
                    ty = Type::BigInt;
                    bound.push(expr);
                }
                _ => return Err(SqlError::unsupported("generate_series over anything but integers")),
            }
        }
        Ok((bound, ty))
    }

    /// What a list of items gives.
    pub fn items(&mut self, items: &[Item]) -> Result<Vec<BoundItem>, SqlError> {
        let mut out = Vec::new();
        let level = self.columns.len() - 1;
        for item in items {
            match item {
                Item::All | Item::AllOf(_) => {
                    let of = if let Item::AllOf(table) = item { Some(table) } else { None };
                    let before = out.len();
                    for (at, (table, name, ty)) in self.columns[level].iter().enumerate() {
                        if of.is_none_or(|of| of == table) {
                            let expr = Bound::Column(0, at as u16);
                            out.push(BoundItem { expr, ty: *ty, name: name.clone(), series: None });
                        }
                    }
                    if let (Some(table), true) = (of, out.len() == before) {
                        let message = format!("missing FROM-clause entry for table \"{table}\"");
                        return Err(SqlError::new("42P01", message));
                    }
                }
                Item::Expr(Expr::Call(name, arguments, false), alias) if name == "generate_series" => {
                    let (arguments, ty) = self.series(name, arguments)?;
                    let name = alias.as_ref().unwrap_or(name).clone();
                    out.push(BoundItem { expr: Bound::Const(Value::Null), ty, name, series: Some(arguments) });
                }
                Item::Expr(expr, alias) => {
                    let (bound, ty) = self.expr(expr)?;
                    let ty = if ty == Type::Unknown { Type::Text } else { ty };
                    out.push(BoundItem {
                        expr: bound,
                        ty,
                        name: alias.clone().unwrap_or_else(|| name_of(expr)),
                        series: None,
                    });
                }
            }
        }
        Ok(out)
    }

    /// The item that a bare number or an output name means in GROUP BY.
    fn by_place<'q>(&self, expr: &Expr, query: &'q Query) -> Result<Option<&'q Expr>, SqlError> {
        let item = match expr {
            Expr::Number(digits) => {
                let at = digits.parse::<usize>().ok().and_then(|at| at.checked_sub(1));
                let item = at.and_then(|at| query.items.get(at));
                let outside = || SqlError::new("42P10", format!("GROUP BY position {digits} is not in select list"));
                Some(item.ok_or_else(outside)?)
            }
            Expr::Column(None, name)
                if !self.columns.last().is_some_and(|all| all.iter().any(|(_, n, _)| n == name)) =>
            {
                query.items.iter().find(|item| matches!(item, Item::Expr(_, Some(alias)) if alias == name))
            }
            _ => None,
        };
        match item {
            Some(Item::Expr(expr, _)) => Ok(Some(expr)),
            Some(_) => Err(SqlError::unsupported("GROUP BY the position of `*`")),
            None => Ok(None),
        }
    }

    /// An output name or position, else an expression over the input.
    fn order(&mut self, order: &Order, query: &Query, items: &[BoundItem]) -> Result<Bound, SqlError> {
        if query.distinct && !matches!(&order.by, Expr::Number(_) | Expr::Column(None, _)) {
            return Err(SqlError::unsupported("ORDER BY an expression with DISTINCT"));
        }
        match &order.by {
            Expr::Number(digits) => {
                let at = digits.parse::<usize>().ok().and_then(|at| at.checked_sub(1));
                let item = at.and_then(|at| items.get(at));
                let outside = || SqlError::new("42P10", format!("ORDER BY position {digits} is not in select list"));
                Ok(item.ok_or_else(outside)?.expr.clone())
            }
            Expr::Column(None, name) => match items.iter().find(|item| &item.name == name) {
                Some(item) if item.series.is_none() => Ok(item.expr.clone()),
                Some(_) => Err(SqlError::unsupported("ORDER BY a generated series")),
                None => Ok(self.expr(&order.by)?.0),
            },
            other => Ok(self.expr(other)?.0),
        }
    }

    fn only_grouped(&self, expr: &Bound, group_by: &[Bound]) -> Result<(), SqlError> {
        if group_by.contains(expr) {
            return Ok(());
        }
        match expr {
            Bound::Column(0, at) => {
                let place = self.columns.last().and_then(|columns| columns.get(usize::from(*at)));
                let (table, name) = place.map_or(("", ""), |(table, name, _)| (table, name));
                let must = "must appear in the GROUP BY clause or be used in an aggregate function";
                Err(SqlError::new("42803", format!("column \"{table}.{name}\" {must}")))
            }
            Bound::Const(_) | Bound::Column(..) | Bound::Aggregate(_) | Bound::Exists(_) | Bound::Scalar(_) => Ok(()),
            Bound::Not(a)
            | Bound::Minus(a)
            | Bound::Trimmed(a)
            | Bound::IsNull(a, _)
            | Bound::IsBool(a, _, _)
            | Bound::InQuery(a, _, _)
            | Bound::Cast(a, _) => self.only_grouped(a, group_by),
            Bound::Binary(_, a, b) | Bound::Like(a, b, _) => {
                self.only_grouped(a, group_by)?;
                self.only_grouped(b, group_by)
            }
            Bound::InList(a, list, _) => {
                self.only_grouped(a, group_by)?;
                list.iter().try_for_each(|one| self.only_grouped(one, group_by))
            }
            Bound::Case(arms, otherwise) => {
                for (when, then) in arms {
                    self.only_grouped(when, group_by)?;
                    self.only_grouped(then, group_by)?;
                }
                otherwise.as_ref().map_or(Ok(()), |otherwise| self.only_grouped(otherwise, group_by))
            }
            Bound::Call(_, arguments) => arguments.iter().try_for_each(|one| self.only_grouped(one, group_by)),
        }
    }

    /// Which sources are locked, and how: the strongest of what is asked for, and the least patient.
    fn locking(&self, query: &Query, grouped: bool, from: &mut [BoundFrom]) -> Result<(), SqlError> {
        for locking in &query.locking {
            let words = locking.strength.words();
            let refused = if query.distinct {
                Some("DISTINCT clause")
            } else if !query.group_by.is_empty() {
                Some("GROUP BY clause")
            } else if query.having.is_some() {
                Some("HAVING clause")
            } else if grouped {
                Some("aggregate functions")
            } else {
                None
            };
            if let Some(refused) = refused {
                return Err(SqlError::new("0A000", format!("{words} is not allowed with {refused}")));
            }
            let mut named = locking.of.clone();
            for (at, (_, source)) in query.from.iter().enumerate() {
                let name = match source {
                    Source::Table(name, alias) => alias.as_ref().unwrap_or(name),
                    Source::Query(_, name) => name,
                    Source::Function(name, _, alias) => alias.as_ref().unwrap_or(name),
                };
                if !locking.of.is_empty() && !locking.of.contains(name) {
                    continue;
                }
                named.retain(|other| other != name);
                if matches!(source, Source::Query(..)) {
                    return Err(SqlError::unsupported("locking the rows of a subquery"));
                }
                if from[at].left {
                    let message = format!("{words} cannot be applied to the nullable side of an outer join");
                    return Err(SqlError::new("0A000", message));
                }
                if matches!(source, Source::Table(..)) {
                    let (strength, patience) = from[at].lock.unwrap_or((locking.strength, locking.patience));
                    let patience = if patience == Patience::Wait { locking.patience } else { patience };
                    from[at].lock = Some((strength.max(locking.strength), patience));
                }
            }
            if let Some(name) = named.first() {
                let message = format!("relation \"{name}\" in {words} clause not found in FROM clause");
                return Err(SqlError::new("42P01", message));
            }
        }
        Ok(())
    }
}

/// The name that the server writes above an unnamed column.
fn name_of(expr: &Expr) -> Name {
    let known = match expr {
        Expr::Column(_, name) | Expr::Call(name, ..) => name,
        Expr::Bool(_) => "bool",
        Expr::Typed(Type::Date, _) => "date",
        Expr::Typed(..) => "timestamp",
        Expr::Exists(_) => "exists",
        Expr::Case(_, _, otherwise) => {
            let inner = otherwise.as_deref().map(name_of).filter(|name| name != "?column?");
            return inner.unwrap_or_else(|| "case".to_owned());
        }
        Expr::Scalar(query) => match query.items.as_slice() {
            [Item::Expr(expr, alias)] => return alias.clone().unwrap_or_else(|| name_of(expr)),
            _ => "?column?",
        },
        Expr::Cast(inner, ty) => {
            let inner = name_of(inner);
            if inner != "?column?" {
                return inner;
            }
            match ty {
                Type::Int => "int4",
                Type::BigInt => "int8",
                Type::Bool => "bool",
                Type::Varchar(_) => "varchar",
                Type::Char(_) => "bpchar",
                Type::Timestamp => "timestamp",
                other => other.name(),
            }
        }
        _ => "?column?",
    };
    known.to_owned()
}
