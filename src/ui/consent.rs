//! What a lab may do only after a yes: be reached from other machines. Commands wait in the engine itself.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::lab::{Checked, Lab, Listener};

/// What was agreed to, for the lab that is open.
#[derive(Debug, Default)]
pub(super) struct Consents {
    /// Listeners, and the address that was agreed to.
    wide: BTreeSet<(String, String)>,
}

impl Consents {
    /// Every listener of the lab may open where the lab says.
    pub(super) fn allow_wide(&mut self, lab: &Lab) {
        let wide = lab.listeners.iter().filter(|listener| is_wide(listener));
        self.wide.extend(wide.map(|it| (it.name.clone(), it.address.clone())));
    }

    /// Another lab is open now.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The listeners that wait for a yes.
    pub(super) fn waiting<'a>(&self, lab: &'a Lab) -> Vec<&'a Listener> {
        let waits = |listener: &&Listener| {
            let name = (listener.name.clone(), listener.address.clone());
            listener.enabled && is_wide(listener) && !self.wide.contains(&name)
        };
        lab.listeners.iter().filter(waits).collect()
    }

    /// The lab as it may run now: what waits for a yes is off. Nothing if it cannot run at all.
    pub(super) fn narrowed(&self, lab: &Lab) -> Option<Checked> {
        let waiting: Vec<String> = self.waiting(lab).iter().map(|it| it.name.clone()).collect();
        let mut lab = lab.clone();
        for listener in lab.listeners.iter_mut().filter(|it| waiting.contains(&it.name)) {
            listener.enabled = false;
        }
        Checked::new(lab).ok()
    }
}

/// Whether other machines can reach it.
pub(super) fn is_wide(listener: &Listener) -> bool {
    let address = listener.address.parse::<SocketAddr>();
    address.is_ok_and(|address| !address.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_machines_could_reach_is_off_until_somebody_agrees() {
        let text = r#"(listeners: [(name: "all", address: "0.0.0.0:0", exposed: true, pool: "web"),
            (name: "own", address: "127.0.0.1:0", pool: "web")],
            pools: [(name: "web", servers: [(name: "a", mock: ())])])"#;
        let lab = crate::lab::load(text.as_bytes()).unwrap().lab.into_lab();
        let mut consents = Consents::default();
        let open = |consents: &Consents| {
            let lab = consents.narrowed(&lab).unwrap().into_lab();
            lab.listeners.iter().map(|it| it.enabled).collect::<Vec<_>>()
        };
        assert_eq!(open(&consents), [false, true]);
        consents.allow_wide(&lab);
        assert_eq!(open(&consents), [true, true]);
        let mut moved = lab.clone();
        moved.listeners[0].address = "0.0.0.0:81".to_owned();
        assert_eq!(consents.waiting(&moved).len(), 1, "another port is another question");
    }
}
