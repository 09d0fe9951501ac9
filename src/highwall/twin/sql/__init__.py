"""The twin's store: one schema for SQLite (a file, or memory) and PostgreSQL, one noun a module.

Functions take a :class:`sqlalchemy.Connection` of :meth:`database.Database.begin` (one transaction) or ``read``.
"""
