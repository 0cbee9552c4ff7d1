"""The engine over TCP, for tools that cannot use its socket: loopback only, and with a secret."""
