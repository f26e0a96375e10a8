"""A district's year, lived twice: as it was sorted by hand, and on this platform; same reports, same people.

`demand` makes what happens, `people` are desks and units with hours and hands, `work` is what a unit does
with a case either way. `by_hand` sends by sorting and forwarding, `platform` by the product's own actions in
a database of its own. `figures` measures both alike, `running` runs them and keeps what came of it.
"""
