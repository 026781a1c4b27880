# Nothing of this module is seen by other modules of the core.
