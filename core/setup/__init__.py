"""Set-up from a fresh clone: the environment, front-end files, a browser; nothing of the platform itself."""
