//! An HTTP response as it arrives: head first, then a body of whichever length.
//!
//! Knows HTTP/1.x framing; never connections or output.

/// How long a head may be (curl: `MAX_HTTP_RESP_HEADER_SIZE`).
const HEAD_MAX: usize = 300 * 1024;
/// Header fields a response may have.
const HEADERS_MAX: usize = 128;

/// The head of a response.
#[derive(Clone, Debug)]
pub(in crate::guest) struct Head {
    /// As received, with the empty line at the end.
    pub raw: Vec<u8>,
    pub status: u16,
    pub minor_version: u8,
    pub location: Option<String>,
    pub content_type: Option<String>,
    pub content_length: Option<u64>,
    pub closes: bool,
    pub fields: usize,
    is_chunked: bool,
}

impl Head {
    /// The value of a header field.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut fields);
        response.parse(&self.raw).ok()?;
        let found = response.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
        Some(String::from_utf8_lossy(found.value).trim().to_owned())
    }
}

/// A response that is no HTTP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::guest) struct Garbled;

#[derive(Debug)]
enum Framing {
    /// This many bytes are missing.
    Length(u64),
    ChunkSize,
    /// This many bytes of the chunk are missing.
    Chunk(u64),
    ChunkEnd,
    Trailer,
    UntilClose,
}

/// The part of a response that has come so far.
#[derive(Debug)]
pub(in crate::guest) struct Response {
    pub buffer: Vec<u8>,
    pub head: Option<Head>,
    /// Bytes of the body that have been taken.
    pub taken: u64,
    /// Interim responses that were skipped.
    pub interim: u32,
    to_head_request: bool,
    framing: Framing,
}

impl Response {
    pub fn new(to_head_request: bool) -> Self {
        Self {
            buffer: Vec::new(),
            head: None,
            taken: 0,
            interim: 0,
            to_head_request,
            framing: Framing::UntilClose,
        }
    }

    /// Reads the head once it is complete. Interim responses are skipped.
    pub fn read_head(&mut self) -> Result<bool, Garbled> {
        while self.head.is_none() {
            let Some((head, len)) = parse_head(&self.buffer)? else {
                return if self.buffer.len() < HEAD_MAX { Ok(false) } else { Err(Garbled) };
            };
            self.buffer.drain(..len);
            if head.status >= 200 {
                self.framing = framing(&head, self.to_head_request);
                self.head = Some(head);
            } else {
                self.interim += 1;
            }
        }
        Ok(true)
    }

    /// Takes what has come of the body; says whether it is complete.
    pub fn take_body(&mut self, body: &mut Vec<u8>) -> Result<bool, Garbled> {
        loop {
            match self.framing {
                Framing::Length(0) => return Ok(true),
                Framing::Length(missing) => {
                    let taken = self.take(missing, body);
                    self.framing = Framing::Length(missing - taken);
                    if taken == 0 {
                        return Ok(false);
                    }
                }
                Framing::UntilClose => {
                    self.take(u64::MAX, body);
                    return Ok(false);
                }
                Framing::ChunkSize => match httparse::parse_chunk_size(&self.buffer).map_err(|_| Garbled)? {
                    httparse::Status::Complete((len, size)) => {
                        self.buffer.drain(..len);
                        self.framing = if size == 0 { Framing::Trailer } else { Framing::Chunk(size) };
                    }
                    httparse::Status::Partial => return Ok(false),
                },
                Framing::Chunk(0) => self.framing = Framing::ChunkEnd,
                Framing::Chunk(missing) => {
                    let taken = self.take(missing, body);
                    self.framing = Framing::Chunk(missing - taken);
                    if taken == 0 {
                        return Ok(false);
                    }
                }
                Framing::ChunkEnd => {
                    let Some(_) = self.take_line() else { return Ok(false) };
                    self.framing = Framing::ChunkSize;
                }
                Framing::Trailer => match self.take_line() {
                    Some(line) if line.is_empty() => self.framing = Framing::Length(0),
                    Some(_) => {}
                    None => return Ok(false),
                },
            }
        }
    }

    /// What the end of the connection means: `None` if the response ends with it, else what is missing.
    pub fn missing_at_end(&self) -> Option<String> {
        match self.framing {
            Framing::UntilClose | Framing::Length(0) => None,
            Framing::Length(missing) => {
                Some(format!("transfer closed with {missing} bytes remaining to read"))
            }
            Framing::ChunkSize | Framing::Chunk(_) | Framing::ChunkEnd | Framing::Trailer => {
                Some("transfer closed with outstanding read data remaining".to_owned())
            }
        }
    }

    fn take(&mut self, most: u64, body: &mut Vec<u8>) -> u64 {
        let len = self.buffer.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        body.extend(self.buffer.drain(..len));
        self.taken += len as u64;
        len as u64
    }

    fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer.windows(2).position(|pair| pair == b"\r\n")?;
        let line = self.buffer[..end].to_vec();
        self.buffer.drain(..end + 2);
        Some(line)
    }
}

fn parse_head(buffer: &[u8]) -> Result<Option<(Head, usize)>, Garbled> {
    let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(len) = response.parse(buffer).map_err(|_| Garbled)? else {
        return Ok(None);
    };
    let field = |name: &str| {
        let found = response.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.map(|field| String::from_utf8_lossy(field.value).trim().to_owned())
    };
    let minor_version = response.version.unwrap_or(1);
    let closes = match field("connection") {
        Some(value) => value.eq_ignore_ascii_case("close"),
        None => minor_version == 0,
    };
    let head = Head {
        raw: buffer[..len].to_vec(),
        status: response.code.unwrap_or(0),
        minor_version,
        location: field("location"),
        content_type: field("content-type"),
        content_length: field("content-length").and_then(|length| length.parse().ok()),
        closes,
        fields: response.headers.len(),
        is_chunked: field("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")),
    };
    Ok(Some((head, len)))
}

fn framing(head: &Head, to_head_request: bool) -> Framing {
    if to_head_request || matches!(head.status, 204 | 304) {
        Framing::Length(0)
    } else if head.is_chunked {
        Framing::ChunkSize
    } else {
        head.content_length.map_or(Framing::UntilClose, Framing::Length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a response in two parts, cut everywhere; says body, completeness and what is missing.
    fn check(text: &str, body: &str, is_complete: bool, missing: Option<&str>) {
        for cut in 0..=text.len() {
            let mut response = Response::new(false);
            let mut taken = Vec::new();
            let mut done = false;
            for part in [&text[..cut], &text[cut..]] {
                response.buffer.extend_from_slice(part.as_bytes());
                if response.read_head().expect("HTTP") {
                    done = response.take_body(&mut taken).expect("a body");
                }
            }
            let found = (String::from_utf8(taken).expect("text"), done, response.missing_at_end());
            assert_eq!(
                found,
                (body.to_owned(), is_complete, missing.map(str::to_owned)),
                "{text} cut at {cut}"
            );
        }
    }

    #[test]
    fn bodies_end_where_they_say() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true, None);
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
            "hello",
            false,
            Some("transfer closed with 4 bytes remaining to read"),
        );
        check("HTTP/1.0 200 OK\r\n\r\nhello", "hello", false, None);
        check("HTTP/1.1 204 No Content\r\n\r\n", "", true, None);
        check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", true, None);
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let all = format!("{chunked}5\r\nhello\r\na;x=1\r\n, wide wor\r\n0\r\nTrailer: 1\r\n\r\n");
        check(&all, "hello, wide wor", true, None);
        check(
            &format!("{chunked}5\r\nhello\r\n"),
            "hello",
            false,
            Some("transfer closed with outstanding read data remaining"),
        );
    }
}
