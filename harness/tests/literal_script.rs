//! A script of one's own under `literal`: what it reaches, what is told of it, and how it is ended.
#![cfg(unix)]
#![allow(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod support;

use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::process::{Command, Stdio};

use carbon_harness::exit;
use serde_json::{Value, json};
use support::shell::{Held, NAMESPACES, ended, ends, literal, literal_anywhere, script, signal};
use support::{Ended, Folder, root};

/// Tries to reach `$1` on this machine in every way that a text may find. Each says that it was tried.
const ESCAPES: &str = r#"
port=$1 outside=$2
tried() { echo "tried $*"; }
curl -q -m 1 http://127.0.0.1:$port/;                                     tried curl -q
HOME=/ CURL_HOME=/ curl -m 1 http://127.0.0.1:$port/;                     tried another home
curl -m 1 --connect-to ::127.0.0.1:$port http://billing/;                 tried connect-to
curl -q -m 1 -x http://127.0.0.1:$port http://billing/;                   tried a proxy
http_proxy=http://127.0.0.1:$port curl -q -m 1 http://billing/;           tried a proxy of the environment
printf 'url = "http://127.0.0.1:%s/"\nmax-time = 1\n' $port | curl -q -K -; tried settings
curl -q -m 1 telnet://127.0.0.1:$port;                                    tried telnet
(exec 3<>/dev/tcp/127.0.0.1/$port && echo x >&3);                         tried /dev/tcp
(echo x >/dev/udp/127.0.0.1/$port);                                       tried /dev/udp
python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$port/', timeout=1)"; tried python
CARBON_MOCK_URL=http://127.0.0.1:$port timeout 1 sqlexec 'select 1';      tried sqlexec
nsenter --net=/proc/$outside/ns/net curl -q -m 1 http://127.0.0.1:$port/; tried the network outside
nsenter --net=/proc/1/ns/net curl -q -m 1 http://127.0.0.1:$port/;        tried the first network
unshare --net curl -q -m 1 http://127.0.0.1:$port/;                       tried another network
command -v nc >/dev/null && (echo x | nc -w 1 127.0.0.1 $port);           tried nc
exit 0
"#;
const WAYS: usize = 15;

/// A port that keeps what arrives for it.
struct Outside {
    tcp: TcpListener,
    udp: UdpSocket,
}

impl Outside {
    fn new() -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let udp = UdpSocket::bind(tcp.local_addr().expect("it is bound")).expect("UDP has it too");
        tcp.set_nonblocking(true).expect("it does not wait");
        udp.set_nonblocking(true).expect("it does not wait");
        Self { tcp, udp }
    }

    fn port(&self) -> String {
        self.tcp.local_addr().expect("it is bound").port().to_string()
    }

    /// How many connections and packets have arrived; the system keeps them until they are asked for.
    fn arrived(&self) -> usize {
        let mut count = 0;
        while self.tcp.accept().is_ok() {
            count += 1;
        }
        while self.udp.recv(&mut [0; 16]).is_ok() {
            count += 1;
        }
        count
    }
}

#[track_caller]
fn tried(text: &str, more: &[&str]) -> Ended {
    let folder = Folder::new(&format!("script-{:x}", text.len() * 31 + text.bytes().map(usize::from).sum::<usize>()));
    let script = script(&folder, "script.sh", text);
    ended(literal_anywhere().args(["--script", &script]).args(more))
}

#[test]
fn nothing_gets_out_of_a_network_of_its_own() {
    let folder = Folder::new("escapes");
    let escapes = script(&folder, "escapes.sh", ESCAPES);
    let outside = Outside::new();
    let arguments = ["--script", &escapes, "--", &outside.port(), &std::process::id().to_string()];
    // What would be heard is heard: in the machine's network all these ways lead out.
    let open = ended(literal().arg("--no-isolation").args(arguments));
    assert_eq!(open.stdout.matches("tried").count(), WAYS, "{}{}", open.stdout, open.stderr);
    assert!(outside.arrived() >= 10, "{}", open.stderr);
    assert!(open.stderr.contains("only curl was pointed at the mock"), "{}", open.stderr);

    let held = ended(literal().args(arguments));
    assert_eq!(outside.arrived(), 0, "{}{}", held.stdout, held.stderr);
    if *NAMESPACES {
        assert_eq!(held.stdout.matches("tried").count(), WAYS, "{}{}", held.stdout, held.stderr);
        assert!(!held.stderr.contains("only curl"), "{}", held.stderr);
    } else {
        assert_eq!((held.code, held.stdout.as_str()), (i32::from(exit::USAGE), ""), "{}", held.stderr);
        assert!(held.stderr.contains("no network of its own can be had here"), "{}", held.stderr);
    }
}

#[test]
fn where_there_are_no_namespaces_nothing_runs_unless_it_is_asked_for() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("refused");
    let ran = folder.0.join("ran");
    let text = script(&folder, "script.sh", &format!("echo >{}", ran.display()));
    // As a container without the right answers.
    let refusal = "#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n";
    let unshare = script(&folder, "unshare", refusal);
    std::fs::set_permissions(unshare, std::fs::Permissions::from_mode(0o755)).expect("it can be made executable");
    let path = format!("{}:{}", folder.path(), std::env::var("PATH").unwrap_or_default());
    for arguments in [&["--script", &text][..], &["debug-1"][..]] {
        let refused = ended(literal().env("PATH", &path).args(arguments));
        assert_eq!((refused.code, refused.stdout.as_str()), (i32::from(exit::USAGE), ""));
        for part in ["unshare failed: Operation not permitted", "util-linux", "--no-isolation"] {
            assert!(refused.stderr.contains(part), "`{part}` is not in:\n{}", refused.stderr);
        }
    }
    assert!(!ran.exists());
    let open = ended(literal().env("PATH", &path).args(["--no-isolation", "--script", &text]));
    assert_eq!(open.code, i32::from(exit::CONFORMS), "{}", open.stderr);
    assert!(ran.exists());
    let page = ended(literal().env("PATH", &path).args(["--no-isolation", "debug-1"]));
    assert_eq!(page.code, i32::from(exit::CONFORMS), "{}", page.stderr);
    assert!(page.stdout.contains("not isolated"), "{}", page.stdout);
}

#[test]
fn the_mock_is_found_where_the_billing_listens_whatever_host_curl_is_told() {
    let call = r#"-d 'method1=objects.get&arg1={"id":"3"}&fields=["name"]'"#;
    let text = format!(
        "set -e\ncurl -ss http://billing.example:8082/rest_api/v2/Abonents/ {call}\n\
         curl -ss $CARBON_URL/rest_api/v2/Abonents/ {call}\nsqlexec -l 'select name from abonents where id=3'"
    );
    let ended = tried(&text, &[]);
    assert_eq!(ended.code, i32::from(exit::CONFORMS), "{}", ended.stderr);
    assert_eq!(ended.stdout.matches("\"pk\": 3").count(), 2, "{}", ended.stdout);
    assert!(ended.stdout.contains("NAME                            ООО Лучший провайдер\n"), "{}", ended.stdout);
    assert!(ended.stderr.contains("2 calls, 0 refused; 1 SQL statement, 0 refused"), "{}", ended.stderr);
}

#[test]
fn a_script_finds_its_own_processes() {
    let text = "cat /proc/$$/comm; cat <(echo substituted)";
    let ended = tried(text, &[]);
    // Where /proc cannot be mounted, it shows the machine's processes.
    let own = Command::new("unshare")
        .args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let told = if own || !*NAMESPACES { "bash\nsubstituted\n" } else { "substituted\n" };
    assert!(ended.stdout.ends_with(told), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn what_a_script_is_refused_is_told_and_ends_it_with_1() {
    let call = |body: &str| format!("curl -ss http://b/rest_api/v2/Abonents/ -d '{body}' >/dev/null");
    for (text, part) in [
        (call(r#"method1=objects.get&arg1={"id":-5}"#), "REFUSED    /rest_api/v2/Abonents/  objects.get {\"id\":-5}"),
        (call(r#"method1=objects.git"#), "has no attribute"),
        ("sqlexec 'select nope from abonents' 2>/dev/null; exit 0".to_owned(), "REFUSED    sqlexec \"select nope"),
        ("sqlexec 'update abonents set name=1' 2>/dev/null; exit 0".to_owned(), "1 SQL statement, 1 refused"),
        ("curl -ss http://b/rest_api/v2/ >/dev/null".to_owned(), "STRANGE    GET /rest_api/v2/ was not passed on"),
        ("curl -ss https://b/ 2>/dev/null; exit 0".to_owned(), "STRANGE    something that is no HTTP"),
        ("exit 7".to_owned(), "ended with exit code 7: 0 calls"),
        ("kill -KILL $$".to_owned(), "ended with exit code 137"),
        (
            // Two saves of one row at once.
            [r#"{"a_home_number":"3"}"#, r#"{"sms":"1"}"#]
                .map(|set| {
                    call(&format!(r#"method1=objects.get&arg1={{"id":45}}&method2=set&arg2={set}&method3=save"#))
                })
                .join("\n"),
            "HAZARD     task 2",
        ),
    ] {
        let ended = tried(&text, &[]);
        assert_eq!(ended.code, i32::from(exit::MISMATCH), "{text}: {}", ended.stderr);
        assert!(ended.stderr.contains(part), "`{part}` is not in:\n{}", ended.stderr);
    }
}

#[test]
fn machines_are_told_in_json_and_the_quiet_only_of_what_is_wrong() {
    let text = "sqlexec 'select nope from abonents' 2>/dev/null; exit 3";
    let ended = tried(text, &["--format", "json"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (i32::from(exit::MISMATCH), ""));
    let told: Value = serde_json::from_str(&ended.stderr).expect("the report is JSON");
    let expected = json!({
        "script": told["script"], "clean": false, "ended": "exit code 3", "isolated": *NAMESPACES,
        "calls": 0, "refused_calls": [], "statements": 1,
        "refused_statements": [{
            "asked": "sqlexec \"select nope from abonents\"",
            "error": "Dynamic SQL Error; SQL error code = -206; Column unknown; NOPE; At line 1, column 8",
        }],
        "strange": [],
        "tasks": { "done": 0, "waited": 0, "ended_at": "2022-02-01 10:00:00", "failed": [] },
        "hazards": [], "warnings": [],
    });
    assert_eq!(told, expected);
    assert!(tried(text, &["--quiet"]).stderr.contains("REFUSED"));
    assert_eq!(tried("exit 0", &["--quiet"]).stderr, "");
}

#[test]
fn a_script_that_cannot_be_tried_is_said_so() {
    let ended = tried("", &["--mock", "http://127.0.0.1:9"]);
    assert_eq!(ended.code, i32::from(exit::UNREACHABLE), "{}", ended.stderr);
    let missing = support::shell::ended(literal_anywhere().args(["--script", "no-such.sh"]));
    assert_eq!(missing.code, i32::from(exit::USAGE), "{}", missing.stderr);
    assert!(missing.stderr.contains("no-such.sh cannot be run"), "{}", missing.stderr);

    // A server that is no mock is asked whether it is one, and nothing more.
    let server = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let url = format!("http://{}", server.local_addr().expect("it is bound"));
    let asked = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = server.accept().expect("somebody asks");
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).expect("it is read");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            .expect("it is answered");
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    let refused = tried("exit 0", &["--mock", &url]);
    assert_eq!(refused.code, i32::from(exit::REFUSED), "{}", refused.stderr);
    assert!(refused.stderr.contains("does not say that it is a mock"), "{}", refused.stderr);
    assert!(asked.join().expect("it was asked").starts_with("GET /__mock__/health"));
}

#[test]
fn the_example_moves_debtors_and_says_how_long_it_takes() {
    let example = "examples/maintenance/move-debtors.sh";
    let ended = support::shell::ended(literal_anywhere().args(["--script", example, "--", "4911"]));
    assert_eq!((ended.code, ended.stdout.as_str()), (i32::from(exit::CONFORMS), "28 moved\n"), "{}", ended.stderr);
    for part in
        ["28 waited; the last is done at 2022-02-01 10:00:", "28 calls, 0 refused; 1 SQL statement", "0 hazards"]
    {
        assert!(ended.stderr.contains(part), "`{part}` is not in:\n{}", ended.stderr);
    }
    let read = |file: &str| std::fs::read_to_string(root().join(file)).expect("it is there");
    for readme in ["README.md", "README.ru.md"] {
        let told = read(readme);
        assert!(
            told.contains(&format!("$ cat {example}\n{}$ carbon-harness literal --script", read(example))),
            "{readme}"
        );
        // In the machine's network it warns of that, too.
        for line in ended.stderr.lines().filter(|line| !line.starts_with("warning ")) {
            assert!(told.contains(&format!("\n{line}\n")), "`{line}` is not in {readme}");
        }
    }
    // At once a second time it asks again for what waits; a few minutes later nobody is left to be moved.
    let twice = tried(&format!("bash '{example}' 4911; bash '{example}' 4911"), &[]);
    assert_eq!((twice.code, twice.stdout.as_str()), (i32::from(exit::MISMATCH), "28 moved\n28 moved\n"));
    assert!(twice.stderr.contains("and 18 more") && twice.stderr.contains("; 28 hazards"), "{}", twice.stderr);
    let waits = tried(&format!("bash '{example}' 4911; sleep 5m; bash '{example}' 4911"), &[]);
    assert_eq!((waits.code, waits.stdout.as_str()), (i32::from(exit::CONFORMS), "28 moved\n0 moved\n"));
    assert!(
        waits.stderr.contains("tasks      28 were done when it had ended at 2022-02-01 10:05:00"),
        "{}",
        waits.stderr
    );
}

#[test]
fn a_signal_ends_a_script_with_all_that_it_has_started() {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let folder = Folder::new("script-signal");
        let (pipe, temporary) = (folder.0.join("pipe"), folder.0.join("tmp"));
        std::fs::create_dir(&temporary).expect("the folder can be made");
        let held = Held::at(&pipe);
        // In the machine's network only what stays in the script's group can be found.
        let away = if *NAMESPACES { "setsid" } else { "" };
        let text = format!(
            "trap '' INT TERM HUP\nexec 9>{}\n{away} tail -f /dev/null &\nwhile :; do /bin/sleep 1; done",
            pipe.display()
        );
        let script = script(&folder, "script.sh", &text);
        let mut command = literal_anywhere();
        let mut child = command
            .env("TMPDIR", &temporary)
            .args(["--script", &script])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        held.opened();
        signal(&child, name);
        assert_eq!(ends(&mut child), Some(code));
        held.closed();
        let mut said = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is UTF-8");
        assert!(said.starts_with("interrupted: "), "{said}");
        assert_eq!(temporary.read_dir().expect("it is there").count(), 0, "{name}: its folder is still there");
    }
}

#[test]
fn a_script_ends_with_whoever_runs_it() {
    let folder = Folder::new("script-killed");
    let pipe = folder.0.join("pipe");
    let held = Held::at(&pipe);
    let script = script(&folder, "script.sh", &format!("exec 9>{}\ntail -f /dev/null", pipe.display()));
    let mut child =
        literal_anywhere().env("TMPDIR", folder.path()).args(["--script", &script]).spawn().expect("the program runs");
    held.opened();
    // Nothing can be done about this one; the script ends all the same.
    signal(&child, "KILL");
    assert_eq!(ends(&mut child), None);
    held.closed();
}
