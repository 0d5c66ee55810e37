//! The entrances.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use anyhow::Context as _;
use chengping_case_ingestion::fuzz::{METHODS, Probed, probe};
use chengping_interchange::generate::{Settings, write_to};
use chengping_interchange::mapping::Mapping;
use chengping_interchange::{Encoding, FileError, FileKind, Format, Reader, Writer};
use chengping_proto::cases::v1 as pb;
use encoding_rs::GB18030;
use prost::Message as _;
use tempfile::TempDir;

use crate::records::Records;
use crate::workbook;

/// Their names.
pub(crate) const NAMES: [&str; 7] =
    ["csv", "mapping", "xlsx", "gb18030", "json", "protobuf", "records"];

const MAPPINGS: [&str; 3] = [
    include_str!("../../../deploy/mappings/boston-311.yaml"),
    include_str!("../../../deploy/mappings/egova.yaml"),
    include_str!("../../../deploy/mappings/open311-georeport.yaml"),
];
/// In GBK.
const EGOVA: &[u8] = include_bytes!("../../data/mappings/egova.csv");
const OPEN311: [&str; 2] = [
    include_str!("../../data/mappings/open311-page1.json"),
    include_str!("../../data/mappings/open311-page2.json"),
];
const OPEN311_LINES: &str = include_str!("../../data/mappings/open311.ndjson");
/// Lines of a seed: enough to have everything in it.
const LINES: usize = 20;

/// Something that takes bytes from outside.
pub(crate) trait Target {
    /// What is changed.
    fn corpus(&self) -> &[Vec<u8>];

    /// What is put in.
    fn words(&self) -> &[&'static [u8]] {
        &[]
    }

    /// Takes an input, and says what became of it.
    fn take(&mut self, input: &[u8]) -> &'static str;
}

pub(crate) fn find(name: &str) -> anyhow::Result<Option<Box<dyn Target>>> {
    Ok(Some(match name {
        "csv" => Box::new(Csv { corpus: interchange_files()?, turn: 0 }),
        "mapping" => {
            Box::new(Mappings(MAPPINGS.iter().map(|text| text.as_bytes().to_vec()).collect()))
        }
        "xlsx" => Box::new(Xlsx::new()?),
        "gb18030" => Box::new(Gb18030::new()?),
        "json" => Box::new(Json::new()?),
        "protobuf" => Box::new(Protobuf { corpus: requests(), turn: 0 }),
        "records" => Box::new(Records::new()?),
        _ => return Ok(None),
    }))
}

/// The first lines of every file of a generated month, and rows of the files that it lacks.
fn interchange_files() -> anyhow::Result<Vec<Vec<u8>>> {
    let folder = TempDir::new()?;
    let settings = Settings { seed: 1, cases: 50, month: "2018-04".parse()? };
    write_to(&settings, folder.path(), |_| ())?;
    let mut corpus = Vec::new();
    for kind in FileKind::ALL {
        if let Ok(text) = fs::read_to_string(folder.path().join(format!("{kind}.csv"))) {
            let lines: Vec<_> = text.lines().take(LINES).collect();
            corpus.push(lines.join("\n").into_bytes());
        } else {
            let mut file = Writer::new(kind, "Asia/Shanghai".parse()?, Vec::new())?.finish()?;
            file.extend_from_slice(b"2018-04-03,w,x,1.5,h,2018-04,,\n");
            corpus.push(file);
        }
    }
    Ok(corpus)
}

fn count<T, E>(rows: impl Iterator<Item = Result<T, E>>) -> &'static str {
    let (mut good, mut bad) = (0, 0);
    for row in rows {
        *if row.is_ok() { &mut good } else { &mut bad } += 1;
    }
    match (good, bad) {
        (0, 0) => "empty",
        (_, 0) => "good",
        (0, _) => "rejects",
        _ => "good and rejects",
    }
}

/// Interchange files.
struct Csv {
    corpus: Vec<Vec<u8>>,
    turn: usize,
}

impl Target for Csv {
    fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    fn words(&self) -> &[&'static [u8]] {
        &[
            b"\"",
            b"\r\n",
            b"\xef\xbb\xbf",
            b"2018-04-31T24:00:00+25:00",
            b"\xd6\xa3",
            b"99999999999999999999",
        ]
    }

    fn take(&mut self, input: &[u8]) -> &'static str {
        self.turn += 1;
        // By what the header says, and as any of the files.
        let kind = match self.turn % (FileKind::ALL.len() + 1) {
            0 => None,
            other => Some(FileKind::ALL[other - 1]),
        };
        match Reader::from_read("x.csv", Format::Csv, kind, Cursor::new(input.to_vec())) {
            Ok(reader) => count(reader),
            Err(_) => "no table",
        }
    }
}

/// Mapping files.
struct Mappings(Vec<Vec<u8>>);

impl Target for Mappings {
    fn corpus(&self) -> &[Vec<u8>] {
        &self.0
    }

    fn words(&self) -> &[&'static [u8]] {
        &[
            b"&a ",
            b"*a ",
            b"<<: *a\n",
            b"!!binary ",
            b"? ",
            b"{column: x}",
            b"- ",
            b"|\n",
            b"%s%s%s",
            b"when: [",
        ]
    }

    fn take(&mut self, input: &[u8]) -> &'static str {
        match Mapping::parse(&String::from_utf8_lossy(input)) {
            Ok(mapping) => {
                // A mapping that is right has to bear any table.
                let table = GB18030.decode(EGOVA).0.into_owned().into_bytes();
                match mapping.replay("x.csv", table) {
                    Ok(rows) => count(rows),
                    Err(_) => "another table",
                }
            }
            Err(_) => "mistakes",
        }
    }
}

/// A file of a folder in memory, since some readers want a path.
struct Scratch {
    _folder: TempDir,
    path: PathBuf,
}

impl Scratch {
    fn new(name: &str) -> anyhow::Result<Self> {
        let folder = match TempDir::new_in("/dev/shm") {
            Ok(folder) => folder,
            Err(_) => TempDir::new()?,
        };
        let path = folder.path().join(name);
        Ok(Self { _folder: folder, path })
    }

    fn write(&self, bytes: &[u8]) {
        fs::write(&self.path, bytes).expect("a temporary file can be written");
    }
}

fn outcome<T, E>(opened: Result<impl Iterator<Item = Result<T, E>>, FileError>) -> &'static str {
    opened.map_or("no table", count)
}

/// Workbooks: the file, and the sheet inside of it.
struct Xlsx {
    corpus: Vec<Vec<u8>>,
    mapping: Mapping,
    scratch: Scratch,
    turn: u64,
}

impl Xlsx {
    fn new() -> anyhow::Result<Self> {
        let corpus = vec![
            workbook::sheet(5).into_bytes(),
            workbook::sheet(1).into_bytes(),
            workbook::book(workbook::sheet(3).as_bytes())?,
        ];
        let mapping = Mapping::parse(workbook::MAPPING).context("the mapping of the fuzzer")?;
        Ok(Self { corpus, mapping, scratch: Scratch::new("cases.xlsx")?, turn: 0 })
    }
}

impl Target for Xlsx {
    fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    fn words(&self) -> &[&'static [u8]] {
        &[
            b"<row r=\"1048577\">",
            b"<c r=\"XFE1\">",
            b"<c r=\"ZZZZZZ9\"><v>1</v></c>",
            b"<v>1e308</v>",
            b"<!DOCTYPE x [",
            b"&#x0;",
            b"<![CDATA[",
            b"<mergeCells><mergeCell ref=\"A1:XFD1048576\"/></mergeCells>",
            b"t=\"s\"",
            b"PK\x03\x04",
        ]
    }

    fn take(&mut self, input: &[u8]) -> &'static str {
        self.turn += 1;
        // A changed file is mostly a damaged one; what is inside is read further.
        if input.starts_with(b"PK") {
            self.scratch.write(input);
        } else {
            self.scratch.write(&workbook::book(input).expect("a book can be made"));
        }
        outcome(self.mapping.open(&self.scratch.path, None))
    }
}

/// Tables of other characters.
struct Gb18030 {
    corpus: Vec<Vec<u8>>,
    mapping: Mapping,
    scratch: Scratch,
}

impl Gb18030 {
    fn new() -> anyhow::Result<Self> {
        let mapping = Mapping::parse(MAPPINGS[1]).context("the mapping of egova")?;
        let mapping = mapping.with_encoding(Encoding::Gb18030);
        let mut corpus = vec![EGOVA.to_vec()];
        for file in interchange_files()? {
            corpus.push(GB18030.encode(&String::from_utf8_lossy(&file)).0.into_owned());
        }
        Ok(Self { corpus, mapping, scratch: Scratch::new("cases.csv")? })
    }
}

impl Target for Gb18030 {
    fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    fn words(&self) -> &[&'static [u8]] {
        &[
            b"\x81\x30\x81\x30",
            b"\xff\xff",
            b"\xd6\xa3",
            b"\x84\x31\xa4\x37",
            b"\xef\xbb\xbf",
            b"\xa3\xac",
            b"\x80",
        ]
    }

    fn take(&mut self, input: &[u8]) -> &'static str {
        self.scratch.write(input);
        let mapped = outcome(self.mapping.open(&self.scratch.path, None));
        let read = outcome(Reader::open_as(&self.scratch.path, None, Encoding::Gb18030));
        if mapped == "no table" { read } else { mapped }
    }
}

/// JSON documents and lines.
struct Json {
    corpus: Vec<Vec<u8>>,
    mapping: Mapping,
    scratch: [Scratch; 2],
}

impl Json {
    fn new() -> anyhow::Result<Self> {
        let mapping = Mapping::parse(MAPPINGS[2]).context("the mapping of open311")?;
        let event = r#"{"case_no":"A1","event_no":1,"at":"2018-04-03T09:15:00Z","kind":"handled","unit":null}"#;
        let corpus = OPEN311.into_iter().chain([OPEN311_LINES, event]);
        let corpus = corpus.map(|text| text.as_bytes().to_vec()).collect();
        let scratch = [Scratch::new("requests.json")?, Scratch::new("requests.ndjson")?];
        Ok(Self { corpus, mapping, scratch })
    }
}

impl Target for Json {
    fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    fn words(&self) -> &[&'static [u8]] {
        &[
            b"[[[[[[[[[[[[[[[[",
            b"{\"a\":{\"a\":{\"a\":",
            b"\\ud800",
            b"\\u0000",
            b"1e999999",
            b"-0",
            b"}{",
            b"]]",
            b"null",
            b"\"service_requests\":",
        ]
    }

    fn take(&mut self, input: &[u8]) -> &'static str {
        let [document, lines] = &self.scratch;
        document.write(input);
        lines.write(input);
        let one = outcome(self.mapping.open(&document.path, None));
        let other = outcome(self.mapping.open(&lines.path, None));
        let source = Cursor::new(input.to_vec());
        let kind = Some(FileKind::Events);
        if let Ok(reader) = Reader::from_read("events.ndjson", Format::Ndjson, kind, source) {
            count(reader);
        }
        if one == "no table" { other } else { one }
    }
}

/// Every request that takes cases, events or rejects.
struct Protobuf {
    corpus: Vec<Vec<u8>>,
    turn: usize,
}

impl Target for Protobuf {
    fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    fn words(&self) -> &[&'static [u8]] {
        // Empty records, a long length, the largest number, an unknown field.
        &[
            b"\x1a\x00\x1a\x00\x1a\x00\x1a\x00",
            b"\x0a\xff\xff\xff\xff\x07",
            b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\xfa\x01\x02ab",
            b"\x12\x00\x12\x00",
        ]
    }

    fn take(&mut self, input: &[u8]) -> &'static str {
        self.turn += 1;
        match probe(METHODS[self.turn % METHODS.len()], input) {
            Some(Probed::Taken) => "taken",
            Some(Probed::Refused) => "refused",
            Some(Probed::NoMessage) => "no message",
            None => "no method",
        }
    }
}

/// Requests that are right.
fn requests() -> Vec<Vec<u8>> {
    let position = Some(pb::Position { file: "events.csv".to_owned(), row: 2, line: 3 });
    let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let event = pb::Event {
        case_no: "2018-04-1".to_owned(),
        event_no: 3,
        event_time: time(1_522_512_000),
        kind: pb::EventKind::Dispatched.into(),
        actor: "cmd1".to_owned(),
        unit: "b01".to_owned(),
        due_time: time(1_522_612_000),
        stage_due_time: time(1_522_513_000),
        note: "备注".to_owned(),
        ..pb::Event::default()
    };
    let case = pb::Case {
        case_no: "2018-04-1".to_owned(),
        source: pb::Source::Patrol.into(),
        category_scheme: "gbt-30428.2-2013-event".to_owned(),
        category_code: "0110".to_owned(),
        area_code: "R1".to_owned(),
        title: "路面破损".to_owned(),
        ..pb::Case::default()
    };
    let parent = || "jurisdictions/zz".to_owned();
    let cases = vec![pb::CaseRecord { case: Some(case), position: position.clone() }; 3];
    let events = vec![pb::EventRecord { event: Some(event), position: position.clone() }; 3];
    let name = "jurisdictions/zz/rejects/0f".to_owned();
    let reject = pb::Reject {
        position,
        code: "bad_timestamp".to_owned(),
        message: "x".to_owned(),
        payload: b"a,b".to_vec(),
        ..pb::Reject::default()
    };
    let corrected = pb::replay_reject_request::Record::Event(events[0].clone());
    vec![
        pb::BatchCreateCasesRequest { parent: parent(), records: cases.clone() }.encode_to_vec(),
        pb::BatchCreateEventsRequest { parent: parent(), records: events.clone() }.encode_to_vec(),
        pb::StreamCasesRequest { parent: parent(), batch: 1, records: cases }.encode_to_vec(),
        pb::StreamEventsRequest { parent: parent(), batch: 1, records: events }.encode_to_vec(),
        pb::ListEventsRequest {
            parent: "jurisdictions/zz/cases/A".to_owned(),
            page_size: 10,
            page_token: "x".to_owned(),
        }
        .encode_to_vec(),
        pb::GetTimelineRequest {
            name: "jurisdictions/zz/cases/A".to_owned(),
            as_of: time(1_525_363_200),
            lifecycle: Some(pb::Lifecycle::default()),
        }
        .encode_to_vec(),
        pb::BatchCreateRejectsRequest { parent: parent(), rejects: vec![reject; 2] }
            .encode_to_vec(),
        pb::ReplayRejectRequest { name: name.clone(), record: Some(corrected) }.encode_to_vec(),
        pb::DismissRejectRequest { name, reason: "误登".to_owned() }.encode_to_vec(),
    ]
}
