//! Progress of long work: a bar on a terminal, a line every ten seconds elsewhere, and nothing
//! at all for work that ends at once.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heqi_domain::{Lang, Progress, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;
use super::moment::View;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// How long work may take to stop before the process is ended.
const GRACE: Duration = Duration::from_secs(1);

static STOP: AtomicBool = AtomicBool::new(false);
static WRITING: AtomicBool = AtomicBool::new(false);

/// Whether a person asked to stop.
pub fn interrupted() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// From now on the first Ctrl-C asks the work to stop, the second ends the process at once.
///
/// Work that does not come to a place where it can stop is ended after a moment, unless it is
/// writing: then it may have something to put back.
pub fn stop_on_interrupt(terminal: Terminal) {
    #[expect(clippy::disallowed_methods, reason = "a person asked for the end, now")]
    let end = || std::process::exit(130);
    let handler = move || {
        if STOP.swap(true, Ordering::Relaxed) {
            end();
        }
        std::thread::spawn(move || {
            std::thread::sleep(GRACE);
            if !WRITING.load(Ordering::Relaxed) {
                terminal.failed(&crate::reading::stopped(&terminal));
                end();
            }
        });
    };
    // Without a handler Ctrl-C still ends the process, only less gently.
    drop(ctrlc::set_handler(handler));
}

/// Runs `write`, which stops by itself when it is asked to and cleans up.
pub fn while_writing<T>(write: impl FnOnce() -> T) -> T {
    WRITING.store(true, Ordering::Relaxed);
    let result = write();
    WRITING.store(false, Ordering::Relaxed);
    result
}

/// Watches a run: counts, shows, and takes the time of each stage.
pub struct Watch {
    shared: Arc<Shared>,
    ticker: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    total: AtomicU64,
    done: AtomicU64,
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    /// Since when files are read; their times overlap, so each reader takes its own.
    reading: Option<Instant>,
    stage: Option<(Stage, Instant)>,
    timings: Vec<(Stage, Duration)>,
    finished: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn time(&self, stage: Stage, took: Duration) {
        let mut state = self.state();
        match state.timings.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, sum)) => *sum += took,
            None => state.timings.push((stage, took)),
        }
    }
}

impl Watch {
    /// Starts to watch. Shows nothing when quiet.
    pub fn new(terminal: &Terminal) -> Self {
        let shared = Arc::new(Shared::default());
        let ticker = (!terminal.quiet).then(|| {
            let (shared, lang) = (Arc::clone(&shared), terminal.lang);
            std::thread::spawn(move || show(&shared, lang))
        });
        Self { shared, ticker }
    }

    /// The progress of one of two files that are read at the same time.
    pub const fn reader(&self, stage: Stage) -> ReaderProgress<'_> {
        ReaderProgress { watch: self, stage }
    }

    /// Ends the show, so that other output can follow. Times go on being taken.
    pub fn finish(&mut self) {
        let now = Instant::now();
        let mut state = self.shared.state();
        let last = state.stage.take();
        state.finished = true;
        drop(state);
        if let Some((stage, began)) = last {
            self.shared.time(stage, now - began);
        }
        self.shared.wake.notify_all();
        if let Some(ticker) = self.ticker.take() {
            // A panic of the display is not a reason to lose a result.
            drop(ticker.join());
        }
    }

    /// The time of each stage so far, in the order in which they ended.
    pub fn timings(&self) -> Vec<(Stage, Duration)> {
        let mut timings = self.shared.state().timings.clone();
        timings.sort_by_key(|(stage, _)| *stage);
        timings
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Progress for Watch {
    fn stage(&self, name: Stage, total: u64) {
        let now = Instant::now();
        let mut state = self.shared.state();
        let last = state.stage.replace((name, now));
        state.reading = None;
        self.shared.total.store(total, Ordering::Relaxed);
        self.shared.done.store(0, Ordering::Relaxed);
        drop(state);
        if let Some((stage, began)) = last {
            self.shared.time(stage, now - began);
        }
    }

    fn advance(&self, amount: u64) {
        self.shared.done.fetch_add(amount, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        interrupted()
    }
}

/// Adds one file's bytes to the common bar; its time is taken on its own.
pub struct ReaderProgress<'watch> {
    watch: &'watch Watch,
    stage: Stage,
}

impl ReaderProgress<'_> {
    /// Takes the time of reading the file.
    pub fn timed<T>(&self, read: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = read();
        self.watch.shared.time(self.stage, began.elapsed());
        result
    }
}

impl Progress for ReaderProgress<'_> {
    fn stage(&self, _: Stage, total: u64) {
        let shared = &self.watch.shared;
        shared.state().reading.get_or_insert_with(Instant::now);
        shared.total.fetch_add(total, Ordering::Relaxed);
    }

    fn advance(&self, amount: u64) {
        self.watch.advance(amount);
    }

    fn cancelled(&self) -> bool {
        interrupted()
    }
}

fn show(shared: &Shared, lang: Lang) {
    let tty = std::io::stderr().is_terminal();
    let mut bar: Option<ProgressBar> = None;
    let mut state = shared.state();
    let mut wait = if tty { PATIENCE } else { LINE };
    loop {
        let (guard, timeout) = shared
            .wake
            .wait_timeout_while(state, wait, |state| !state.finished)
            .unwrap_or_else(PoisonError::into_inner);
        state = guard;
        if !timeout.timed_out() {
            break;
        }
        let reading = state.reading.map(|began| (Stage::ReadOurs, began));
        let Some((stage, began)) = reading.or(state.stage) else { continue };
        let done = shared.done.load(Ordering::Relaxed);
        let total = shared.total.load(Ordering::Relaxed);
        let view = View::new(stage, done, total, began.elapsed(), lang);
        drop(state);
        if tty {
            bar.get_or_insert_with(new_bar).set_message(view.bar());
            wait = TICK;
        } else {
            eprintln!("{}", view.line(lang));
        }
        state = shared.state();
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn new_bar() -> ProgressBar {
    // The line is made here and drawn whole: pieces set one by one would flicker.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(12));
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_timed_from_one_to_the_next() {
        let mut watch = Watch { shared: Arc::default(), ticker: None };
        let reader = watch.reader(Stage::ReadOurs);
        reader.timed(|| std::thread::sleep(Duration::from_millis(3)));
        watch.stage(Stage::Match, 10);
        std::thread::sleep(Duration::from_millis(3));
        watch.stage(Stage::Explain, 10);
        watch.finish();
        let stages: Vec<Stage> = watch.timings().iter().map(|(stage, _)| *stage).collect();
        assert_eq!(stages, [Stage::ReadOurs, Stage::Match, Stage::Explain]);
        assert!(watch.timings()[1].1 >= Duration::from_millis(3));
    }
}
