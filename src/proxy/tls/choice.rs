//! Which certificate answers to the name a client asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Exact names before wildcards before the first certificate, which also answers who asks for no name.
#[derive(Debug)]
pub(super) struct Choice {
    certificates: Vec<Arc<CertifiedKey>>,
    /// Names in lower case, with the certificates for each in the order of the lab. One name may have an ECDSA
    /// certificate and an RSA one for old clients.
    exact: BTreeMap<String, Vec<usize>>,
    /// Without their `*.`.
    wildcards: BTreeMap<String, Vec<usize>>,
}

impl Choice {
    pub(super) fn new(named: Vec<(Arc<CertifiedKey>, Vec<String>)>) -> Self {
        let mut choice = Self {
            certificates: Vec::with_capacity(named.len()),
            exact: BTreeMap::new(),
            wildcards: BTreeMap::new(),
        };
        for (index, (certified, names)) in named.into_iter().enumerate() {
            choice.certificates.push(certified);
            for name in names {
                let name = name.to_ascii_lowercase();
                let (table, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut choice.wildcards, parent.to_owned()),
                    None => (&mut choice.exact, name),
                };
                table.entry(name).or_default().push(index);
            }
        }
        choice
    }

    /// `usable` says whether a client could check this certificate's signatures.
    fn choose(
        &self,
        asked: Option<&str>,
        usable: impl Fn(&CertifiedKey) -> bool,
    ) -> Option<&Arc<CertifiedKey>> {
        let by_name = asked.and_then(|asked| {
            let asked = asked.to_ascii_lowercase();
            // A wildcard stands for one label (RFC 9525, section 6.3).
            let parent = asked.split_once('.').map(|(_, parent)| parent);
            let exact = self.exact.get(&asked);
            exact.or_else(|| self.wildcards.get(parent?)).map(Vec::as_slice)
        });
        let all: Vec<usize> = (0..self.certificates.len()).collect();
        let candidates = by_name.unwrap_or(&all);
        let index = candidates.iter().find(|&&index| usable(&self.certificates[index]));
        self.certificates.get(*index.or_else(|| candidates.first())?)
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        let usable = |certified: &CertifiedKey| certified.key.choose_scheme(schemes).is_some();
        self.choose(hello.server_name(), usable).map(Arc::clone)
    }
}
