//! Against a server on the loopback address that answers a given number of requests and stops.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::thread::JoinHandle;

use super::*;
use crate::cifar10;
use crate::cifar10::tests::{tiny_file, tiny_meta};

/// How the server behaves.
#[derive(Clone, Copy)]
enum Manner {
    /// As it should.
    Ranges,
    /// Sends everything, whatever was asked for.
    NoRanges,
    /// Promises everything, sends so many bytes and hangs up.
    HangsUpAfter(usize),
    NotFound,
}

/// What a request asked for and what it got.
#[derive(Debug, PartialEq)]
struct Served {
    range: Option<String>,
    body: usize,
}

/// Serves `archive` once in each of the manners; gives the URL and, when all are done, what was served.
fn serve(archive: &[u8], manners: &[Manner]) -> (String, JoinHandle<Vec<Served>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/archive.tar.gz", listener.local_addr().unwrap());
    let (archive, manners) = (archive.to_vec(), manners.to_vec());
    let answer = move |manner| {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let range = head.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("range").then(|| value.to_owned())
        });
        let from = range.as_ref().map_or(0, |r| r["bytes=".len()..].trim_end_matches('-').parse().unwrap());
        let (status, extra, body) = match manner {
            Manner::NotFound => ("404 Not Found", String::new(), &b"no"[..]),
            Manner::Ranges if from >= archive.len() => ("416 Range Not Satisfiable", String::new(), &b""[..]),
            Manner::Ranges if from > 0 => {
                let range = format!("Content-Range: bytes {from}-{}/{}\r\n", archive.len() - 1, archive.len());
                ("206 Partial Content", range, &archive[from..])
            }
            _ => ("200 OK", String::new(), &archive[..]),
        };
        let sent = if let Manner::HangsUpAfter(n) = manner { n } else { body.len() };
        let length = body.len();
        write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{extra}Content-Length: {length}\r\n\r\n").unwrap();
        stream.write_all(&body[..sent]).unwrap();
        Served { range, body: sent }
    };
    (url, std::thread::spawn(move || manners.into_iter().map(answer).collect()))
}

/// An archive of files of two records, with members that must not be written.
fn archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut member = |name: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        // Written into the header by hand: the crate refuses to make such names.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, bytes).unwrap();
    };
    member("../escaped", b"bad");
    member("cifar-10-batches-bin/../../escaped", b"bad");
    member("/tmp/pt4al-escaped", b"bad");
    member("cifar-10-batches-bin/readme.html", b"not needed");
    member("cifar-10-batches-bin/batches.meta.txt", tiny_meta().as_bytes());
    for (name, _) in cifar10::FILES {
        member(&format!("./cifar-10-batches-bin/{name}"), &tiny_file(2));
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn read_tiny(data_dir: &Path) -> Result<DataOrigin> {
    Ok(cifar10::read_records(data_dir, 2)?.origin)
}

/// A data folder and the archive that is served for it.
struct Case {
    dir: tempfile::TempDir,
    archive: Vec<u8>,
    sha256: String,
}

impl Case {
    fn new() -> Self {
        let archive = archive();
        let sha256 = pt4al_results::spec::hex(&Sha256::digest(&archive));
        Self { dir: tempfile::tempdir().unwrap(), archive, sha256 }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn part(&self) -> PathBuf {
        self.data().join("cifar-10-binary.tar.gz.part")
    }

    /// Leaves the first `n` bytes of `bytes` as a download that broke off.
    fn broke_off(&self, bytes: &[u8]) {
        std::fs::create_dir_all(self.data()).unwrap();
        std::fs::write(self.part(), bytes).unwrap();
    }

    fn fetch(&self, url: &str) -> Result<Fetched, String> {
        // Straight to the loopback address, whatever proxy the environment names.
        let agent = agent(ureq::Agent::config_builder().proxy(None));
        let archive = Archive { url, sha256: &self.sha256, read: read_tiny, ..cifar10::ARCHIVE };
        fetch_with(&agent, &self.data(), &archive, &mut |_, _| {}).map_err(|e| {
            let error = format!("{e:#}");
            assert!(!error.contains('\n'), "{error}");
            error
        })
    }

    /// Fetches from a server of one manner, which must succeed.
    fn fetch_from(&self, manner: Manner) -> Served {
        let (url, server) = serve(&self.archive, &[manner]);
        let fetched = self.fetch(&url).unwrap();
        assert_eq!((fetched.origin.pool, fetched.downloaded), (10, true));
        self.assert_only_the_files();
        server.join().unwrap().remove(0)
    }

    /// The data folder holds the data set and the lock; nothing escaped from it.
    fn assert_only_the_files(&self) {
        let names = |folder: &Path| {
            let mut names: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(self.dir.path()), ["data"]);
        assert_eq!(names(&self.data()), [".cifar-10-binary.tar.gz.lock", "cifar-10-batches-bin"]);
        assert_eq!(names(&self.data().join("cifar-10-batches-bin")).len(), 7);
        assert!(!Path::new("/tmp/pt4al-escaped").exists());
    }
}

#[test]
fn a_whole_download_is_unpacked_and_a_second_one_needs_no_server() {
    let case = Case::new();
    let served = case.fetch_from(Manner::Ranges);
    assert_eq!(served, Served { range: None, body: case.archive.len() });

    let again = case.fetch("http://127.0.0.1:1/").unwrap();
    assert!(!again.downloaded && again.folder.ends_with("cifar-10-batches-bin"));
    std::fs::remove_file(again.folder.join("test_batch.bin")).unwrap();
    let error = case.fetch("http://127.0.0.1:1/").unwrap_err();
    assert!(error.contains("test_batch.bin: no such file") && error.contains("; move it away"), "{error}");
}

#[test]
fn a_part_is_resumed() {
    let case = Case::new();
    let half = case.archive.len() / 2;
    case.broke_off(&case.archive[..half]);
    let served = case.fetch_from(Manner::Ranges);
    assert_eq!(served, Served { range: Some(format!("bytes={half}-")), body: case.archive.len() - half });
}

#[test]
fn a_server_without_ranges_starts_over() {
    let case = Case::new();
    case.broke_off(b"something else");
    let served = case.fetch_from(Manner::NoRanges);
    assert_eq!(served, Served { range: Some("bytes=14-".into()), body: case.archive.len() });
}

#[test]
fn what_a_kill_while_unpacking_left_is_used_and_cleared() {
    let case = Case::new();
    case.broke_off(&case.archive);
    std::fs::create_dir(case.data().join(".cifar-10-batches-bin.unpacking")).unwrap();
    assert_eq!(case.fetch_from(Manner::Ranges).body, 0);
}

#[test]
fn a_broken_connection_keeps_the_part_for_the_next_time() {
    let case = Case::new();
    let (url, server) = serve(&case.archive, &[Manner::HangsUpAfter(100), Manner::Ranges]);
    let error = case.fetch(&url).unwrap_err();
    assert!(error.contains("the connection broke after 100 bytes") && error.contains("fetch again"), "{error}");
    assert_eq!(std::fs::metadata(case.part()).unwrap().len(), 100);
    case.fetch(&url).unwrap();
    assert_eq!(server.join().unwrap()[1].range.as_deref(), Some("bytes=100-"));
    case.assert_only_the_files();
}

#[test]
fn another_checksum_is_refused_before_anything_is_unpacked() {
    let mut case = Case::new();
    let official = std::mem::replace(&mut case.sha256, "0".repeat(64));
    let (url, server) = serve(&case.archive, &[Manner::Ranges]);
    let error = case.fetch(&url).unwrap_err();
    server.join().unwrap();
    assert!(error.contains(&official) && error.contains(&case.sha256), "{error}");
    assert!(!case.part().exists() && !case.data().join("cifar-10-batches-bin").exists());
}

#[test]
fn what_cannot_be_had_is_told_with_the_way_by_hand() {
    let case = Case::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = case.fetch(&format!("http://{closed}/archive.tar.gz")).unwrap_err();
    assert!(error.contains("cannot be reached") && error.contains("refused"), "{error}");
    assert!(error.contains("--url") && error.contains("data/cifar-10-batches-bin"), "{error}");

    let (url, server) = serve(&case.archive, &[Manner::NotFound]);
    let error = case.fetch(&url).unwrap_err();
    server.join().unwrap();
    assert!(error.contains("the server answered \"404 Not Found\""), "{error}");
}

#[test]
fn two_fetches_do_not_write_the_same_part() {
    let case = Case::new();
    std::fs::create_dir_all(case.data()).unwrap();
    let _held = lock(&case.data(), &cifar10::ARCHIVE).unwrap();
    let error = case.fetch("http://127.0.0.1:1/").unwrap_err();
    assert!(error.contains("another fetch is running"), "{error}");
}
