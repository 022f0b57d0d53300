//! The contract's files are compiled in: build again when one of them comes, goes or changes.

fn main() {
    for place in ["models", "examples", "rules", "demo", "manager.toml", "inventory.tsv", "errata.toml"] {
        println!("cargo::rerun-if-changed={place}");
    }
}
