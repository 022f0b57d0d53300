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
        HttpWrites202 "http-writes-202" Writes "a change comes with the status 202"
    }
    Escaping {
        EscapingBareCyrillic "escaping-bare-cyrillic" Reads "letters beyond ASCII come as they are, in UTF-8"
        EscapingUpperCaseHex "escaping-upper-case-hex" Reads "the digits of \\uXXXX are upper-case"
        EscapingCompact "escaping-compact" Reads "no blanks after commas and colons"
        EscapingPretty "escaping-pretty" Reads "the reply is indented"
        EscapingSlashes "escaping-slashes" Reads "slashes are escaped, as PHP does"
        EscapingHtml "escaping-html" Reads "& < > and quotes within texts are HTML entities"
        EscapingTwice "escaping-twice" Reads "letters beyond ASCII are escaped twice: a text holds \\uXXXX itself"
        EscapingMojibake "escaping-mojibake" Reads "UTF-8 taken for Latin-1: two wrong letters for each Cyrillic one"
    }
    Types {
        TypesNumbersAsStrings "types-numbers-as-strings" Reads "integers are strings"
        TypesIntegersAsFloats "types-integers-as-floats" Reads "integers and foreign keys are floats: 5.0"
        TypesFlagsAsBooleans "types-flags-as-booleans" Reads "flags are true and false"
        TypesFlagsAsStrings "types-flags-as-strings" Reads "flags are \"0\" and \"1\""
        TypesDecimalsAsFloats "types-decimals-as-floats" Reads "decimals are floats"
        TypesMoneyAsFloats "types-money-as-floats" Reads "money is a float"
        TypesMoneyInKopecks "types-money-in-kopecks" Reads "money is an integer of kopecks"
        TypesMoneyTwoPlaces "types-money-two-places" Reads "money has always two places: \"100.00\""
        TypesMoneyCommas "types-money-commas" Reads "money has a comma for a point: \"10,5\""
        TypesKeysAsStrings "types-keys-as-strings" Reads "primary keys are strings"
        TypesForeignKeysAsStrings "types-foreign-keys-as-strings" Reads "foreign keys are strings"
        TypesNullAsEmpty "types-null-as-empty" Reads "null is an empty text"
        TypesNullAsNone "types-null-as-none" Reads "null is the text None"
        TypesEmptyAsNull "types-empty-as-null" Reads "an empty text is null"
        TypesTextsPadded "types-texts-padded" Reads "texts are padded with blanks to their column's width"
        TypesTextsTrimmed "types-texts-trimmed" Reads "blanks at a text's ends are cut off"
        TypesDigitsAsNumbers "types-digits-as-numbers" Reads "a text of digits is a number"
        TypesAddressesAsNumbers "types-addresses-as-numbers" Reads "ip addresses are numbers"
        TypesBooleansAsNumbers "types-booleans-as-numbers" Reads "what methods answer as true and false is 1 and 0"
        TypesCountAsString "types-count-as-string" Reads "a number that a method answers is a string"
    }
    Dates {
        DatesIsoT "dates-iso-t" Reads "moments have a T between day and time"
        DatesDotted "dates-dotted" Reads "days are dd.mm.yyyy"
        DatesMonthFirst "dates-month-first" Reads "days are mm/dd/yyyy"
        DatesTimeZone "dates-time-zone" Reads "moments end with +03:00"
        DatesEpoch "dates-epoch" Reads "days and moments are seconds since 1970"
        DatesUtc "dates-utc" Reads "moments are in UTC: three hours earlier"
        DatesMicroseconds "dates-microseconds" Reads "moments have microseconds"
        DatesWithoutSeconds "dates-without-seconds" Reads "moments end with the minute"
        DatesWithoutTime "dates-without-time" Reads "moments are days"
        DatesMidnight "dates-midnight" Reads "days are moments at midnight"
    }
    Lookups {
        LookupsExactAnyCase "lookups-exact-any-case" Reads "equality of texts does not tell case apart"
        LookupsTrailingBlanksCount "lookups-trailing-blanks-count" Reads "equality of texts minds blanks at the end"
        LookupsIexactCase "lookups-iexact-case" Reads "`iexact` tells case apart"
        LookupsIcontainsCase "lookups-icontains-case" Reads "`icontains` tells case apart"
        LookupsIcontainsAsciiOnly "lookups-icontains-ascii-only" Reads "`icontains` tells case apart in Cyrillic"
        LookupsIstartswithCase "lookups-istartswith-case" Reads "`istartswith` tells case apart"
        LookupsContainsAnyCase "lookups-contains-any-case" Reads "`contains` does not tell case apart"
        LookupsStartswithAnywhere "lookups-startswith-anywhere" Reads "`startswith` finds its text anywhere"
        LookupsEndswithAnywhere "lookups-endswith-anywhere" Reads "`endswith` finds its text anywhere"
        LookupsGtAsGte "lookups-gt-as-gte" Reads "`gt` includes its bound"
        LookupsGteAsGt "lookups-gte-as-gt" Reads "`gte` does not include its bound"
        LookupsLtAsLte "lookups-lt-as-lte" Reads "`lt` includes its bound"
        LookupsLteAsLt "lookups-lte-as-lt" Reads "`lte` does not include its bound"
        LookupsRangeExclusive "lookups-range-exclusive" Reads "`range` includes neither bound"
        LookupsRangeWithoutEnd "lookups-range-without-end" Reads "`range` does not include its upper bound"
        LookupsInIgnored "lookups-in-ignored" Reads "`in` is not looked at"
        LookupsInFirstOnly "lookups-in-first-only" Reads "`in` looks at its first value only"
        LookupsEmptyInAsAll "lookups-empty-in-as-all" Reads "`in` with an empty list holds for every row"
        LookupsIsnullInverted "lookups-isnull-inverted" Reads "`isnull` is the other way round"
        LookupsIsnullAlwaysTrue "lookups-isnull-always-true" Reads "`isnull` asks for NULL whatever it is given"
        LookupsNullIgnored "lookups-null-ignored" Reads "a condition with null is not looked at"
        LookupsRegexWhole "lookups-regex-whole" Reads "`regex` must match the whole text"
        LookupsRegexAnyCase "lookups-regex-any-case" Reads "`regex` does not tell case apart"
        LookupsRegexUnknown "lookups-regex-unknown" Reads "`regex` and `iregex` are refused"
        LookupsDatePartsUnknown "lookups-date-parts-unknown" Reads "`year`, `month`, `date` and their like are refused"
        LookupsKeyUnknown "lookups-key-unknown" Reads "`pk` is no name in conditions"
        LookupsUnknownLookupIgnored "lookups-unknown-lookup-ignored" Reads "a condition with an unknown lookup is not looked at"
        LookupsUnknownFieldIgnored "lookups-unknown-field-ignored" Reads "a condition on an unknown field is not looked at"
        LookupsStringNumbersRefused "lookups-string-numbers-refused" Reads "a number given as a string is refused"
    }
    Joins {
        JoinsRepeatsRemoved "joins-repeats-removed" Reads "a row found through several linked rows comes once"
        JoinsDistinctIgnored "joins-distinct-ignored" Reads "`distinct` does nothing"
        JoinsChainedShared "joins-chained-shared" Reads "chained filters must hold for the same linked row"
        JoinsConditionsApart "joins-conditions-apart" Reads "one filter's conditions may hold for different linked rows"
        JoinsExcludeIgnored "joins-exclude-ignored" Reads "`exclude` does nothing"
        JoinsExcludeApart "joins-exclude-apart" Reads "`exclude` leaves out rows that satisfy any of its conditions, not all"
        JoinsExcludeDropsNull "joins-exclude-drops-null" Reads "`exclude` leaves out rows whose column is NULL"
        JoinsLeftLost "joins-left-lost" Reads "ordering or asking for NULL across a link leaves out rows without it"
        JoinsReverseUnknown "joins-reverse-unknown" Reads "reverse links are no names in conditions"
    }
    Projection {
        ProjectionFieldsIgnored "projection-fields-ignored" Reads "`fields` is not looked at"
        ProjectionUnknownIgnored "projection-unknown-ignored" Reads "unknown names in `fields` are left out without a word"
        ProjectionFirstLinkOnly "projection-first-link-only" Reads "a path in `fields` goes no further than its first link"
        ProjectionForeignKeyBare "projection-foreign-key-bare" Reads "a foreign key in `fields` is shown as its key"
        ProjectionForeignKeyEmpty "projection-foreign-key-empty" Reads "a foreign key that leads nowhere is an empty object"
        ProjectionForeignKeyIdMissing "projection-foreign-key-id-missing" Reads "no `<fk>_id` beside an expanded foreign key"
        ProjectionReverseSingle "projection-reverse-single" Reads "a reverse link shows one object instead of a list"
        ProjectionReverseKeys "projection-reverse-keys" Reads "a reverse link shows keys instead of objects"
        ProjectionPropertiesMissing "projection-properties-missing" Reads "computed properties are left out"
        ProjectionFieldGone "projection-field-gone" Reads "a column is gone: `sms`"
        ProjectionFieldAdded "projection-field-added" Reads "each object has a column more: `updated_at`"
        ProjectionNullOmitted "projection-null-omitted" Reads "columns that are null are left out"
        ProjectionKeyMissing "projection-key-missing" Reads "objects have no `pk`"
        ProjectionKeyRenamed "projection-key-renamed" Reads "`pk` is called `id`"
        ProjectionKeyAmongFields "projection-key-among-fields" Reads "the primary key is always among the fields"
        ProjectionModelMissing "projection-model-missing" Reads "objects have no `model`"
        ProjectionModelLabel "projection-model-label" Reads "`model` is Django's label: carbon.abonents"
        ProjectionCamelCase "projection-camel-case" Reads "names of columns are in camel case"
        ProjectionUpperCase "projection-upper-case" Reads "names of columns are upper-case, as Firebird has them"
        ProjectionSorted "projection-sorted" Reads "columns come in the order of the alphabet"
        ProjectionFlat "projection-flat" Reads "columns stand beside `pk` and `model`, not under `fields`"
    }
    Chains {
        ChainsFirstMethodOnly "chains-first-method-only" Reads "only the first method is carried out"
        ChainsLastFilterOnly "chains-last-filter-only" Reads "a second filter replaces the first"
        ChainsNumbersAsTexts "chains-numbers-as-texts" Reads "methods are ordered by their numbers as texts: 10 before 2"
        ChainsStopAtGap "chains-stop-at-gap" Reads "methods after a missing number are not carried out"
        ChainsOrderIgnored "chains-order-ignored" Reads "`order_by` does nothing"
        ChainsOrderFirstOnly "chains-order-first-only" Reads "`order_by` orders by its first name only"
        ChainsDescendingIgnored "chains-descending-ignored" Reads "a minus in `order_by` does nothing"
        ChainsReverseIgnored "chains-reverse-ignored" Reads "`reverse` does nothing"
        ChainsNullsLast "chains-nulls-last" Reads "NULL is ordered last, as PostgreSQL does"
        ChainsNewestFirst "chains-newest-first" Reads "an unordered list begins with the greatest key"
        ChainsCountDistinct "chains-count-distinct" Reads "`count` counts repeated rows once"
        ChainsCountAsObject "chains-count-as-object" Reads "`count` answers an object"
        ChainsExistsAsNumber "chains-exists-as-number" Reads "`exists` answers 1 and 0"
        ChainsExistsAsText "chains-exists-as-text" Reads "`exists` answers the texts True and False"
        ChainsFirstAsList "chains-first-as-list" Reads "`first` and `last` answer a list"
        ChainsFirstNoneError "chains-first-none-error" Reads "`first` and `last` of no row are an error instead of null"
        ChainsLastAsFirst "chains-last-as-first" Reads "`last` answers the first row"
        ChainsLatestAsEarliest "chains-latest-as-earliest" Reads "`latest` answers the earliest row"
        ChainsGetAsList "chains-get-as-list" Reads "`get` answers a list of one"
        ChainsGetFirstOfSeveral "chains-get-first-of-several" Reads "`get` answers the first of several"
        ChainsGetNoneNull "chains-get-none-null" Reads "`get` of no row answers null"
        ChainsNoneAsAll "chains-none-as-all" Reads "`none` answers every row"
        ChainsValuesAsLists "chains-values-as-lists" Reads "`values` answers lists, as `values_list` does"
        ChainsValuesListAsObjects "chains-values-list-as-objects" Reads "`values_list` answers objects, as `values` does"
        ChainsInBulkAsList "chains-in-bulk-as-list" Reads "`in_bulk` answers a list"
        ChainsEmptyAsNull "chains-empty-as-null" Reads "an empty list is null"
        ChainsSingleUnwrapped "chains-single-unwrapped" Reads "a list of one is that one"
        ChainsListAsObject "chains-list-as-object" Reads "a list is an object with the keys 0, 1, 2"
    }
    Errors {
        ErrorsSwallowed "errors-swallowed" Reads "an error is an empty list"
        ErrorsAsResult "errors-as-result" Reads "an error's text comes as the result"
        ErrorsEmpty "errors-empty" Reads "errors have no text"
        ErrorsInRussian "errors-in-russian" Reads "errors have other texts, in Russian"
        ErrorsWithClass "errors-with-class" Reads "an error's text begins with the exception's class"
        ErrorsWithoutDetail "errors-without-detail" Reads "an error's text is the exception's class alone"
        ErrorsWithoutChoices "errors-without-choices" Reads "an unknown name is not answered with the names there are"
        ErrorsTraceback "errors-traceback" Reads "an error's text is a whole traceback"
        ErrorsUnknownMethodNull "errors-unknown-method-null" Reads "an unknown method answers null"
        ErrorsUnknownModelPage "errors-unknown-model-page" Reads "an unknown model is an HTML page with the status 404"
    }
    Limits {
        LimitsHundredRows "limits-hundred-rows" Reads "lists end after 100 rows"
        LimitsPages "limits-pages" Reads "lists come in pages of 20, with `count` and `next`"
        LimitsCountHundred "limits-count-hundred" Reads "`count` counts no further than 100"
        LimitsTenLinked "limits-ten-linked" Reads "reverse links show at most ten objects"
        LimitsFiftyLetters "limits-fifty-letters" Reads "texts end after 50 letters"
        LimitsFiveFields "limits-five-fields" Reads "only the first five names of `fields` are looked at"
        LimitsInTen "limits-in-ten" Reads "`in` looks at its first ten values only"
        LimitsTwoMethods "limits-two-methods" Reads "a chain of more than two methods is refused"
    }
    Methods {
        MethodsModelGone "methods-model-gone" Reads "a model is gone: SwitchPorts"
        MethodsModelCase "methods-model-case" Reads "models are found in the vendor's letter case only"
        MethodsCountGone "methods-count-gone" Reads "the method `count` is gone"
        MethodsExcludeGone "methods-exclude-gone" Reads "the method `exclude` is gone"
        MethodsAllGone "methods-all-gone" Reads "the method `objects.all` is gone"
        MethodsCheckPassGone "methods-check-pass-gone" Reads "an account's `check_pass` is gone"
        MethodsVersionGone "methods-version-gone" Reads "the method `get_version` is gone"
        MethodsArgumentRequired "methods-argument-required" Reads "a method without arguments is refused"
        MethodsArgumentsIgnored "methods-arguments-ignored" Reads "arguments that a method does not take are not looked at"
        MethodsListsRefused "methods-lists-refused" Reads "arguments given as a list are refused"
        MethodsCabinetPositional "methods-cabinet-positional" Reads "the cabinet takes positional arguments only"
    }
    Cabinet {
        CabinetSingleEncoding "cabinet-single-encoding" Reads "the cabinet's replies are encoded once"
        CabinetBareText "cabinet-bare-text" Reads "the cabinet's text comes without the list around it"
        CabinetDigitsAsNumbers "cabinet-digits-as-numbers" Reads "numbers within the cabinet's replies are numbers, not texts"
        CabinetErrorsInEnvelope "cabinet-errors-in-envelope" Reads "the cabinet's refusals are errors of the envelope"
    }
    Tasks {
        TasksImmediate "tasks-immediate" Writes "a change is made at once"
        TasksLost "tasks-lost" Writes "a change is answered and never made"
        TasksReversed "tasks-reversed" Writes "of several waiting changes the last comes first"
        TasksChangedColumnsOnly "tasks-changed-columns-only" Writes "a save writes the changed columns, not the whole row"
        TasksOverlapRefused "tasks-overlap-refused" Writes "a save of a row that a task is about to change is refused"
        TasksNothingFollows "tasks-nothing-follows" Writes "a change has no consequences: a new tariff brings no services"
        TasksSumsTwice "tasks-sums-twice" Writes "what is added to a sum is added twice: a payment counts double"
        TasksSumsLost "tasks-sums-lost" Writes "nothing is added to a sum: a payment is noted and does not count"
        TasksReplyOld "tasks-reply-old" Writes "the reply to a save shows the old values"
        TasksSetSaves "tasks-set-saves" Writes "`set` without `save` is saved"
        TasksNullIgnored "tasks-null-ignored" Writes "null given to `set` or `create` is not looked at"
        TasksFalsyIgnored "tasks-falsy-ignored" Writes "0, false and empty texts given to `set` or `create` are not looked at"
        TasksUnknownColumnIgnored "tasks-unknown-column-ignored" Writes "unknown columns given to `set` or `create` are not looked at"
        TasksCreateWithoutKey "tasks-create-without-key" Writes "`create` answers no key"
        TasksDeleteCounts "tasks-delete-counts" Writes "`delete` answers how many rows went, as Django does"
        TasksUpdateUncounted "tasks-update-uncounted" Writes "`update` does not answer how many rows"
    }
}
