//! The pretend world on real sockets: mocks, clients and commands.
