//! Quotes words for a POSIX shell, so that a printed command can be pasted and has the same arguments.

use std::ffi::OsStr;

use shlex::bytes::Quoter;

/// Quotes a command so that it can be pasted into `sh`, `bash` or `zsh`: each word becomes exactly that argument.
pub fn command<A: AsRef<OsStr>>(words: impl IntoIterator<Item = A>) -> String {
    words.into_iter().map(|argument| word(argument.as_ref())).collect::<Vec<_>>().join(" ")
}

/// Quotes one argument if necessary. Bytes that are not UTF-8, and control characters, which a terminal would
/// interpret, are written as `"$(printf '\377')"`. Line breaks stay, inside quotes: `$( )` would drop trailing ones.
pub fn word(argument: &OsStr) -> String {
    let bytes = argument.as_encoded_bytes();
    if bytes.is_empty() {
        return "''".into();
    }
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while !rest.is_empty() {
            let plain = rest.find(is_odd).unwrap_or(rest.len());
            let (before, after) = rest.split_at(plain);
            let odd = after.find(|c| !is_odd(c)).unwrap_or(after.len());
            push_quoted(&mut out, before);
            push_octal(&mut out, &after.as_bytes()[..odd]);
            rest = &after[odd..];
        }
        push_octal(&mut out, chunk.invalid());
    }
    out
}

fn is_odd(c: char) -> bool {
    c.is_control() && c != '\n'
}

fn push_quoted(out: &mut String, plain: &str) {
    if !plain.is_empty() {
        // Quoting fails only for NUL, which is a control character and never gets here.
        let quoted = Quoter::new().quote(plain.as_bytes()).unwrap_or_default();
        out.push_str(&String::from_utf8_lossy(&quoted));
    }
}

fn push_octal(out: &mut String, bytes: &[u8]) {
    if !bytes.is_empty() {
        let digits: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
        *out += &format!("\"$(printf '{digits}')\"");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_are_not_quoted() {
        let words = ["pt4al", "run", "experiments/demo.toml", "--jobs", "2", "--only", "core-set-seed3"];
        assert_eq!(command(words), "pt4al run experiments/demo.toml --jobs 2 --only core-set-seed3");
        assert_eq!(command(["--set", "samplers=[\"random\"]"]), "--set 'samplers=[\"random\"]'");
        assert_eq!(word(OsStr::new("")), "''");
    }

    /// The arguments that `sh` passes on for a command: the program prints them, each followed by NUL.
    #[cfg(unix)]
    fn arguments_of(command: &str) -> Vec<Vec<u8>> {
        let script = format!("pt4al() {{ for a in \"$@\"; do printf '%s\\000' \"$a\"; done; }}\n{command}\n");
        let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let mut arguments: Vec<Vec<u8>> = output.stdout.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
        assert_eq!(arguments.pop(), Some(Vec::new()));
        arguments
    }

    #[test]
    #[cfg(unix)]
    fn a_shell_gives_the_same_arguments_back() {
        use std::os::unix::ffi::OsStrExt;
        let hostile: Vec<&[u8]> = vec![
            b"samplers=[\"random\"]",
            b"seeds=[0,1,2]",
            b"it's \"so\"",
            b"'",
            b"",
            b" ",
            b"a b  c",
            b"$HOME ${HOME} $(id) `id`",
            b"`",
            b"a|b;c&d>e<f(g)h",
            b"{a,b} * ? [a-z] ~ # !! ^x",
            b"~/data",
            b"\\ \\n \\\\",
            b"two\nlines\n",
            b"\n",
            b"tab\tcr\resc\x1b[31mbell\x07",
            b"--only=(random|core-set)-seed[0-9]+",
            "résumé 数据 \u{85}\u{a0}".as_bytes(),
            b"not \xff\xfe UTF-8 \xc3",
            b"\xff\n\xff",
            b"-n",
            b"%s%%",
        ];
        let line =
            command([OsStr::new("pt4al")].into_iter().chain(hostile.iter().map(|bytes| OsStr::from_bytes(bytes))));
        assert_eq!(arguments_of(&line), hostile);
        // No control character is left.
        assert!(!line.contains(|c: char| c.is_control() && c != '\n'), "{line:?}");
    }
}
