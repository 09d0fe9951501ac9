"""The live twin from outside: server, gateway, store, tags, and their demonstration."""
