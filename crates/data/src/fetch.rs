//! Downloads of data sets, resumed where they broke off and checked before anything is unpacked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use ureq::http::{StatusCode, header};

use super::cifar10;
use pt4al_results::store::DataOrigin;

/// The official archive: 170,052,171 bytes.
pub const CIFAR10_URL: &str = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz";
const CIFAR10_SHA256: &str = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd";

const ARCHIVE: &str = "cifar-10-binary.tar.gz";
/// To look up the name and to connect, each.
const CONNECT: Duration = Duration::from_secs(30);
/// Without a single byte.
const STALLED: Duration = Duration::from_secs(60);

/// Told of the bytes that are there and, where the server says, of all that there will be.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>);

/// What [`cifar10()`] did.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The folder of the files.
    pub folder: PathBuf,
    /// What is in it.
    pub origin: DataOrigin,
    /// False if it was there already, so that nothing was downloaded.
    pub downloaded: bool,
}

/// Fetches CIFAR-10 into `<data_dir>/cifar-10-batches-bin/`, from the official server or from a mirror's `url`.
///
/// The archive comes into `<data_dir>/cifar-10-binary.tar.gz.part`; one that broke off is resumed. Its SHA-256 must
/// be the official one, wherever it came from, before it is unpacked; then it is removed. The folder appears whole or
/// not at all. A complete folder is left alone, whichever files are in it.
///
/// # Errors
/// One line with the remedy: no network, no such URL, a broken connection (run again to resume), another checksum
/// (the download is removed), another fetch under way, a folder that is there but not complete, a full disk.
pub fn cifar10(data_dir: &Path, url: Option<&str>, progress: Progress) -> Result<Fetched> {
    let agent = agent(ureq::Agent::config_builder());
    let url = url.unwrap_or(CIFAR10_URL);
    fetch(data_dir, &Source { agent, url, sha256: CIFAR10_SHA256, records: cifar10::RECORDS }, progress)
}

/// Reads the files below `data_dir` whole and says what they are.
///
/// # Errors
/// As [`cifar10::read`].
pub fn verify_cifar10(data_dir: &Path) -> Result<DataOrigin> {
    Ok(cifar10::read(data_dir)?.origin)
}

/// An archive and what it must be.
struct Source<'a> {
    agent: ureq::Agent,
    url: &'a str,
    sha256: &'a str,
    /// Records in each of its files.
    records: usize,
}

fn agent(config: ureq::config::ConfigBuilder<ureq::typestate::AgentScope>) -> ureq::Agent {
    config
        .http_status_as_error(false)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(STALLED))
        .timeout_per_read(Some(STALLED))
        .build()
        .new_agent()
}

fn fetch(data_dir: &Path, source: &Source, progress: Progress) -> Result<Fetched> {
    std::fs::create_dir_all(data_dir).map_err(|e| unwritable(data_dir, &e))?;
    let _lock = lock(data_dir)?;
    if let Ok(folder) = cifar10::locate(data_dir) {
        let read = cifar10::read_records(data_dir, source.records).map_err(|error| {
            // One of what may be a list, whose remedy is another.
            let error = format!("{error:#}");
            let why = error.lines().last().unwrap_or_default().trim();
            anyhow!("{} is there but not complete ({why}); move it away, then fetch again", folder.display())
        });
        let origin = read?.origin;
        return Ok(Fetched { folder, origin, downloaded: false });
    }

    let part = data_dir.join(format!("{ARCHIVE}.part"));
    download(&part, source, progress)?;
    let found = sha256(&part)?;
    if found != source.sha256 {
        remove(&part)?;
        bail!(
            "{}: not the official archive: its SHA-256 is {found}, expected {}; the download was removed, so fetch \
             again, from another server with --url if it happens twice",
            source.url,
            source.sha256
        );
    }
    let origin = unpack(&part, data_dir, source.records)?;
    remove(&part)?;
    Ok(Fetched { folder: data_dir.join(cifar10::FOLDER), origin, downloaded: true })
}

/// Keeps other fetches out until it is dropped. The file stays: removing it could let two in.
fn lock(data_dir: &Path) -> Result<File> {
    let path = data_dir.join(format!(".{ARCHIVE}.lock"));
    let file = OpenOptions::new().create(true).append(true).open(&path).map_err(|e| unwritable(&path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("{}: another fetch is under way; wait for it, or stop it", path.display())
        }
        Err(TryLockError::Error(e)) => Err(unwritable(&path, &e)),
    }
}

/// Appends to `part` what it lacks. A whole `part` is left as it is; whether it is right, its checksum tells.
fn download(part: &Path, source: &Source, progress: Progress) -> Result<()> {
    let url = source.url;
    let mut file = OpenOptions::new().create(true).append(true).open(part).map_err(|e| unwritable(part, &e))?;
    let mut done = file.metadata().map_err(|e| unwritable(part, &e))?.len();

    let mut request = source.agent.get(url).header(header::ACCEPT_ENCODING, "identity");
    if done > 0 {
        request = request.header(header::RANGE, format!("bytes={done}-"));
    }
    let response = request.call().map_err(|e| unreachable(url, part, &e))?;
    let length = response.body().content_length();
    let total = match response.status() {
        StatusCode::OK => {
            // The whole archive, though perhaps only the rest was asked for.
            file.set_len(0).map_err(|e| unwritable(part, &e))?;
            done = 0;
            length
        }
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(header::CONTENT_RANGE).and_then(|v| v.to_str().ok()).unwrap_or("");
            ensure!(
                range.starts_with(&format!("bytes {done}-")),
                "{url}: the server sent another part ({range:?}) than the one asked for (from byte {done}); remove {}, \
                 then fetch again",
                part.display()
            );
            length.map(|length| done + length)
        }
        // Nothing lies after the last byte that is here.
        StatusCode::RANGE_NOT_SATISFIABLE if done > 0 => return Ok(()),
        status => bail!("{url}: the server answered \"{status}\"; name another one with --url, or {}", by_hand(part)),
    };

    progress(done, total);
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let n = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => bail!("{url}: the connection broke after {done} bytes ({e}); fetch again to resume there"),
        };
        file.write_all(&buffer[..n]).map_err(|e| unwritable(part, &e))?;
        done += n as u64;
        progress(done, total);
    }
    Ok(())
}

/// Unpacks the archive into the folder beside it, which appears when it is whole.
fn unpack(archive: &Path, data_dir: &Path, records: usize) -> Result<DataOrigin> {
    let aside = data_dir.join(format!(".{}.unpacking", cifar10::FOLDER));
    // One may be left of an unpacking that was killed.
    let cleared = std::fs::remove_dir_all(&aside).or_else(|e| match e.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(e),
    });
    let unpacked = cleared.and_then(|()| std::fs::create_dir(&aside)).and_then(|()| extract(archive, &aside));
    unpacked.map_err(|e| {
        anyhow!("{}: cannot be unpacked ({e}); check the disk's free space, then fetch again", archive.display())
    })?;
    let origin = cifar10::read_records(&aside, records)?.origin;
    let target = data_dir.join(cifar10::FOLDER);
    std::fs::rename(&aside, &target).map_err(|e| unwritable(&target, &e))?;
    Ok(origin)
}

/// Writes the data set's files, and no other member of the archive, into `folder`. The names are ours, so no member
/// can lead elsewhere.
fn extract(archive: &Path, folder: &Path) -> io::Result<()> {
    let wanted: Vec<&str> = cifar10::FILES.iter().map(|(name, _)| *name).chain([cifar10::META]).collect();
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(archive)?));
    for member in archive.entries()? {
        let mut member = member?;
        let path = member.path()?.into_owned();
        let path = path.strip_prefix(".").unwrap_or(&path);
        let name = wanted.iter().find(|name| path == Path::new(cifar10::FOLDER).join(name));
        if let Some(name) = name.filter(|_| member.header().entry_type().is_file()) {
            let mut file = File::create(folder.join(name))?;
            io::copy(&mut member, &mut file)?;
            file.sync_all()?;
        }
    }
    Ok(())
}

fn sha256(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let copied = File::open(path).and_then(|mut file| io::copy(&mut file, &mut hash));
    copied.map_err(|e| anyhow!("{}: cannot be read ({e}); remove it, then fetch again", path.display()))?;
    Ok(pt4al_results::spec::hex(&hash.finalize()))
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(|e| unwritable(path, &e))
}

fn unwritable(path: &Path, error: &io::Error) -> anyhow::Error {
    let path = path.display();
    anyhow!("{path}: cannot be written ({error}); free some disk space, or name another data folder with --data")
}

fn unreachable(url: &str, part: &Path, error: &ureq::Error) -> anyhow::Error {
    anyhow!("{url}: cannot be reached ({error}); check the network, name a mirror with --url, or {}", by_hand(part))
}

/// How to do without the download.
fn by_hand(part: &Path) -> String {
    let data_dir = part.parent().unwrap_or(Path::new("."));
    let folder = data_dir.join(cifar10::FOLDER);
    format!("unpack {ARCHIVE} by hand, so that {} holds its files", folder.display())
}

#[cfg(test)]
mod tests;
