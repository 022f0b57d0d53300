//! The inventory of the page's calls: what the examples must cover, line by line.

/// Its file.
pub const FILE: &str = "inventory.tsv";

/// One line of the inventory of the page's calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryLine {
    /// The call's id.
    pub id: String,
    /// The page's line.
    pub line: u32,
    /// `curl` or `python`.
    pub kind: String,
    /// The model in the URL, as spelled.
    pub model: String,
    /// The methods, in order.
    pub methods: Vec<String>,
    /// Whether it begins with the server's SQL tool.
    pub sqlexec: bool,
}

/// Reads the inventory: a heading, then one call a line.
///
/// # Errors
/// The line or id that is wrong, and what is wrong with it.
pub fn parse(text: &str) -> Result<Vec<InventoryLine>, (String, &'static str)> {
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let [id, number, kind, model, methods, sql] = cells[..] else {
                return Err((line.to_owned(), "does not have six columns"));
            };
            Ok(InventoryLine {
                id: id.to_owned(),
                line: number.parse().map_err(|_| (id.to_owned(), "has no line number"))?,
                kind: kind.to_owned(),
                model: model.to_owned(),
                methods: methods.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
                sqlexec: sql == "sqlexec",
            })
        })
        .collect()
}
