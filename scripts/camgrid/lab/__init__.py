"""The lab: hosts of a cluster as containers with a real systemd on one Linux machine.

To Ansible they are plain bare Debian hosts with an address and an SSH server. `scripts/lab` is the command;
tests use the modules directly (`from camgrid.lab import cut, down, host, up` and `camgrid.lab.config.Lab`):

    lab = Lab.open("test", "10.78.0.0/24")
    up.up(lab, up.Options(hosts_only=True))
    host.kill(lab, "g0m1")
    cut.cut(lab, "g0m2", ["g0m1"])
    down.down(lab)
"""
