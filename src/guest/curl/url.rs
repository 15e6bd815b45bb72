//! URLs as far as `curl` and `aws` need them here: scheme, host, port and path.
//!
//! Knows the text of a URL; never how it is fetched.

/// A URL taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::guest) struct Url {
    pub scheme: String,
    pub host: String,
    /// As written, if it is.
    pub port: Option<u16>,
    /// From the first slash, with the query and without the fragment.
    pub path: String,
}

impl Url {
    /// Reads a URL; says in curl's words what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        if scheme.is_empty() || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) {
            return Err("URL rejected: Unsupported URL scheme");
        }
        let rest = rest.split('#').next().unwrap_or(rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, Some(read_port(port)?)),
            None => (authority, None),
        };
        if host.is_empty() {
            return Err("URL rejected: No host part in the URL");
        }
        if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) {
            return Err("URL rejected: Bad hostname");
        }
        if path.bytes().any(|b| b <= b' ' || b == 0x7f) {
            return Err("URL rejected: Malformed input to a URL function");
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { scheme: scheme.to_ascii_lowercase(), host: host.to_owned(), port: port.flatten(), path })
    }

    /// Where a `Location` header field leads from here.
    pub fn join(&self, location: &str) -> Result<Self, &'static str> {
        if location.contains("://") {
            return Self::parse(location);
        }
        let base = format!("{}://{}", self.scheme, self.authority());
        if let Some(elsewhere) = location.strip_prefix("//") {
            return Self::parse(&format!("{}://{elsewhere}", self.scheme));
        }
        if location.starts_with('/') {
            return Self::parse(&format!("{base}{location}"));
        }
        let path = self.path.split('?').next().unwrap_or("/");
        let directory = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
        Self::parse(&format!("{base}{directory}{location}"))
    }

    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or_else(|| self.default_port())
    }

    fn default_port(&self) -> u16 {
        if self.scheme == "https" { 443 } else { 80 }
    }

    /// Scheme, host and port: whom one connection is to.
    pub fn origin(&self) -> (String, String, u16) {
        (self.scheme.clone(), self.host.clone(), self.port_or_default())
    }

    /// Host and port as the `Host` header field has them.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) if port != self.default_port() => format!("{}:{port}", self.host),
            Some(_) | None => self.host.clone(),
        }
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

fn read_port(text: &str) -> Result<Option<u16>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| "URL rejected: Port number was not a decimal number between 0 and 65535")
}
