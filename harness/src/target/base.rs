//! A server's base URL.

use std::fmt;

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
    #[error("`{0}`: give the server's root, without path, query or user name")]
    Extra(String),
}

impl BaseUrl {
    /// Checks a base URL. A trailing `/` or `/rest_api/v2/` is dropped.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let uri: Uri = text.parse().map_err(|_| BaseUrlError::NotAUrl(text.to_owned()))?;
        let scheme = uri.scheme_str().ok_or_else(|| BaseUrlError::NotAUrl(text.to_owned()))?;
        if !matches!(scheme, "http" | "https") {
            return Err(BaseUrlError::Scheme(text.to_owned(), scheme.to_owned()));
        }
        let authority = uri
            .authority()
            .filter(|authority| !authority.host().is_empty())
            .ok_or_else(|| BaseUrlError::NotAUrl(text.to_owned()))?;
        let path = uri.path().trim_end_matches('/');
        if !(path.is_empty() || path == API) || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(BaseUrlError::Extra(text.to_owned()));
        }
        Ok(Self(format!("{scheme}://{authority}")))
    }

    /// Whether it is asked over TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
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
    fn what_is_no_base_url_is_told_apart() {
        assert!(matches!(BaseUrl::parse("10.0.0.1:8082"), Err(BaseUrlError::NotAUrl(_))));
        assert!(matches!(BaseUrl::parse("ftp://host"), Err(BaseUrlError::Scheme(_, _))));
        assert!(matches!(BaseUrl::parse("http://host/billing/"), Err(BaseUrlError::Extra(_))));
        assert!(matches!(BaseUrl::parse("http://root:secret@host/"), Err(BaseUrlError::Extra(_))));
        assert!(matches!(BaseUrl::parse(""), Err(BaseUrlError::NotAUrl(_))));
    }
}
