"""Deviations of vpclab that are known: the check's name, and what is different.

A check named here must find something; when it no longer does, its line goes.
"""

KNOWN = {
    "option-order": "TCP options stand in another order than Linux writes them, with other padding",
    "window-scale": "hosts offer a window scale of 0, where Linux offers 7 or more",
    "timestamps": "a SYN-ACK that answers a repeated SYN carries the timestamp of the first one",
}
