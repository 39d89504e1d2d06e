"""How much a client may, counted for all workers of a host or for all replicas."""
