//! Why a statement failed, in Firebird's words.

use std::fmt;

/// The SQLSTATE of what takes too much.
const LIMIT: &str = "54000";

/// An error of the SQL tool: its SQLSTATE and the lines that isql prints after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// Five characters; empty for isql's own errors.
    pub sqlstate: &'static str,
    /// The first line as it is, the others after a dash.
    pub lines: Vec<String>,
}

impl std::error::Error for SqlError {}

impl fmt::Display for SqlError {
    /// On one line, for replies that have no room for more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.sqlstate.is_empty() {
            write!(f, "SQLSTATE {}: ", self.sqlstate)?;
        }
        f.write_str(&self.lines.join(", "))
    }
}

/// What isql tells of a statement that runs all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlWarning {
    /// The first line as it is, the others after a dash.
    pub lines: Vec<String>,
}

impl SqlWarning {
    /// Named queries that nobody asks; nothing if there are none.
    pub fn unused(names: &[String]) -> Option<Self> {
        let told = names.iter().map(|name| format!("CTE \"{name}\" is not used in query"));
        let lines = std::iter::once("SQL warning code = -104".to_owned()).chain(told).collect();
        (!names.is_empty()).then_some(Self { lines })
    }
}

/// Where in the statement something stands: line and column, both from 1, the column in bytes as Firebird counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The byte in the line.
    pub column: u32,
}

impl SqlError {
    /// An error with these lines.
    pub fn new(sqlstate: &'static str, lines: &[&str]) -> Self {
        Self { sqlstate, lines: lines.iter().map(|line| (*line).to_owned()).collect() }
    }

    /// A `Dynamic SQL Error` with its code.
    pub fn dynamic(sqlstate: &'static str, code: i32, lines: &[&str]) -> Self {
        let code = format!("SQL error code = {code}");
        let mut all = vec!["Dynamic SQL Error", &code];
        all.extend(lines);
        Self::new(sqlstate, &all)
    }

    /// Something that Firebird may do and this tool does not, said in our own words.
    pub fn refused(what: &str) -> Self {
        Self::new("0A000", &["feature is not supported", what])
    }

    /// More rows, joins or time than one call may take.
    pub fn limit(what: &str) -> Self {
        Self::new(LIMIT, &["program limit exceeded", what])
    }

    /// Whether it says that too much was asked for, of which nothing may be made.
    pub fn is_limit(&self) -> bool {
        self.sqlstate == LIMIT
    }

    /// isql's own complaint about a quote or comment left open; it has no SQLSTATE.
    pub fn unfinished() -> Self {
        Self::new("", &["Expected end of statement, encountered EOF"])
    }

    /// A word that cannot stand where it stands.
    pub fn token(text: &str, at: Position) -> Self {
        let place = format!("Token unknown - line {}, column {}", at.line, at.column);
        Self::dynamic("42000", -104, &[&place, text])
    }

    /// The statement ends too early.
    pub fn end_of_command(at: Position) -> Self {
        let place = format!("Unexpected end of command - line {}, column {}", at.line, at.column);
        Self::dynamic("42000", -104, &[&place])
    }

    /// A table that does not exist.
    pub fn table_unknown(name: &str, at: Position) -> Self {
        Self::dynamic("42S02", -204, &["Table unknown", name, &place(at)])
    }

    /// A column that does not exist.
    pub fn column_unknown(name: &str, at: Position) -> Self {
        Self::dynamic("42S22", -206, &["Column unknown", name, &place(at)])
    }

    /// A text that is no number, date or the like.
    pub fn conversion(text: &str) -> Self {
        Self::new("22018", &[&format!("conversion error from string \"{text}\"")])
    }

    /// `numeric value is out of range`.
    pub fn out_of_range() -> Self {
        Self::new(
            "22003",
            &["arithmetic exception, numeric overflow, or string truncation", "numeric value is out of range"],
        )
    }

    /// The result of an integer operation needs more than 64 bits.
    pub fn integer_overflow() -> Self {
        Self::new(
            "22003",
            &["Integer overflow.  The result of an integer operation caused the most significant bit of the result \
                 to carry."],
        )
    }

    /// Division by zero among exact numbers.
    pub fn division_by_zero() -> Self {
        Self::new(
            "22012",
            &[
                "arithmetic exception, numeric overflow, or string truncation",
                "Integer divide by zero.  The code attempted to divide an integer value by an integer divisor of zero.",
            ],
        )
    }

    /// Division by zero among floating-point numbers.
    pub fn floating_division_by_zero() -> Self {
        Self::new(
            "22012",
            &[
                "arithmetic exception, numeric overflow, or string truncation",
                "Floating-point divide by zero.  The code attempted to divide a floating-point value by zero.",
            ],
        )
    }

    /// A floating-point result that is not finite.
    pub fn floating_overflow() -> Self {
        Self::new(
            "22003",
            &[
                "arithmetic exception, numeric overflow, or string truncation",
                "Floating-point overflow.  The exponent of a floating-point operation is greater than the magnitude \
                 allowed.",
            ],
        )
    }

    /// A day or moment beyond those that there are; `what` is `dates` or `timestamps`.
    pub fn temporal_range(what: &str) -> Self {
        Self::new("22008", &[&format!("value exceeds the range for valid {what}")])
    }

    /// `SUBSTRING` from before the first character.
    pub fn substring_offset(from: i64) -> Self {
        let line = format!("Invalid offset parameter {from} to SUBSTRING. Only positive integers are allowed.");
        Self::new("22011", &[&line])
    }

    /// `SUBSTRING` of fewer than no characters.
    pub fn substring_length(length: i64) -> Self {
        let line = format!("Invalid length parameter {length} to SUBSTRING. Negative integers are not allowed.");
        Self::new("22011", &[&line])
    }

    /// A function's argument that must be `positive`, or `zero or positive`.
    pub fn argument(number: u8, function: &str, wanted: &str) -> Self {
        let line = format!("Argument #{number} for {function} must be {wanted}");
        Self::new("42000", &["expression evaluation not supported", &line])
    }

    /// A text longer than its type.
    pub fn truncation(expected: usize, actual: usize) -> Self {
        Self::new(
            "22001",
            &[
                "arithmetic exception, numeric overflow, or string truncation",
                "string right truncation",
                &format!("expected length {expected}, actual {actual}"),
            ],
        )
    }
}

fn place(at: Position) -> String {
    format!("At line {}, column {}", at.line, at.column)
}
