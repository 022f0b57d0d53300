//! Keeps the replies of a run, to be written as a recording when it is over.

use std::io;
use std::path::PathBuf;

use super::{Event, Reporter};
use crate::outcome::FormOutcome;
use crate::redact::Redactor;
use crate::regression::changes;
use crate::regression::recording::{Manifest, Recorded, Recording};
use crate::snapshot;

/// Collects the replies, without what must not be written.
#[derive(Debug)]
pub struct Recorder {
    recording: Recording,
    redactor: Redactor,
    /// What the whole run has learned, rules' replies too, where there is more than the recording's own.
    all: Option<Redactor>,
    /// Where they are written; nowhere where they are only compared.
    folder: Option<PathBuf>,
}

impl Recorder {
    /// Writes into a folder when the run is over, or keeps it.
    pub fn new(manifest: Manifest, redactor: Redactor, folder: Option<PathBuf>) -> Self {
        Self { recording: Recording { manifest, ..Recording::default() }, redactor, all: None, folder }
    }

    /// Takes out at the end what this one knows, too. It must have the same key.
    #[must_use]
    pub fn with_all(self, all: Option<Redactor>) -> Self {
        Self { all, ..self }
    }

    /// What was recorded.
    pub fn into_recording(self) -> Recording {
        self.recording
    }

    /// Takes out what was learned after it was recorded.
    fn finish(&mut self) {
        for redactor in [Some(&self.redactor), self.all.as_ref()].into_iter().flatten() {
            self.recording.redact_again(redactor);
        }
    }

    fn take(&mut self, id: &str, form: &FormOutcome) {
        if form.exchanges.is_empty() {
            return;
        }
        let name = snapshot::name(id, form.form);
        self.recording.take(&name, &form.exchanges, &self.redactor);
        if form.again.is_empty() {
            return;
        }
        // What differs between two reads of the same server moves by itself.
        let mut again = Recording::default();
        again.take(&name, &form.again, &self.redactor);
        let turns = |recorded: Option<&Recorded>| recorded.map(|recorded| recorded.turns.clone()).unwrap_or_default();
        let (one, other) = (turns(self.recording.calls.get(&name)), turns(again.calls.get(&name)));
        let nothing = Default::default();
        for (one, other) in one.iter().zip(&other) {
            if let (Some(one), Some(other)) = (&one.reply, &other.reply) {
                for change in changes::of_values(&nothing, &self.redactor, one, other) {
                    self.recording.masks.learn(&change.at, "moved between two reads of the same server");
                }
            }
        }
    }
}

impl Reporter for Recorder {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Example(outcome) => outcome.forms.iter().for_each(|form| self.take(&outcome.id, form)),
            Event::Finished(_) => {
                self.finish();
                if let Some(folder) = &self.folder {
                    self.recording.write(folder).map_err(io::Error::other)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
