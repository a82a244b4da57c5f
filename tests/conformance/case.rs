//! One row of the table: what a client writes, what its server may see, what comes back.

/// One promise with the section of the RFC that makes it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) section: &'static str,
    pub(crate) lab: Setting,
    pub(crate) client: Vec<Act>,
    /// What the server does with its first request, its second, and so on; the last one repeats.
    pub(crate) server: Vec<Vec<Do>>,
    pub(crate) sees: Vec<Sees>,
    pub(crate) gets: Vec<Gets>,
    pub(crate) n_answers: usize,
    /// Where other programs are known to answer otherwise.
    pub(crate) peers: &'static str,
    /// Known not to hold yet, and why. A row that holds must lose this mark.
    pub(crate) open: &'static str,
}

/// What is set beside the defaults, as the lab's own text.
#[derive(Default, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) limits: &'static str,
    pub(crate) listener: &'static str,
    pub(crate) route: &'static str,
    pub(crate) pool: &'static str,
    pub(crate) ipv6: bool,
}

pub(crate) enum Act {
    Send(Vec<u8>),
    /// Goes on once so many bytes' end was read.
    Await(&'static str),
    /// Sends nothing more and keeps the connection.
    Linger,
}

/// One step of the server with one request, whose head it has read.
#[derive(Clone)]
pub(crate) enum Do {
    ReadBody,
    Write(Vec<u8>),
    /// Sends back what it reads, to the end.
    Echo,
    Close,
    Reset,
    /// Does nothing until the other side ends the connection.
    Hang,
}

/// What the server saw; of the first request unless another is named.
pub(crate) enum Sees {
    /// Not one byte.
    Nothing,
    /// No request whose end was reached.
    NothingComplete,
    Line(&'static str),
    /// One field of this name, with this value.
    Field(&'static str, &'static str),
    /// The values of all fields of this name, joined by commas.
    Joined(&'static str, &'static str),
    /// The same, as the function says.
    Like(&'static str, fn(&str) -> bool),
    Without(&'static str),
    Body(&'static str),
    Trailer(&'static str, &'static str),
    WithoutTrailer(&'static str),
    /// Neither `Content-Length` nor `Transfer-Encoding`.
    Bodiless,
    Requests(usize),
    Second(Vec<Self>),
    /// Not one byte, or a request like this.
    NothingOr(Vec<Self>),
}

/// What the client got; of the first answer unless another is named.
pub(crate) enum Gets {
    Status(u16),
    StatusIn(&'static [u16]),
    /// No answer, or one of these.
    CutOr(&'static [u16]),
    Field(&'static str, &'static str),
    Like(&'static str, fn(&str) -> bool),
    Without(&'static str),
    Body(&'static str),
    Trailer(&'static str, &'static str),
    /// The end of the answer can be told from a connection that broke.
    Complete,
    /// It cannot look complete.
    Incomplete,
    Interims(&'static [u16]),
    InterimField(&'static str, &'static str),
    /// Bytes after the head of a 101.
    Tunnelled(&'static str),
    /// The proxy ends the connection.
    Closed,
    /// A further request on the connection is answered.
    Open,
    Second(Vec<Self>),
    Third(Vec<Self>),
}

/// A row that expects an ordinary answer from an ordinary server until told otherwise.
pub(crate) fn case(name: &'static str, section: &'static str) -> Case {
    Case {
        name,
        section,
        lab: Setting::default(),
        client: Vec::new(),
        server: vec![vec![Do::ReadBody, Do::Write(OK.to_vec())]],
        sees: Vec::new(),
        gets: Vec::new(),
        n_answers: 1,
        peers: "",
        open: "",
    }
}

/// A row of a request that must be refused without a byte of it reaching the server.
pub(crate) fn refused(
    name: &'static str,
    section: &'static str,
    statuses: &'static [u16],
    request: &[u8],
) -> Case {
    case(name, section)
        .send(request)
        .sees([Sees::Nothing])
        .gets([Gets::StatusIn(statuses), Gets::Closed])
}

impl Case {
    pub(crate) fn lab(self, lab: Setting) -> Self {
        Self { lab, ..self }
    }

    pub(crate) fn send(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.client.push(Act::Send(bytes.as_ref().to_vec()));
        self
    }

    pub(crate) fn awaits(mut self, mark: &'static str) -> Self {
        self.client.push(Act::Await(mark));
        self
    }

    /// The server reads each request to its end and answers it with this.
    pub(crate) fn reply(self, answer: impl AsRef<[u8]>) -> Self {
        self.serve([vec![Do::ReadBody, Do::Write(answer.as_ref().to_vec())]])
    }

    /// The same, and then the server ends the connection.
    pub(crate) fn last_reply(self, answer: impl AsRef<[u8]>) -> Self {
        self.serve([vec![Do::ReadBody, Do::Write(answer.as_ref().to_vec()), Do::Close]])
    }

    pub(crate) fn serve(self, scripts: impl IntoIterator<Item = Vec<Do>>) -> Self {
        Self { server: scripts.into_iter().collect(), ..self }
    }

    pub(crate) fn sees(self, sees: impl IntoIterator<Item = Sees>) -> Self {
        Self { sees: sees.into_iter().collect(), ..self }
    }

    pub(crate) fn gets(self, gets: impl IntoIterator<Item = Gets>) -> Self {
        Self { gets: gets.into_iter().collect(), ..self }
    }

    pub(crate) fn answers(self, n_answers: usize) -> Self {
        Self { n_answers, ..self }
    }

    pub(crate) fn open(self, open: &'static str) -> Self {
        Self { open, ..self }
    }

    pub(crate) fn peers(self, peers: &'static str) -> Self {
        Self { peers, ..self }
    }
}

pub(crate) fn write(bytes: impl AsRef<[u8]>) -> Do {
    Do::Write(bytes.as_ref().to_vec())
}

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
