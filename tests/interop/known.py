"""Deviations of vpclab that are known: the check's name, and what is different.

A check named here must find something; when it no longer does, its line goes.
"""

KNOWN = {
    "window-scale": "hosts offer a window scale of 0, where Linux offers 7 or more",
}
