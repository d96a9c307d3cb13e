"""Permissions for advertisers, their contacts and bank accounts."""

import rules

from accounts.choices import PLANNING_ROLES
from accounts.rules import is_admin, is_staff, role_in

manages_advertisers = role_in(*PLANNING_ROLES)

rules.add_perm("advertisers", is_staff)
for part in ("advertiser", "advertisercontact"):
    rules.add_perm(f"advertisers.view_{part}", is_staff)
    rules.add_perm(f"advertisers.add_{part}", manages_advertisers)
    rules.add_perm(f"advertisers.change_{part}", manages_advertisers)
rules.add_perm("advertisers.delete_advertiser", is_admin)
# Contacts and bank accounts are parts of an advertiser: deleting one is a change of the advertiser.
rules.add_perm("advertisers.delete_advertisercontact", manages_advertisers)
for action in ("view", "add", "change", "delete"):
    rules.add_perm(f"advertisers.{action}_advertiserbankaccount", manages_advertisers)
rules.add_perm("advertisers.reveal_advertiserbankaccount", is_admin)
