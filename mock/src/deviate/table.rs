//! The list of deviations: name, group, what it does, and whether reads alone can show it.

use super::{Group, Shows};

/// One row of the list.
#[derive(Debug)]
pub(super) struct Entry {
    pub deviation: Deviation,
    pub name: &'static str,
    pub group: Group,
    pub shows: Shows,
    pub summary: &'static str,
}

macro_rules! deviations {
    ($($group:ident { $($deviation:ident $name:literal $shows:ident $summary:literal)* })*) => {
        /// One way in which a server may differ from the faithful one, as an upgrade of the billing might bring it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Deviation {
            $($(#[doc = $summary] $deviation,)*)*
        }

        /// All of them, in the order of the enum.
        pub(super) const TABLE: &[Entry] = &[
            $($(Entry {
                deviation: Deviation::$deviation,
                name: $name,
                group: Group::$group,
                shows: Shows::$shows,
                summary: $summary,
            },)*)*
        ];
    };
}

deviations! {
    Envelope {
        EnvelopeNoCall "envelope-no-call" Reads "the reply has no `call`"
        EnvelopeCallWithoutSlash "envelope-call-without-slash" Reads "`call` ends without a slash"
        EnvelopeCallModelOnly "envelope-call-model-only" Reads "`call` is the model's name alone"
        EnvelopeResultInList "envelope-result-in-list" Reads "`result` is wrapped in a list"
        EnvelopeResultRenamed "envelope-result-renamed" Reads "`result` is called `data`"
        EnvelopeExtraKey "envelope-extra-key" Reads "a key more beside `result` and `error`: `\"status\": \"ok\"`"
        EnvelopeErrorAsObject "envelope-error-as-object" Reads "`error` is an object with a `message`"
        EnvelopeErrorBesideNull "envelope-error-beside-null" Reads "an error comes with `\"result\": null` beside it"
        EnvelopeNullError "envelope-null-error" Reads "a result comes with `\"error\": null` beside it"
        EnvelopeBare "envelope-bare" Reads "the result comes without the envelope"
        EnvelopeResultFirst "envelope-result-first" Reads "`result` comes before `call`"
    }
    Http {
        HttpErrors500 "http-errors-500" Reads "an error comes with the status 500"
        HttpMissing404 "http-missing-404" Reads "an object that is not there comes with the status 404"
        HttpContentTypeHtml "http-content-type-html" Reads "the content type is text/html"
        HttpErrorsAsPages "http-errors-as-pages" Reads "an error is an HTML page with the status 500"
    }
    Escaping {
        EscapingBareCyrillic "escaping-bare-cyrillic" Reads "letters beyond ASCII come as they are, in UTF-8"
        EscapingUpperCaseHex "escaping-upper-case-hex" Reads "the digits of \\uXXXX are upper-case (only the bytes show it)"
        EscapingCompact "escaping-compact" Reads "no blanks after commas and colons (only the bytes show it)"
        EscapingPretty "escaping-pretty" Reads "the reply is indented (only the bytes show it)"
        EscapingSlashes "escaping-slashes" Reads "slashes are escaped, as PHP does (only the bytes show it)"
        EscapingHtml "escaping-html" Reads "& < > and quotes within texts are HTML entities"
        EscapingTwice "escaping-twice" Reads "letters beyond ASCII are escaped twice: a text holds \\uXXXX itself"
        EscapingMojibake "escaping-mojibake" Reads "UTF-8 taken for Latin-1: two wrong letters for each Cyrillic one"
    }
}
