//! Asks a person what stands for the rows that were not found.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};

use carbon_specs::Schema;

use super::Name;
use crate::bindings::discover::Said;

/// Asks for each, a line. An empty one leaves it out, and the end of the input all that are left.
///
/// # Errors
/// Those of reading and writing.
pub fn ask(
    schema: &Schema,
    missing: &BTreeSet<Name>,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<Vec<Said>> {
    let mut said = Vec::new();
    writeln!(out, "Some of the page's rows were not found. What stands for them here? An empty line leaves one out.")?;
    for Name { name, wants } in missing {
        loop {
            write!(out, "{name} ({wants}): ")?;
            out.flush()?;
            let mut line = String::new();
            if input.read_line(&mut line)? == 0 {
                writeln!(out)?;
                return Ok(said);
            }
            let value = line.trim();
            if value.is_empty() {
                break;
            }
            match Said::parse(schema, &format!("{name}={value}")) {
                Ok(one) => {
                    said.push(one);
                    break;
                }
                Err(why) => writeln!(out, "{why}")?,
            }
        }
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_asked_again_and_an_empty_line_leaves_it_out() {
        let schema = carbon_specs::Contract::embedded().unwrap().schema;
        let name = |name: &str, wants| Name { name: name.to_owned(), wants };
        let missing = BTreeSet::from([name("Homes", "ID"), name("Users.ip", "VALUE"), name("suid", "SUID")]);
        let mut told = Vec::new();
        let said = ask(&schema, &missing, &mut "here\n 7 \n\n12345\n".as_bytes(), &mut told).unwrap();
        let parsed = ["Homes=7", "suid=12345"].map(|text| Said::parse(&schema, text).unwrap());
        assert_eq!(said, parsed);
        let told = String::from_utf8(told).unwrap();
        assert!(told.contains("`Homes=here`: the key of Homes is a number\nHomes (ID): "), "{told}");
        assert_eq!(ask(&schema, &missing, &mut "".as_bytes(), &mut Vec::new()).unwrap(), []);
    }
}
