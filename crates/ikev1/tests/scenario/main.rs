//! Whole lives of two endpoints over a link that loses, doubles and delays datagrams.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod outliving;
mod pair;

mod aggressive;
mod brought;
mod children;
mod damage;
mod deviations;
mod gate;
mod lifetimes;
mod main_mode;
mod policies;
mod reconfiguration;
mod refusals;
mod seam;
mod signatures;
mod transactions;
mod wishes;
