"""What camgrid adds to Ansible; `ansible.cfg` points to it."""
