"""``python -m sandbox``: bring stacks up in the sandbox, look at them, take them down."""

from sandbox.command import main

raise SystemExit(main())
