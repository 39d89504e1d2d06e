"""Networks run by one process, which has the device, for all workers of a server.

places.py     the processor or a device: its name, and the memory in use
channel.py    arrays handed from process to process, by memory that both have mapped
joint_run.py  what waits for a network, run together as far as that changes no answer
owner.py      the loop of the process with the device
client.py     a worker's end: networks that run there, as if they ran here
process.py    starts that process, and again when it has ended

Where a network runs is set by runtimes/device.py. The process itself is
service/device.py.
"""
