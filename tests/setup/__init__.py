"""What the tests need from the machine: a database server, a browser; nothing of the platform."""
