"""What deploy/rollout does: a canary beside the stable version, behind one nginx.

docker.py   the engine and compose, by their commands
images.py   images of this service: which version of which model
stack.py    the containers of two colours, of which one is stable
replicas.py those of a colour: started until they are ready, and stopped
traffic.py  who is answered by which colour: files that nginx looks for
judging.py  a look of the judge, in a container of the stable version
journal.py  what was rolled out: when, by whom, by which verdict
lock.py     one command at a time
deployment.py the stack as it is found, and what is done to it
rollout.py  the steps: stages, promotion, roll back, switch
telling.py  what is printed of the state and of the journal
command.py  the options, and the exit codes

It needs Python's own library alone, and the docker command.
"""
