//! What a command says to whoever started it. Neither standard output nor standard error is sure to be there, or to have
//! room: nothing here panics (H21), which `println!` does.

use std::{
    fmt,
    io::{self, ErrorKind, Write, stderr, stdout},
};

/// To standard output. Whoever has read enough (`| head`) may go: that is no error.
///
/// # Errors
///
/// Output that cannot be written, such as to a full disk.
pub fn write(text: &str) -> io::Result<()> {
    into(&mut stdout().lock(), text)
}

/// A line to standard error; where nobody can be told, nobody is.
pub fn complain(line: impl fmt::Display) {
    let _ = writeln!(stderr().lock(), "{line}");
}

fn into(out: &mut impl Write, text: &str) -> io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(io::Error::new(error.kind(), format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_is_no_error_and_a_full_disk_is() {
        assert!(into(&mut Broken(ErrorKind::BrokenPipe), "x").is_ok());
        let full = into(&mut Broken(ErrorKind::StorageFull), "x").unwrap_err();
        assert!(full.to_string().starts_with("cannot write to standard output"), "{full}");
    }
}
