//! The server as its users meet it: the real binary, over HTTP, on both engines.

mod crash;
mod path;
mod process;
