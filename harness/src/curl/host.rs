//! Points a documented command at a server: its placeholders and sample addresses give way to a real base URL.

use std::sync::LazyLock;

use regex::Regex;

/// Scheme, host and port before the API's path, where a word begins: `http://<ip>:8082`, `169.254.80.82:8082`,
/// and the script's own `(billing_url)`, which stands for the API's root.
#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and a test uses it")]
static API: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        (?P<before> (?:^|\s|\(|--url=) ["']? )
        (?:
            (?: [hH][tT][tT][pP][sS]?:// )? (?: <[^<>\s]*> | [^\s/'"<>&={}():]+ | \[[0-9a-fA-F:]+\] ) (?: :\d+ )?
            (?P<path> /rest_api/v2 (?: [/?'"\s] | $ ) )
          | \(billing_url\) (?P<rest> / )
        )"#,
    )
    .unwrap()
});

/// The command with every URL of the API pointed at another base, e.g. `http://127.0.0.1:8082`.
///
/// Only scheme, host and port change, and only where a word begins with them: a URL inside of a request's data stays.
pub fn point_at(command: &str, base: &str) -> String {
    let base = base.trim_end_matches('/');
    let mut out = String::with_capacity(command.len());
    let mut rest = command;
    while let Some(found) = API.captures(rest) {
        let Some(before) = found.name("before") else { break };
        out.push_str(&rest[..before.end()]);
        out.push_str(base);
        // What follows the host is searched again, for two URLs can share the blank between them.
        let end = match (found.name("path"), found.name("rest")) {
            (Some(path), _) => path.start(),
            (None, Some(path)) => {
                out.push_str("/rest_api/v2");
                path.start()
            }
            (None, None) => break,
        };
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(command: &str, expected: &str) {
        assert_eq!(point_at(command, "http://127.0.0.1:1/"), expected);
    }

    #[test]
    fn the_documented_hosts_give_way() {
        for host in [
            "http://<ip>:8082",
            "http://<ip-биллинга>:8082",
            "http://169.254.80.82:8082",
            "http://169.1.80.82:8082",
            "http://168.254.80.82:8082",
            "http://127.0.0.1:8082",
            "https://demo5.carbonsoft.ru",
            "169.254.80.82:8082",
        ] {
            let command = |host: &str| {
                format!(
                    "curl '{host}/rest_api/v2/Users/' -d a=1; \
                     jq . <(curl {host}/rest_api/v2/tarif/ \"{host}/rest_api/v2/X/\" -D -)"
                )
            };
            check(&command(host), &command("http://127.0.0.1:1"));
        }
        check("'url': '(billing_url)/Abonents/'", "'url': 'http://127.0.0.1:1/rest_api/v2/Abonents/'");
    }

    #[test]
    fn data_and_other_addresses_stay() {
        for command in [
            r#"curl -d 'method1=x&arg1={"base_url":"http://a/rest_api/v2/"}' http://example.com/x/"#,
            "curl http://<ip>:8082/rest_api/v20/Users/",
            r#"sqlexec "select id from users where ip='127.1.2.3'""#,
        ] {
            check(command, command);
        }
    }
}
