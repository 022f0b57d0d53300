//! Probes of how replies are formed and spelled, and of what there is to call.

use super::Step::{self, Call};
use crate::deviation::Deviation::{self, self as D};

const ONE: &[Step] = &[Call("Abonents", r#"method1=objects.get&arg1={"id":"3"}&fields=["id","name"]"#)];
const WHOLE: &[Step] = &[Call("Abonents", r#"method1=objects.get&arg1={"id":3}"#)];
const ACCOUNT: &[Step] = &[Call("Users", r#"method1=objects.get&arg1={"id":470}"#)];
const DETAIL: &[Step] = &[Call("FinanceOperationsDetail", "method1=objects.all")];
const LINKED: &[Step] =
    &[Call("Users", r#"method1=objects.get&arg1={"id":470}&fields=["abonent__name","nas","pull","login"]"#)];
const REVERSE: &[Step] =
    &[Call("Abonents", r#"method1=objects.get&arg1={"id":1}&fields=["parent_id_abonents__name"]"#)];
const MISSING: &[Step] = &[Call("Abonents", r#"method1=objects.get&arg1={"id":999999}"#)];
const UNKNOWN_FIELD: &[Step] = &[Call("Homes", r#"method1=objects.filter&arg1={"town":"x"}"#)];
const LONG_LIST: &[Step] = &[Call("Abonents", r#"method1=objects.all&fields=["id"]"#)];
const CABINET: &[Step] = &[Call("Users", r#"method1=web_cabinet.user_info&arg1={"suid":"144997776676316356"}"#)];
const COUNT: &[Step] = &[Call("Abonents", "method1=objects.count")];

pub fn probe(deviation: Deviation) -> &'static [Step] {
    match deviation {
        D::EnvelopeErrorAsObject | D::EnvelopeErrorBesideNull => MISSING,
        D::EscapingHtml => {
            &[Call("AdminCustomReports", r#"method1=objects.filter&arg1={"sql__contains":"'"}&fields=["sql"]"#)]
        }
        D::TypesNumbersAsStrings | D::TypesAddressesAsNumbers => ACCOUNT,
        D::TypesIntegersAsFloats
        | D::TypesFlagsAsBooleans
        | D::TypesFlagsAsStrings
        | D::TypesKeysAsStrings
        | D::TypesForeignKeysAsStrings
        | D::TypesNullAsEmpty
        | D::TypesNullAsNone
        | D::TypesTextsPadded
        | D::ProjectionFieldGone
        | D::ProjectionNullOmitted
        | D::ProjectionCamelCase
        | D::ProjectionSorted
        | D::DatesIsoT
        | D::DatesDotted
        | D::DatesMonthFirst
        | D::DatesTimeZone
        | D::DatesEpoch
        | D::DatesUtc
        | D::DatesMicroseconds
        | D::DatesWithoutSeconds
        | D::DatesWithoutTime
        | D::DatesMidnight => WHOLE,
        D::TypesDecimalsAsFloats
        | D::TypesMoneyAsFloats
        | D::TypesMoneyInKopecks
        | D::TypesMoneyTwoPlaces
        | D::TypesMoneyCommas => DETAIL,
        D::TypesEmptyAsNull => &[Call("Homes", r#"method1=objects.get&arg1={"id":16002}"#)],
        D::TypesTextsTrimmed => &[Call("Abonents", r#"method1=objects.get&arg1={"id":16037}"#)],
        D::TypesDigitsAsNumbers => &[Call("Homes", r#"method1=objects.get&arg1={"id":1201}"#)],
        D::TypesBooleansAsNumbers | D::MethodsCheckPassGone => {
            &[Call("Users", r#"method1=objects.get&arg1={"id":470}&method2=check_pass&arg2={"passwd":"pw470"}"#)]
        }
        D::TypesCountAsString | D::LimitsCountHundred | D::MethodsCountGone => COUNT,
        D::ProjectionUnknownIgnored => {
            &[Call("Abonents", r#"method1=objects.get&arg1={"id":3}&fields=["name","nothing"]"#)]
        }
        D::ProjectionFirstLinkOnly
        | D::ProjectionForeignKeyBare
        | D::ProjectionForeignKeyEmpty
        | D::ProjectionForeignKeyIdMissing => LINKED,
        D::ProjectionReverseSingle | D::ProjectionReverseKeys | D::LimitsTenLinked => REVERSE,
        D::ProjectionPropertiesMissing => {
            &[Call("Abonents", r#"method1=objects.get&arg1={"id":3}&fields=["name","balance"]"#)]
        }
        D::ProjectionKeyAmongFields => &[Call("Abonents", r#"method1=objects.get&arg1={"id":3}&fields=["name"]"#)],
        D::ErrorsSwallowed
        | D::ErrorsAsResult
        | D::ErrorsEmpty
        | D::ErrorsInRussian
        | D::ErrorsWithClass
        | D::ErrorsWithoutDetail
        | D::ErrorsTraceback => MISSING,
        D::ErrorsWithoutChoices => UNKNOWN_FIELD,
        D::ErrorsUnknownMethodNull => &[Call("Homes", "method1=objects.everything")],
        D::ErrorsUnknownModelPage => &[Call("Nothing", "method1=objects.all")],
        D::LimitsHundredRows | D::LimitsPages => LONG_LIST,
        D::LimitsFiftyLetters => &[Call("UsersUsluga", r#"method1=objects.get&arg1={"id":16021}"#)],
        D::LimitsFiveFields => &[Call(
            "Abonents",
            r#"method1=objects.get&arg1={"id":3}&fields=["id","name","sms","email","company","deleted"]"#,
        )],
        D::LimitsInTen => {
            &[Call("Homes", r#"method1=objects.filter&arg1={"id__in":[1,2,3,4,5,6,7,8,9,10,1201]}&fields=["id"]"#)]
        }
        D::LimitsTwoMethods => &[Call(
            "Homes",
            r#"method1=objects.filter&arg1={"id__gt":1}&method2=order_by&arg2=["id"]&method3=first&fields=["id"]"#,
        )],
        D::MethodsModelGone => &[Call("SwitchPorts", "method1=objects.count")],
        D::MethodsModelCase => &[Call("homes", "method1=objects.count")],
        D::MethodsExcludeGone => &[Call("Homes", r#"method1=objects.exclude&arg1={"id":1201}&fields=["id"]"#)],
        D::MethodsAllGone => &[Call("Homes", r#"method1=objects.all&fields=["id"]"#)],
        D::MethodsVersionGone => &[Call("Version", "get_version=True")],
        D::MethodsArgumentRequired => &[Call("Homes", "method1=objects.all")],
        D::MethodsArgumentsIgnored => &[Call("Homes", r#"method1=objects.count&arg1={"id":1201}"#)],
        D::MethodsListsRefused => &[Call("Homes", r#"method1=objects.order_by&arg1=["id"]&fields=["id"]"#)],
        D::MethodsCabinetPositional | D::CabinetSingleEncoding | D::CabinetBareText | D::CabinetDigitsAsNumbers => {
            CABINET
        }
        D::CabinetErrorsInEnvelope => &[Call("Users", r#"method1=web_cabinet.user_info&arg1={"suid":"1"}"#)],
        _ => ONE,
    }
}
