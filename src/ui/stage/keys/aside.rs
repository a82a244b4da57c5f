//! Long work beside the frame: a named thread that answers the latest question and drops older ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use egui::Context;

/// One question at a time. Asking another stops the work on the one before.
pub(super) struct Aside<Q, A> {
    name: &'static str,
    work: Work<Q, A>,
    /// What was asked last.
    asked: Option<Q>,
    running: Option<Running<A>>,
    /// Whether the thread that runs works on what was asked last.
    is_current: bool,
    /// Why no thread could be had.
    failed: Option<String>,
}

/// Answers bit by bit, and looks now and then whether it should stop.
type Work<Q, A> = fn(&Q, &Stop, &dyn Fn(A));

struct Running<A> {
    answers: Receiver<A>,
    stop: Stop,
    thread: JoinHandle<()>,
}

/// Set once the answer is no longer wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Relaxed)
    }

    pub(super) fn set(&self) {
        self.0.store(true, Relaxed);
    }
}

impl<Q: Clone + PartialEq + Send + 'static, A: Send + 'static> Aside<Q, A> {
    pub(super) fn new(name: &'static str, work: Work<Q, A>) -> Self {
        Self { name, work, asked: None, running: None, is_current: false, failed: None }
    }

    /// Asks, and says whether that is another question than the last.
    pub(super) fn ask(&mut self, question: Q) -> bool {
        if self.asked.as_ref() == Some(&question) {
            return false;
        }
        self.asked = Some(question);
        self.is_current = false;
        if let Some(running) = &self.running {
            running.stop.set();
        }
        true
    }

    /// What was answered to the latest question since the last call.
    pub(super) fn fetch(&mut self, ctx: &Context) -> Vec<A> {
        let answers = self.running.as_ref().map(|running| running.answers.try_iter().collect());
        let answers = answers.filter(|_| self.is_current).unwrap_or_default();
        if !self.is_current && self.asked.is_some() {
            self.begin(ctx);
        }
        answers
    }

    /// Whether there may be more of an answer.
    pub(super) fn is_computing(&self) -> bool {
        let works = self.running.as_ref().is_some_and(|it| !it.thread.is_finished());
        self.failed.is_none() && (works || (self.asked.is_some() && !self.is_current))
    }

    pub(super) fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    fn begin(&mut self, ctx: &Context) {
        if self.running.as_ref().is_some_and(|running| !running.thread.is_finished()) {
            // It has been told to stop and does so soon, without a word.
            return ctx.request_repaint_after(Duration::from_millis(16));
        }
        let Some(question) = self.asked.clone() else { return };
        let (tell, answers) = sync_channel(ANSWERS_MAX);
        let (work, stop, ctx) = (self.work, Stop::default(), ctx.clone());
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name(self.name.to_owned()).spawn(move || {
            work(&question, &stopped, &|answer| {
                // Nobody hears it once another question was asked.
                if tell.send(answer).is_ok() {
                    ctx.request_repaint();
                }
            });
        });
        match thread {
            Ok(thread) => {
                self.running = Some(Running { answers, stop, thread });
                (self.is_current, self.failed) = (true, None);
            }
            Err(error) => {
                (self.is_current, self.failed) = (true, Some(format!("no thread for it: {error}")));
            }
        }
    }
}

impl<Q, A> Drop for Aside<Q, A> {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.stop.set();
        }
    }
}

/// More than any question has answers, so that nobody waits for a window that is hidden.
const ANSWERS_MAX: usize = 64;
