//! `docs`: writes the documents that are generated from the contract, or says which are not current; and whether the
//! contract cites the page rightly.

use std::fs;
use std::path::Path;

use carbon_specs::page::Page;
use carbon_specs::{Contract, documents};

use super::args::DocsArgs;
use super::error::CliError;
use crate::exit;

/// Carries out `docs`.
///
/// # Errors
/// See [`CliError`].
pub fn docs(args: &DocsArgs) -> Result<u8, CliError> {
    let contract = super::contract(args.specs.as_deref())?;
    if let Some(path) = &args.page {
        return hold(&contract, path);
    }
    let mut stale = Vec::new();
    for (name, text) in
        [("errata.md", documents::errata(&contract)), ("assumptions.md", documents::assumptions(&contract))]
    {
        let path = args.dir.join(name);
        if fs::read_to_string(&path).is_ok_and(|current| current == text) {
            continue;
        }
        if !args.check {
            fs::create_dir_all(&args.dir)?;
            fs::write(&path, text)?;
        }
        stale.push(path);
    }
    let said = if args.check { "is not current: run `carbon-harness docs`" } else { "written" };
    super::print(|out| stale.iter().try_for_each(|path| writeln!(out, "{} {said}", path.display())))?;
    Ok(if args.check && !stale.is_empty() { exit::MISMATCH } else { exit::CONFORMS })
}

/// Holds the contract against the page.
fn hold(contract: &Contract, path: &Path) -> Result<u8, CliError> {
    let text = fs::read_to_string(path)
        .map_err(|error| CliError::Usage(format!("the page {} cannot be read: {error}", path.display())))?;
    let page = Page::new(&text);
    let (misplaced, uncited) = (page.misplaced(contract), page.uncited(contract));
    super::print(|out| {
        misplaced.iter().try_for_each(|one| writeln!(out, "{one}"))?;
        writeln!(out, "{} citations do not hold; {} lines are not cited:", misplaced.len(), uncited.len())?;
        uncited.iter().try_for_each(|(number, line)| writeln!(out, "{number:>5}  {line}"))
    })?;
    Ok(if misplaced.is_empty() { exit::CONFORMS } else { exit::MISMATCH })
}
