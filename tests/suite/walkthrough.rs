//! Pages whose commands are run as printed: every line behind `$ ` in a `console` block is run, and
//! what it prints must be what stands below it.
//!
//! Digests and instants differ from run to run; a page has `…` in their place. With
//! `CHENGPING_WRITE_DOCS=1` the page is written anew with what the commands print.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::support::{Suite, folder, program, root};

/// What is run, and what it is said to print.
#[derive(Debug, Default)]
struct Step {
    /// Lines of the page before the command, as they are.
    before: String,
    /// The lines of the command, as they are.
    shown: String,
    command: String,
    printed: String,
}

/// A page: its steps, and what comes after the last one.
struct Page {
    steps: Vec<Step>,
    rest: String,
}

impl Page {
    fn read(text: &str) -> Self {
        let (mut steps, mut current) = (Vec::<Step>::new(), Step::default());
        let mut in_block = false;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let fence = line.starts_with("```");
            if fence || !in_block {
                if !current.command.is_empty() {
                    steps.push(std::mem::take(&mut current));
                }
                in_block = fence && !in_block && line == "```console";
                writeln!(current.before, "{line}").unwrap();
            } else if let Some(command) = line.strip_prefix("$ ") {
                if !current.command.is_empty() {
                    steps.push(std::mem::take(&mut current));
                }
                writeln!(current.shown, "{line}").unwrap();
                command.clone_into(&mut current.command);
                while current.command.ends_with('\\') {
                    let more = lines.next().expect("a command goes on");
                    writeln!(current.shown, "{more}").unwrap();
                    write!(current.command, "\n{more}").unwrap();
                }
            } else {
                writeln!(current.printed, "{line}").unwrap();
            }
        }
        Self { steps, rest: current.before }
    }
}

/// Runs the commands of a page of `docs/` against a suite of their own, as `jurisdiction`.
async fn walk(page: &str, jurisdiction: &str, settings: &[(&str, &str)]) {
    let path = root().join("docs").join(page);
    let text = fs::read_to_string(&path).unwrap();
    let Page { steps, rest } = Page::read(&text);
    assert!(!steps.is_empty(), "{page} has no commands");
    let suite = Suite::start_with(folder(), settings).await;
    let (mut standing, mut written) = (String::new(), String::new());
    for step in steps {
        let found = if step.command.starts_with("export ") || step.command.starts_with("cd ") {
            writeln!(standing, "{}", step.command).unwrap();
            String::new()
        } else {
            run(&suite, jurisdiction, &standing, &step.command)
        };
        written += &format!("{}{}{found}", step.before, step.shown);
        if std::env::var_os("CHENGPING_WRITE_DOCS").is_none() {
            let shown = &step.shown;
            assert_eq!(found, step.printed, "{page} prints something else behind\n{shown}");
        }
    }
    suite.stop().await;
    if std::env::var_os("CHENGPING_WRITE_DOCS").is_some() {
        fs::write(&path, written + &rest).unwrap();
    }
}

/// What a command prints, on whatever stream, behind the settings made before it.
fn run(suite: &Suite, jurisdiction: &str, standing: &str, command: &str) -> String {
    let programs = program("chengping");
    let programs = programs.parent().unwrap().display();
    let path = std::env::var("PATH").unwrap_or_default();
    let script = format!("exec 2>&1\n{standing}\n{command}");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(root())
        .env("PATH", format!("{programs}:{path}"))
        .env("CHENGPING_DATA", suite.data())
        .env("CHENGPING_JURISDICTION", jurisdiction)
        .env_remove("CHENGPING_SERVER")
        .env_remove("CHENGPING_ACTOR")
        .env_remove("DATABASE_URL")
        .env("SCRATCH", suite.scratch())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let scratch = suite.scratch().display().to_string();
    printed.lines().fold(String::new(), |text, line| {
        text + steady(&line.replace(&scratch, "$SCRATCH")).trim_end() + "\n"
    })
}

/// The line with `…` in the place of digests and of instants of this year and later, as long as they.
fn steady(line: &str) -> String {
    let mut steady = String::new();
    let mut rest = line;
    while let Some(place) = ["sha256:", "T"].iter().filter_map(|mark| rest.find(mark)).min() {
        let (before, after) = rest.split_at(place);
        if let Some(digest) = after.strip_prefix("sha256:") {
            let length = digest.bytes().take_while(u8::is_ascii_hexdigit).count();
            steady += &format!(
                "{before}sha256:{:<length$}",
                if length > 8 { "…" } else { &digest[..length] }
            );
            rest = &digest[length..];
            continue;
        }
        let date = before.len().checked_sub(10).and_then(|from| before.get(from..));
        let is_now = date.is_some_and(|date| {
            date >= "2026" && date.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
        });
        let time = after[1..].bytes();
        let length = time.take_while(|byte| byte.is_ascii_digit() || b":.".contains(byte)).count();
        if is_now && after[1 + length..].starts_with('Z') {
            steady += &format!("{}{:<2$}", &before[..before.len() - 10], "…", 10 + length + 2);
            rest = &after[length + 2..];
        } else {
            steady += &format!("{before}T");
            rest = &after[1..];
        }
    }
    steady + rest
}

#[tokio::test]
async fn administration_goes_as_the_page_prints_it() {
    let two_people = [("CHENGPING_RULES__FOUR_EYES", "true")];
    walk("administration.md", "shili", &two_people).await;
}

#[tokio::test]
async fn a_contested_month_goes_as_the_page_prints_it() {
    let strict = [
        ("CHENGPING_PUBLICATION__PUBLICATION__REQUIRE_NOTICE", "true"),
        ("CHENGPING_PUBLICATION__PUBLICATION__FOUR_EYES", "true"),
    ];
    walk("a-contested-month.md", "shili", &strict).await;
}

#[tokio::test]
async fn months_that_are_over_go_as_the_page_prints_it() {
    walk("operations.md", "shili", &[]).await;
}

#[test]
fn what_differs_from_run_to_run_is_left_out() {
    let digest = "a1".repeat(32);
    let table = [
        (format!("x sha256:{digest} y"), format!("x sha256:…{} y", " ".repeat(63))),
        ("at 2026-11-28T10:05:48Z by T".to_owned(), format!("at …{} by T", " ".repeat(19))),
        ("as of 2024-06-05T16:00:00Z".to_owned(), "as of 2024-06-05T16:00:00Z".to_owned()),
        ("TT 东河镇T".to_owned(), "TT 东河镇T".to_owned()),
    ];
    for (line, expected) in table {
        assert_eq!(steady(&line), expected);
    }
}
