//! The one redactor of a program, between a server's data and everything that is printed or written.

use std::sync::{Arc, OnceLock};

use super::Redactor;

/// Open as long as only our own mock is asked, whose persons are invented; drawn by whoever asks another server, and then
/// for good.
#[derive(Clone, Debug, Default)]
pub struct Veil(Arc<OnceLock<Redactor>>);

impl Veil {
    /// From now on everything goes through this redactor; if there is one already, through that.
    pub fn draw(&self, redactor: Redactor) -> Redactor {
        self.0.get_or_init(|| redactor).clone()
    }

    /// The redactor, once the veil is drawn.
    pub fn redactor(&self) -> Option<&Redactor> {
        self.0.get()
    }

    /// A text whose values were taken out already, as it may be shown: a net below the others.
    pub fn text(&self, text: &str) -> String {
        self.through(text, Redactor::text)
    }

    /// A text that anything of a server may stand in: an error, a progress line.
    pub fn sentence(&self, text: &str) -> String {
        self.through(text, Redactor::sentence)
    }

    fn through(&self, text: &str, hide: fn(&Redactor, &str) -> String) -> String {
        match self.redactor() {
            Some(redactor) => text.split_inclusive('\n').map(|line| hide(redactor, line)).collect(),
            None => text.to_owned(),
        }
    }
}
