//! An embedded DynamoDB in memory, served over HTTP on a free port of this machine until it is dropped.

use crate::tables::create_tables;
use dynoxide::Database;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running database.
#[derive(Debug)]
pub(crate) struct EmbeddedDatabase {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedDatabase {
    /// Starts a database with the template's tables.
    pub(crate) fn start() -> Self {
        let database = Database::memory().expect("an in-memory database");
        create_tables(&database);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener for tokio");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                // The server ends when it is told to, or when the sender is dropped.
                let serve = dynoxide::server::serve_on(listener, database);
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for EmbeddedDatabase {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The test has already failed when the server panicked.
            let _ = thread.join();
        }
    }
}
