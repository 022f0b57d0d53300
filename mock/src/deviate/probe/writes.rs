//! Probes of writes, and of the statuses they come with.

use super::Step::{self, Call, RunTasks};
use crate::deviation::Deviation::{self, self as D};

const MISSING: &[Step] = &[Call("Abonents", r#"method1=objects.get&arg1={"id":999999}"#)];

const READ: &[Step] = &[Call("Abonents", r#"method1=objects.get&arg1={"id":3}&fields=["name"]"#)];

const SAVED: &[Step] = &[
    Call("Abonents", r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"sms":"1"}&method3=save&fields=["sms"]"#),
    RunTasks,
    Call("Abonents", r#"method1=objects.get&arg1={"id":45}&fields=["sms"]"#),
];

const PAID: &[Step] = &[
    Call("Abonents", r#"method1=objects.get&arg1={"id":45}&method2=add_payment&arg2={"SUM_IN":10}"#),
    RunTasks,
    Call("Abonents", r#"method1=objects.get&arg1={"id":45}&fields=["balance"]"#),
];

/// Two saves of one row, the second before the first is done.
const OVERLAP: &[Step] = &[
    Call("Abonents", r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"sms":"1"}&method3=save&fields=["sms"]"#),
    Call(
        "Abonents",
        r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"email":"x@y.z"}&method3=save&fields=["sms"]"#,
    ),
    RunTasks,
    Call("Abonents", r#"method1=objects.get&arg1={"id":45}&fields=["sms","email"]"#),
];

pub fn probe(deviation: Deviation) -> &'static [Step] {
    match deviation {
        D::HttpErrors500 | D::HttpMissing404 | D::HttpErrorsAsPages => MISSING,
        D::HttpContentTypeHtml => READ,
        D::TasksSumsTwice | D::TasksSumsLost => PAID,
        D::TasksNothingFollows => &[
            Call("Abonents", r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"tarif_id":1236}&method3=save"#),
            RunTasks,
            Call("UsersUsluga", r#"method1=objects.filter&arg1={"abonent_id":45}&fields=["usluga_id"]"#),
        ],
        D::TasksReversed | D::TasksChangedColumnsOnly | D::TasksOverlapRefused => OVERLAP,
        D::TasksImmediate => &[
            Call("Homes", r#"method1=objects.get&arg1={"id":1201}&method2=set&arg2={"city":"x"}&method3=save"#),
            Call("Homes", r#"method1=objects.get&arg1={"id":1201}&fields=["city"]"#),
        ],
        D::TasksSetSaves => &[
            Call("Abonents", r#"method1=objects.get&arg1={"id":45}&method2=set&arg2={"sms":"1"}&fields=["sms"]"#),
            Call("Homes", r#"method1=objects.get&arg1={"id":1201}&method2=set&arg2={"city":"x"}&method3=save"#),
            RunTasks,
            Call("Abonents", r#"method1=objects.get&arg1={"id":45}&fields=["sms"]"#),
        ],
        D::TasksNullIgnored => &[
            Call(
                "Homes",
                r#"method1=objects.get&arg1={"id":1201}&method2=set&arg2={"city":null}&method3=save&fields=["city"]"#,
            ),
            RunTasks,
            Call("Homes", r#"method1=objects.get&arg1={"id":1201}&fields=["city"]"#),
        ],
        D::TasksFalsyIgnored => &[
            Call("Homes", r#"method1=objects.get&arg1={"id":1201}&method2=set&arg2={"kladr_sync":0}&method3=save"#),
            RunTasks,
            Call("Homes", r#"method1=objects.get&arg1={"id":1201}&fields=["kladr_sync"]"#),
        ],
        D::TasksUnknownColumnIgnored => &[
            Call("Homes", r#"method1=objects.create&arg1={"city":"x","town":"y"}&fields=["city"]"#),
            Call("Homes", r#"method1=objects.create&arg1={"city":"z"}&fields=["city"]"#),
        ],
        D::TasksCreateWithoutKey => &[Call("Homes", r#"method1=objects.create&arg1={"city":"x"}&fields=["city"]"#)],
        D::TasksDeleteCounts => &[Call("AttributeValues", r#"method1=objects.get&arg1={"id":5004}&method2=delete"#)],
        D::TasksUpdateUncounted => {
            &[Call("Homes", r#"method1=objects.filter&arg1={"id":1201}&method2=update&arg2={"city":"x"}"#)]
        }
        _ => SAVED,
    }
}
