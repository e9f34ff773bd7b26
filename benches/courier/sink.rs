//! A mail server that takes everything and keeps nothing: `courier --sink` in a process of its own, so that its work is not counted
//! as the courier's.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

const OFFERS: &[u8] = b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n";

/// The sink as another process; ended when dropped.
pub struct Sink {
    child: Child,
    pub address: SocketAddr,
}

impl Sink {
    pub fn start() -> Self {
        let program = std::env::current_exe().unwrap();
        let mut child =
            Command::new(program).arg("--sink").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, address: ([127, 0, 0, 1], port.trim().parse::<u16>().unwrap()).into() }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// Serves until whoever started it is gone.
pub fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for tcp in listener.incoming().flatten() {
            // An error is the client hanging up.
            std::thread::spawn(move || dialogue(&tcp));
        }
    });
    let _until_closed = std::io::stdin().read_to_end(&mut Vec::new());
}

fn dialogue(tcp: &TcpStream) -> std::io::Result<()> {
    tcp.set_nodelay(true)?;
    let (mut reader, mut writer) = (BufReader::with_capacity(16 * 1024, tcp), tcp);
    let mut answers: Vec<u8> = b"220 sink\r\n".to_vec();
    let mut line = Vec::new();
    loop {
        // Answers to commands that came together leave together (RFC 2920, 3.2).
        if reader.buffer().is_empty() {
            writer.write_all(&answers)?;
            answers.clear();
        }
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        match line.get(..4).unwrap_or_default() {
            b"EHLO" => answers.extend_from_slice(OFFERS),
            b"DATA" => {
                writer.write_all(b"354 go\r\n")?;
                while line != b".\r\n" {
                    line.clear();
                    if reader.read_until(b'\n', &mut line)? == 0 {
                        return Ok(());
                    }
                }
                answers.extend_from_slice(b"250 2.0.0 queued\r\n");
            }
            b"QUIT" => return writer.write_all(b"221 bye\r\n"),
            _ => answers.extend_from_slice(b"250 2.0.0 ok\r\n"),
        }
    }
}
