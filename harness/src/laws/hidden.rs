//! What was checked, without what is personal: as it may be shown of a server whose data are real.

use super::call::{Arg, Call};
use super::reply::{Reply, Said};
use super::run::{Checked, Held, Seen};
use super::shrink::Failing;
use super::verdict::Wrong;
use crate::redact::Redactor;

impl Checked {
    /// The same, with placeholders.
    #[must_use]
    pub fn hidden(self, redactor: &Redactor) -> Self {
        let Self { seed, requests, models, laws, stopped, unsteady } = self;
        let told = |text: Option<String>| text.map(|text| redactor.sentence(&text));
        Self {
            seed,
            requests,
            models: models.into_iter().map(|model| Seen { note: told(model.note), ..model }).collect(),
            laws: laws
                .into_iter()
                .map(|law| Held {
                    why: told(law.why),
                    failing: law.failing.map(|failing| failing.hidden(redactor)),
                    ..law
                })
                .collect(),
            stopped: told(stopped),
            unsteady,
        }
    }
}

impl Failing {
    fn hidden(self, redactor: &Redactor) -> Self {
        let Self { calls, replies, wrong: Wrong { expected, got, standing } } = self;
        Self {
            calls: calls.into_iter().map(|call| call.hidden(redactor)).collect(),
            replies: replies.into_iter().map(|reply| reply.hidden(redactor)).collect(),
            wrong: Wrong { expected: redactor.sentence(&expected), got: redactor.sentence(&got), standing },
        }
    }
}

impl Call {
    fn hidden(mut self, redactor: &Redactor) -> Self {
        for step in &mut self.steps {
            if let Arg::Json(arg) = &mut step.arg {
                *arg = redactor.of(Some(&self.model), arg);
            }
        }
        for (_, value) in &mut self.before {
            *value = redactor.sentence(value);
        }
        self
    }
}

impl Reply {
    /// What it says; how it was spelled is judged already.
    fn hidden(self, redactor: &Redactor) -> Self {
        let said = match self.said {
            Said::Result(result) => Said::Result(redactor.value(&result)),
            Said::Error(error) => Said::Error(redactor.sentence(&error)),
            Said::Nothing(why) => Said::Nothing(redactor.sentence(&why)),
        };
        Self { said, body: Default::default(), json: None, ..self }
    }
}
