"""The outcome for each role on each page of the console: one table, which `test_console_table` requests line by line.

Below each section's address, a line contains the method, the rest of the address, whose object it is, the action, and
the outcome for each of ROLES. "Own" objects were created by the user or are the user; "both" means own and other; `?`
marks an action that hasn't been confirmed. The outcomes:

200    a page
shown  a page, and something changed: the user was signed out, or the reveal of a number was logged
ok     redirected, and the expected table has changed
on     redirected to another page
kept   redirected or shown the list again, and nothing has changed
gone   redirected to the home page: no such object for this user
login  redirected to the sign-in page
403    refused; 404 and 405 as usual
"""

from collections.abc import Iterator

ROLES = ["system_admin", "app_admin", "campaign_manager", "content_moderator", "user", "guest", "anonymous"]

TABLE = """
/admin/
  GET  .                               any          -                      200   200   200   200   login login login
  GET  {app_label}/                    any          accounts               200   200   404   404   login login login
  GET  {app_label}/                    any          advertisers            200   200   200   200   login login login
  GET  {app_label}/                    any          campaigns              200   200   200   200   login login login
  GET  {app_label}/                    any          ads                    200   200   200   200   login login login
  GET  {app_label}/                    any          auth                   404   404   404   404   login login login
  GET  search/                         any          -                      200   200   200   200   login login login
  GET  autocomplete/                   any          ad.campaign            200   200   200   200   login login login
  GET  autocomplete/                   any          campaign.advertiser    200   200   200   200   login login login
  GET  autocomplete/                   any          ad.moderated_by        200   200   200   200   login login login
  GET  autocomplete/                   any          user.role              404   404   404   404   login login login
  GET  autocomplete/                   any          auditentry.actor       200   200   200   200   login login login
  GET  autocomplete/                   any          campaign.campaign_name 403   403   403   403   login login login
  GET  jsi18n/                         any          -                      200   200   200   200   login login login
  GET  login/                          any          -                      on    on    on    on    200   200   200
  POST login/                          any          -                      ok    ok    ok    ok    ok    ok    ok
  GET  logout/                         any          -                      405   405   405   405   on    on    on
  POST logout/                         any          -                      shown shown shown shown kept  kept  kept
  GET  password_change/                own          -                      200   200   200   200   login login login
  POST password_change/                own          -                      ok    ok    ok    ok    login login login
  GET  password_change/done/           own          -                      200   200   200   200   login login login
  GET  {url}                           any          -                      404   404   404   404   login login login

/admin/campaigns/campaign/
  GET  .                               any          -                      200   200   200   200   login login login
  GET  add/                            any          -                      200   200   200   403   login login login
  POST add/                            any          -                      ok    ok    ok    403   login login login
  POST .                               both         delete_selected?       200   200   200   kept  login login login
  POST .                               own          delete_selected        ok    ok    ok    kept  login login login
  POST .                               other        delete_selected        ok    ok    403   kept  login login login
  POST .                               own          activate_selected      ok    ok    ok    kept  login login login
  POST .                               other        activate_selected      ok    ok    kept  kept  login login login
  POST .                               both         pause_selected         kept  kept  kept  kept  login login login
  POST .                               own          deactivate_selected    ok    ok    ok    kept  login login login
  POST .                               other        deactivate_selected    ok    ok    kept  kept  login login login

/admin/campaigns/campaign/{campaign_id}/
  GET  .                               other        -                      on    on    on    on    login login login
  GET  change/                         both         -                      200   200   200   200   login login login
  POST change/                         own          -                      ok    ok    ok    403   login login login
  POST change/                         other        -                      ok    ok    403   403   login login login
  POST change/                         own          status                 ok    ok    ok    403   login login login
  POST change/                         other        status                 ok    ok    403   403   login login login
  POST change/                         own          target-added           ok    ok    ok    403   login login login
  POST change/                         other        target-added           ok    ok    403   403   login login login
  POST change/                         own          target-changed         ok    ok    ok    403   login login login
  POST change/                         other        target-changed         ok    ok    403   403   login login login
  POST change/                         own          target-deleted         ok    ok    ok    403   login login login
  POST change/                         other        target-deleted         ok    ok    403   403   login login login
  GET  delete/                         own          -                      200   200   200   403   login login login
  GET  delete/                         other        -                      200   200   403   403   login login login
  POST delete/                         own          -                      ok    ok    ok    403   login login login
  POST delete/                         other        -                      ok    ok    403   403   login login login
  GET  history/                        both         -                      200   200   200   200   login login login
  GET  history/                        both         as_of                  200   200   200   200   login login login
  GET  why/                            both         -                      on    on    on    on    login login login

/admin/ads/ad/
  GET  .                               any          -                      200   200   200   200   login login login
  GET  add/                            any          -                      200   200   200   403   login login login
  POST add/                            own          -                      ok    ok    ok    403   login login login
  POST add/                            other        -                      ok    ok    200   403   login login login
  POST .                               both         delete_selected?       200   200   200   kept  login login login
  POST .                               own          delete_selected        ok    ok    ok    kept  login login login
  POST .                               other        delete_selected        ok    ok    403   kept  login login login
  POST .                               own          activate_selected      ok    ok    ok    kept  login login login
  POST .                               other        activate_selected      ok    ok    kept  kept  login login login
  POST .                               both         pause_selected         kept  kept  kept  kept  login login login
  POST .                               own          deactivate_selected    ok    ok    ok    kept  login login login
  POST .                               other        deactivate_selected    ok    ok    kept  kept  login login login
  POST .                               both         approve_selected?      200   200   kept  200   login login login
  POST .                               own          approve_selected       kept  kept  kept  kept  login login login
  POST .                               other        approve_selected       ok    ok    kept  ok    login login login
  POST .                               both         reject_selected?       200   200   kept  200   login login login
  POST .                               both         reject_selected        ok    ok    kept  ok    login login login

/admin/ads/ad/queue/
  GET  .                               any          -                      200   200   403   200   login login login

/admin/ads/ad/preview/
  GET  .                               any          -                      200   200   200   200   login login login
  GET  why/                            any          -                      200   200   200   200   login login login

/admin/ads/ad/board/
  GET  .                               any          -                      200   200   200   200   login login login

/admin/ads/ad/why/{campaign_id}/
  GET  .                               both         -                      200   200   200   200   login login login

/admin/ads/ad/{ad_id}/
  GET  .                               other        -                      on    on    on    on    login login login
  GET  change/                         both         -                      200   200   200   200   login login login
  POST change/                         own          -                      ok    ok    ok    kept  login login login
  POST change/                         other        -                      ok    ok    403   kept  login login login
  POST change/                         own          status                 ok    ok    ok    kept  login login login
  POST change/                         other        status                 ok    ok    403   kept  login login login
  POST change/                         own          slot-added             ok    ok    ok    kept  login login login
  POST change/                         other        slot-added             ok    ok    403   kept  login login login
  POST change/                         own          slot-changed           ok    ok    ok    kept  login login login
  POST change/                         other        slot-changed           ok    ok    403   kept  login login login
  POST change/                         own          slot-deleted           ok    ok    ok    kept  login login login
  POST change/                         other        slot-deleted           ok    ok    403   kept  login login login
  POST change/                         own          rating-added           ok    ok    ok    ok    login login login
  POST change/                         other        rating-added           ok    ok    403   ok    login login login
  POST change/                         own          rating-changed         ok    ok    ok    ok    login login login
  POST change/                         other        rating-changed         ok    ok    403   ok    login login login
  POST change/                         own          rating-deleted         ok    ok    ok    ok    login login login
  POST change/                         other        rating-deleted         ok    ok    403   ok    login login login
  GET  delete/                         own          -                      200   200   200   403   login login login
  GET  delete/                         other        -                      200   200   403   403   login login login
  POST delete/                         own          -                      ok    ok    ok    403   login login login
  POST delete/                         other        -                      ok    ok    403   403   login login login
  GET  history/                        both         -                      200   200   200   200   login login login
  GET  history/                        both         as_of                  200   200   200   200   login login login
  GET  approve/                        both         -                      200   200   403   200   login login login
  POST approve/                        own          -                      kept  kept  403   kept  login login login
  POST approve/                        other        -                      ok    ok    403   ok    login login login
  GET  reject/                         both         -                      200   200   403   200   login login login
  POST reject/                         both         -                      ok    ok    403   ok    login login login
  GET  why/                            both         -                      200   200   200   200   login login login

/admin/ads/device/
  GET  .                               any          -                      200   200   403   403   login login login
  GET  add/                            any          -                      200   200   403   403   login login login
  POST add/                            any          -                      shown shown 403   403   login login login
  POST .                               any          deactivate_selected    ok    ok    403   403   login login login
  POST .                               any          activate_selected      kept  kept  403   403   login login login
  POST .                               any          delete_selected?       200   200   403   403   login login login
  POST .                               any          delete_selected        ok    ok    403   403   login login login

/admin/ads/device/{device_id}/
  GET  .                               any          -                      on    on    on    on    login login login
  GET  change/                         any          -                      200   200   403   403   login login login
  POST change/                         any          -                      ok    ok    403   403   login login login
  POST change/                         any          inactive               ok    ok    403   403   login login login
  GET  delete/                         any          -                      200   200   403   403   login login login
  POST delete/                         any          -                      ok    ok    403   403   login login login
  GET  history/                        any          -                      200   200   gone  gone  login login login
  GET  history/                        any          as_of                  200   200   gone  gone  login login login
  GET  rotate-key/                     any          -                      200   200   403   403   login login login
  POST rotate-key/                     any          -                      shown shown 403   403   login login login

/admin/advertisers/advertiser/
  GET  .                               any          -                      200   200   200   200   login login login
  GET  add/                            any          -                      200   200   200   403   login login login
  POST add/                            any          -                      ok    ok    ok    403   login login login
  POST .                               both         delete_selected?       200   200   kept  kept  login login login
  POST .                               both         delete_selected        ok    ok    kept  kept  login login login

/admin/advertisers/advertiser/{advertiser_id}/
  GET  .                               other        -                      on    on    on    on    login login login
  GET  change/                         both         -                      200   200   200   200   login login login
  POST change/                         both         -                      ok    ok    ok    403   login login login
  POST change/                         both         contact-added          ok    ok    ok    403   login login login
  POST change/                         both         contact-changed        ok    ok    ok    403   login login login
  POST change/                         both         contact-deleted        ok    ok    ok    403   login login login
  POST change/                         both         account-added          ok    ok    ok    403   login login login
  POST change/                         both         account-changed        ok    ok    ok    403   login login login
  POST change/                         both         account-deleted        ok    ok    ok    403   login login login
  GET  delete/                         both         -                      200   200   403   403   login login login
  POST delete/                         both         -                      ok    ok    403   403   login login login
  GET  history/                        both         -                      200   200   200   200   login login login
  GET  history/                        both         as_of                  200   200   200   200   login login login
  GET  bank-accounts/{bank_id}/reveal/ both         -                      200   200   403   404   login login login
  POST bank-accounts/{bank_id}/reveal/ both         -                      shown shown 403   404   login login login

/admin/accounts/user/
  GET  .                               any          -                      200   200   403   403   login login login
  GET  add/                            any          -                      200   200   403   403   login login login
  POST add/                            any          -                      ok    ok    403   403   login login login
  POST .                               both         unlock                 ok    ok    403   403   login login login
  POST .                               system_admin unlock                 ok    kept  403   403   login login login
  POST .                               both         delete_selected        kept  kept  403   403   login login login
  POST .                               system_admin delete_selected        kept  kept  403   403   login login login

/admin/accounts/user/{user_id}/
  GET  .                               other        -                      on    on    on    on    login login login
  GET  change/                         own          -                      200   200   200   200   login login login
  GET  change/                         other        -                      200   200   gone  gone  login login login
  GET  change/                         system_admin -                      200   gone  gone  gone  login login login
  POST change/                         own          -                      ok    ok    ok    ok    login login login
  POST change/                         other        -                      ok    ok    gone  gone  login login login
  POST change/                         system_admin -                      ok    gone  gone  gone  login login login
  POST change/                         own          role                   kept  kept  kept  kept  login login login
  POST change/                         other        role                   ok    ok    gone  gone  login login login
  POST change/                         system_admin role                   ok    gone  gone  gone  login login login
  POST change/                         own          inactive               kept  kept  kept  kept  login login login
  POST change/                         other        inactive               ok    ok    gone  gone  login login login
  POST change/                         system_admin inactive               ok    gone  gone  gone  login login login
  POST change/                         own          top-role               kept  kept  kept  kept  login login login
  POST change/                         other        top-role               ok    200   gone  gone  login login login
  GET  delete/                         both         -                      200   403   403   403   login login login
  GET  delete/                         system_admin -                      200   403   403   403   login login login
  POST delete/                         both         -                      ok    403   403   403   login login login
  POST delete/                         system_admin -                      ok    403   403   403   login login login
  GET  history/                        own          -                      200   200   200   200   login login login
  GET  history/                        other        -                      200   200   gone  gone  login login login
  GET  history/                        system_admin -                      200   gone  gone  gone  login login login
  GET  to-password/                    both         -                      on    on    on    on    login login login
  GET  to-password/                    system_admin -                      on    on    on    on    login login login
  GET  password/                       own          -                      on    on    on    on    login login login
  GET  password/                       other        -                      200   200   404   404   login login login
  GET  password/                       system_admin -                      200   404   404   404   login login login
  POST password/                       own          -                      kept  kept  kept  kept  login login login
  POST password/                       other        -                      ok    ok    404   404   login login login
  POST password/                       system_admin -                      ok    404   404   404   login login login

/admin/accounts/role/
  GET  .                               any          -                      200   200   200   200   login login login
  GET  add/                            any          -                      403   403   403   403   login login login
  POST add/                            any          -                      403   403   403   403   login login login
  POST .                               any          delete_selected        kept  kept  kept  kept  login login login

/admin/accounts/role/{role_id}/
  GET  .                               any          -                      on    on    on    on    login login login
  GET  change/                         any          -                      200   200   200   200   login login login
  POST change/                         any          -                      403   403   403   403   login login login
  GET  delete/                         any          -                      403   403   403   403   login login login
  POST delete/                         any          -                      403   403   403   403   login login login
  GET  history/                        any          -                      200   200   200   200   login login login

/admin/accounts/auditentry/
  GET  .                               any          -                      200   200   403   403   login login login
  GET  add/                            any          -                      403   403   403   403   login login login
  POST add/                            any          -                      403   403   403   403   login login login
  POST .                               any          delete_selected        kept  kept  403   403   login login login

/admin/accounts/auditentry/{auditentry_id}/
  GET  .                               any          -                      on    on    on    on    login login login
  GET  change/                         any          -                      200   200   403   403   login login login
  GET  change/                         system_admin -                      200   gone  403   403   login login login
  POST change/                         any          -                      403   403   403   403   login login login
  GET  delete/                         any          -                      403   403   403   403   login login login
  POST delete/                         any          -                      403   403   403   403   login login login
  GET  history/                        any          -                      404   404   404   404   login login login

/admin/accounts/user/two-factor/
  GET  .                               own          two-factor             200   200   200   200   login login login
  POST .                               own          two-factor             200   200   200   200   login login login

/admin/accounts/user/email/
  GET  .                               own          -                      200   200   200   200   login login login
  POST .                               own          -                      ok    ok    ok    ok    login login login

/admin/accounts/user/{user_id}/to-email/
  GET  .                               both         -                      on    on    on    on    login login login

/admin/accounts/user/{user_id}/two-factor/off/
  GET  .                               own          two-factor-on          403   403   403   403   login login login
  GET  .                               other        two-factor-on          200   200   404   404   login login login
  GET  .                               system_admin two-factor-on          200   404   404   404   login login login
  POST .                               own          two-factor-on          403   403   403   403   login login login
  POST .                               other        two-factor-on          ok    ok    404   404   login login login
  POST .                               system_admin two-factor-on          ok    404   404   404   login login login

/admin/accounts/user/{user_id}/to-two-factor-off/
  GET  .                               both         -                      on    on    on    on    login login login

/admin/accounts/session/
  GET  .                               any          -                      200   200   200   200   login login login
  GET  add/                            any          -                      403   403   403   403   login login login
  POST add/                            any          -                      403   403   403   403   login login login
  POST .                               own          end_sessions           ok    ok    ok    ok    login login login
  POST .                               other        end_sessions           ok    ok    kept  kept  login login login
  POST .                               system_admin end_sessions           ok    kept  kept  kept  login login login
  POST .                               both         delete_selected        kept  kept  kept  kept  login login login

/admin/accounts/session/{session_id}/
  GET  .                               other        -                      on    on    on    on    login login login
  GET  change/                         own          -                      200   200   200   200   login login login
  GET  change/                         other        -                      200   200   gone  gone  login login login
  GET  change/                         system_admin -                      200   gone  gone  gone  login login login
  POST change/                         own          -                      403   403   403   403   login login login
  POST change/                         other        -                      403   403   403   403   login login login
  GET  delete/                         both         -                      403   403   403   403   login login login
  POST delete/                         both         -                      403   403   403   403   login login login
  GET  history/                        both         -                      404   404   404   404   login login login

/admin/accounts/securityevent/
  GET  .                               any          -                      200   200   403   403   login login login
  GET  add/                            any          -                      403   403   403   403   login login login
  POST add/                            any          -                      403   403   403   403   login login login
  POST .                               any          delete_selected        kept  kept  403   403   login login login

/admin/accounts/securityevent/{securityevent_id}/
  GET  .                               any          -                      on    on    on    on    login login login
  GET  change/                         any          -                      200   200   403   403   login login login
  GET  change/                         system_admin -                      200   gone  403   403   login login login
  POST change/                         any          -                      403   403   403   403   login login login
  GET  delete/                         any          -                      403   403   403   403   login login login
  POST delete/                         any          -                      403   403   403   403   login login login
  GET  history/                        any          -                      404   404   404   404   login login login

/admin/password_reset/
  GET  .                               any          -                      200   200   200   200   200   200   200
  POST .                               any          -                      ok    ok    ok    ok    ok    ok    ok
  GET  sent/                           any          -                      200   200   200   200   200   200   200

/admin/reset/
  GET  {uid}/{token}/                  any          -                      on    on    on    on    on    on    on
  POST {uid}/{token}/                  any          -                      kept  kept  kept  kept  kept  kept  kept
  GET  done/                           any          -                      200   200   200   200   200   200   200

/admin/email/
  GET  {uid}/{email_token}/            any          -                      200   200   200   200   200   200   200
  POST {uid}/{email_token}/            any          -                      ok    ok    ok    ok    ok    ok    ok
  GET  confirmed/                      any          -                      200   200   200   200   200   200   200
"""


def lines() -> Iterator[tuple[str, str, str, str, list[str]]]:
    """Method, address, whose, what and outcomes. A line with “both” becomes one for own and one for other."""
    section = ""
    for text in filter(None, map(str.strip, TABLE.splitlines())):
        if text.startswith("/"):
            section = text
            continue
        method, address, whose, what, *answers = text.split()
        for each in ("own", "other") if whose == "both" else (whose,):
            yield method, section + address.removeprefix("."), each, what, answers
