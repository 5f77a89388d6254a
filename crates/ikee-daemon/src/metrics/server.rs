//! A small HTTP server for one page: `GET /metrics`.

use core::convert::Infallible;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

/// Clients at a time.
const CLIENTS: usize = 8;
/// How long one may take altogether.
const PATIENCE: Duration = Duration::from_secs(10);
/// Octets that a request may have.
const LONGEST_REQUEST: usize = 8 << 10;
/// What OpenMetrics text calls itself.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where the text goes that somebody asked for.
pub(crate) type Scrape = oneshot::Sender<String>;

/// Listens, and asks for the text through the channel that comes out.
pub(crate) async fn serve(address: SocketAddr) -> io::Result<mpsc::Receiver<Scrape>> {
    let listener = TcpListener::bind(address).await?;
    let (sender, receiver) = mpsc::channel(CLIENTS);
    tokio::spawn(accept(listener, sender));
    Ok(receiver)
}

async fn accept(listener: TcpListener, scrapes: mpsc::Sender<Scrape>) {
    let places = Arc::new(Semaphore::new(CLIENTS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("metrics: {error}");
                // out of descriptors, most likely: let some go first
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::debug!("metrics: more than {CLIENTS} clients; one was turned away");
            continue;
        };
        let scrapes = scrapes.clone();
        tokio::spawn(async move {
            match timeout(PATIENCE, client(stream, scrapes)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!("metrics: {error}"),
                Err(_) => tracing::debug!("metrics: a client was too slow"),
            }
            drop(place);
        });
    }
}

async fn client(stream: TcpStream, scrapes: mpsc::Sender<Scrape>) -> hyper::Result<()> {
    let service = service_fn(|request| respond(request, &scrapes));
    http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(LONGEST_REQUEST)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

async fn respond(
    request: Request<Incoming>,
    scrapes: &mpsc::Sender<Scrape>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() != "/metrics" {
        return Ok(plain(StatusCode::NOT_FOUND, "there is only /metrics\n"));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "GET it\n"));
    }
    let (sender, receiver) = oneshot::channel();
    let text = match scrapes.try_send(sender) {
        Ok(()) => receiver.await.ok(),
        Err(_) => None,
    };
    let Some(text) = text else {
        return Ok(plain(StatusCode::SERVICE_UNAVAILABLE, "try again\n"));
    };
    let mut response = Response::new(Full::from(text));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS));
    Ok(response)
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
