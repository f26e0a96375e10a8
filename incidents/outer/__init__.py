"""The public pages in a zone of their own, outside, which the core reaches and which cannot reach the core.

Both sides run the same code. Outside, the four functions of incidents.public are answered by `zone`, from
what the core has pushed there; what residents send is sealed for the core alone and waits. The core comes
for it (`reaching`), and nobody else begins a connection. See docs/outer-zone.md and decision 43.
"""
