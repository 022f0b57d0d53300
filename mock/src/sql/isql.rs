//! How Firebird's `isql` prints results: byte for byte, and what it exits with.

use super::error::SqlError;
use super::types::{Cell, Column, Kind, Table};
use super::{Layout, Script, text};

/// What isql leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Its exit code: 1 if any statement failed.
    pub exit: i32,
}

/// Rows after which the headings are printed again.
const PAGE: usize = 20;

/// The width of the names in list mode.
const LIST_NAME: usize = 32;

/// The widest line of `=` under a heading.
const UNDERLINE: usize = 79;

/// Prints everything that a script came to.
pub fn render(script: &Script) -> Printed {
    let mut printed = Printed::default();
    for outcome in &script.outcomes {
        if let Some(table) = &outcome.table {
            print_table(&mut printed.stdout, table, outcome.layout, outcome.error.is_some());
        }
        if let Some(warning) = &outcome.warning {
            print_lines(&mut printed.stderr, &warning.lines);
        }
        if let Some(error) = &outcome.error {
            print_error(&mut printed.stderr, error);
            printed.exit = 1;
        }
    }
    printed
}

/// An error as isql writes it.
pub fn print_error(out: &mut String, error: &SqlError) {
    if !error.sqlstate.is_empty() {
        out.push_str(&format!("Statement failed, SQLSTATE = {}\n", error.sqlstate));
    }
    print_lines(out, &error.lines);
}

fn print_lines(out: &mut String, lines: &[String]) {
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            out.push('-');
        }
        out.push_str(line);
        out.push('\n');
    }
}

/// Rows in one of the three layouts. No row prints nothing at all, unless an error came instead of the first one: by
/// then isql has begun to print.
pub fn print_table(out: &mut String, table: &Table, layout: Layout, failed: bool) {
    if table.rows.is_empty() && !failed {
        return;
    }
    out.push('\n');
    let widths: Vec<usize> = table.columns.iter().map(width).collect();
    if table.rows.is_empty() && !layout.list && !layout.heading_off {
        print_heading(out, &table.columns, &widths);
    }
    for (index, row) in table.rows.iter().enumerate() {
        if layout.list {
            for ((column, cell), width) in table.columns.iter().zip(row).zip(&widths) {
                out.push_str(&column.name);
                // The name is padded by its bytes.
                out.push_str(&" ".repeat(LIST_NAME.saturating_sub(column.name.len()).max(1)));
                out.push_str(&list_cell(column, cell, *width));
                out.push('\n');
            }
        } else {
            if !layout.heading_off && index % PAGE == 0 {
                if index > 0 {
                    out.push('\n');
                }
                print_heading(out, &table.columns, &widths);
            }
            for ((column, cell), width) in table.columns.iter().zip(row).zip(&widths) {
                out.push_str(&table_cell(column, cell, *width));
                out.push(' ');
            }
        }
        out.push('\n');
    }
    if !table.rows.is_empty() {
        out.push('\n');
    }
}

/// The bytes that a row takes at least, whatever is in it: what it is padded to.
pub fn row_bytes(columns: &[Column], layout: Layout) -> usize {
    let of = |column: &Column| match (layout.list, column.ty.kind) {
        (true, Kind::Char) => LIST_NAME + column.ty.length * column.ty.bytes,
        (true, _) => LIST_NAME,
        (false, _) => width(column) + 1,
    };
    columns.iter().map(of).sum()
}

fn print_heading(out: &mut String, columns: &[Column], widths: &[usize]) {
    for (column, width) in columns.iter().zip(widths) {
        if column.ty.is_text() {
            out.push_str(&pad_right(&column.name, *width));
        } else {
            out.push_str(&pad_left(&column.name, *width));
        }
        out.push(' ');
    }
    out.push('\n');
    for width in widths {
        out.push_str(&"=".repeat((*width).min(UNDERLINE)));
        out.push(' ');
    }
    out.push('\n');
}

/// The characters that a column takes.
fn width(column: &Column) -> usize {
    let own = match column.ty.kind {
        Kind::Short => 7,
        Kind::Long => 12,
        Kind::Int64 => 21,
        Kind::Float => 14,
        Kind::Double => 23,
        Kind::Char | Kind::Varchar => column.ty.length.max(6),
        Kind::Date => 11,
        Kind::Time => 13,
        Kind::Timestamp => 25,
        Kind::Boolean => 7,
    };
    own.max(column.name.chars().count())
}

fn table_cell(column: &Column, cell: &Cell, width: usize) -> String {
    let text = plain(column, cell, width);
    let right = column.ty.is_number() || (cell.is_null() && column.ty.is_temporal());
    if right { pad_left(&text, width) } else { pad_right(&text, width) }
}

/// List mode pads nothing but `CHAR`, which it pads to its length in bytes.
fn list_cell(column: &Column, cell: &Cell, width: usize) -> String {
    if let Cell::Float(number) = cell {
        return text::double_trimmed(f64::from(*number), text::FLOAT_DIGITS);
    }
    let text = plain(column, cell, width);
    if column.ty.kind == Kind::Char && !cell.is_null() {
        let bytes = column.ty.length * column.ty.bytes;
        let blanks = bytes.saturating_sub(text.len());
        return text + &" ".repeat(blanks);
    }
    text
}

fn plain(column: &Column, cell: &Cell, width: usize) -> String {
    match cell {
        Cell::Bool(flag) => if *flag { "<true>" } else { "<false>" }.into(),
        Cell::Double(number) if column.ty.scale > 0 => {
            literal(*number, width).unwrap_or_else(|| text::double(*number, text::DOUBLE_DIGITS))
        }
        Cell::Double(number) => text::double(*number, text::DOUBLE_DIGITS),
        cell => text::display(cell),
    }
}

/// A floating-point number as written in a statement takes as many digits as its column is wide; nothing if it is too
/// great or too small for that.
fn literal(number: f64, width: usize) -> Option<String> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float saturates; this one is small")]
    let magnitude = if number == 0.0 { 0 } else { number.abs().log10().abs().ceil() as usize };
    if magnitude + 10 >= width {
        return None;
    }
    let taken = match number {
        _ if number > 1.0 => magnitude + 1,
        _ if number >= 0.0 => 2,
        _ if number >= -1.0 => 3,
        _ => magnitude + 2,
    };
    Some(format!("{number:.*}", width - taken))
}

fn pad_right(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(blanks))
}

fn pad_left(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(text.chars().count());
    format!("{}{text}", " ".repeat(blanks))
}
