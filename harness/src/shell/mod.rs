//! Shell text: finds the commands in a piece of bash and splits them into words by bash's rules. Runs nothing.
//!
//! The grammar is brush-parser's. It reads every command of the documentation page as bash does: pipelines, loops,
//! functions, `$(...)`, backticks and `<(...)`, comments, and words whose quoted parts touch (`'..."'%2B'7..."}'`).
//! What this module adds is the little that is wanted of it: a flat list of [`Command`]s in the order of the text, and
//! [`Word`]s that remember how each part was quoted, because that decides whether `$name` is a variable.

mod braces;
mod error;
mod walk;
mod word;

pub use error::ShellError;
pub use word::{Piece, Quoting, Word};

/// The commands of a script, and why it is not bash, where it is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// Every simple command, in the order of the text, those inside loops and substitutions included.
    pub commands: Vec<Command>,
    /// What bash stumbles over. The commands are then those on the lines before it, which bash does run.
    pub error: Option<ShellError>,
}

/// One simple command: a program and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The program and its arguments.
    pub words: Vec<Word>,
    /// Redirections, as written: `<ip`, `2>/dev/null`.
    pub redirects: Vec<String>,
    /// Variables that have a value here: assigned, read, or walked by a loop.
    pub scope: Vec<String>,
    /// Whether a single `&` ends it, so that bash runs it in the background and reads on.
    pub background: bool,
}

impl Command {
    /// The arguments of the `curl` in this command: all words after it. Knows the programs that start another one.
    pub fn curl_arguments(&self) -> Option<&[Word]> {
        const STARTERS: [&str; 8] = ["sudo", "time", "env", "nohup", "exec", "command", "timeout", "xargs"];
        let is = |word: &Word, name: &str| {
            word.literal().is_some_and(|text| text == name || text.rsplit('/').next() == Some(name))
        };
        let first = self.words.first()?;
        let place = if is(first, "curl") {
            0
        } else if STARTERS.iter().any(|starter| is(first, starter)) {
            self.words.iter().position(|word| is(word, "curl"))?
        } else {
            return None;
        };
        self.words.get(place + 1..)
    }
}

impl Script {
    /// Reads a script.
    pub fn parse(text: &str) -> Self {
        match walk::commands(text) {
            Ok(commands) => Self { commands, error: None },
            Err(error) => {
                // bash reads and runs line by line, so what stands before the bad line has already happened.
                let sound: String = text.split_inclusive('\n').take(error.line().saturating_sub(1)).collect();
                let commands =
                    if sound.trim().is_empty() { Vec::new() } else { walk::commands(&sound).unwrap_or_default() };
                Self { commands, error: Some(error) }
            }
        }
    }

    /// The commands that run `curl`.
    pub fn curls(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter().filter(|command| command.curl_arguments().is_some())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn words(text: &str) -> Vec<String> {
        let script = Script::parse(text);
        assert_eq!(script.error, None, "{text}");
        let first = script.commands.first().map(|command| command.words.iter().map(Word::text).collect());
        first.unwrap_or_default()
    }

    #[test]
    fn touching_parts_are_one_word() {
        assert_eq!(words(r#"curl -d 'a={"sms":"'%2B'7"}' x"#), ["curl", "-d", r#"a={"sms":"%2B7"}"#, "x"]);
        assert_eq!(words(r#"curl -d '{"s_number":'5'}'"#), ["curl", "-d", r#"{"s_number":5}"#]);
    }

    #[test]
    fn a_variable_between_quoted_parts_stays_by_name() {
        let script = Script::parse(r#"echo 1 | while read line; do curl -d '{"id": '$line'}'; done"#);
        let curl = script.curls().next().unwrap();
        assert_eq!(curl.words[2].text(), r#"{"id": $line}"#);
        assert_eq!(curl.words[2].variables().collect::<Vec<_>>(), ["line"]);
        assert_eq!(curl.scope, ["line"]);
    }

    #[test]
    fn a_dollar_in_single_quotes_is_no_variable() {
        let script = Script::parse(r#"curl -d '{"id":"$id"}' "$x""#);
        let word = &script.commands[0].words[2];
        assert_eq!(word.text(), r#"{"id":"$id"}"#);
        assert_eq!(word.variables().count(), 0);
        assert_eq!(word.single_quoted_dollars(), ["id"]);
    }

    #[test]
    fn escapes_follow_the_quotes_around_them() {
        assert_eq!(
            words(r#"e a\ b "q\"\n\$x" 'back\slash' $'tab\there' "" ''"#),
            ["e", "a b", "q\"\\n$x", "back\\slash", "tab\there", "", ""]
        );
        assert_eq!(words("e \"a\\\nb\" c\\\nd"), ["e", "ab", "cd"]);
    }

    #[test]
    fn comments_lines_and_operators_end_a_command() {
        let script = Script::parse("#!/bin/bash\n# one\ncurl a # b\ncurl c; curl d | jq .\nx=1 && curl e &");
        let names: Vec<String> = script.curls().map(|command| command.words[1].text()).collect();
        assert_eq!(names, ["a", "c", "d", "e"]);
        assert!(script.curls().last().unwrap().background);
    }

    #[test]
    fn substitutions_are_looked_into() {
        let script = Script::parse(
            "jq . <(curl a)\nx=$(curl b)\nfor i in `curl c`; do echo \"$(curl d)\" > f; done\nf(){\ncurl e\n}",
        );
        let names: Vec<String> = script.curls().map(|command| command.words[1].text()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn an_unquoted_placeholder_is_a_redirection() {
        let script = Script::parse("curl http://<ip>:8082/ -D -");
        let words: Vec<String> = script.commands[0].words.iter().map(Word::text).collect();
        assert_eq!(words, ["curl", "http://", "-D", "-"]);
        assert_eq!(script.commands[0].redirects.len(), 2);
    }

    #[test]
    fn an_open_quote_is_an_error_and_earlier_lines_have_run() {
        let script = Script::parse("curl a\ncurl -d 'b\" c\n");
        assert_eq!(script.error, Some(ShellError::OpenQuote { quote: '\'', line: 2, column: 9 }));
        assert_eq!(script.curls().count(), 1);
        assert!(matches!(Script::parse("echo \"$(curl 'x)\"").error, Some(ShellError::OpenQuote { .. })));
        assert!(matches!(Script::parse("for x in").error, Some(ShellError::Syntax { .. })));
    }

    #[test]
    fn unquoted_braces_with_commas_make_several_words() {
        assert_eq!(
            words(r#"e {"a":1,"b":2} x{1..3} '{a,b}' {a} {"a","b"}{c,d}"#),
            ["e", "a:1", "b:2", "x1", "x2", "x3", "{a,b}", "{a}", "ac", "ad", "bc", "bd"]
        );
    }

    #[test]
    fn programs_that_start_curl_are_known() {
        for text in ["/usr/bin/curl a", "sudo -u x curl a", "time curl a", "xargs -n1 curl a"] {
            let script = Script::parse(text);
            let arguments = script.commands[0].curl_arguments().unwrap_or_else(|| panic!("{text}"));
            assert_eq!(arguments[0].text(), "a");
        }
        assert_eq!(Script::parse("yum install curl").curls().count(), 0);
    }

    proptest! {
        #[test]
        fn quoting_and_splitting_gives_the_text_back(text in "[^\0\r]*", second in r#"[ -~а-я\n]*"#) {
            let quoted = [shlex::try_quote(&text).unwrap(), shlex::try_quote(&second).unwrap()];
            let line = format!("curl {} {}", quoted[0], quoted[1]);
            prop_assert_eq!(words(&line), ["curl", text.as_str(), second.as_str()]);
        }

        #[test]
        fn double_quotes_give_the_text_back(text in r#"[ -~а-я\n]*"#) {
            let quoted: String = text.chars().flat_map(|c| {
                let escape = matches!(c, '"' | '\\' | '$' | '`').then_some('\\');
                escape.into_iter().chain([c])
            }).collect();
            prop_assert_eq!(words(&format!("curl \"{quoted}\"")), ["curl", text.as_str()]);
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"([a-z $"'`\\(){}<>|;&#\n,]|curl |\$\(|<\(|do |done|while )*"#) {
            let _ = Script::parse(&text);
        }
    }
}
