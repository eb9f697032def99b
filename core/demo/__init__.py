"""Two demo tenants with believable data, written through the same path as everything else."""

from core.demo.make import LOGINS, PASSWORD, TENANTS, make_demo

__all__ = ["LOGINS", "PASSWORD", "TENANTS", "make_demo"]
