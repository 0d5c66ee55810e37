//! How far an import has come, on standard error.

use std::io::{self, IsTerminal as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::say;

/// Between two lines where there is no terminal.
const INTERVAL: Duration = Duration::from_secs(5);
/// Between two turns of the spinner.
const TICK: Duration = Duration::from_millis(100);
const TEMPLATE: &str = "{bar:30} {percent} %  {bytes}/{total_bytes}  {msg}  {eta} left";

/// Shows bytes read, rows per second and the time left; to be shared by what makes progress.
pub struct Progress {
    state: Mutex<State>,
    bar: ProgressBar,
}

/// Shows on a terminal, until it is dropped, that work goes on of which nobody knows how long it
/// takes, and since when.
pub struct Waiting(ProgressBar);

impl Waiting {
    /// Says what is being done.
    pub fn new(what: String) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
        let style = style.expect("a template of ours");
        let bar = ProgressBar::new_spinner().with_style(style).with_message(what);
        bar.enable_steady_tick(TICK);
        Self(bar)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

struct State {
    start: Instant,
    last_line: Instant,
    rows: u64,
    bytes_total: u64,
    /// Bytes of the parts that are done.
    bytes_before: u64,
    bytes_part: u64,
    /// When the first rows were delivered, and how far the source was read then.
    rate_from: Option<(Instant, u64)>,
}

impl Progress {
    /// Progress over `bytes_total` bytes of all parts.
    pub fn new(bytes_total: u64) -> Self {
        let now = Instant::now();
        let state = State {
            start: now,
            last_line: now,
            rows: 0,
            bytes_total,
            bytes_before: 0,
            bytes_part: 0,
            rate_from: None,
        };
        let bar = if io::stderr().is_terminal() {
            let style = ProgressStyle::with_template(TEMPLATE).expect("a template of ours");
            ProgressBar::new(bytes_total).with_style(style)
        } else {
            ProgressBar::hidden()
        };
        Self { state: Mutex::new(state), bar }
    }

    /// Counts `rows` that were delivered, of a part of which `bytes` are read.
    pub fn delivered(&self, rows: usize, bytes: u64) {
        let Ok(mut state) = self.state.lock() else { return };
        state.rows += rows as u64;
        state.bytes_part = state.bytes_part.max(bytes);
        if state.rate_from.is_none() {
            // What was passed over before the first row says nothing about the rate.
            state.rate_from = Some((Instant::now(), state.bytes()));
            self.bar.set_position(state.bytes());
            self.bar.reset_eta();
        }
        let line = state.line();
        if !self.bar.is_hidden() {
            self.bar.set_position(state.bytes());
            self.bar.set_message(line);
        } else if state.last_line.elapsed() >= INTERVAL {
            state.last_line = Instant::now();
            let (bytes, total) = (state.bytes(), state.bytes_total);
            let (percent, left) = (state.percent(), state.left());
            say(format_args!("{percent} %: {bytes} of {total} bytes, {line}, {left} left"));
        }
    }

    /// Ends a part of `bytes` bytes.
    pub fn part_done(&self, bytes: u64) {
        if let Ok(mut state) = self.state.lock() {
            state.bytes_before += bytes;
            state.bytes_part = 0;
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl State {
    fn bytes(&self) -> u64 {
        (self.bytes_before + self.bytes_part).min(self.bytes_total)
    }

    fn line(&self) -> String {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        format!("{} rows, {} rows/s", self.rows, self.rows.saturating_mul(1000) / millis)
    }

    fn percent(&self) -> u64 {
        self.bytes().saturating_mul(100).checked_div(self.bytes_total).unwrap_or(100)
    }

    /// The time left when the rest goes as fast as what is done.
    fn left(&self) -> String {
        let rest = self.bytes_total - self.bytes();
        let Some((since, from)) = self.rate_from else { return "?".to_owned() };
        let done = self.bytes().saturating_sub(from);
        if rest > 0 && done == 0 {
            return "?".to_owned();
        }
        let millis = u128::from(rest) * since.elapsed().as_millis() / u128::from(done.max(1));
        format!("{} s", millis / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_never_go_past_the_end() {
        let progress = Progress::new(100);
        progress.delivered(2, 60);
        progress.delivered(2, 40);
        assert_eq!(progress.state.lock().unwrap().bytes(), 60);
        progress.part_done(70);
        progress.delivered(1, 60);
        let state = progress.state.lock().unwrap();
        assert_eq!((state.bytes(), state.rows), (100, 5));
        assert_eq!(state.left(), "0 s");
        assert_eq!(state.percent(), 100);
    }

    #[test]
    fn nothing_is_said_of_a_rate_that_is_not_known() {
        let progress = Progress::new(200);
        assert_eq!(progress.state.lock().unwrap().left(), "?");
        progress.delivered(1, 50);
        let state = progress.state.lock().unwrap();
        assert_eq!((state.left(), state.percent()), ("?".to_owned(), 25));
        drop(state);
        assert_eq!(Progress::new(0).state.lock().unwrap().percent(), 100);
    }
}
