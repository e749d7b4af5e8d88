//! A blob as a stream that resumes after a broken connection.

use super::client::Client;
use crate::archive::ArchiveError;
use crate::http::{Answer, PacedBody, unreadable};
use std::io::{self, Read};
use ureq::http::header;

/// A download of a blob. After a broken connection it continues with a range request, a limited number of times; the digest shows
/// whether the pieces fit.
pub struct Download<'c> {
    client: &'c Client,
    path: String,
    accept: Option<&'c str>,
    /// The size according to the descriptor or the first answer.
    size: Option<u64>,
    at: u64,
    body: Option<Box<dyn Read + Send>>,
    /// Why the last attempt to resume failed.
    refused: Option<io::Error>,
    /// The error of every read after the download has failed for good.
    given_up: Option<ArchiveError>,
    tries: u32,
}

impl<'c> Download<'c> {
    /// Requests the blob; `None` if the registry does not have it.
    ///
    /// # Errors
    /// When the registry refuses or cannot be reached.
    pub fn open(
        client: &'c Client,
        path: String,
        accept: Option<&'c str>,
        size: Option<u64>,
    ) -> Result<Option<Self>, ArchiveError> {
        let answer = client.get(&path, accept, None)?;
        match answer.status().as_u16() {
            200 => {}
            404 => return Ok(None),
            _ => return Err(client.refused(&answer)),
        }
        // The whole answer is read; the reader compares its length with the descriptor.
        let size = answer.body().content_length().or(size);
        let tries = client.http.tries;
        Ok(Some(Self {
            client,
            path,
            accept,
            size,
            at: 0,
            body: Some(reader(answer, client)),
            refused: None,
            given_up: None,
            tries,
        }))
    }

    /// Resumes a broken download.
    fn resume(&mut self) -> io::Result<()> {
        let answer = self.client.get(&self.path, self.accept, Some(self.at))?;
        let skip = match answer.status().as_u16() {
            206 if starts_at(&answer) == Some(self.at) => 0,
            // The server does not support ranges and sends everything again.
            200 => self.at,
            _ => return Err(self.client.refused(&answer).into()),
        };
        let mut body = reader(answer, self.client);
        let skipped = io::copy(&mut (&mut body).take(skip), &mut io::sink())?;
        if skipped < skip {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.body = Some(body);
        Ok(())
    }

    fn left(&self) -> u64 {
        self.size
            .map_or(u64::MAX, |size| size.saturating_sub(self.at))
    }
}

impl Read for Download<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left())
            .unwrap_or(usize::MAX)
            .min(out.len());
        let Some(out) = out.get_mut(..want).filter(|o| !o.is_empty()) else {
            return Ok(0);
        };
        if let Some(error) = &self.given_up {
            return Err(error.clone().into());
        }
        loop {
            let failure = match &mut self.body {
                Some(body) => match body.read(out) {
                    Ok(0) if self.size.is_some() => io::ErrorKind::UnexpectedEof.into(),
                    Ok(n) => {
                        self.at += n as u64;
                        return Ok(n);
                    }
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(e) => e,
                },
                None => (self.refused.take()).unwrap_or(io::ErrorKind::NotConnected.into()),
            };
            self.body = None;
            if self.tries == 0 {
                let total = self.size.map(|s| format!(" of {s}")).unwrap_or_default();
                let text = format!(
                    "the download broke off after {}{total} bytes and could not be taken up again: {failure}",
                    self.at
                );
                let error = unreadable(text);
                self.given_up = Some(error.clone());
                return Err(error.into());
            }
            let round = self.client.http.tries - self.tries + 1;
            self.tries -= 1;
            std::thread::sleep(self.client.http.pause_of(round, None));
            // A failure here counts as one more try.
            if let Err(e) = self.resume() {
                if self.tries == 0 {
                    let error = ArchiveError::from(e);
                    self.given_up = Some(error.clone());
                    return Err(error.into());
                }
                self.refused = Some(e);
            }
        }
    }
}

fn reader(answer: Answer, client: &Client) -> Box<dyn Read + Send> {
    Box::new(PacedBody::new(
        answer.into_body().into_reader(),
        client.http.timeout,
    ))
}

/// First byte of a partial answer.
fn starts_at(answer: &Answer) -> Option<u64> {
    let range = answer.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .trim()
        .parse()
        .ok()
}
