//! Rules of the specifications, by their sections; two endpoints in one process.

mod ms_ikee;
mod rfc7296;
mod rfc7383;
