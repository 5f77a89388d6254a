//! The ikee runtime as a library: sockets, timers, configuration, userspace ESP.
