//! Reports in files: JSON, JUnit, HTML, Markdown.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::collected::Collected;
use super::{Event, Reporter, github, html, json, junit, markdown};
use crate::outcome::Summary;

/// What a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DocumentKind {
    /// Everything, for programs.
    Json,
    /// What CI servers read.
    Junit,
    /// One page, for people.
    Html,
    /// For a pull request's comment or a job's summary.
    Md,
}

/// A report that is written when the run is over, as a whole or not at all.
#[derive(Debug)]
pub struct Document {
    kind: DocumentKind,
    file: PathBuf,
    /// Made before the run, so that a folder that cannot be written is told of at once.
    temporary: Option<NamedTempFile>,
    collected: Collected,
}

impl Document {
    /// A report of this kind in this file.
    ///
    /// # Errors
    /// The folder is not there or cannot be written.
    pub fn new(kind: DocumentKind, file: &Path) -> io::Result<Self> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = NamedTempFile::new_in(folder)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
        Ok(Self { kind, file: file.to_owned(), temporary: Some(temporary), collected: Collected::default() })
    }

    fn write(&mut self, summary: &Summary) -> io::Result<()> {
        let text = match self.kind {
            DocumentKind::Json => {
                format!("{}\n", serde_json::to_string_pretty(&json::document(&self.collected, summary)?)?)
            }
            DocumentKind::Junit => junit::document(&self.collected, summary)?,
            DocumentKind::Html => html::document(&self.collected, summary)?,
            DocumentKind::Md => markdown::document(&self.collected, summary),
        };
        let Some(mut temporary) = self.temporary.take() else { return Ok(()) };
        temporary.write_all(text.as_bytes())?;
        // Temporary files are their owner's alone; a report is for others, too.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            temporary.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        temporary.persist(&self.file).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Reporter for Document {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.collected.take(event);
        match event {
            Event::Finished(summary) => self.write(summary),
            _ => Ok(()),
        }
    }
}

/// Annotations and the job's summary, where the run is a job of GitHub Actions.
#[derive(Debug, Default)]
pub struct GithubJob {
    collected: Collected,
}

impl GithubJob {
    /// Whether this is one.
    pub fn is_one() -> bool {
        env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
    }
}

impl Reporter for GithubJob {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.collected.take(event);
        let Event::Finished(summary) = event else { return Ok(()) };
        // GitHub reads both streams; standard output may be a report for a program.
        github::annotate(&mut io::stderr(), &self.collected)?;
        if let Some(file) = env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) {
            let mut out = OpenOptions::new().create(true).append(true).open(file)?;
            out.write_all(markdown::document(&self.collected, summary).as_bytes())?;
        }
        Ok(())
    }
}
