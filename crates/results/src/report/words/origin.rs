//! Where, when and on which data results were made, from their manifest.

use crate::report::page::Block;
use crate::store::{Manifest, Session};
use crate::words::{duration, thousands};

/// The commands that made the results, each once.
pub(crate) fn commands(manifest: &Manifest) -> Block {
    let mut commands: Vec<&str> = Vec::new();
    for session in &manifest.sessions {
        if !commands.contains(&session.command.as_str()) {
            commands.push(&session.command);
        }
    }
    // A line break inside quotes is part of the command.
    let shown = |command: &str| command.replace(|c: char| c.is_control() && c != '\n', " ") + "\n";
    let commands: String = commands.into_iter().map(shown).collect();
    Block::code("sh", commands)
}

/// Where, when and on which data the results were made, a line each.
pub(crate) fn origin(manifest: Option<&Manifest>) -> Vec<String> {
    let Some(manifest) = manifest else {
        return vec!["No manifest.json: where and on which data this ran is not known.".into()];
    };
    let data = &manifest.data;
    let each = |value: fn(&Session) -> String| manifest.each(value).into_iter().collect::<Vec<_>>().join(", ");
    let note = data.note.trim().trim_end_matches('.');
    let note = if note.is_empty() { String::new() } else { format!(" {note}.") };
    let mut lines = vec![format!(
        "Data: {}, pool of {} images, {} test images, fingerprint `{}`.{note}",
        data.name,
        thousands(data.pool),
        thousands(data.test),
        data.fingerprint
    )];
    if let (Some(first), Some(last)) = (manifest.sessions.first(), manifest.sessions.last()) {
        let finished = match last.finished.as_str() {
            "" => "an end that is not recorded (it still runs, or was killed)",
            finished => finished,
        };
        let sessions = match manifest.sessions.len() {
            1 => String::new(),
            n => format!(", in {n} sessions"),
        };
        lines.push(format!("Ran from {} to {finished}{sessions}.", first.started));
        lines.extend(manifest.sessions.iter().filter_map(took));
        lines.push(format!(
            "Device: {}; processor: {}; host: {}.",
            each(|s| s.device.clone()),
            each(|s| s.cpu.clone()),
            each(|s| s.host.clone())
        ));
        lines.push(format!(
            "Threads of a process on the CPU: {}. Values on a CPU repeat bit for bit only on the same processor type with the \
             same number of threads.",
            each(|s| s.threads.to_string())
        ));
        lines.push(format!("Program: {}; libtorch {}.", each(Session::program), each(|s| s.libtorch.clone())));
    }
    lines
}

/// The estimate of a session beside the time that it took; `None` if either is not known.
fn took(session: &Session) -> Option<String> {
    let (estimate, seconds) = (session.estimate?, session.seconds()?);
    let how = if estimate.measured { "measured just before it" } else { "from the amount of work" };
    Some(format!(
        "The session of {} was estimated to take {} ({how}), and took {}.",
        session.started,
        estimate.in_words(),
        duration(seconds)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{manifest, spec};
    use crate::store::Estimate;

    /// The session ran for an hour.
    #[test]
    fn what_a_session_was_to_take_stands_beside_what_it_took() {
        let mut session = manifest(&spec()).sessions.remove(0);
        assert_eq!(took(&session), None);
        let mut said = |seconds, measured| {
            session.estimate = Some(Estimate { seconds, measured });
            took(&session).unwrap()
        };
        let of = "The session of 2026-01-02T03:04:05Z was estimated to take";
        assert_eq!(said(3000.0, true), format!("{of} about 50 min (measured just before it), and took 60 min."));
        assert_eq!(said(7200.0, false), format!("{of} at most 2.0 h (from the amount of work), and took 60 min."));
        session.finished.clear();
        assert_eq!(took(&session), None);
    }
}
