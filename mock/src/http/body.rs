//! Bodies: reading one within limits, and writing one piece by piece.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::Value;

use crate::pyjson;
use crate::wire::BrokenOff;

/// What a list is sent as.
type Chunk = Result<Bytes, BrokenOff>;

/// What Django's `JsonResponse` says.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The body of a response.
pub enum Body {
    /// All of it at once, so that its length is announced.
    Whole(Bytes),
    /// Pieces, made as the connection takes them.
    Pieces(Box<dyn Iterator<Item = Chunk> + Send>),
    /// One piece; the connection breaks where it ends.
    Torn(Option<Bytes>, Pin<Box<tokio::time::Sleep>>),
}

/// Time for what was written to reach the client, before the connection breaks.
const TEAR_AFTER: Duration = Duration::from_millis(50);

impl Body {
    /// The first half of what is there, then the connection breaks; of a stream, its first piece.
    pub fn torn(self) -> Self {
        let first = match self {
            Self::Whole(bytes) => Some(bytes.slice(..bytes.len() / 2)),
            Self::Pieces(mut pieces) => pieces.next().and_then(Result::ok),
            Self::Torn(first, _) => first,
        };
        Self::Torn(first, Box::pin(tokio::time::sleep(TEAR_AFTER)))
    }

    /// One piece becomes a whole, with a length.
    pub fn pieces(mut pieces: impl Iterator<Item = Chunk> + Send + 'static) -> Self {
        match (pieces.next(), pieces.next()) {
            (None, _) => Self::Whole(Bytes::new()),
            (Some(Ok(first)), None) => Self::Whole(first),
            (first, second) => Self::Pieces(Box::new(first.into_iter().chain(second).chain(pieces))),
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => None,
            Self::Whole(bytes) => Some(std::mem::take(bytes)),
            Self::Pieces(pieces) => match pieces.next().transpose() {
                Ok(piece) => piece,
                Err(broken) => return Poll::Ready(Some(Err(io::Error::other(broken)))),
            },
            Self::Torn(first, pause) => match first.take() {
                Some(piece) => Some(piece),
                None => {
                    std::task::ready!(pause.as_mut().poll(context));
                    return Poll::Ready(Some(Err(io::Error::other("torn on purpose"))));
                }
            },
        };
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Pieces(_) | Self::Torn(..) => SizeHint::default(),
        }
    }
}

/// A JSON value as a response, spelled as Python does.
pub fn json_reply(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Bytes::from(pyjson::to_string(value))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Longer than allowed.
    #[error("the body is longer than {0} bytes")]
    TooLong(usize),
    /// It did not come in time.
    #[error("the body did not come within {} s", .0.as_secs_f32())]
    TooSlow(Duration),
    /// The connection broke.
    #[error("the body broke off: {0}")]
    Broken(#[from] hyper::Error),
}

impl ReadError {
    /// The status that says so.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a whole body of at most `most` bytes.
pub async fn read(body: Incoming, most: usize, time: Duration) -> Result<Bytes, ReadError> {
    match tokio::time::timeout(time, read_within(body, most)).await {
        Ok(result) => result,
        Err(_) => Err(ReadError::TooSlow(time)),
    }
}

async fn read_within(mut body: Incoming, most: usize) -> Result<Bytes, ReadError> {
    // A client that is still sending would not see the refusal: a body a little too long is read to its end first.
    const TAKEN_AND_DROPPED: usize = 8 * 1024 * 1024;
    let announced = hyper::body::Body::size_hint(&body).lower();
    if announced > (most.saturating_add(TAKEN_AND_DROPPED)) as u64 {
        return Err(ReadError::TooLong(most));
    }
    let mut bytes = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= most {
            bytes.extend_from_slice(&data);
        } else {
            bytes = BytesMut::new();
            if length > most.saturating_add(TAKEN_AND_DROPPED) {
                break;
            }
        }
    }
    if length > most { Err(ReadError::TooLong(most)) } else { Ok(bytes.freeze()) }
}
