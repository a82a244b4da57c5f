//! The real data plane: listeners, L4, L7, TLS, connections to servers, health, retries.
