//! A server's base URL.

use std::fmt;
use std::net::IpAddr;

use hyper::Uri;

const API: &str = "/rest_api/v2";

/// `http://host:port` or `https://host:port`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// Why a text is no base URL.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL at all.
    #[error("`{0}` is not a URL like http://192.0.2.1:8082")]
    NotAUrl(String),
    /// Neither `http` nor `https`.
    #[error("`{0}`: http and https are spoken here, not {1}")]
    Scheme(String, String),
    /// A path or query that the documented calls would lose.
    #[error("`{0}`: give the server's root, without path and query")]
    Extra(String),
    /// A user name, perhaps with a password, which everybody would see.
    #[error("`{0}`: give the server without a user name: --user takes it, and CARBON_PASSWORD the password")]
    User(String),
}

impl BaseUrl {
    /// Checks a base URL. A trailing `/` or `/rest_api/v2/` is dropped.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        // An error does not repeat a password.
        let shown = || without_user(text);
        let uri: Uri = text.parse().map_err(|_| BaseUrlError::NotAUrl(shown()))?;
        let scheme = uri.scheme_str().ok_or_else(|| BaseUrlError::NotAUrl(shown()))?;
        if !matches!(scheme, "http" | "https") {
            return Err(BaseUrlError::Scheme(shown(), scheme.to_owned()));
        }
        let authority = uri
            .authority()
            .filter(|authority| !authority.host().is_empty())
            .ok_or_else(|| BaseUrlError::NotAUrl(shown()))?;
        let path = uri.path().trim_end_matches('/');
        if authority.as_str().contains('@') {
            return Err(BaseUrlError::User(shown()));
        }
        if !(path.is_empty() || path == API) || uri.query().is_some() {
            return Err(BaseUrlError::Extra(shown()));
        }
        Ok(Self(format!("{scheme}://{authority}")))
    }

    /// The host, without its port.
    pub fn host(&self) -> &str {
        let authority = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        host.trim_matches(['[', ']'])
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        self.host() == "localhost" || self.host().parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether it is asked over TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

/// A URL as it may be shown: what stands before `@` may be a password, whatever else is wrong with the text.
pub fn without_user(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (&text[..scheme.len() + 3], rest));
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}***@{host}"),
        None => text.to_owned(),
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_the_servers_root() {
        for text in ["http://10.0.0.1:8082", "http://10.0.0.1:8082/", "http://10.0.0.1:8082/rest_api/v2/"] {
            assert_eq!(BaseUrl::parse(text).map(|url| url.to_string()), Ok("http://10.0.0.1:8082".to_owned()));
        }
    }

    #[test]
    fn https_is_spoken_too() {
        let url = BaseUrl::parse("https://billing.example:8443/").unwrap();
        assert!(url.is_https());
        assert_eq!(url.to_string(), "https://billing.example:8443");
    }

    #[test]
    fn a_password_is_never_repeated() {
        for text in
            ["http://root:secret@host/", "root:secret@host:1", "ftp://root:secret@host", "https://root:se/cret@host"]
        {
            let error = BaseUrl::parse(text).map_err(|error| error.to_string()).unwrap_err();
            assert!(!error.contains("secret") && !error.contains("cret") && error.contains("***@host"), "{error}");
        }
    }

    #[test]
    fn the_host_is_told_without_its_port() {
        for (text, host, loopback) in [
            ("http://127.0.0.1:8082", "127.0.0.1", true),
            ("http://localhost", "localhost", true),
            ("http://[::1]:8082", "::1", true),
            ("https://billing.example:8443", "billing.example", false),
            ("http://192.0.2.1", "192.0.2.1", false),
        ] {
            let url = BaseUrl::parse(text).unwrap();
            assert_eq!((url.host(), url.is_loopback()), (host, loopback));
        }
    }

    #[test]
    fn what_is_no_base_url_is_told_apart() {
        assert!(matches!(BaseUrl::parse("10.0.0.1:8082"), Err(BaseUrlError::NotAUrl(_))));
        assert!(matches!(BaseUrl::parse("ftp://host"), Err(BaseUrlError::Scheme(_, _))));
        assert!(matches!(BaseUrl::parse("http://host/billing/"), Err(BaseUrlError::Extra(_))));
        assert!(matches!(BaseUrl::parse("http://root:secret@host/"), Err(BaseUrlError::User(_))));
        assert!(matches!(BaseUrl::parse(""), Err(BaseUrlError::NotAUrl(_))));
    }
}
