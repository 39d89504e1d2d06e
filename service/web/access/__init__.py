"""Who may call, and how much.

private_file.py  a file that only its owner writes
key_file.py      the keys: made, listed and revoked
local_key.py     the key of a service that has no key file
keyring.py       the keys while serving, read again when their file changes
boot_clock.py    seconds that no step of the clock changes
count_table.py   counts in a mapped file that all processes of a host share
storage.py       what is spent of each limit, on a host
redis_client.py  a Redis with one deadline, whose answers are checked
redis_storage.py what is spent of each limit, at all replicas
limits.py        what is left of a client's budget
platforms.py     platforms that let nobody but their own callers in
auth.py          who may ask for which route, and how often: before anything else
"""
