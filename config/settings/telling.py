"""Devices that speak to us, and how notices leave the house."""

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import PRODUCTION, env, networks_of

# --- sensors ----------------------------------------------------------------------------------
# docs/sensors.md tells what these do. A case closes by itself when its alerts have been clear for so many
# minutes and nobody has acted; what was held back opens its own case so long after its cause has gone.
ALERT_SETTLE_MINUTES = env.int("ALERT_SETTLE_MINUTES", default=10)
# Flapping: so many beginnings within so many minutes; over when it was steady for so long.
ALERT_FLAP_TIMES = env.int("ALERT_FLAP_TIMES", default=4)
ALERT_FLAP_MINUTES = env.int("ALERT_FLAP_MINUTES", default=60)
ALERT_QUIET_MINUTES = env.int("ALERT_QUIET_MINUTES", default=60)
# Devices below one parent whose alerts of one kind begin within so many minutes are one case.
ALERT_STORM_MINUTES = env.int("ALERT_STORM_MINUTES", default=10)
# What burns without a word for so long is marked as silent.
ALERT_STALE_HOURS = env.int("ALERT_STALE_HOURS", default=24)
# The broker that devices publish to: mqtt://user:password@host:1883, or mqtts:// for TLS. Empty: none.
# `manage.py mqtt` reads it; `make run` starts that where this is set.
MQTT_URL = env.str("MQTT_URL", default="")
MQTT_USERNAME = env.str("MQTT_USERNAME", default="")  # where they do not stand in the address
MQTT_PASSWORD = env.str("MQTT_PASSWORD", default="")
# One name for ever: the broker keeps for it what came while nobody listened. Two consumers need two.
MQTT_CLIENT_ID = env.str("MQTT_CLIENT_ID", default="yiwang")
# For TLS: the authority's certificate where it is none of the system's, and a certificate of our own.
MQTT_CA_FILE = env.str("MQTT_CA_FILE", default="")
MQTT_CERT_FILE = env.str("MQTT_CERT_FILE", default="")
MQTT_KEY_FILE = env.str("MQTT_KEY_FILE", default="")

# --- telling ----------------------------------------------------------------------------------
# How notices leave the house. What is not set here has a console twin, which writes into the log that
# something would have been sent. docs/running.md tells how to try them.
# E-mail: the SMTP server, and the address that mails come from.
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)  # STARTTLS, mostly on port 587
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)  # TLS from the first byte, mostly on port 465
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="yiwang@localhost")
# Text messages: the gateway's address, and the secret that signs what is posted there.
SMS_GATEWAY_URL = env.str("SMS_GATEWAY_URL", default="")
SMS_GATEWAY_SECRET = env.str("SMS_GATEWAY_SECRET", default="")
if SMS_GATEWAY_URL and not SMS_GATEWAY_SECRET:
    raise ImproperlyConfigured("SMS_GATEWAY_SECRET must be set beside SMS_GATEWAY_URL")
# WeChat Work: the address of a group's robot, or (with the agent's number) of an application, key included.
WEWORK_URL = env.str("WEWORK_URL", default="")
WEWORK_AGENT = env.int("WEWORK_AGENT", default=None)
# Webhooks' addresses and secrets are rows that an administrator keeps; here is whether they are called.
WEBHOOKS_ARE_SENT = env.bool("WEBHOOKS", default=PRODUCTION)
# Webhooks go to public addresses alone, by https. Networks that they may reach besides, by plain http too,
# where other systems of the house stand: "10.20.0.0/16,fd00:1::/64". As few as can be: who enters webhooks
# can knock at all of these.
WEBHOOK_NETWORKS = env.list("WEBHOOK_NETWORKS", default=[])
networks_of("WEBHOOK_NETWORKS", WEBHOOK_NETWORKS)
# Seconds that one letter may take, from the first byte to the last.
TRANSPORT_TIMEOUT = env.float("TRANSPORT_TIMEOUT", default=10.0)

# --- WeChat -----------------------------------------------------------------------------------
# The token of the district's account, as entered there beside the address …/api/v1/callbacks/wechat/.
# Without one the address does not exist.
WECHAT_TOKEN = env("WECHAT_TOKEN", default="")
# What the door is called among the systems.
WECHAT_CLIENT = env("WECHAT_CLIENT", default="WeChat")
# Where pictures may be fetched from, as in "https://mmbiz.qpic.cn/": by this scheme, whichever the message
# names, and below this path. Empty: none are fetched, and people are asked to describe what they show.
WECHAT_PICTURES = env("WECHAT_PICTURES", default="")
