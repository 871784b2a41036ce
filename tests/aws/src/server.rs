//! The server: HTTP on loopback, on a thread of its own.

use crate::exchange::{Answer, Request};
use crate::state::{Delivery, State};
use crate::{Clock, Fault, Limits, Log, On, World};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What the tasks of a server share.
struct Shared {
    state: Mutex<State>,
    traffic: Mutex<Traffic>,
}

#[derive(Default)]
struct Traffic {
    latency: Duration,
    now: usize,
    most: usize,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic while it is held")
}

/// A server that answers until it is dropped.
///
/// Dropping it panics if somebody broke the protocol and nobody asked for the violations.
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Server {
    /// Serves a world: every service at one address.
    pub fn start(mut world: World) -> Server {
        world.served = true;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("a bound socket");
        let state = Mutex::new(State::new(world));
        let shared = Arc::new(Shared { state, traffic: Mutex::default() });
        let (stop, stopped) = oneshot::channel();
        let of_thread = shared.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("a socket");
                // what is under way ends with the runtime
                tokio::spawn(accept(listener, of_thread));
                let _ = stopped.await;
            });
        });
        Server { shared, address, stop: Some(stop), thread: Some(thread) }
    }

    /// The endpoint of all services.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The clock that dates, limits and whatever takes time go by.
    pub fn clock(&self) -> Clock {
        held(&self.shared.state).clock.clone()
    }

    /// Looks at the world, or changes it behind everybody's back.
    pub fn world<T>(&self, with: impl FnOnce(&mut World) -> T) -> T {
        let mut state = held(&self.shared.state);
        let now = state.catch_up();
        let outcome = with(&mut state.world);
        // time that a test let pass in the world has passed for everybody
        let passed = state.world.now.duration_since(now);
        state.clock.advance(passed);
        outcome
    }

    /// Changes limits.
    pub fn limits(&self, with: impl FnOnce(&mut Limits)) {
        with(&mut held(&self.shared.state).limits);
    }

    /// Lets something go wrong for requests that fit.
    pub fn fail(&self, on: On, fault: Fault) {
        held(&self.shared.state).faults.plan(on, fault);
    }

    /// Lets nothing go wrong any more.
    pub fn heal(&self) {
        held(&self.shared.state).faults.clear();
    }

    /// Lets every answer take so long.
    pub fn set_latency(&self, latency: Duration) {
        held(&self.shared.traffic).latency = latency;
    }

    /// Whether the times of signatures are held against the server's clock. They aren't, unless this is said: most clients
    /// are bound to the clock of their machine.
    pub fn check_signature_times(&self, check: bool) {
        held(&self.shared.state).check_signature_times = check;
    }

    /// Requests that came since the start, or since the log was taken.
    pub fn log(&self) -> Log {
        held(&self.shared.state).log.clone()
    }

    /// The same, and starts a new log.
    pub fn take_log(&self) -> Log {
        std::mem::take(&mut held(&self.shared.state).log)
    }

    /// The most requests that were under way at once.
    pub fn most_at_once(&self) -> usize {
        held(&self.shared.traffic).most
    }

    /// What clients did that AWS doesn't describe, and what the stand-in answered so. Whoever takes them answers for them.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut held(&self.shared.state).violations)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // a poisoned lock means that a panic is told already
        let violations = self.shared.state.lock().map(|state| state.violations.clone()).unwrap_or_default();
        if !violations.is_empty() && !std::thread::panicking() {
            panic!("the protocol was broken:\n{}", violations.join("\n"));
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // small answers must not wait for more to send
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(shared.clone(), request));
            // a client that goes away is not the server's concern
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A request that is counted as long as this lives, also if its client goes away.
struct UnderWay(Arc<Shared>);

impl UnderWay {
    fn begin(shared: Arc<Shared>) -> UnderWay {
        let mut traffic = held(&shared.traffic);
        traffic.now += 1;
        traffic.most = traffic.most.max(traffic.now);
        drop(traffic);
        UnderWay(shared)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Ok(mut traffic) = self.0.traffic.lock() {
            traffic.now -= 1;
        }
    }
}

/// The connection ends here.
#[derive(Debug)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is closed on purpose")
    }
}

impl std::error::Error for Closed {}

/// What the body does after its data.
#[derive(Debug)]
enum End {
    Whole,
    /// Waits once, so that the data is sent, and then breaks.
    Wait,
    Break,
}

/// A body that may break off.
#[derive(Debug)]
struct Sent {
    data: Option<Bytes>,
    end: End,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.end {
            End::Whole => Poll::Ready(None),
            End::Wait => {
                self.end = End::Break;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            End::Break => Poll::Ready(Some(Err(Closed))),
        }
    }
}

fn response(answer: Answer, half: bool) -> Response<Sent> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(*name, value);
    }
    let body = answer.body.into_bytes();
    if answer.status != 204 {
        builder = builder.header("Content-Length", body.len());
    }
    let sent = if half { &body[..body.len() / 2] } else { &body[..] };
    let data = (!sent.is_empty()).then(|| Bytes::copy_from_slice(sent));
    let end = if half { End::Wait } else { End::Whole };
    builder.body(Sent { data, end }).expect("headers are text")
}

async fn read(request: hyper::Request<Incoming>) -> Result<Request, Closed> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    Ok(Request::new(parts.method.as_str(), target, headers.collect(), body.to_vec()))
}

async fn answer(shared: Arc<Shared>, request: hyper::Request<Incoming>) -> Result<Response<Sent>, Closed> {
    let request = read(request).await?;
    let under_way = UnderWay::begin(shared.clone());
    let latency = held(&shared.traffic).latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let (answer, delivery) = held(&shared.state).answer(&request);
    drop(under_way);
    match delivery {
        Delivery::Whole => Ok(response(answer, false)),
        Delivery::Later(time) => {
            tokio::time::sleep(time).await;
            Ok(response(answer, false))
        }
        Delivery::Half => Ok(response(answer, true)),
        Delivery::Drop => Err(Closed),
        Delivery::Hang => std::future::pending().await,
    }
}
