//! This machine and this process.

/// The process's peak resident memory in MiB; 0 where the system does not tell.
pub fn peak_rss_mb() -> f64 {
    // First the process's own: getrusage() starts at what the process that launched it had.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let own =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    if let Some(kib) = own {
        return kib / 1024.0;
    }
    // SAFETY: getrusage fills the struct it is given, which is plain numbers.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        if libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) != 0 {
            return 0.0;
        }
        usage
    };
    // Linux counts in KiB, macOS in bytes.
    usage.ru_maxrss as f64 / if cfg!(target_os = "macos") { 1024.0 * 1024.0 } else { 1024.0 }
}

/// The processor's model and its logical cores.
pub fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": ")).map_or("unknown processor", |p| p.1);
    format!("{model}, {} logical cores", cores())
}

/// Logical cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The machine's name.
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".into(), |name| name.trim().to_owned())
}

/// A line for people, on standard error. Nobody listening is no reason to end a run of many hours.
pub fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Memory that could be taken now, in MiB, within the control group's limit; `None` where the system does not tell.
pub fn available_mb() -> Option<f64> {
    let in_group =
        |name| std::fs::read_to_string(format!("/sys/fs/cgroup/memory.{name}")).ok()?.trim().parse::<f64>().ok();
    let left = in_group("max").zip(in_group("current")).map(|(max, current)| (max - current) / 1024.0 / 1024.0);
    let free = free_mb();
    free.map(|free| left.map_or(free, |left| free.min(left)))
}

fn free_mb() -> Option<f64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

/// Now, as RFC 3339 in UTC, to the second.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_in_mib() {
        let peak = peak_rss_mb();
        assert!(peak > 1.0 && peak < 100_000.0, "{peak}");
    }
}
