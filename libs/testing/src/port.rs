use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// A loopback port that nobody listens on now. Somebody else may take it first: where a server
/// can take port 0 itself, let it.
///
/// # Errors
///
/// If the system has no port to give.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
