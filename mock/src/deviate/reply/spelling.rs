//! How JSON is spelled: escapes, separators, encodings.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use super::envelope::Body;
use crate::deviation::{Deviation as D, Deviations};

/// The bytes of what goes out.
pub fn spell(on: Deviations, body: &Body) -> Vec<u8> {
    let value = match body {
        Body::Page(page) => return page.clone().into_bytes(),
        Body::Json(value) => value,
    };
    let mut value = value.clone();
    if on.contains(D::EscapingHtml) {
        texts(&mut value, &entities);
    }
    if on.contains(D::EscapingMojibake) {
        texts(&mut value, &|text| text.bytes().map(char::from).collect());
    }
    if on.contains(D::EscapingTwice) {
        texts(&mut value, &|text| {
            let spelled = crate::pyjson::to_string(text);
            if text.is_ascii() { text.to_owned() } else { spelled[1..spelled.len() - 1].to_owned() }
        });
    }
    let mut out = Vec::new();
    let spelling = Spelling { on, pretty: PrettyFormatter::with_indent(b"    ") };
    // Writing to memory cannot fail.
    let written = value.serialize(&mut Serializer::with_formatter(&mut out, spelling));
    debug_assert!(written.is_ok(), "{written:?}");
    out
}

/// A text whose marks are HTML entities.
pub fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Every text among the values; keys stay.
pub fn texts(value: &mut Json, change: &impl Fn(&str) -> String) {
    match value {
        Json::String(text) => *text = change(text),
        Json::Array(items) => items.iter_mut().for_each(|item| texts(item, change)),
        Json::Object(entries) => entries.values_mut().for_each(|item| texts(item, change)),
        _ => {}
    }
}

/// Python's spelling, but for what deviates.
struct Spelling {
    on: Deviations,
    pretty: PrettyFormatter<'static>,
}

impl Spelling {
    fn is_pretty(&self) -> bool {
        self.on.contains(D::EscapingPretty)
    }

    fn separator(&self) -> &'static [u8] {
        if self.on.contains(D::EscapingCompact) { b"," } else { b", " }
    }
}

impl Formatter for Spelling {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_pretty() { self.pretty.begin_array(writer) } else { writer.write_all(b"[") }
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_pretty() { self.pretty.end_array(writer) } else { writer.write_all(b"]") }
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        match (self.is_pretty(), first) {
            (true, _) => self.pretty.begin_array_value(writer, first),
            (false, true) => Ok(()),
            (false, false) => writer.write_all(self.separator()),
        }
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_pretty() { self.pretty.end_array_value(writer) } else { Ok(()) }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_pretty() { self.pretty.begin_object(writer) } else { writer.write_all(b"{") }
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_pretty() { self.pretty.end_object(writer) } else { writer.write_all(b"}") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        match (self.is_pretty(), first) {
            (true, _) => self.pretty.begin_object_key(writer, first),
            (false, true) => Ok(()),
            (false, false) => writer.write_all(self.separator()),
        }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.on.contains(D::EscapingCompact) { b":" } else { b": " })
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_pretty() { self.pretty.end_object_value(writer) } else { Ok(()) }
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let bare = self.on.contains(D::EscapingBareCyrillic);
        let mut units = [0_u16; 2];
        for symbol in fragment.chars() {
            if symbol == '/' && self.on.contains(D::EscapingSlashes) {
                writer.write_all(b"\\/")?;
            } else if symbol.is_ascii() || bare {
                write!(writer, "{symbol}")?;
            } else {
                for unit in symbol.encode_utf16(&mut units) {
                    match self.on.contains(D::EscapingUpperCaseHex) {
                        true => write!(writer, "\\u{unit:04X}")?,
                        false => write!(writer, "\\u{unit:04x}")?,
                    }
                }
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        // What ASCII needs is the same everywhere.
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
    }
}
