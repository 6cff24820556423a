//! Blocks are taken up by any thread and handed on in file order.
//!
//! [`Turn`] tells each block what the blocks before it amount to (within quotes or not, rows so
//! far). [`Queue`] gives finished blocks to one sink, in order, on whichever thread comes by
//! when one is due. [`Pool`] bounds the blocks that are in memory. A thread only ever waits for
//! a block that another thread has in hand, so none waits for ever; [`Stop`] wakes them all.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Set once: no further block is taken up, and nobody waits.
#[derive(Default)]
pub(crate) struct Stop(AtomicBool);

impl Stop {
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What the blocks before a block amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// The block begins within quotes.
    pub inside: bool,
    /// Physical row of the block's first byte.
    pub row: u64,
}

/// Passes [`Before`] from block to block.
pub(crate) struct Turn {
    state: Mutex<(usize, Before)>,
    changed: Condvar,
}

impl Turn {
    pub fn new(row: u64) -> Self {
        let state = Mutex::new((0, Before { inside: false, row }));
        Self { state, changed: Condvar::new() }
    }

    /// Waits for the blocks before `block` and adds this one's part; `None` when stopped.
    pub fn pass(
        &self,
        block: usize,
        odd_quotes: bool,
        newlines: u64,
        stop: &Stop,
    ) -> Option<Before> {
        let mut state = lock(&self.state);
        while state.0 != block {
            if stop.is_set() {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let before = state.1;
        let inside = before.inside ^ odd_quotes;
        *state = (block + 1, Before { inside, row: before.row + newlines });
        drop(state);
        self.changed.notify_all();
        Some(before)
    }

    /// Wakes all who wait; call it after [`Stop::set`].
    pub fn wake(&self) {
        drop(lock(&self.state));
        self.changed.notify_all();
    }
}

/// Gives items to a sink in the order of their numbers.
pub(crate) struct Queue<T, S> {
    waiting: Mutex<Waiting<T>>,
    sink: Mutex<S>,
}

struct Waiting<T> {
    next: usize,
    items: BTreeMap<usize, T>,
}

impl<T, S> Queue<T, S> {
    pub fn new(sink: S) -> Self {
        let waiting = Waiting { next: 0, items: BTreeMap::new() };
        Self { waiting: Mutex::new(waiting), sink: Mutex::new(sink) }
    }

    /// Hands in item `number`; serves what is due unless another thread is at it.
    pub fn put(&self, number: usize, item: T, mut serve: impl FnMut(&mut S, T)) {
        lock(&self.waiting).items.insert(number, item);
        loop {
            let mut sink = match self.sink.try_lock() {
                Ok(sink) => sink,
                Err(TryLockError::Poisoned(sink)) => sink.into_inner(),
                // Whoever serves looks once more after it is done.
                Err(TryLockError::WouldBlock) => return,
            };
            while let Some(item) = self.take_due() {
                serve(&mut sink, item);
            }
            drop(sink);
            let waiting = lock(&self.waiting);
            if !waiting.items.contains_key(&waiting.next) {
                return;
            }
        }
    }

    fn take_due(&self) -> Option<T> {
        let mut waiting = lock(&self.waiting);
        let next = waiting.next;
        let item = waiting.items.remove(&next)?;
        waiting.next += 1;
        Some(item)
    }

    pub fn into_sink(self) -> S {
        self.sink.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bounded number of things that are made once and used again.
pub(crate) struct Pool<T> {
    state: Mutex<(usize, Vec<T>)>,
    changed: Condvar,
}

impl<T: Default> Pool<T> {
    /// At most `limit` at a time.
    pub fn new(limit: usize) -> Self {
        Self { state: Mutex::new((limit, Vec::new())), changed: Condvar::new() }
    }

    /// One of them; waits for one to come back where all are out. `None` when stopped.
    pub fn take(&self, stop: &Stop) -> Option<T> {
        let mut state = lock(&self.state);
        loop {
            if stop.is_set() {
                return None;
            }
            if let Some(thing) = state.1.pop() {
                return Some(thing);
            }
            if state.0 > 0 {
                state.0 -= 1;
                return Some(T::default());
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Brings one back.
    pub fn give(&self, thing: T) {
        lock(&self.state).1.push(thing);
        self.changed.notify_one();
    }

    /// Wakes all who wait; call it after [`Stop::set`].
    pub fn wake(&self) {
        drop(lock(&self.state));
        self.changed.notify_all();
    }
}
