"""Running code that nobody trusts: one process that may compute and nothing else.

Linux only. The layers, each of which holds without the others:

- *limits*: memory, processor time, size and number of files, threads (``setrlimit``), the wall clock (the parent);
- *another user*: a process that starts as root becomes uid 65534 first;
- *system-call filter* (seccomp): no process, program, socket, signal to others, or change of owner and mode;
- *Landlock*: reads only Python and the system's libraries, writes only in its own folder;
- *namespaces* (user, network, IPC, mount): no network device, and all that is mounted read-only but its own folder,
  which is a small file system in memory.

The filter must hold, and Landlock or the mount namespace; otherwise nothing is run (:func:`run` says *unavailable*).
"""

from __future__ import annotations

from pointsman_train.graders.sandbox.limits import LAYERS, Limits
from pointsman_train.graders.sandbox.parent import Report, run

__all__ = ["LAYERS", "Limits", "Report", "run"]
