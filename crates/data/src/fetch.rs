//! Downloads of data sets. A download that broke off is resumed, and its checksum is checked before it is unpacked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use ureq::http::{StatusCode, header};

use pt4al_results::spec::hex;
use pt4al_results::store::DataOrigin;

/// The longest time to look up the server's name, and the longest time to connect.
const CONNECT: Duration = Duration::from_secs(30);
/// The longest time without a single byte.
const STALLED: Duration = Duration::from_secs(60);

/// Called with the number of bytes downloaded so far and, if the server says it, the size of the whole archive in bytes.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>);

/// The result of a download ([`crate::catalogue::OnDisk::download`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The folder of the files.
    pub folder: PathBuf,
    /// What the files are.
    pub origin: DataOrigin,
    /// False if the files were there already, so that nothing was downloaded.
    pub downloaded: bool,
}

/// A `.tar.gz` on a server, and the folder that it is unpacked to.
#[derive(Clone, Copy)]
pub(crate) struct Archive<'a> {
    /// The official server's URL, or that of a mirror.
    pub url: &'a str,
    /// The SHA-256 that the archive must have, wherever it comes from, in hexadecimal digits.
    pub sha256: &'a str,
    /// The name of its file.
    pub name: &'a str,
    /// The folder in the archive, and in the data folder, that holds the files.
    pub folder: &'a str,
    /// The files in `folder` that are unpacked; other members of the archive are left out.
    pub members: &'a [&'a str],
    /// Finds the folder of the files below a data folder, or in it.
    pub locate: fn(&Path) -> Result<PathBuf>,
    /// Reads and checks the files below a data folder.
    pub read: fn(&Path) -> Result<DataOrigin>,
}

/// Downloads an archive and unpacks it to `<data_dir>/<folder>/`.
///
/// The archive is written to `<data_dir>/<name>.part`; a download that broke off is resumed. Its SHA-256 is checked
/// before it is unpacked; then it is removed. The folder appears only when it is whole. A complete folder is not
/// touched, even if its files are not the official ones.
///
/// # Errors
/// One line with the remedy: no network, no such URL, a broken connection (run again to resume), another checksum
/// (the download is removed), another fetch at the same time, a folder that is there but not complete, a full disk.
pub(crate) fn fetch(data_dir: &Path, archive: &Archive, progress: Progress) -> Result<Fetched> {
    fetch_with(&agent(ureq::Agent::config_builder()), data_dir, archive, progress)
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

fn fetch_with(agent: &ureq::Agent, data_dir: &Path, archive: &Archive, progress: Progress) -> Result<Fetched> {
    std::fs::create_dir_all(data_dir).map_err(|e| unwritable(data_dir, &e))?;
    let _lock = lock(data_dir, archive)?;
    if let Ok(folder) = (archive.locate)(data_dir) {
        let origin = (archive.read)(data_dir).map_err(|error| {
            // The error may be a list of problems with a remedy that does not fit here: quote the last problem alone.
            let error = format!("{error:#}");
            let why = error.lines().last().unwrap_or_default().trim();
            anyhow!("{} is there but not complete ({why}); move it away, then fetch again", folder.display())
        })?;
        return Ok(Fetched { folder, origin, downloaded: false });
    }

    let part = data_dir.join(format!("{}.part", archive.name));
    download(agent, &part, archive, progress)?;
    let found = sha256(&part)?;
    if found != archive.sha256 {
        remove(&part)?;
        bail!(
            "{}: not the official archive: its SHA-256 is {found}, expected {}; the download was removed, so fetch \
             again, from another server with --url if it happens twice",
            archive.url,
            archive.sha256
        );
    }
    let origin = unpack(&part, data_dir, archive)?;
    remove(&part)?;
    Ok(Fetched { folder: data_dir.join(archive.folder), origin, downloaded: true })
}

/// Keeps other fetches out until the lock is dropped. The lock's file is not removed, because removing it could let two
/// fetches in.
fn lock(data_dir: &Path, archive: &Archive) -> Result<File> {
    let path = data_dir.join(format!(".{}.lock", archive.name));
    let file = OpenOptions::new().create(true).append(true).open(&path).map_err(|e| unwritable(&path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("{}: another fetch is running; wait for it, or stop it", path.display())
        }
        Err(TryLockError::Error(e)) => Err(unwritable(&path, &e)),
    }
}

/// Appends to the file `part` the bytes that it lacks. A whole `part` is not changed; its checksum is compared later.
fn download(agent: &ureq::Agent, part: &Path, archive: &Archive, progress: Progress) -> Result<()> {
    let url = archive.url;
    let mut file = OpenOptions::new().create(true).append(true).open(part).map_err(|e| unwritable(part, &e))?;
    let mut done = file.metadata().map_err(|e| unwritable(part, &e))?.len();

    let mut request = agent.get(url).header(header::ACCEPT_ENCODING, "identity");
    if done > 0 {
        request = request.header(header::RANGE, format!("bytes={done}-"));
    }
    let response = request.call().map_err(|e| unreachable(archive, part, &e))?;
    let length = response.body().content_length();
    let total = match response.status() {
        StatusCode::OK => {
            // A server without ranges sends the whole archive, not the rest that was requested.
            file.set_len(0).map_err(|e| unwritable(part, &e))?;
            done = 0;
            length
        }
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(header::CONTENT_RANGE).and_then(|v| v.to_str().ok()).unwrap_or("");
            ensure!(
                range.starts_with(&format!("bytes {done}-")),
                "{url}: the server sent another part ({range:?}) than was requested (from byte {done}); remove {}, then fetch \
                 again",
                part.display()
            );
            length.map(|length| done + length)
        }
        // The part has all bytes of the archive already.
        StatusCode::RANGE_NOT_SATISFIABLE if done > 0 => return Ok(()),
        status => {
            bail!("{url}: the server answered \"{status}\"; name another one with --url, or {}", by_hand(archive, part))
        }
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

/// Unpacks the downloaded file `part` into a folder beside it, which gets its name when it is whole.
fn unpack(part: &Path, data_dir: &Path, archive: &Archive) -> Result<DataOrigin> {
    let aside = data_dir.join(format!(".{}.unpacking", archive.folder));
    // A killed process may have left one.
    let cleared = std::fs::remove_dir_all(&aside).or_else(|e| match e.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(e),
    });
    let unpacked = cleared.and_then(|()| std::fs::create_dir(&aside)).and_then(|()| extract(part, archive, &aside));
    unpacked.map_err(|e| {
        anyhow!("{}: cannot be unpacked ({e}); check the disk's free space, then fetch again", part.display())
    })?;
    let origin = (archive.read)(&aside)?;
    let target = data_dir.join(archive.folder);
    std::fs::rename(&aside, &target).map_err(|e| unwritable(&target, &e))?;
    Ok(origin)
}

/// Writes the files of `archive.members`, and no other member, from the downloaded file `part` into `folder`. File names
/// come from that list and not from the downloaded file, so nothing is written outside `folder`.
fn extract(part: &Path, archive: &Archive, folder: &Path) -> io::Result<()> {
    let mut tar = tar::Archive::new(GzDecoder::new(File::open(part)?));
    for member in tar.entries()? {
        let mut member = member?;
        let path = member.path()?.into_owned();
        let path = path.strip_prefix(".").unwrap_or(&path);
        let name = archive.members.iter().find(|name| path == Path::new(archive.folder).join(name));
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
    Ok(hex(&hash.finalize()))
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(|e| unwritable(path, &e))
}

fn unwritable(path: &Path, error: &io::Error) -> anyhow::Error {
    let path = path.display();
    anyhow!("{path}: cannot be written ({error}); free some disk space, or name another data folder with --data")
}

fn unreachable(archive: &Archive, part: &Path, error: &ureq::Error) -> anyhow::Error {
    let (url, by_hand) = (archive.url, by_hand(archive, part));
    anyhow!("{url}: cannot be reached ({error}); check the network, name a mirror with --url, or {by_hand}")
}

/// What to do without the download.
fn by_hand(archive: &Archive, part: &Path) -> String {
    let folder = part.parent().unwrap_or(Path::new(".")).join(archive.folder);
    format!("unpack {} by hand, so that {} holds its files", archive.name, folder.display())
}

#[cfg(test)]
mod tests;
