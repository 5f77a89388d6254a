//! Whole lives of two IKEv1 endpoints over a simulated link, and of one with a peer that is written from the documents.

mod bad_input;
mod loss;
mod pairs;
mod providers;
mod releases;
mod schedules;
mod windows;
