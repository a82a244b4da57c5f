//! Pingora as a peer of the bench: one listener, one pool, from its own crates as its guide shows it.
//!
//! `pingora-peer LISTEN WORKERS CERT|- KEY|- turn|uri|cookie check|trust forwarded|bare SERVER…`

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora::apps::HttpServerOptions;
use pingora::lb::health_check::TcpHealthCheck;
use pingora::lb::selection::{BackendIter, BackendSelection, Consistent, RoundRobin};
use pingora::lb::{Backend, LoadBalancer};
use pingora::listeners::tls::TlsSettings;
use pingora::prelude::{HttpPeer, Result, background_service, http_proxy_service};
use pingora::proxy::{ProxyHttp, Session};
use pingora::server::Server;
use pingora::server::configuration::ServerConf;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [listen, workers, certificate, key, by, check, headers, servers @ ..] = &words[..] else {
        panic!("not enough arguments");
    };
    let job = Job {
        listen: listen.clone(),
        certificate: (certificate != "-").then(|| (certificate.clone(), key.clone())),
        by: by.clone(),
        check: check == "check",
        forwarded: headers == "forwarded",
        servers: servers.to_vec(),
    };
    let conf = ServerConf {
        threads: workers.parse().expect("a number of workers"),
        upstream_keepalive_pool_size: 4096,
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    match by.as_str() {
        "turn" => serve::<RoundRobin>(&mut server, job),
        _ => serve::<Consistent>(&mut server, job),
    }
    server.run_forever();
}

struct Job {
    listen: String,
    certificate: Option<(String, String)>,
    by: String,
    check: bool,
    forwarded: bool,
    servers: Vec<String>,
}

fn serve<S>(server: &mut Server, job: Job)
where
    S: BackendSelection + Send + Sync + 'static,
    S::Iter: BackendIter,
    S::Config: Send + Sync,
{
    let mut pool = LoadBalancer::<S>::try_from_iter(&job.servers).expect("addresses");
    if job.check {
        pool.set_health_check(TcpHealthCheck::new());
        pool.health_check_frequency = Some(Duration::from_secs(2));
    }
    let checks = background_service("health checks", pool);
    let front = Front { pool: checks.task(), by: job.by, forwarded: job.forwarded };
    let mut service = http_proxy_service(&server.configuration, front);
    match job.certificate {
        None => service.add_tcp(&job.listen),
        Some((certificate, key)) => {
            let mut tls = TlsSettings::intermediate(&certificate, &key).expect("a certificate");
            tls.enable_h2();
            service.add_tls_with_settings(&job.listen, None, tls);
        }
    }
    if let Some(logic) = service.app_logic_mut() {
        logic.server_options = Some(HttpServerOptions::default());
    }
    server.add_service(service);
    server.add_service(checks);
}

struct Front<S: BackendSelection> {
    pool: Arc<LoadBalancer<S>>,
    by: String,
    forwarded: bool,
}

/// What one request has to remember.
#[derive(Default)]
struct Way {
    server: Option<Backend>,
}

#[async_trait]
impl<S> ProxyHttp for Front<S>
where
    S: BackendSelection + Send + Sync + 'static,
    S::Iter: BackendIter,
    S::Config: Send + Sync,
{
    type CTX = Way;

    fn new_ctx(&self) -> Way {
        Way::default()
    }

    async fn upstream_peer(&self, session: &mut Session, way: &mut Way) -> Result<Box<HttpPeer>> {
        let head = session.req_header();
        let key = match self.by.as_str() {
            "uri" => head.uri.path().as_bytes(),
            "cookie" => head.headers.get("cookie").map_or(&b""[..], |cookie| cookie.as_bytes()),
            _ => b"",
        };
        let server = self.pool.select(key, 256).expect("a server is well");
        let peer = HttpPeer::new(&server, false, String::new());
        way.server = Some(server);
        Ok(Box::new(peer))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut pingora::http::RequestHeader,
        _way: &mut Way,
    ) -> Result<()> {
        if !self.forwarded {
            return Ok(());
        }
        let client =
            session.client_addr().and_then(|it| it.as_inet()).map(|it| it.ip().to_string());
        request.insert_header("X-Forwarded-For", client.unwrap_or_default())?;
        let is_tls = session.digest().is_some_and(|digest| digest.ssl_digest.is_some());
        request.insert_header("X-Forwarded-Proto", if is_tls { "https" } else { "http" })?;
        if let Some(host) = request.headers.get("host").cloned() {
            request.insert_header("X-Forwarded-Host", host)?;
        }
        let port =
            session.server_addr().and_then(|it| it.as_inet()).map(|it| it.port().to_string());
        request.insert_header("X-Forwarded-Port", port.unwrap_or_default())?;
        request.insert_header("X-Request-Id", format!("{:032x}", fastrand::u128(..)))?;
        request.insert_header("Via", "1.1 pingora")
    }

    async fn response_filter(
        &self,
        _session: &mut Session,
        response: &mut pingora::http::ResponseHeader,
        way: &mut Way,
    ) -> Result<()> {
        if !self.forwarded {
            return Ok(());
        }
        if let Some(server) = &way.server {
            response.insert_header("X-Served-By", server.addr.to_string())?;
        }
        response.insert_header("Via", "1.1 pingora")
    }
}
