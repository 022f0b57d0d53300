//! Walks the parsed script and collects its commands in the order of the text.

use brush_parser::ast::{
    AndOrList, Assignment, AssignmentValue, Command as Node, CommandPrefixOrSuffixItem as Item, CompoundCommand,
    CompoundList, IoFileRedirectTarget, IoRedirect, SeparatorOperator, SimpleCommand, Word as Raw,
};
use brush_parser::{Parser, ParserOptions, word};

use super::Command;
use super::braces;
use super::error::ShellError;
use super::word::{Piece, Quoting, Word};

/// Substitutions inside substitutions deeper than this are not looked into.
const DEEPEST: usize = 16;

/// All simple commands of a text.
pub fn commands(text: &str) -> Result<Vec<Command>, ShellError> {
    let mut walk = Walk { found: Vec::new(), scope: Vec::new(), depth: 0, options: options() };
    walk.text(text)?;
    Ok(walk.found)
}

/// bash as it runs scripts: extended globs off. A tilde stays as it is, for nobody's home is known here.
fn options() -> ParserOptions {
    ParserOptions { enable_extended_globbing: false, tilde_expansion_at_word_start: false, ..ParserOptions::default() }
}

struct Walk {
    found: Vec<Command>,
    scope: Vec<String>,
    depth: usize,
    options: ParserOptions,
}

impl Walk {
    fn text(&mut self, text: &str) -> Result<(), ShellError> {
        if self.depth > DEEPEST {
            return Ok(());
        }
        let program = Parser::new(text.as_bytes(), &self.options)
            .parse_program()
            .map_err(|error| ShellError::new(error, text))?;
        self.depth += 1;
        for list in &program.complete_commands {
            self.list(list)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn list(&mut self, list: &CompoundList) -> Result<(), ShellError> {
        for item in &list.0 {
            let background = matches!(item.1, SeparatorOperator::Async);
            self.and_or(&item.0, background)?;
        }
        Ok(())
    }

    fn and_or(&mut self, list: &AndOrList, background: bool) -> Result<(), ShellError> {
        for (_, pipeline) in list {
            for node in &pipeline.seq {
                self.node(node, background)?;
            }
        }
        Ok(())
    }

    fn node(&mut self, node: &Node, background: bool) -> Result<(), ShellError> {
        match node {
            Node::Simple(command) => self.simple(command, background),
            Node::Compound(command, redirects) => {
                self.compound(command)?;
                self.redirects(redirects.iter().flat_map(|list| &list.0)).map(drop)
            }
            Node::Function(function) => self.compound(&function.body.0),
            Node::ExtendedTest(..) => Ok(()),
        }
    }

    fn compound(&mut self, command: &CompoundCommand) -> Result<(), ShellError> {
        match command {
            CompoundCommand::Arithmetic(_) => Ok(()),
            CompoundCommand::ArithmeticForClause(clause) => self.list(&clause.body.list),
            CompoundCommand::BraceGroup(group) => self.list(&group.list),
            CompoundCommand::Subshell(shell) => self.list(&shell.list),
            CompoundCommand::ForClause(clause) => {
                for value in clause.values.iter().flatten() {
                    self.words(value)?;
                }
                self.bind(&clause.variable_name);
                self.list(&clause.body.list)
            }
            CompoundCommand::CaseClause(clause) => {
                self.words(&clause.value)?;
                clause.cases.iter().filter_map(|case| case.cmd.as_ref()).try_for_each(|list| self.list(list))
            }
            CompoundCommand::IfClause(clause) => {
                self.list(&clause.condition)?;
                self.list(&clause.then)?;
                for other in clause.elses.iter().flatten() {
                    other.condition.iter().try_for_each(|list| self.list(list))?;
                    self.list(&other.body)?;
                }
                Ok(())
            }
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
                self.list(&clause.0)?;
                self.list(&clause.1.list)
            }
            CompoundCommand::Coprocess(process) => self.node(&process.body, true),
        }
    }

    fn simple(&mut self, command: &SimpleCommand, background: bool) -> Result<(), ShellError> {
        let mut words = Vec::new();
        let mut redirects = Vec::new();
        let prefix = command.prefix.iter().flat_map(|items| &items.0);
        let suffix = command.suffix.iter().flat_map(|items| &items.0);
        for item in prefix {
            match item {
                Item::AssignmentWord(assignment, _) => self.assignment(assignment)?,
                other => self.item(other, &mut words, &mut redirects)?,
            }
        }
        if let Some(name) = &command.word_or_name {
            words.extend(self.words(name)?);
        }
        for item in suffix {
            self.item(item, &mut words, &mut redirects)?;
        }
        if words.first().and_then(Word::literal).as_deref() == Some("read") {
            let names: Vec<String> = words.iter().skip(1).filter_map(Word::literal).collect();
            names.iter().filter(|name| !name.starts_with('-')).for_each(|name| self.bind(name));
        }
        if !words.is_empty() || !redirects.is_empty() {
            self.found.push(Command { words, redirects, scope: self.scope.clone(), background });
        }
        Ok(())
    }

    fn item(&mut self, item: &Item, words: &mut Vec<Word>, redirects: &mut Vec<String>) -> Result<(), ShellError> {
        match item {
            Item::Word(word) | Item::AssignmentWord(_, word) => words.extend(self.words(word)?),
            Item::IoRedirect(redirect) => redirects.extend(self.redirects([redirect])?),
            Item::ProcessSubstitution(_, shell) => {
                self.list(&shell.list)?;
                let text = shell.list.to_string();
                words.push(Word { pieces: vec![Piece::Command { text, process: true }] });
            }
        }
        Ok(())
    }

    fn assignment(&mut self, assignment: &Assignment) -> Result<(), ShellError> {
        match &assignment.value {
            AssignmentValue::Scalar(word) => {
                self.words(word)?;
            }
            AssignmentValue::Array(items) => {
                for (_, word) in items {
                    self.words(word)?;
                }
            }
        }
        self.bind(&assignment.name.to_string());
        Ok(())
    }

    fn redirects<'a>(&mut self, list: impl IntoIterator<Item = &'a IoRedirect>) -> Result<Vec<String>, ShellError> {
        let mut texts = Vec::new();
        for redirect in list {
            match redirect {
                IoRedirect::File(_, _, IoFileRedirectTarget::ProcessSubstitution(_, shell)) => {
                    self.list(&shell.list)?
                }
                IoRedirect::File(_, _, IoFileRedirectTarget::Filename(word)) | IoRedirect::HereString(_, word) => {
                    self.words(word)?;
                }
                _ => {}
            }
            texts.push(redirect.to_string());
        }
        Ok(texts)
    }

    /// The words that a written word becomes. Commands substituted in it are collected on the way.
    fn words(&mut self, raw: &Raw) -> Result<Vec<Word>, ShellError> {
        let mut words = Vec::new();
        for text in braces::expand(&raw.value, &self.options) {
            let pieces = word::parse(&text, &self.options).map_err(|_| {
                let at = raw.loc.as_ref().map_or((1, 1), |span| (span.start.line, span.start.column));
                ShellError::Syntax { line: at.0, column: at.1 }
            })?;
            let mut word = Word::default();
            for piece in &pieces {
                let source = text.get(piece.start_index..piece.end_index).unwrap_or_default();
                word.push(&piece.piece, Quoting::None, source);
            }
            for piece in &word.pieces {
                if let Piece::Command { text, process: false } = piece {
                    self.text(text)?;
                }
            }
            words.push(word);
        }
        Ok(words)
    }

    fn bind(&mut self, name: &str) {
        if !self.scope.iter().any(|known| known == name) {
            self.scope.push(name.to_owned());
        }
    }
}
