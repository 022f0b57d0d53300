//! Arms of a query: sources, joins, the select list, groups and sort keys.

use super::scope::{self, Clause, Level, Merged, Stream};
use super::{Binder, boxed, groups, lookup, types};
use crate::sql::ast::{self, Comparison, ExprKind, From, Item, JoinKind, Name, OrderItem, Select};
use crate::sql::error::SqlError;
use crate::sql::plan::{Arm, Bounds, Grouping, Key, Node, Plan, Sort, Source, Tree, Typed};
use crate::sql::types::{Column, Kind, Type};

/// How many tables one `SELECT` may name.
const MAX_STREAMS: usize = 64;

/// How many columns a result may have.
const MAX_COLUMNS: usize = 2000;

impl<'a> Binder<'a> {
    pub(super) fn select(
        &mut self,
        select: &'a Select,
        order: &'a [OrderItem],
    ) -> Result<(Arm, Vec<Column>), SqlError> {
        let bounds = self.bounds(&select.bounds)?;
        self.levels.push(Level::default());
        let result = self.select_inside(select, order, bounds);
        self.levels.pop();
        result
    }

    fn select_inside(
        &mut self,
        select: &'a Select,
        order: &'a [OrderItem],
        bounds: Bounds,
    ) -> Result<(Arm, Vec<Column>), SqlError> {
        let mut streams = Vec::new();
        let mut tree = self.from(&select.from, &mut streams)?;
        let filter = match &select.filter {
            Some(filter) => Some(self.condition(filter)?),
            None => None,
        };
        let selected = self.items(&select.items)?;
        self.level().clause = Clause::Group;
        let mut keys = Vec::new();
        for key in &select.group {
            keys.push(self.key(key, &selected, "GROUP BY")?);
        }
        self.level().clause = Clause::Select;
        let having = match &select.having {
            Some(having) => Some(self.condition(having)?),
            None => None,
        };
        let mut sorts = Vec::new();
        for item in order {
            let key = self.key(&item.expr, &selected, "ORDER BY")?;
            sorts.push(sort(item, key));
        }
        let aggregates = std::mem::take(&mut self.level().aggregates);
        let grouping = if keys.is_empty() && aggregates.is_empty() && having.is_none() {
            None
        } else {
            Some(Grouping { keys, aggregates, having })
        };
        if let Some(grouping) = &grouping {
            groups::check(grouping, &selected.items, &sorts)?;
        }
        // A table's rows come in the order of its key: Firebird walks its index and sorts nothing.
        if let ([Source::Table(model)], [sort], None) = (streams.as_slice(), sorts.as_slice(), &grouping) {
            let key = self.schema.at(*model).pk.0;
            let by_key =
                matches!(sort.key.of(&selected.items).node, Node::Column { depth: 0, column, .. } if column == key);
            if by_key && !sort.descending && !select.distinct {
                sorts.clear();
            }
        }
        let start = lookup::find(&mut tree, filter.as_ref(), &self.level().streams);
        let Selected { items, columns, .. } = selected;
        let arm =
            Arm { bounds, distinct: select.distinct, items, streams, tree, start, filter, grouping, order: sorts };
        Ok((arm, columns))
    }

    fn from(&mut self, from: &'a From, streams: &mut Vec<Source>) -> Result<Tree, SqlError> {
        match from {
            From::Table { name, alias } => self.table(name, alias.as_ref(), streams),
            From::Derived { query, alias, columns, at } => {
                let plan = self.derived(query)?;
                let name = alias.clone().unwrap_or(Name { text: String::new(), at: *at });
                self.add_derived((plan, query), &name, columns, streams)
            }
            From::Join { kind, left, right, on, using } => {
                let start = streams.len();
                let left_tree = self.from(left, streams)?;
                let middle = streams.len();
                let right_tree = self.from(right, streams)?;
                let on = match on {
                    Some(on) => Some(self.condition(on)?),
                    None if using.is_empty() => None,
                    None => Some(self.using(using, (start, middle))?),
                };
                // Commas are no joins to Firebird: see `Level::order`.
                if on.is_some() {
                    let place = self.level().order.len() - (streams.len() - start);
                    self.level().order[place..].reverse();
                }
                // A right join is a left join the other way round.
                let (kind, left, right) = match kind {
                    JoinKind::Right => (JoinKind::Left, right_tree, left_tree),
                    kind => (*kind, left_tree, right_tree),
                };
                Ok(Tree::Join { kind, left: Box::new(left), right: Box::new(right), on, lookup: None })
            }
        }
    }

    /// A query in `FROM` sees nothing of its neighbours.
    pub(super) fn derived(&mut self, query: &'a ast::Query) -> Result<Plan, SqlError> {
        let hidden = self.levels.pop();
        let plan = self.query(query);
        self.levels.extend(hidden);
        plan
    }

    fn table(&mut self, name: &Name, alias: Option<&Name>, streams: &mut Vec<Source>) -> Result<Tree, SqlError> {
        if let Some(place) = self.ctes.iter().rposition(|named| named.cte.name.text == name.text) {
            let cte = self.ctes[place].cte;
            let plan = self.named_query(place)?;
            return self.add_derived((plan, &cte.query), alias.unwrap_or(name), &cte.columns, streams);
        }
        let called = alias.unwrap_or(name).text.clone();
        if name.text == "RDB$DATABASE" {
            let columns = vec![Column { name: "RDB$RELATION_ID".into(), ty: Type::of(Kind::Short) }];
            return self.add(
                Stream {
                    alias: called,
                    named: alias.is_some(),
                    table: "table RDB$DATABASE".into(),
                    columns,
                    indexed: Vec::new(),
                },
                Source::One,
                streams,
            );
        }
        if ["RDB$", "MON$", "SEC$"].iter().any(|prefix| name.text.starts_with(prefix)) {
            let line = format!("of the system's tables only RDB$DATABASE is known here, not {}", name.text);
            return Err(SqlError::refused(&line));
        }
        let model = self
            .schema
            .table(&name.text)
            .filter(|model| model.table.to_ascii_uppercase() == name.text)
            .ok_or_else(|| SqlError::table_unknown(&name.text, name.at))?;
        let columns = model
            .fields
            .iter()
            .map(|field| Column { name: field.sql.to_ascii_uppercase(), ty: Type::of_field(field) })
            .collect();
        let keys = model.fields.iter().filter(|field| field.to.is_some() || field.id == model.pk);
        let indexed = keys.map(|field| field.id.0).collect();
        let table = format!("table {}", name.text);
        let stream = Stream { alias: called, named: alias.is_some(), table, columns, indexed };
        self.add(stream, Source::Table(model.id), streams)
    }

    fn add_derived(
        &mut self,
        (plan, query): (Plan, &ast::Query),
        alias: &Name,
        names: &[Name],
        streams: &mut Vec<Source>,
    ) -> Result<Tree, SqlError> {
        if !names.is_empty() && names.len() != plan.columns.len() {
            let line = format!("list of derived table columns for {} has the wrong length", alias.text);
            return Err(SqlError::dynamic("42000", -104, &["Invalid command", &line]));
        }
        let mut columns = plan.columns.clone();
        for (index, column) in columns.iter_mut().enumerate() {
            if let Some(name) = names.get(index) {
                column.name = name.text.clone();
            }
        }
        for (index, column) in columns.iter().enumerate() {
            let wrong = |line: &str| Err(SqlError::dynamic("42000", -104, &["Invalid command", line]));
            if column.name.is_empty() || !named(query, index) && names.is_empty() {
                let number = index + 1;
                return wrong(&format!(
                    "no column name specified for column number {number} in derived table {}",
                    alias.text
                ));
            }
            if columns[..index].iter().any(|earlier| earlier.name == column.name) {
                return wrong(&format!(
                    "column {} was specified multiple times for derived table {}",
                    column.name, alias.text
                ));
            }
        }
        let table = format!("derived table {}", alias.text);
        let named = !alias.text.is_empty();
        let stream = Stream { alias: alias.text.clone(), named, table, columns, indexed: Vec::new() };
        self.add(stream, Source::Derived(Box::new(plan)), streams)
    }

    fn add(&mut self, stream: Stream, source: Source, streams: &mut Vec<Source>) -> Result<Tree, SqlError> {
        if streams.len() >= MAX_STREAMS {
            return Err(SqlError::limit("the statement joins too many tables"));
        }
        let level = self.level();
        let twin = level.streams.iter().find(|other| stream.named && other.alias == stream.alias);
        match twin {
            Some(other) if other.named => return Err(scope::alias_conflict(&stream.alias)),
            Some(_) => {
                let line = format!("alias {} conflicts with a table in the same statement", stream.alias);
                return Err(SqlError::dynamic("42000", -204, &[&line]));
            }
            None => {}
        }
        level.order.push(level.streams.len());
        level.streams.push(stream);
        streams.push(source);
        Ok(Tree::Leaf(streams.len() - 1))
    }

    fn using(&mut self, names: &[Name], (start, middle): (usize, usize)) -> Result<Typed, SqlError> {
        let mut terms = Vec::new();
        for name in names {
            let level = self.level();
            let find = |from: usize, to: usize, side: &str| {
                let found = level.streams[from..to].iter().enumerate().find_map(|(index, stream)| {
                    let column = stream.columns.iter().position(|column| column.name == name.text)?;
                    Some((from + index, column))
                });
                found.ok_or_else(|| SqlError::column_unknown(&format!("<{side} side of USING>.{}", name.text), name.at))
            };
            let left = find(start, middle, "left")?;
            let right = find(middle, level.streams.len(), "right")?;
            let (a, b) = (level.value(0, left.0, left.1)?, level.value(0, right.0, right.1)?);
            let node = Node::Compare(Comparison::Equal, boxed(a), boxed(b));
            terms.push(Typed { node, ty: Type::of(Kind::Boolean) });
            // Either side may be the outcome of another USING.
            let mut sides = Vec::new();
            for (stream, column) in [left, right] {
                match level.merged.iter().position(|merged| merged.sides.contains(&(stream, column))) {
                    Some(place) => sides.extend(level.merged.remove(place).sides),
                    None => sides.push((stream, column)),
                }
            }
            level.merged.push(Merged { sides });
        }
        Ok(Typed { node: Node::And(terms), ty: Type::of(Kind::Boolean) })
    }

    fn items(&mut self, items: &'a [Item]) -> Result<Selected, SqlError> {
        self.level().clause = Clause::Select;
        let mut selected = Selected::default();
        for item in items {
            match item {
                Item::One(expr, alias) => {
                    let typed = self.expr(expr)?;
                    let (name, label) = match (alias, &expr.kind) {
                        (Some(alias), _) => (alias.text.clone(), Some("an alias")),
                        (None, ExprKind::Column(..)) => (types::name(expr), Some("a field")),
                        (None, _) => (types::name(expr), None),
                    };
                    selected.push(name, label, typed);
                }
                Item::All(table) => {
                    let before = selected.items.len();
                    let level = self.level();
                    for (stream, source) in level.streams.iter().enumerate() {
                        if table.as_ref().is_some_and(|table| table.text != source.alias) {
                            continue;
                        }
                        if source.table.ends_with("RDB$DATABASE") {
                            return Err(SqlError::refused("RDB$DATABASE has one row here, and not all of its columns"));
                        }
                        for (column, of) in source.columns.iter().enumerate() {
                            let value = match level.merged(stream, column) {
                                Some(merged) if table.is_none() && merged.sides[0] != (stream, column) => continue,
                                Some(_) if table.is_none() => level.value(0, stream, column)?,
                                _ => Typed { node: Node::Column { depth: 0, stream, column }, ty: of.ty },
                            };
                            selected.push(of.name.clone(), Some("a field"), value);
                        }
                    }
                    if let Some(table) = table
                        && selected.items.len() == before
                    {
                        return Err(SqlError::column_unknown(&format!("{}.*", table.text), table.at));
                    }
                }
            }
            if selected.items.len() > MAX_COLUMNS {
                return Err(SqlError::limit("the statement selects too many columns"));
            }
        }
        Ok(selected)
    }

    /// A key of `GROUP BY` or `ORDER BY`: a column's place, its alias, or an expression.
    fn key(&mut self, expr: &'a ast::Expr, selected: &Selected, clause: &str) -> Result<Key, SqlError> {
        if let ExprKind::Number(digits) = &expr.kind
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            let place = digits.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
            return place.filter(|place| *place < selected.items.len()).map(Key::Item).ok_or_else(|| {
                let line = format!("Invalid column position used in the {clause} clause");
                SqlError::dynamic("42000", -104, &[&line])
            });
        }
        if let ExprKind::Column(None, name) = &expr.kind
            && let Some(place) = selected.place(name)?
        {
            return Ok(Key::Item(place));
        }
        self.expr(expr).map(Key::Expr)
    }

    pub(super) fn union_order(
        &mut self,
        order: &[OrderItem],
        columns: &[Column],
    ) -> Result<Vec<Sort<usize>>, SqlError> {
        let wrong = || SqlError::dynamic("42000", -104, &["Invalid command", "invalid ORDER BY clause"]);
        order
            .iter()
            .map(|item| {
                let place = match &item.expr.kind {
                    ExprKind::Number(digits) => digits.parse::<usize>().ok().and_then(|place| place.checked_sub(1)),
                    _ => None,
                };
                Ok(sort(item, place.filter(|place| *place < columns.len()).ok_or_else(wrong)?))
            })
            .collect()
    }

    pub(super) fn bounds(&mut self, bounds: &'a ast::Bounds) -> Result<Bounds, SqlError> {
        let rows = match &bounds.rows {
            Some((from, to)) => {
                let from = self.expr(from)?;
                Some((from, to.as_ref().map(|to| self.expr(to)).transpose()?))
            }
            None => None,
        };
        let first = bounds.first.as_ref().map(|first| self.expr(first)).transpose()?;
        let skip = bounds.skip.as_ref().map(|skip| self.expr(skip)).transpose()?;
        Ok(Bounds { first, skip, rows })
    }
}

/// A select list, with what its columns are called.
#[derive(Default)]
struct Selected {
    items: Vec<Typed>,
    columns: Vec<Column>,
    /// What gives a column a name by which keys may call it: `a field` or `an alias`.
    labels: Vec<Option<&'static str>>,
}

impl Selected {
    fn push(&mut self, name: String, label: Option<&'static str>, item: Typed) {
        self.columns.push(Column { name, ty: item.ty });
        self.labels.push(label);
        self.items.push(item);
    }

    /// The column of this name.
    fn place(&self, name: &Name) -> Result<Option<usize>, SqlError> {
        let mut found = self.columns.iter().zip(&self.labels).enumerate().filter_map(|(place, (column, label))| {
            let label = label.filter(|_| column.name == name.text)?;
            Some((place, label))
        });
        match (found.next(), found.next()) {
            (Some((_, first)), Some((_, second))) => {
                let line = format!("Ambiguous field name between {first} and {second} in the select list with name");
                Err(SqlError::dynamic("42702", -204, &[&line, &name.text]))
            }
            (first, _) => Ok(first.map(|(place, _)| place)),
        }
    }
}

/// Whether a query's column has a name of its own: an alias, or that of a column.
fn named(query: &ast::Query, column: usize) -> bool {
    // Behind a `*` places shift; its columns all have names.
    if query.first.items.iter().any(|item| matches!(item, Item::All(_))) {
        return true;
    }
    match query.first.items.get(column) {
        Some(Item::One(expr, alias)) => alias.is_some() || matches!(expr.kind, ExprKind::Column(..)),
        _ => true,
    }
}

fn sort<K>(item: &OrderItem, key: K) -> Sort<K> {
    // NULL is the smallest of all unless the statement says otherwise.
    let nulls_first = item.nulls_first.unwrap_or(!item.descending);
    Sort { key, descending: item.descending, nulls_first }
}
