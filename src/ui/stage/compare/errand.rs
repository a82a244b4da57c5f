//! Long work on a thread of its own: the newest order only, results one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use egui::Context;

/// At most one thread, which works on one order until all is done or another order is wanted. What was made for
/// an order that is outdated is thrown away.
pub(super) struct Errand<O, R> {
    name: &'static str,
    work: fn(&O, &Desk<R>),
    under_way: Option<UnderWay<O, R>>,
    /// The order that was worked on to its end.
    done: Option<O>,
}

struct UnderWay<O, R> {
    order: O,
    stop: Arc<AtomicBool>,
    results: Receiver<R>,
}

/// Where the thread hands in what it made.
pub(super) struct Desk<R> {
    stop: Arc<AtomicBool>,
    tell: SyncSender<R>,
    ctx: Context,
}

impl<O: Clone + PartialEq + Send + 'static, R: Send + 'static> Errand<O, R> {
    pub(super) fn new(name: &'static str, work: fn(&O, &Desk<R>)) -> Self {
        Self { name, work, under_way: None, done: None }
    }

    /// Asks for an order, and gives what was made for it since the last call. Never waits.
    pub(super) fn fetch(&mut self, wanted: &O, ctx: &Context) -> Vec<R> {
        if let Some(under_way) = &self.under_way
            && under_way.order != *wanted
        {
            under_way.stop.store(true, Relaxed);
        }
        let results = self.take(wanted);
        if self.under_way.is_none() && self.done.as_ref() != Some(wanted) {
            self.start(wanted.clone(), ctx);
        }
        results
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    fn take(&mut self, wanted: &O) -> Vec<R> {
        let mut results = Vec::new();
        let Some(under_way) = &self.under_way else { return results };
        loop {
            match under_way.results.try_recv() {
                Ok(result) => results.push(result),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    let ended = self.under_way.take();
                    self.done = ended.map(|it| it.order).filter(|order| order == wanted);
                    return if self.done.is_some() { results } else { Vec::new() };
                }
            }
        }
        if under_way.order == *wanted { results } else { Vec::new() }
    }

    fn start(&mut self, order: O, ctx: &Context) {
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, results) = sync_channel(RESULTS_MAX);
        let desk = Desk { stop: Arc::clone(&stop), tell, ctx: ctx.clone() };
        let (work, given) = (self.work, order.clone());
        let thread = std::thread::Builder::new().name(self.name.to_owned());
        // Where no thread can be had, the next frame tries again.
        if thread.spawn(move || work(&given, &desk)).is_ok() {
            self.under_way = Some(UnderWay { order, stop, results });
        }
    }
}

impl<O, R> Drop for Errand<O, R> {
    fn drop(&mut self) {
        if let Some(under_way) = &self.under_way {
            under_way.stop.store(true, Relaxed);
        }
    }
}

impl<R> Desk<R> {
    /// Whether nobody wants it any more.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    pub(super) fn hand_in(&self, result: R) {
        // Whoever went away does not want it.
        if self.tell.send(result).is_ok() {
            self.ctx.request_repaint();
        }
    }
}

impl<R> Drop for Desk<R> {
    /// The window looks once more, so that it learns of the end, or can begin what it wants instead.
    fn drop(&mut self) {
        self.ctx.request_repaint();
    }
}

/// More than there are algorithms; whoever makes more waits for the window.
const RESULTS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch_until(errand: &mut Errand<u64, u64>, wanted: u64, enough: usize) -> Vec<u64> {
        let ctx = Context::default();
        let mut results = Vec::new();
        while results.len() < enough || errand.is_under_way() {
            results.extend(errand.fetch(&wanted, &ctx));
            std::thread::yield_now();
        }
        results
    }

    #[test]
    fn an_outdated_order_is_stopped_and_its_results_are_thrown_away() {
        #[expect(clippy::trivially_copy_pass_by_ref, reason = "orders are larger elsewhere")]
        fn work(order: &u64, desk: &Desk<u64>) {
            desk.hand_in(*order);
            // The first order would never end by itself.
            while *order == 1 && !desk.is_stopped() {
                std::thread::yield_now();
            }
        }
        let ctx = Context::default();
        let mut errand = Errand::new("test", work);
        assert!(errand.fetch(&1, &ctx).is_empty());
        assert!(errand.is_under_way());
        assert_eq!(fetch_until(&mut errand, 2, 1), [2]);
        assert!(errand.fetch(&2, &ctx).is_empty(), "what is done is not done again");
        assert!(!errand.is_under_way());
        assert_eq!(fetch_until(&mut errand, 3, 1), [3]);
    }
}
