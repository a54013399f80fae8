//! Facts about this machine and this process.

/// The process's peak resident memory in MiB; 0 if the system does not report it.
pub fn peak_rss_mb() -> f64 {
    // Preferred to getrusage(), whose value starts at the memory of the process that launched this one.
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
    // ru_maxrss is in KiB on Linux and in bytes on macOS.
    usage.ru_maxrss as f64 / if cfg!(target_os = "macos") { 1024.0 * 1024.0 } else { 1024.0 }
}

/// The processor's model, its widest instruction set, and its logical cores.
pub fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    // These variables limit libtorch to a smaller instruction set.
    let limits: String = ["ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA"]
        .into_iter()
        .filter_map(|name| Some(format!(", {name}={}", std::env::var(name).ok()?)))
        .collect();
    format!("{}{limits}, {} logical cores", processor(&info), cores())
}

/// The model and the widest instruction set in `/proc/cpuinfo`. The model alone is not enough: cloud machines share
/// model names, and libtorch chooses its kernels by the instruction set.
fn processor(info: &str) -> String {
    let line = |key: &str| info.lines().find_map(|l| Some(l.strip_prefix(key)?.split_once(": ")?.1));
    let model = line("model name").unwrap_or("unknown processor");
    let flags: Vec<&str> = line("flags").unwrap_or_default().split_whitespace().collect();
    let sets = [
        ("amx_bf16", "AMX"),
        ("avx512_bf16", "AVX-512 with bf16"),
        ("avx512bw", "AVX-512"),
        ("avx2", "AVX2"),
        ("sse4_1", "SSE4.1"),
    ];
    match sets.iter().find(|(flag, _)| flags.contains(flag)) {
        Some((_, set)) => format!("{model} ({set})"),
        None => model.to_owned(),
    }
}

/// The number of logical cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The number of cores of the whole machine that are busy, measured over 0.3 s; `None` if the system does not report
/// it.
pub fn busy_cores() -> Option<f64> {
    let read = || std::fs::read_to_string("/proc/stat").ok();
    let before = read()?;
    std::thread::sleep(std::time::Duration::from_millis(300));
    busy_between(&before, &read()?)
}

/// Computes [`busy_cores`] from the contents of `/proc/stat` at two moments. Its numbers are times of all cores by kind
/// of work; the fourth and fifth are idle times.
fn busy_between(before: &str, after: &str) -> Option<f64> {
    let times = |text: &str| -> Option<(f64, f64)> {
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let times = line.split_whitespace().take(8).map(str::parse).collect::<Result<Vec<f64>, _>>().ok()?;
        Some((times.iter().sum(), times.get(3)? + times.get(4)?))
    };
    let cores = after.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count();
    let ((all, idle), (all_then, idle_then)) = (times(after)?, times(before)?);
    let (all, idle) = (all - all_then, idle - idle_then);
    (all > 0.0).then(|| cores as f64 * (1.0 - idle / all).max(0.0))
}

/// The machine's name.
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "unknown".into(), |name| name.trim().to_owned())
}

/// Prints a line on standard error. Errors are ignored: a closed standard error must not end a run of many hours.
pub fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The memory in MiB that is available now within the control group's limit; `None` if the system does not report it.
pub fn available_mb() -> Option<f64> {
    let in_group = |name| std::fs::read_to_string(format!("/sys/fs/cgroup/memory.{name}")).unwrap_or_default();
    let left = left_in_group_mb(&in_group("max"), &in_group("current"), &in_group("stat"));
    let free = free_mb();
    free.map(|free| left.map_or(free, |left| free.min(left)))
}

/// The memory in MiB that a control group may still use, from the contents of its files; `None` without a limit. Cached
/// files count as available: the kernel frees them when memory is needed.
fn left_in_group_mb(max: &str, current: &str, stat: &str) -> Option<f64> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let cached_files: f64 = stat
        .lines()
        .filter_map(|line| line.strip_prefix("inactive_file ").or_else(|| line.strip_prefix("active_file ")))
        .filter_map(number)
        .sum();
    Some((number(max)? - number(current)? + cached_files) / 1024.0 / 1024.0)
}

/// The free space in bytes on the disk that holds a folder; `None` if the system does not report it.
pub fn free_disk(folder: &std::path::Path) -> Option<u64> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let path = std::ffi::CString::new(folder.as_os_str().as_bytes()).ok()?;
        // SAFETY: statvfs reads the path and fills the struct it is given, which is plain numbers.
        let disk = unsafe {
            let mut disk: libc::statvfs = std::mem::zeroed();
            if libc::statvfs(path.as_ptr(), &raw mut disk) != 0 {
                return None;
            }
            disk
        };
        #[allow(clippy::unnecessary_cast)] // the fields have other widths on other systems
        Some(disk.f_bavail as u64 * disk.f_frsize as u64)
    }
    #[cfg(not(unix))]
    None
}

fn free_mb() -> Option<f64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

/// The current time as RFC 3339 in UTC, to the second.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_named_with_its_widest_instruction_set() {
        let info = |flags: &str| format!("processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: {flags}\n");
        assert_eq!(processor(&info("fpu sse4_1 avx avx2 avx512bw avx512_bf16")), "AMD EPYC (AVX-512 with bf16)");
        assert_eq!(processor(&info("fpu sse4_1 avx avx2 avx512bw")), "AMD EPYC (AVX-512)");
        assert_eq!(processor(&info("fpu sse4_1 avx avx2")), "AMD EPYC (AVX2)");
        assert_eq!(processor(&info("fpu")), "AMD EPYC");
        assert_eq!(processor(""), "unknown processor");
    }

    #[test]
    fn memory_is_in_mib() {
        let peak = peak_rss_mb();
        assert!(peak > 1.0 && peak < 100_000.0, "{peak}");
    }

    #[test]
    fn cached_files_of_a_control_group_count_as_available() {
        let stat = "anon 1048576\nfile 3145728\ninactive_file 2097152\nactive_file 1048576\nslab 1\n";
        assert_eq!(left_in_group_mb("10485760\n", "7340032\n", stat), Some(6.0));
        assert_eq!(left_in_group_mb("max\n", "7340032\n", stat), None);
        assert_eq!(left_in_group_mb("", "", ""), None);
    }

    #[test]
    fn busy_cores_are_computed_from_times_with_and_without_work() {
        let before = "cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 1\ncpu1 1\ncpu2 1\ncpu3 1\nintr 5\n";
        let after = "cpu  220 0 70 1050 60 0 0 0 7 0\ncpu0 1\ncpu1 1\ncpu2 1\ncpu3 1\nintr 5\n";
        // Four cores had 400 ticks, 260 of them idle.
        assert!((busy_between(before, after).unwrap() - 1.4).abs() < 1e-9);
        assert_eq!(busy_between(before, before), None);
        assert_eq!(busy_between("", ""), None);
    }

    #[test]
    fn a_disk_has_room() {
        assert!(free_disk(&std::env::temp_dir()).is_none_or(|bytes| bytes > 0));
        assert_eq!(free_disk(std::path::Path::new("/no/such/folder")), None);
    }
}
