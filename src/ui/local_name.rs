//! A name for the address: `shop.localhost`, where this system leads it to the listener.

use std::net::{SocketAddr, ToSocketAddrs as _};

use egui::Context;

use super::errand::{Errand, fetch};
use crate::lab::{Lab, Listener};

/// Whether the name works is looked up by a thread, once for each name and address.
#[derive(Default)]
pub(super) struct LocalName {
    asked: Option<(String, SocketAddr)>,
    works: bool,
    errand: Option<Errand<bool>>,
}

impl LocalName {
    /// The name with the listener's port, if requests for it reach the listener and are led on there.
    pub(super) fn of(
        &mut self,
        ctx: &Context,
        lab: &Lab,
        listener: &str,
        address: SocketAddr,
    ) -> Option<String> {
        let name = name_of(lab, lab.listener(listener)?)?;
        if let Some(works) = fetch(&mut self.errand) {
            self.works = works;
        }
        let question = (name.clone(), address);
        if self.asked.as_ref() != Some(&question) {
            let asked = name.clone();
            // Without a thread to spare there is no name.
            self.errand = Errand::run("local name", ctx, move || leads_to(&asked, address)).ok();
            (self.asked, self.works) = (Some(question), false);
        }
        self.works.then(|| format!("{name}:{}", address.port()))
    }
}

/// What the listener answers to, called after the lab. None where its routes ask for other hosts.
fn name_of(lab: &Lab, listener: &Listener) -> Option<String> {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let word: String = lab.name.chars().map(letter).take(LABEL_MAX).collect();
    let word = word.trim_matches('-');
    let name = format!("{}.localhost", if word.is_empty() { "evenkeel" } else { word });
    let leads = listener.routes_in_force().iter().any(|route| {
        let hosts = &route.when.hosts;
        hosts.is_empty() || hosts.contains(&name)
    });
    leads.then_some(name)
}

/// Whether the system takes the name for an address at which the listener is.
fn leads_to(name: &str, listener: SocketAddr) -> bool {
    let Ok(found) = (name, listener.port()).to_socket_addrs() else { return false };
    let found: Vec<SocketAddr> = found.collect();
    let is_any = listener.ip().is_unspecified();
    found.iter().any(|it| *it == listener || (is_any && it.ip().is_loopback()))
        && found.iter().all(|it| it.ip().is_loopback())
}

/// As long as a part of a host name may be (RFC 1035, section 2.3.4).
const LABEL_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    fn lab(routes: &str) -> Lab {
        let text = format!(
            r#"(name: "My shop!", listeners: [(name: "front", address: "127.0.0.1:0", {routes})],
                pools: [(name: "web", servers: [(name: "a", mock: ())])])"#
        );
        crate::lab::load(text.as_bytes()).unwrap().lab.into_lab()
    }

    #[test]
    fn the_name_comes_from_the_lab_where_routes_take_it() {
        let name = |lab: &Lab| name_of(lab, lab.listener("front").unwrap());
        assert_eq!(name(&lab(r#"pool: "web""#)).unwrap(), "my-shop.localhost");
        let others = r#"routes: [(when: (hosts: ["shop.example"]), to: pool("web"))]"#;
        assert_eq!(name(&lab(others)), None);
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_none() {
        let address = "127.0.0.1:8080".parse().unwrap();
        assert!(leads_to("127.0.0.1", address));
        assert!(!leads_to("192.0.2.1", address));
        assert!(!leads_to("no-such-name.invalid", address));
    }
}
