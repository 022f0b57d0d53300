//! `docs`: writes the documents that are generated from the contract, or says which are not current.

use std::fs;

use carbon_specs::documents;

use super::args::DocsArgs;
use super::error::CliError;
use crate::exit;

/// Carries out `docs`.
///
/// # Errors
/// See [`CliError`].
pub fn docs(args: &DocsArgs) -> Result<u8, CliError> {
    let contract = super::contract(args.specs.as_deref())?;
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
