//! NGINX: the same job in its configuration.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::setup::{Choice, Front, Place, Routes, Setup};

pub(super) fn unable(setup: &Setup) -> Option<&'static str> {
    let is_stream = matches!(setup.front, Front::Tcp | Front::Udp);
    (is_stream && module().is_none()).then_some("its stream module is not installed")
}

pub(super) fn instead(setup: &Setup) -> Option<&'static str> {
    if setup.sticky {
        return Some("hash of the client's own cookie");
    }
    if setup.health {
        return Some("no active checks");
    }
    match setup.algorithm {
        Choice::PeakEwma => Some("least_conn"),
        Choice::Maglev => Some("hash $request_uri consistent"),
        Choice::RoundRobin | Choice::LeastConnections => None,
    }
}

pub(super) fn command(setup: &Setup, place: &Place) -> io::Result<Vec<String>> {
    let body = match setup.front {
        Front::Http | Front::Https => http(setup, place),
        Front::Tcp | Front::Udp => stream(setup, place),
    };
    let module = module().filter(|_| matches!(setup.front, Front::Tcp | Front::Udp));
    let module = module.map_or_else(String::new, |path| format!("load_module {path};\n"));
    let folder = place.folder.display();
    let text = format!(
        "{module}daemon off;\nuser root;\nworker_processes {};\n\
         pid {folder}/pid;\nerror_log stderr error;\n\
         events {{ worker_connections {CONNECTIONS_MAX}; }}\n{body}",
        setup.workers
    );
    let file = super::write(&place.folder, "nginx.conf", &text)?;
    let mut words = vec![super::path_of("nginx")];
    words.extend(["-p", &folder.to_string(), "-e", "stderr", "-c", &file].map(str::to_owned));
    Ok(words)
}

fn http(setup: &Setup, place: &Place) -> String {
    let mut text = String::from("http {\naccess_log off;\nserver_tokens off;\n");
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        let _infallible = writeln!(text, "{kind}_temp_path {}/{kind};", place.folder.display());
    }
    text += "keepalive_requests 1000000000;\nkeepalive_timeout 3600s;\nclient_max_body_size 0;\n\
             server_names_hash_max_size 65536;\nserver_names_hash_bucket_size 128;\n\
             map $http_upgrade $connection_upgrade { default upgrade; '' ''; }\n";
    let balance = match setup.algorithm {
        _ if setup.sticky => "hash $cookie_client consistent;",
        Choice::RoundRobin => "",
        Choice::LeastConnections | Choice::PeakEwma => "least_conn;",
        Choice::Maglev => "hash $request_uri consistent;",
    };
    // Workers that share nothing would each take their own turns.
    let _infallible = writeln!(text, "upstream pool {{\nzone pool 1m;\n{balance}");
    servers(&mut text, place);
    text += "keepalive 1024;\nkeepalive_requests 1000000000;\n}\n";
    let (host, paths) = match setup.routes {
        Routes::One => (0, 0),
        Routes::Hosts(n) => (n, 0),
        Routes::Paths(n) => (0, n),
    };
    for index in 0..host.max(1) {
        let name = (host > 0).then(|| format!("server_name host{index}.example;\n"));
        let Place { certificate, key, .. } = place;
        let (how, tls) = match setup.front {
            Front::Https => (
                " ssl http2",
                format!(
                    "ssl_certificate {};\nssl_certificate_key {};\nssl_protocols TLSv1.3;\n\
                     http2_max_concurrent_streams 128;\n",
                    certificate.display(),
                    key.display()
                ),
            ),
            _ => ("", String::new()),
        };
        text += "server {\n";
        listen(&mut text, place, how);
        let _infallible = writeln!(text, "{tls}{}", name.unwrap_or_default());
        for path in 0..paths {
            location(&mut text, &format!("= /path{path}"), setup);
        }
        location(&mut text, "/", setup);
        text += "}\n";
    }
    text + "}\n"
}

fn location(text: &mut String, path: &str, setup: &Setup) {
    // Bodies stream: neither is collected before it is passed on, nor put on a disk.
    let _infallible = writeln!(
        text,
        "location {path} {{\nproxy_pass http://pool;\nproxy_http_version 1.1;\n\
         proxy_request_buffering off;\nproxy_max_temp_file_size 0;\n\
         proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $connection_upgrade;\n\
         proxy_set_header Host $http_host;"
    );
    if setup.forwarded {
        *text += "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
                  proxy_set_header X-Forwarded-Proto $scheme;\n\
                  proxy_set_header X-Forwarded-Host $http_host;\n\
                  proxy_set_header X-Forwarded-Port $server_port;\n\
                  proxy_set_header X-Request-Id $request_id;\n\
                  proxy_set_header Via '1.1 nginx';\n\
                  add_header X-Served-By $upstream_addr;\nadd_header Via '1.1 nginx';\n";
    }
    *text += "}\n";
}

fn stream(setup: &Setup, place: &Place) -> String {
    let mut text = String::from("stream {\naccess_log off;\nupstream pool {\n");
    servers(&mut text, place);
    text += "}\nserver {\n";
    listen(&mut text, place, if setup.front == Front::Udp { " udp" } else { "" });
    // Like the others, it passes the end of one side on and lets the other side finish.
    let half = if setup.front == Front::Tcp { "proxy_half_close on;\n" } else { "" };
    text + "proxy_pass pool;\ntcp_nodelay on;\n" + half + "}\n}\n"
}

fn listen(text: &mut String, place: &Place, how: &str) {
    for address in &place.listen {
        let _infallible = writeln!(text, "listen {address}{how};");
    }
}

fn servers(text: &mut String, place: &Place) {
    for server in &place.servers {
        let _infallible = writeln!(text, "server {server};");
    }
}

fn module() -> Option<&'static str> {
    let path = "/usr/lib/nginx/modules/ngx_stream_module.so";
    Path::new(path).is_file().then_some(path)
}

/// Both ends count: 10,000 clients and as many connections to servers.
const CONNECTIONS_MAX: u32 = 24 * 1024;
