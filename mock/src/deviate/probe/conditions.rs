//! Probes of what conditions and chains mean.

use super::Step::{self, Call};
use crate::deviation::Deviation::{self, self as D};

/// One call on a model that is answered by a list of keys.
macro_rules! keys {
    ($model:literal, $body:literal) => {
        &[Call($model, concat!($body, r#"&fields=["id"]"#))]
    };
}

const TWO: &[Step] = keys!("Homes", r#"method1=objects.filter&arg1={"id__in":[1201,1202]}"#);
const RANGE: &[Step] = keys!("Homes", r#"method1=objects.filter&arg1={"id__range":[1201,1203]}"#);
const REGEX: &[Step] = keys!("Abonents", r#"method1=objects.filter&arg1={"name__regex":"Вера"}"#);
const SERVICES: &[Step] = keys!("Abonents", r#"method1=objects.filter&arg1={"abonent_id_usersusluga__enabled":1}"#);
const ORDERED: &[Step] = keys!("Homes", r#"method1=objects.order_by&arg1=["city","-s_number"]"#);
const EXISTS: &[Step] = &[Call("Homes", "method1=objects.exists")];

pub fn probe(deviation: Deviation) -> &'static [Step] {
    match deviation {
        D::LookupsExactAnyCase => keys!("Abonents", r#"method1=objects.filter&arg1={"name":"абрамова вера"}"#),
        D::LookupsTrailingBlanksCount => keys!("Abonents", r#"method1=objects.filter&arg1={"contract_number":"test"}"#),
        D::LookupsIexactCase => keys!("Abonents", r#"method1=objects.filter&arg1={"name__iexact":"абрамова вера"}"#),
        D::LookupsIcontainsCase => keys!("Abonents", r#"method1=objects.filter&arg1={"name__icontains":"ABONENT"}"#),
        D::LookupsIcontainsAsciiOnly => {
            keys!("Abonents", r#"method1=objects.filter&arg1={"name__icontains":"ВЕРА"}"#)
        }
        D::LookupsIstartswithCase => keys!("Abonents", r#"method1=objects.filter&arg1={"name__istartswith":"абрам"}"#),
        D::LookupsContainsAnyCase => keys!("Abonents", r#"method1=objects.filter&arg1={"name__contains":"АБРАМ"}"#),
        D::LookupsStartswithAnywhere => keys!("Abonents", r#"method1=objects.filter&arg1={"name__startswith":"Вера"}"#),
        D::LookupsEndswithAnywhere => keys!("Abonents", r#"method1=objects.filter&arg1={"name__endswith":"Абрамова"}"#),
        D::LookupsGtAsGte => keys!("Homes", r#"method1=objects.filter&arg1={"id__gt":1201,"id__in":[1201,1202]}"#),
        D::LookupsGteAsGt => keys!("Homes", r#"method1=objects.filter&arg1={"id__gte":1201,"id__in":[1201,1202]}"#),
        D::LookupsLtAsLte => keys!("Homes", r#"method1=objects.filter&arg1={"id__lt":1202,"id__in":[1201,1202]}"#),
        D::LookupsLteAsLt => keys!("Homes", r#"method1=objects.filter&arg1={"id__lte":1202,"id__in":[1201,1202]}"#),
        D::LookupsRangeExclusive | D::LookupsRangeWithoutEnd => RANGE,
        D::LookupsInIgnored | D::LookupsInFirstOnly => TWO,
        D::LookupsEmptyInAsAll => keys!("Homes", r#"method1=objects.filter&arg1={"id__in":[]}"#),
        D::LookupsIsnullInverted => keys!("Abonents", r#"method1=objects.filter&arg1={"tarif__isnull":true}"#),
        D::LookupsIsnullAlwaysTrue => keys!("Abonents", r#"method1=objects.filter&arg1={"tarif__isnull":0}"#),
        D::LookupsNullIgnored => keys!("Abonents", r#"method1=objects.filter&arg1={"tarif":null}"#),
        D::LookupsRegexWhole | D::LookupsRegexUnknown => REGEX,
        D::LookupsRegexAnyCase => keys!("Abonents", r#"method1=objects.filter&arg1={"name__regex":"абрам"}"#),
        D::LookupsDatePartsUnknown => {
            keys!("Abonents", r#"method1=objects.filter&arg1={"activate_date__year":2019,"id":3}"#)
        }
        D::LookupsKeyUnknown => keys!("Homes", r#"method1=objects.filter&arg1={"pk":1201}"#),
        D::LookupsUnknownLookupIgnored => keys!("Homes", r#"method1=objects.filter&arg1={"city__like":"x"}"#),
        D::LookupsUnknownFieldIgnored => keys!("Homes", r#"method1=objects.filter&arg1={"town":"x"}"#),
        D::LookupsStringNumbersRefused => keys!("Homes", r#"method1=objects.get&arg1={"id":"1201"}"#),
        D::JoinsRepeatsRemoved | D::JoinsReverseUnknown => SERVICES,
        D::JoinsDistinctIgnored => {
            keys!("Abonents", r#"method1=objects.filter&arg1={"abonent_id_usersusluga__enabled":1}&method2=distinct"#)
        }
        D::JoinsChainedShared => keys!(
            "Abonents",
            r#"method1=objects.filter&arg1={"abonent_id_usersusluga__usluga":127}&method2=filter&arg2={"abonent_id_usersusluga__usluga__name":"Аренда роутера"}"#
        ),
        D::JoinsConditionsApart => keys!(
            "Abonents",
            r#"method1=objects.filter&arg1={"abonent_id_usersusluga__usluga":127,"abonent_id_usersusluga__usluga__name":"Аренда роутера"}"#
        ),
        D::JoinsExcludeIgnored | D::JoinsExcludeDropsNull => {
            keys!("Abonents", r#"method1=objects.exclude&arg1={"tarif":1}"#)
        }
        D::JoinsExcludeApart => keys!("Homes", r#"method1=objects.exclude&arg1={"id":1201,"city":"Краснодар"}"#),
        D::JoinsLeftLost => keys!("Abonents", r#"method1=objects.order_by&arg1=["tarif__name","id"]"#),
        D::ChainsFirstMethodOnly => {
            &[Call("Homes", r#"method1=objects.filter&arg1={"id__in":[1201,1202]}&method2=count"#)]
        }
        D::ChainsLastFilterOnly => {
            keys!("Homes", r#"method1=objects.filter&arg1={"id__in":[1201,1202]}&method2=filter&arg2={"id__gt":1201}"#)
        }
        D::ChainsNumbersAsTexts => &[Call(
            "Homes",
            r#"method1=objects.filter&arg1={"id__in":[1201,1202]}&method2=order_by&arg2=["id"]&method10=count"#,
        )],
        D::ChainsStopAtGap => &[Call("Homes", r#"method1=objects.filter&arg1={"id__in":[1201,1202]}&method3=count"#)],
        D::ChainsOrderIgnored => keys!("Homes", r#"method1=objects.order_by&arg1=["city","id"]"#),
        D::ChainsDescendingIgnored => keys!("Homes", r#"method1=objects.order_by&arg1=["-id"]"#),
        D::ChainsOrderFirstOnly => ORDERED,
        D::ChainsReverseIgnored => keys!("Homes", r#"method1=objects.order_by&arg1=["id"]&method2=reverse"#),
        D::ChainsNullsLast => keys!("Abonents", r#"method1=objects.order_by&arg1=["sms","id"]"#),
        D::ChainsNewestFirst => keys!("Homes", "method1=objects.all"),
        D::ChainsCountDistinct => {
            &[Call("Abonents", r#"method1=objects.filter&arg1={"abonent_id_usersusluga__enabled":1}&method2=count"#)]
        }
        D::ChainsCountAsObject => &[Call("Homes", "method1=objects.count")],
        D::ChainsExistsAsNumber | D::ChainsExistsAsText => EXISTS,
        D::ChainsFirstAsList => keys!("Homes", "method1=objects.first"),
        D::ChainsFirstNoneError => {
            keys!("Homes", r#"method1=objects.filter&arg1={"id":999999}&method2=first"#)
        }
        D::ChainsLastAsFirst => keys!("Homes", "method1=objects.last"),
        D::ChainsLatestAsEarliest => keys!("Abonents", r#"method1=objects.latest&arg1=["id"]"#),
        D::ChainsGetAsList => keys!("Homes", r#"method1=objects.get&arg1={"id":1201}"#),
        D::ChainsGetFirstOfSeveral => keys!("Homes", r#"method1=objects.get&arg1={"city":"Тихорецк"}"#),
        D::ChainsGetNoneNull => keys!("Homes", r#"method1=objects.get&arg1={"id":999999}"#),
        D::ChainsNoneAsAll => keys!("Homes", "method1=objects.none"),
        D::ChainsValuesAsLists => &[Call("Homes", r#"method1=objects.values&arg1=["id","city"]"#)],
        D::ChainsValuesListAsObjects => &[Call("Homes", r#"method1=objects.values_list&arg1=["id","city"]"#)],
        D::ChainsInBulkAsList => keys!("Homes", "method1=objects.in_bulk&arg1=[1201,1202]"),
        D::ChainsEmptyAsNull => keys!("Homes", r#"method1=objects.filter&arg1={"id":999999}"#),
        D::ChainsSingleUnwrapped | D::ChainsListAsObject => {
            keys!("Homes", r#"method1=objects.filter&arg1={"id":1201}"#)
        }
        _ => &[],
    }
}
