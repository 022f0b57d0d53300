//! Replays one documented call, or one case of a rule, against a server, and says what came of it.
//!
//! On a server of ours each starts from the demo state. What must hold afterwards is looked at twice: before the tasks
//! have run, where it must not hold yet, and after. A check that holds before anything has happened proves nothing.

mod steps;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use carbon_specs::Schema;
use carbon_specs::example::{Example, Loop, Request, Variant};
use carbon_specs::rule::Case;
use carbon_specs::step::{Check, Step};
use serde::Serialize;
use serde_json::Value;

use crate::bindings::Bindings;
use crate::bindings::file::PageBindings;
use crate::bindings::page::{Rebind, Unbound};
use crate::brief::cut;
use crate::catalog::Form;
use crate::check::{self, Mismatch};
use crate::control::{self, ControlError};
use crate::exchange::{Exchange, Sent};
use crate::fault::Fault;
use crate::literal::{Ended, Shell};
use crate::sandbox::Session;
use crate::target::{Client, TargetError, Unreachable};
pub use steps::proves_anywhere;
use steps::{Stage, Stories};

/// How much of a reply is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compare {
    /// Values, and the snapshot to the byte.
    Exact,
    /// Values, and the snapshot's JSON, however it is spelled: for a server that holds the demo data and is no mock.
    Values,
    /// Keys and kinds only: for a server whose data are not the demo data.
    Shape,
    /// Nothing but the rules, and that what works is no error.
    Rules,
}

impl Compare {
    /// Whether values count: the server holds the demo data.
    pub fn is_by_value(self) -> bool {
        matches!(self, Self::Exact | Self::Values)
    }
}

/// A loop's variables and their values in one turn.
pub type Row = Vec<(String, String)>;

/// One turn of a loop, or the only one.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The loop's variables and their values in this turn.
    pub row: Row,
    /// What was sent and answered.
    pub exchange: Exchange,
}

/// What came of a replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// Everything that was sent for the call itself, in order.
    pub turns: Vec<Turn>,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
    /// How a shell text ended, where one was run.
    pub shell: Option<Ended>,
    /// The folder that a shell text ran in, where it is kept.
    pub folder: Option<PathBuf>,
}

/// What a step can end with, beside what it is about.
enum Stop {
    /// The server is gone.
    Unreachable(TargetError),
    /// This replay is over.
    Trouble(String),
}

impl From<TargetError> for Stop {
    fn from(error: TargetError) -> Self {
        if error.is_unreachable() { Self::Unreachable(error) } else { Self::Trouble(error.to_string()) }
    }
}

impl From<ControlError> for Stop {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Target(error) => error.into(),
            error @ ControlError::Answer { .. } => Self::Trouble(error.to_string()),
        }
    }
}

/// Replays against one server.
#[derive(Clone, Debug)]
pub struct Replayer {
    client: Client,
    compare: Compare,
    sandbox: Option<Arc<Session>>,
    /// What stands for the page's rows; nothing where the server holds the page's own.
    page: Option<Arc<PageBindings>>,
    /// How long a change may take to be seen on a server that is not ours.
    settle: Duration,
}

impl Replayer {
    /// Replays through a client.
    pub fn new(client: Client, compare: Compare) -> Self {
        Self { client, compare, sandbox: None, page: None, settle: Duration::ZERO }
    }

    /// Runs writes on a sandbox's objects.
    #[must_use]
    pub fn in_sandbox(mut self, sandbox: Option<Arc<Session>>) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// Lets rows of the server stand for the page's: what names a row without a binding is not sent.
    #[must_use]
    pub fn bound(mut self, page: Option<Arc<PageBindings>>) -> Self {
        self.page = page;
        self
    }

    /// Waits so long for changes on a server whose tasks cannot be run.
    #[must_use]
    pub fn patient(mut self, settle: Duration) -> Self {
        self.settle = settle;
        self
    }

    /// The same with the server's rows for the page's.
    ///
    /// # Errors
    /// Which row has no binding.
    pub fn rebind<T: Rebind>(&self, schema: &Schema, what: &T) -> Result<Option<T>, Unbound> {
        let Some(page) = &self.page else { return Ok(None) };
        what.rebind(schema, &|id| page.get(id).cloned()).map(Some)
    }

    /// The sandbox, if there is one.
    pub fn sandbox(&self) -> Option<&Session> {
        self.sandbox.as_deref()
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How much of a reply is compared.
    pub fn compare(&self) -> Compare {
        self.compare
    }

    /// Replays one spelling of a call.
    ///
    /// # Errors
    /// Only if nobody answers; everything else is a fault.
    pub async fn variant(&self, example: &Example, form: Form) -> Result<Replayed, Unreachable> {
        let variant = match form {
            Form::Printed => &example.printed,
            Form::Corrected => example.corrected.as_ref().unwrap_or(&example.printed),
        };
        let misprint = form == Form::Printed && example.erratum.is_some();
        let mut replayed = Replayed::default();
        let stopped = self.try_variant(example, variant, misprint, &mut replayed).await;
        conclude(stopped, replayed)
    }

    /// Replays one case of a rule.
    ///
    /// # Errors
    /// Only if nobody answers; everything else is a fault.
    pub async fn case(&self, case: &Case) -> Result<Replayed, Unreachable> {
        let mut replayed = Replayed::default();
        let stopped = self.try_case(case, &mut replayed).await;
        conclude(stopped, replayed)
    }

    async fn try_case(&self, case: &Case, replayed: &mut Replayed) -> Result<(), Stop> {
        let mut bindings = Bindings::default();
        if self.client.is_ours() {
            control::reset(&self.client).await?;
        }
        let mut stories = Stories { replayer: self, bindings: &mut bindings, faults: &mut replayed.faults };
        stories.walk(&case.steps, Stage::After).await
    }

    async fn try_variant(
        &self,
        example: &Example,
        variant: &Variant,
        misprint: bool,
        replayed: &mut Replayed,
    ) -> Result<(), Stop> {
        let Some(request) = &variant.request else { return Ok(()) };
        let mut bindings = self.prepare(example, variant, &mut replayed.faults).await?;
        for (index, row) in rows(variant).into_iter().enumerate() {
            bind_row(&mut bindings, &row);
            let sent = Sent { path: bindings.text(&request.path), body: bindings.text(&request.body) };
            let exchange = self.client.call(sent).await?;
            let turn = variant.turns.as_ref().map(|_| index + 1);
            self.hold_reply(&exchange, &variant.reply, misprint, turn, &mut bindings, &mut replayed.faults);
            replayed.turns.push(Turn { row, exchange });
        }
        // What was refused has no consequences.
        if replayed.faults.iter().any(Fault::is_refusal) {
            return Ok(());
        }
        self.hold_after(variant, &mut bindings, &mut replayed.faults).await
    }

    /// Runs the page's own text of one spelling under bash, and holds what arrives, what is answered and what follows
    /// to the same expectations. Only for a server of ours.
    ///
    /// # Errors
    /// Only if nobody answers; everything else is a fault.
    pub async fn literal(&self, example: &Example, form: Form, shell: &Shell) -> Result<Replayed, Unreachable> {
        let variant = match form {
            Form::Printed => &example.printed,
            Form::Corrected => example.corrected.as_ref().unwrap_or(&example.printed),
        };
        let misprint = form == Form::Printed && example.erratum.is_some();
        let mut replayed = Replayed::default();
        let stopped = self.try_literal(example, variant, misprint, shell, &mut replayed).await;
        conclude(stopped, replayed)
    }

    async fn try_literal(
        &self,
        example: &Example,
        variant: &Variant,
        misprint: bool,
        shell: &Shell,
        replayed: &mut Replayed,
    ) -> Result<(), Stop> {
        let mut bindings = self.prepare(example, variant, &mut replayed.faults).await?;
        let heard =
            shell.run(&example.id, variant, &self.client).await.map_err(|error| Stop::Trouble(error.to_string()))?;
        replayed.folder = heard.folder;
        replayed.faults.extend(heard.traffic.strange.into_iter().map(|text| Fault::Trouble { text }));
        let mut expected: Vec<(Row, Sent)> = match &variant.request {
            None => Vec::new(),
            Some(request) => rows(variant).into_iter().map(|row| (row.clone(), with_row(request, &row))).collect(),
        };
        let mut extra = Vec::new();
        for exchange in heard.traffic.exchanges {
            let Some(place) = expected.iter().position(|(_, sent)| *sent == exchange.sent) else {
                extra.push(exchange.sent);
                continue;
            };
            let (row, _) = expected.remove(place);
            bind_row(&mut bindings, &row);
            let turn = variant.turns.as_ref().map(|_| replayed.turns.len() + 1);
            self.hold_reply(&exchange, &variant.reply, misprint, turn, &mut bindings, &mut replayed.faults);
            replayed.turns.push(Turn { row, exchange });
        }
        if !expected.is_empty() || !extra.is_empty() {
            let missing = expected.into_iter().map(|(_, sent)| sent).collect();
            replayed.faults.push(Fault::Arrived { missing, extra });
        }
        // Misprints fail as printed; that is what they are known for.
        if !heard.ended.is_clean() && (!misprint || !replayed.faults.is_empty()) {
            replayed.faults.push(Fault::Shell { ended: heard.ended.clone() });
        }
        replayed.shell = Some(heard.ended);
        if variant.request.is_none() {
            return Ok(());
        }
        self.hold_after(variant, &mut bindings, &mut replayed.faults).await
    }

    /// Puts a server of ours where the example starts from.
    async fn prepare(&self, example: &Example, variant: &Variant, faults: &mut Vec<Fault>) -> Result<Bindings, Stop> {
        let mut bindings = Bindings::default();
        if self.client.is_ours() {
            control::reset(&self.client).await?;
            let mut stories = Stories { replayer: self, bindings: &mut bindings, faults };
            stories.walk(&example.before, Stage::Before).await?;
            if !example.before.is_empty() {
                stories.settle().await?;
            }
            if let (Some(turns), Some(_)) = (&variant.turns, &variant.request) {
                self.hold_rows(turns, faults).await?;
            }
        }
        Ok(bindings)
    }

    /// What must hold afterwards, and must not hold before the tasks have run.
    async fn hold_after(
        &self,
        variant: &Variant,
        bindings: &mut Bindings,
        faults: &mut Vec<Fault>,
    ) -> Result<(), Stop> {
        let mut stories = Stories { replayer: self, bindings, faults };
        if self.client.is_ours() {
            stories.insist_nothing_holds_yet(&variant.after).await?;
            stories.settle().await?;
        }
        stories.walk(&variant.after, Stage::After).await
    }

    /// Holds one reply to its checks, and binds `$pk`.
    fn hold_reply(
        &self,
        exchange: &Exchange,
        checks: &[Check],
        misprint: bool,
        turn: Option<usize>,
        bindings: &mut Bindings,
        faults: &mut Vec<Fault>,
    ) {
        // What a misprint comes to follows from how a mock is made: to another server it may well be a call.
        if misprint && self.compare != Compare::Exact {
            return;
        }
        let Ok(reply) = exchange.answer.json() else {
            if !checks.is_empty() {
                faults.push(not_json(exchange));
            }
            return;
        };
        if let Some(pk) = reply.pointer("/result/pk") {
            bindings.bind("pk", pk.clone());
        }
        if let Some(refusal) = (!misprint).then(|| refused(checks, &reply)).flatten() {
            faults.push(Fault::Reply { turn, mismatch: refusal });
            return;
        }
        let held = checks.iter().filter_map(|check| match self.compare {
            Compare::Exact | Compare::Values => Some(Cow::Borrowed(check)),
            Compare::Shape if is_about_shape(check) => anywhere(check, &reply),
            Compare::Rules if is_about_error(check) => Some(Cow::Borrowed(check)),
            Compare::Shape | Compare::Rules => None,
        });
        let wrong: Vec<Mismatch> = held.filter_map(|check| check::hold(&check, &reply, bindings).err()).collect();
        faults.extend(wrong.into_iter().map(|mismatch| Fault::Reply { turn, mismatch }));
    }

    /// Holds the loop's rows to what its statement selects, where the server can be asked.
    async fn hold_rows(&self, turns: &Loop, faults: &mut Vec<Fault>) -> Result<(), Stop> {
        let Some(statement) = &turns.sql else { return Ok(()) };
        let rows = match control::sql(&self.client, statement).await {
            Ok(selected) => selected.rows,
            Err(ControlError::Answer { status: 404 | 501, .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(rows) = rows else { return Ok(()) };
        let selected: Vec<Vec<String>> = rows.iter().map(|row| words(row, turns.variables.len())).collect();
        let missing: Vec<_> = turns.rows.iter().filter(|row| !selected.contains(row)).cloned().collect();
        let extra: Vec<_> = selected.iter().filter(|row| !turns.rows.contains(row)).cloned().collect();
        if !missing.is_empty() || !extra.is_empty() {
            faults.push(Fault::Rows { missing, extra });
        }
        Ok(())
    }
}

fn conclude(stopped: Result<(), Stop>, mut replayed: Replayed) -> Result<Replayed, Unreachable> {
    match stopped {
        Ok(()) => {}
        Err(Stop::Unreachable(error)) => return Err(error.into()),
        Err(Stop::Trouble(text)) => replayed.faults.push(Fault::Trouble { text }),
    }
    Ok(replayed)
}

fn bind_row(bindings: &mut Bindings, row: &Row) {
    for (name, value) in row {
        bindings.bind(name.as_str(), Value::String(value.clone()));
    }
}

/// The request of one turn.
fn with_row(request: &Request, row: &Row) -> Sent {
    let mut bindings = Bindings::default();
    bind_row(&mut bindings, row);
    Sent { path: bindings.text(&request.path), body: bindings.text(&request.body) }
}

/// The turns of a variant: one, or one for each of the loop's rows.
fn rows(variant: &Variant) -> Vec<Row> {
    match &variant.turns {
        None => vec![Vec::new()],
        Some(turns) => {
            turns.rows.iter().map(|row| turns.variables.iter().cloned().zip(row.iter().cloned()).collect()).collect()
        }
    }
}

/// A selected row as the shell's `read` puts it into so many variables: the last one takes the rest.
fn words(row: &[Value], variables: usize) -> Vec<String> {
    let texts = row.iter().map(|value| match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    });
    if row.len() >= variables {
        return texts.take(variables).collect();
    }
    let joined = texts.collect::<Vec<_>>().join(" ");
    let mut words: Vec<String> = joined.split_whitespace().map(str::to_owned).collect();
    if variables > 0 && words.len() > variables {
        let rest = words.split_off(variables - 1).join(" ");
        words.push(rest);
    }
    words
}

/// Whether a check speaks of an error, or of the whole reply.
fn is_about_error(check: &Check) -> bool {
    check.at.is_empty() || check.at == "/error"
}

/// The error that a reply carries and no check asks for. Whatever else the checks ask for is missing for this one reason.
fn refused(checks: &[Check], reply: &Value) -> Option<Mismatch> {
    let asked_for = checks.iter().any(|check| is_about_error(check) && check.absent.is_none());
    check::error_of(reply).filter(|_| !asked_for).map(|error| Mismatch::refusal("error", error))
}

/// The check on the first row of the list that it can be held of, whichever row of the demo data it names: other data have
/// other rows, and a row without a tariff shows none. None, where there is no such row.
fn anywhere<'c>(check: &'c Check, reply: &Value) -> Option<Cow<'c, Check>> {
    let Some(rows) = reply.get("result").and_then(Value::as_array) else {
        return (!rests_on_nothing(check, reply)).then_some(Cow::Borrowed(check));
    };
    let Some((_, inside)) = check.at.strip_prefix("/result/").and_then(|rest| {
        let (row, inside) = rest.split_once('/').unwrap_or((rest, ""));
        row.parse::<usize>().is_ok().then_some((row, inside))
    }) else {
        return Some(Cow::Borrowed(check));
    };
    let holder: Vec<&str> = inside.rsplit_once('/').map_or(Vec::new(), |(holder, _)| holder.split('/').collect());
    let place = rows.iter().position(|row| !leads_to_nothing(row, &holder))?;
    let at = if inside.is_empty() { format!("/result/{place}") } else { format!("/result/{place}/{inside}") };
    Some(Cow::Owned(Check { at, ..check.clone() }))
}

/// Whether a check looks into a list of an object that is empty here, or behind a key that is null.
fn rests_on_nothing(check: &Check, reply: &Value) -> bool {
    let inside = check.at.strip_prefix("/result/").and_then(|inside| inside.rsplit_once('/'));
    inside.is_some_and(|(holder, _)| {
        let way: Vec<&str> = holder.split('/').collect();
        reply.get("result").is_some_and(|result| !result.is_null() && leads_to_nothing(result, &way))
    })
}

/// Whether on the way there is a null or an empty list, where rows differ. What is missing altogether leads somewhere: to a
/// mismatch.
fn leads_to_nothing(value: &Value, way: &[&str]) -> bool {
    let is_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    is_nothing
        || way.split_first().is_some_and(|(next, rest)| {
            value.pointer(&format!("/{next}")).is_some_and(|value| leads_to_nothing(value, rest))
        })
}

fn is_about_shape(check: &Check) -> bool {
    check.kind.is_some() || check.keys.is_some() || check.absent.is_some()
}

fn not_json(exchange: &Exchange) -> Fault {
    let text = String::from_utf8_lossy(&exchange.answer.body);
    Fault::NotJson { status: exchange.answer.status, begins: cut(&text, 200) }
}

/// Whether a case can be run where nothing may be changed and no clock is ours.
pub fn changes_nothing(steps: &[Step], is_read: impl Fn(&str, &str) -> bool) -> bool {
    steps.iter().all(|step| match step {
        Step::Call { path, body, .. } => is_read(path, body),
        Step::Read(_) => true,
        Step::Settle | Step::Advance { .. } => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_shape_is_held_of_the_first_row_that_has_it() {
        let reply = json!({"result": [{"fields": {"tarif": null}}, {"fields": {"tarif": {"fields": {"name": "a"}}}}]});
        let check = |at: &str| -> Check { serde_json::from_value(json!({"at": at, "keys": ["name"]})).unwrap() };
        let place = |at: &str, reply: &Value| anywhere(&check(at), reply).map(|check| check.at.clone());
        let tarif = "/result/0/fields/tarif/fields";
        assert_eq!(place(tarif, &reply).as_deref(), Some("/result/1/fields/tarif/fields"));
        assert_eq!(place("/result/7/fields", &reply).as_deref(), Some("/result/0/fields"));
        assert_eq!(place("/result", &reply).as_deref(), Some("/result"));
        assert_eq!(place(tarif, &json!({"result": []})), None);
        assert_eq!(place(tarif, &json!({"result": [{"fields": {"tarif": null}}]})), None);
        let one = json!({"result": {"fields": {"tarif": null, "abonent_id_users": []}}});
        assert_eq!(place("/result/fields/tarif/fields", &one), None);
        assert_eq!(place("/result/fields/abonent_id_users/0/fields", &one), None);
        assert_eq!(place("/result/fields/abonent_id_users", &one).as_deref(), Some("/result/fields/abonent_id_users"));
        // A key that is missing is no row without a tariff.
        assert_eq!(place(tarif, &json!({"result": [{"fields": {}}]})).as_deref(), Some(tarif));
    }

    #[test]
    fn rows_fall_into_variables_as_in_a_shell() {
        assert_eq!(words(&[json!(45), json!("x ")], 1), ["45"]);
        assert_eq!(words(&[json!("45 150.00 rest")], 2), ["45", "150.00 rest"]);
        assert_eq!(words(&[json!(45), json!("-12000")], 2), ["45", "-12000"]);
    }
}
