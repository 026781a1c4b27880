# Nothing of this module is seen by Python: its names are in the .pxd.
