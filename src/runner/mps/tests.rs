use std::os::unix::fs::PermissionsExt;

use super::*;

/// A tool in a folder of its own that writes down how it is called. `on_start` is what it does when told to start.
fn tool(on_start: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("control");
    let calls = folder.path().join("calls");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = -d ]; then word=start; else read word; fi\n\
         echo \"$word $CUDA_MPS_PIPE_DIRECTORY $CUDA_MPS_LOG_DIRECTORY\" >> '{}'\n\
         if [ \"$1\" = -d ]; then :; {on_start}\nfi\n",
        calls.display()
    );
    // Written by another process: if a child of a parallel test inherited our descriptor, the file would be busy.
    let written = Command::new("sh").args(["-c", "printf %s \"$1\" > \"$2\"", "sh", &script]).arg(&tool).status();
    assert!(written.unwrap().success());
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    (folder, tool)
}

fn calls(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("calls")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(120), "waited two minutes for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

const LONG: Duration = Duration::from_secs(600);

#[test]
fn a_daemon_ends_with_its_guard() {
    let (folder, tool) = tool("");
    let mps = Mps(Some(Daemon::start(tool.as_os_str(), LONG).unwrap()));
    let place = mps.0.as_ref().unwrap().folder.clone();
    let shown = place.display();
    assert_eq!(calls(folder.path()), [format!("start {shown} {shown}")]);
    // Sockets have names of at most 108 bytes, and nobody else may connect.
    assert!(place.starts_with("/tmp") && place.as_os_str().len() < 60);
    assert_eq!(std::fs::metadata(&place).unwrap().permissions().mode() & 0o077, 0);
    let mut command = Command::new("worker");
    mps.tell(&mut command);
    for name in PLACES {
        assert!(command.get_envs().any(|(key, value)| key == name && value == Some(place.as_os_str())));
    }
    drop(mps);
    wait("quit", || calls(folder.path()).len() == 2);
    assert_eq!(calls(folder.path())[1], format!("quit {shown} {shown}"));
    wait("the folder to go", || !place.exists());
    let mut command = Command::new("worker");
    Mps::default().tell(&mut command);
    assert_eq!(command.get_envs().count(), 0);
}

/// Not a test, but the process that the next test kills.
#[test]
#[ignore = "it only waits to be killed"]
fn holds_a_daemon() {
    let Some(tool) = std::env::var_os("PT4AL_TEST_TOOL") else { return };
    let _daemon = Daemon::start(&tool, LONG).unwrap();
    std::thread::sleep(LONG);
}

#[test]
fn a_daemon_ends_when_its_driver_is_killed() {
    for signal in ["-KILL", "-TERM"] {
        let (folder, tool) = tool("");
        let mut driver = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "runner::mps::tests::holds_a_daemon"])
            .env("PT4AL_TEST_TOOL", &tool)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait("the daemon", || calls(folder.path()).len() == 1);
        // The shell's own `kill`: the program of that name is not part of a minimal Debian.
        let script = format!("kill {signal} {}", driver.id());
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
        driver.wait().unwrap();
        wait("quit", || calls(folder.path()).len() == 2);
        assert!(calls(folder.path())[1].starts_with("quit /tmp/pt4al-mps-"), "{:?}", calls(folder.path()));
    }
}

#[test]
fn a_daemon_that_fails_or_hangs_is_given_up() {
    let (folder, failing) = tool("echo no such device >&2; exit 1");
    let why = Daemon::start(failing.as_os_str(), LONG).unwrap_err();
    assert_eq!(why, Fault::Failed("no such device".into()));
    // Part of it may be running, so it is still told to quit.
    wait("quit", || calls(folder.path()).len() == 2);
    let (_folder, hanging) = tool("exec sleep 600");
    let why = Daemon::start(hanging.as_os_str(), Duration::ZERO).unwrap_err();
    assert_eq!(why, Fault::Failed("no answer within 0 s".into()));
    assert_eq!(Daemon::start(OsStr::new("/no/such/tool"), LONG).unwrap_err(), Fault::Missing);
}

#[test]
fn a_daemon_is_there_while_its_process_lives() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!is_alive(folder.path()));
    let file = folder.path().join("nvidia-cuda-mps-control.pid");
    std::fs::write(&file, format!("{}\n", std::process::id())).unwrap();
    assert!(is_alive(folder.path()));
    std::fs::write(&file, "4194999\n").unwrap();
    assert!(!is_alive(folder.path()));
}

#[test]
fn clients_number_gpus_as_the_daemon_does() {
    assert_eq!(numbered_by_daemon("2,3"), Some("0,1".into()));
    assert_eq!(numbered_by_daemon("7"), Some("0".into()));
    assert_eq!(numbered_by_daemon("GPU-8932f937"), None);
    assert_eq!(numbered_by_daemon(""), None);
}
