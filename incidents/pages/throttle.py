"""How often one address may do something: see accounts/throttle.py."""

from accounts.throttle import Throttle as Throttle
from accounts.throttle import address_of as address_of
from accounts.throttle import sign_in_address as sign_in_address
from accounts.throttle import whole_address as whole_address
