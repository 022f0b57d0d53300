//! From understood arguments to the requests they make.

use super::Files;
use super::arguments::Argument;
use super::data;
use super::error::{CurlError, UrlError};
use super::url::{self, Url};
use crate::shell::Word;

/// What a curl command does.
#[derive(Clone, Debug, PartialEq)]
pub struct Curl {
    /// One for each URL, in order.
    pub transfers: Vec<Transfer>,
    /// The options it has, by long name, in order.
    pub options: Vec<&'static str>,
}

/// One URL's turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// The URL as given.
    pub url: String,
    /// What is sent, or why curl cannot use the URL.
    pub sent: Result<Request, UrlError>,
}

/// A request as it leaves the machine. Variables of the shell are kept as `$name`.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The HTTP method.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// Headers that the command line asks for, and the content type curl adds to a body.
    pub headers: Vec<(String, String)>,
    /// User and password of `-u`.
    pub user: Option<String>,
    /// The body.
    pub body: Body,
}

/// A request's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// Bytes given by `-d` and its relatives, read as UTF-8.
    Text(String),
    /// The parts of `-F`, as written.
    Multipart(Vec<String>),
    /// The content of `-T`'s file.
    File(String),
}

impl Curl {
    /// The requests that are sent.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.transfers.iter().filter_map(|transfer| transfer.sent.as_ref().ok())
    }

    /// curl's exit code, if every server answers: that of the last URL.
    pub fn exit_code(&self) -> u8 {
        self.transfers.last().and_then(|last| last.sent.as_ref().err()).map_or(0, UrlError::exit_code)
    }
}

impl Request {
    /// The value of a header, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body's text; nothing for one that is no text.
    pub fn text(&self) -> &str {
        match &self.body {
            Body::Text(text) => text,
            _ => "",
        }
    }
}

/// Carries the options of each group to its URLs.
pub fn build(groups: &[Vec<Argument>], files: Files<'_>) -> Result<Curl, CurlError> {
    let mut curl = Curl { transfers: Vec::new(), options: Vec::new() };
    for group in groups {
        let settings = Settings::read(group, files)?;
        let urls: Vec<&Word> = group
            .iter()
            .filter_map(|argument| match argument {
                Argument::Url(word) => Some(word),
                Argument::Option(..) => None,
            })
            .collect();
        if urls.is_empty() {
            return Err(CurlError::NoUrl);
        }
        for word in urls {
            for expanded in url::expand(word, !settings.has("globoff")) {
                let shown = expanded.clone().unwrap_or_else(|_| word.text());
                let variables = word.literal().is_none();
                let sent = expanded.and_then(|url| settings.request(&url, variables, files));
                curl.transfers.push(Transfer { url: shown, sent });
            }
        }
        curl.options.extend(settings.options);
    }
    Ok(curl)
}

/// What the options of one group say.
#[derive(Default)]
struct Settings {
    options: Vec<&'static str>,
    method: Option<String>,
    data: Option<String>,
    form: Vec<String>,
    upload: Option<String>,
    headers: Vec<String>,
    user: Option<String>,
    named: Vec<(&'static str, String)>,
}

impl Settings {
    fn read(group: &[Argument], files: Files<'_>) -> Result<Self, CurlError> {
        let mut settings = Self::default();
        for argument in group {
            let Argument::Option(name, value) = argument else { continue };
            settings.options.push(name);
            let Some(value) = value else { continue };
            match *name {
                "request" => settings.method = Some(value.text()),
                "data" | "data-ascii" | "data-binary" | "data-raw" | "data-urlencode" | "json" => {
                    let part = data::part(name, value, files);
                    settings.data = Some(match settings.data.take() {
                        // --json texts are put together as they are.
                        Some(before) if *name == "json" => before + &part,
                        Some(before) => format!("{before}&{part}"),
                        None => part,
                    });
                }
                "form" | "form-string" => settings.form.push(value.text()),
                "upload-file" => settings.upload = Some(value.text()),
                "header" => settings.headers.push(value.text()),
                "user" => settings.user = Some(value.text()),
                "user-agent" => settings.named.push(("User-Agent", value.text())),
                "referer" => settings.named.push(("Referer", value.text())),
                "cookie" => settings.named.push(("Cookie", value.text())),
                _ => {}
            }
        }
        settings.check()?;
        Ok(settings)
    }

    fn has(&self, option: &str) -> bool {
        self.options.contains(&option)
    }

    /// curl chooses between these itself, and takes only one.
    fn check(&self) -> Result<(), CurlError> {
        let mut chosen = Vec::new();
        if self.data.is_some() && !self.has("get") {
            chosen.push("POST (-d, --data)");
        }
        if !self.form.is_empty() {
            chosen.push("multipart formpost (-F, --form)");
        }
        if self.upload.is_some() {
            chosen.push("PUT (-T, --upload-file)");
        }
        if self.has("head") {
            chosen.push("HEAD (-I, --head)");
        }
        match chosen[..] {
            [first, second, ..] => Err(CurlError::TwoMethods { first, second }),
            _ => Ok(()),
        }
    }

    fn request(&self, url: &str, variables: bool, files: Files<'_>) -> Result<Request, UrlError> {
        let mut url = url::parse(url, self.has("path-as-is"), variables)?;
        let body = self.body(&mut url, files);
        let natural = match &body {
            Body::Text(_) | Body::Multipart(_) => "POST",
            Body::File(_) => "PUT",
            Body::Empty if self.has("head") => "HEAD",
            Body::Empty => "GET",
        };
        let method = self.method.clone().unwrap_or_else(|| natural.to_owned());
        Ok(Request { method, headers: self.headers(&body), user: self.user.clone(), body, url })
    }

    fn body(&self, url: &mut Url, files: Files<'_>) -> Body {
        if let Some(name) = &self.upload {
            if url.path.ends_with('/') {
                url.path.push_str(name.rsplit('/').next().unwrap_or(name));
            }
            let content = files(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            return Body::File(content.unwrap_or_default());
        }
        if !self.form.is_empty() {
            return Body::Multipart(self.form.clone());
        }
        match &self.data {
            Some(data) if self.has("get") => {
                url.append(data);
                Body::Empty
            }
            Some(data) => Body::Text(data.clone()),
            None => Body::Empty,
        }
    }

    fn headers(&self, body: &Body) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut removed: Vec<&str> = Vec::new();
        for line in &self.headers {
            if let Some((name, value)) = line.split_once(':') {
                match value.trim() {
                    "" => removed.push(name),
                    value => headers.push((name.to_owned(), value.to_owned())),
                }
            } else if let Some(name) = line.strip_suffix(';') {
                headers.push((name.to_owned(), String::new()));
            }
        }
        let mut defaults: Vec<(&str, String)> = match body {
            Body::Text(_) if self.has("json") => {
                vec![("Content-Type", "application/json".into()), ("Accept", "application/json".into())]
            }
            Body::Text(_) => vec![("Content-Type", "application/x-www-form-urlencoded".into())],
            Body::Multipart(_) => vec![("Content-Type", "multipart/form-data".into())],
            Body::File(_) | Body::Empty => Vec::new(),
        };
        defaults.extend(self.named.iter().cloned());
        for (name, value) in defaults {
            let mut given = headers.iter().map(|(name, _)| name.as_str()).chain(removed.iter().copied());
            if !given.any(|given| given.eq_ignore_ascii_case(name)) {
                headers.push((name.to_owned(), value));
            }
        }
        headers
    }
}
