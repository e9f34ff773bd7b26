//! A mail server that takes everything and remembers whose letters came: on a thread of its own, so that the worker does not wait
//! for it more than it would for another machine.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

const OFFERS: &[u8] = b"250-sink\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n";

/// How often each message came, by its Message-ID.
type Taken = Arc<Mutex<HashMap<String, usize>>>;

pub struct Sink {
    pub address: SocketAddr,
    taken: Taken,
}

impl Sink {
    pub fn start() -> Self {
        let taken = Taken::default();
        let (tell, told) = mpsc::channel();
        let kept = Arc::clone(&taken);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                while let Ok((tcp, _)) = listener.accept().await {
                    // An error is the client hanging up.
                    tokio::spawn(dialogue(tcp, Arc::clone(&kept)));
                }
            });
        });
        Self { address: told.recv().unwrap(), taken }
    }

    /// Messages taken, and how many of them more than once.
    pub fn taken(&self) -> (usize, usize) {
        let taken = self.taken.lock().unwrap();
        (taken.len(), taken.values().filter(|times| **times > 1).count())
    }
}

async fn dialogue(tcp: TcpStream, taken: Taken) -> std::io::Result<()> {
    tcp.set_nodelay(true)?;
    let (reader, mut writer) = tcp.into_split();
    let mut reader = BufReader::with_capacity(16 * 1024, reader);
    let mut answers: Vec<u8> = b"220 sink\r\n".to_vec();
    let mut line = Vec::new();
    loop {
        // Answers to commands that came together leave together (RFC 2920, 3.2).
        if reader.buffer().is_empty() {
            writer.write_all(&answers).await?;
            answers.clear();
        }
        line.clear();
        if reader.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        match line.get(..4).unwrap_or_default() {
            b"EHLO" => answers.extend_from_slice(OFFERS),
            b"DATA" => {
                writer.write_all(b"354 go\r\n").await?;
                let mut id = None;
                while line != b".\r\n" {
                    line.clear();
                    if reader.read_until(b'\n', &mut line).await? == 0 {
                        return Ok(());
                    }
                    if id.is_none() && line.starts_with(b"Message-ID: ") {
                        id = Some(String::from_utf8_lossy(&line).into_owned());
                    }
                }
                *taken.lock().unwrap().entry(id.unwrap_or_default()).or_default() += 1;
                answers.extend_from_slice(b"250 2.0.0 queued\r\n");
            }
            b"QUIT" => return writer.write_all(b"221 bye\r\n").await,
            _ => answers.extend_from_slice(b"250 2.0.0 ok\r\n"),
        }
    }
}
