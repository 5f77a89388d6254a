//! ESP and AH packets: seal, open, replay window, UDP encapsulation.
