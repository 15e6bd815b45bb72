"""Deviations of vpclab that are known: the check's name, and what is different.

A check named here must find something; when it no longer does, its line goes.
"""

KNOWN = {
    "quoted-header": "port unreachables quote an IP header with identification 0 and don't fragment, whatever came",
    "sack-options": "selective acknowledgements stand before timestamps, without the padding of Linux",
    "window-scale": "hosts offer a window scale of 0, where Linux offers 7 or more",
}
