"""What a site can be told of."""

from django.dispatch import Signal

called = Signal()
"""Somebody gets a stream, or an error on purpose: sent once for each run, before it
begins, with

* `entry`, the run's own `journal.Entry`, which changes while it plays,
* `call`, what was asked for, a `formats.call.Call`,
* `planned`, how many steps the run has; 0 for an error.

Receivers are called in the event loop, so they must not wait, nor use the database.
"""
