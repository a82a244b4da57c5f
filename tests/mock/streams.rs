//! Mocks that speak HTTP/2: prior knowledge, streams that fail alone, gRPC with trailers.

use bytes::Bytes;
use evenkeel::lab::MockProtocol;
use evenkeel::model::{Behaviour, FailureKind};
use evenkeel::period::Period;
use evenkeel::world::Mock;
use http::{HeaderMap, Request, Response};

use super::stage::{PATIENCE, Watch, failing, lasting, quick, stage, until};

#[test]
fn http2_is_recognised_and_its_requests_run_side_by_side() {
    let stage = stage(|settings| settings.behaviour = lasting(100));
    let watch = Watch::start();
    speak(&stage.mock, async |client| {
        let replies: Vec<_> = (0..5).map(|_| send(client, get("/"), None)).collect();
        for reply in replies {
            let reply = whole(reply.await.unwrap()).await.unwrap();
            assert_eq!((reply.status, reply.body.len()), (200, 1_024));
            assert!(String::from_utf8_lossy(&reply.body).contains("HTTP/2.0"));
        }
    });
    assert!(watch.millis() >= 100);
    assert_eq!(stage.mock.reading().served, 5);
}

#[test]
fn a_failing_stream_leaves_the_others_alone() {
    let stage = stage(|settings| settings.behaviour = failing("reset"));
    speak(&stage.mock, async |client| {
        for (kind, reason) in [
            ("reset", h2::Reason::INTERNAL_ERROR),
            ("refuse", h2::Reason::REFUSED_STREAM),
            ("close-mid-body", h2::Reason::INTERNAL_ERROR),
        ] {
            stage.mock.retune(failing(kind));
            let error = match send(client, get("/"), None).await {
                Ok(response) => whole(response).await.unwrap_err(),
                Err(error) => error,
            };
            assert_eq!(error.reason(), Some(reason), "{kind}");
        }
        stage.mock.retune(quick());
        assert_eq!(send(client, get("/"), None).await.unwrap().status(), 200);
    });
    assert_eq!(stage.mock.reading().failed(FailureKind::Reset), 1);
}

#[test]
fn a_stream_that_is_given_up_frees_its_place() {
    let behaviour = Behaviour { concurrency_limit: Some(1), ..failing("hang") };
    let stage = stage(|settings| settings.behaviour = behaviour);
    speak(&stage.mock, async |client| {
        let (hanging, _) = client.send_request(get("/"), true).unwrap();
        let seen = async || {
            while stage.mock.reading().failed(FailureKind::Hang) == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, seen()).await.unwrap();
        drop(hanging);
        stage.mock.retune(Behaviour { concurrency_limit: Some(1), ..quick() });
        assert_eq!(send(client, get("/"), None).await.unwrap().status(), 200);
    });
    until("nothing is left", || stage.mock.reading().connections == 0);
}

#[test]
fn streams_end_with_the_life_of_their_server() {
    let stage = stage(|settings| settings.behaviour = failing("hang"));
    speak(&stage.mock, async |client| {
        let hanging: Vec<_> = (0..3).map(|_| send(client, get("/"), None)).collect();
        while stage.mock.reading().failed(FailureKind::Hang) < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        stage.mock.set_enabled(false);
        for stream in hanging {
            assert!(stream.await.unwrap_err().is_io(), "the connection is reset");
        }
    });
    until("nothing is left", || {
        let reading = stage.mock.reading();
        (reading.busy, reading.connections) == (0, 0)
    });
}

#[test]
fn a_call_gets_its_message_back_and_its_status_in_trailers() {
    let stage = grpc(quick());
    let message = [&[0, 0, 0, 0, 5][..], b"hello"].concat();
    speak(&stage.mock, async |client| {
        let reply = call(client, "/shop.Cart/Add", &message).await.unwrap();
        assert_eq!((reply.status, &reply.body[..]), (200, &message[..]));
        assert_eq!(reply.trailers.get("grpc-status").unwrap(), "0");
        assert_eq!(reply.headers.get("content-type").unwrap(), "application/grpc+proto");
        assert_eq!(reply.headers.get("x-evenkeel-server").unwrap(), "a");
    });
}

#[test]
fn a_call_fails_in_the_words_of_grpc() {
    let stage = grpc(failing("503"));
    speak(&stage.mock, async |client| {
        for (status, code) in [("503", "14"), ("500", "2"), ("404", "12"), ("401", "16")] {
            stage.mock.retune(failing(status));
            let reply = call(client, "/a/b", &[0; 5]).await.unwrap();
            assert_eq!((reply.status, reply.body.len()), (200, 0));
            assert_eq!(reply.headers.get("grpc-status").unwrap(), code);
        }
        stage.mock.retune(failing("close-mid-body"));
        let error = call(client, "/a/b", &[0; 10]).await.unwrap_err();
        assert_eq!(error.reason(), Some(h2::Reason::INTERNAL_ERROR));
        let mut slow = failing("slow-body");
        slow.failures.slow_body_lasts = Period::from_millis(30);
        stage.mock.retune(slow);
        let watch = Watch::start();
        let reply = call(client, "/a/b", &[0; 15]).await.unwrap();
        assert_eq!(reply.body.len(), 15);
        assert_eq!(reply.trailers.get("grpc-status").unwrap(), "0");
        assert!(watch.millis() >= 30);
        let full = Behaviour { concurrency_limit: Some(1), queue_limit: 0, ..failing("hang") };
        stage.mock.retune(full);
        let (_hanging, _) = client.send_request(request("/a/b"), true).unwrap();
        let reply = call(client, "/a/b", &[0; 5]).await.unwrap();
        assert_eq!(reply.headers.get("grpc-status").unwrap(), "14", "the queue is full");
    });
}

#[test]
fn the_health_service_answers_and_lies_when_told_to() {
    let behaviour = Behaviour { concurrency_limit: Some(1), queue_limit: 0, ..lasting(60_000) };
    let stage = grpc(behaviour);
    speak(&stage.mock, async |client| {
        let ask = async |client: &mut Client| {
            call(client, "/grpc.health.v1.Health/Check", &[0; 5]).await.unwrap().body
        };
        assert_eq!(ask(client).await, [0, 0, 0, 0, 2, 8, 1]);
        stage.mock.retune(failing("wrong-health"));
        assert_eq!(ask(client).await, [0, 0, 0, 0, 2, 8, 2]);
    });
    assert_eq!((stage.mock.reading().arrived, stage.mock.reading().probes), (0, 2));
}

fn grpc(behaviour: Behaviour) -> super::stage::Stage {
    stage(|settings| {
        settings.protocol = MockProtocol::Grpc;
        settings.behaviour = behaviour;
    })
}

type Client = h2::client::SendRequest<Bytes>;

/// Speaks to a mock over one connection.
fn speak(mock: &Mock, talk: impl AsyncFnOnce(&mut Client)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(mock.address()).await.unwrap();
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        let mut client = client.ready().await.unwrap();
        let connection = tokio::spawn(connection);
        tokio::time::timeout(PATIENCE, talk(&mut client)).await.unwrap();
        drop(client);
        connection.abort();
    });
}

fn send(
    client: &mut Client,
    request: Request<()>,
    body: Option<&[u8]>,
) -> h2::client::ResponseFuture {
    let (response, mut stream) = client.send_request(request, body.is_none()).unwrap();
    if let Some(body) = body {
        stream.send_data(Bytes::copy_from_slice(body), true).unwrap();
    }
    response
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("http://mock{path}")).body(()).unwrap()
}

fn request(path: &str) -> Request<()> {
    let request = Request::post(format!("http://mock{path}"));
    request
        .header("content-type", "application/grpc+proto")
        .header("te", "trailers")
        .body(())
        .unwrap()
}

async fn call(client: &mut Client, path: &str, message: &[u8]) -> Result<Whole, h2::Error> {
    whole(send(client, request(path), Some(message)).await?).await
}

#[derive(Debug)]
struct Whole {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    trailers: HeaderMap,
}

async fn whole(response: Response<h2::RecvStream>) -> Result<Whole, h2::Error> {
    let (parts, mut stream) = response.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = stream.data().await {
        body.extend_from_slice(&piece?);
    }
    let trailers = stream.trailers().await?.unwrap_or_default();
    Ok(Whole { status: parts.status.as_u16(), headers: parts.headers, body, trailers })
}
