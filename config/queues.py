"""How many messages wait in each of the broker's queues, whichever broker it is."""

from typing import Any

from celery import Celery
from kombu import Connection
from kombu.exceptions import ChannelError, KombuError
from kombu.exceptions import ConnectionError as LinkError
from redis.exceptions import RedisError

BROKER_ERRORS: tuple[type[BaseException], ...] = (KombuError, ChannelError, LinkError, RedisError, OSError)
_NOT_FOUND = "404"


def link_to(app: Celery, *, patience: float = 2.0) -> Connection:
    """An open connection, or one of BROKER_ERRORS: of two tries each waits `patience` seconds at most."""
    link = app.connection_for_write(
        connect_timeout=patience,
        transport_options={"socket_connect_timeout": patience, "socket_timeout": patience},
    )
    try:
        link.ensure_connection(max_retries=1, interval_start=0, interval_step=0.1, timeout=2 * patience)
    except BaseException:
        link.release()
        raise
    return link


def depths(app: Celery, link: Connection) -> dict[str, int]:
    """By the queue's name; asking creates no queue."""
    return {queue.name: _depth(link, queue.name) for queue in app.conf.task_queues}


def _depth(link: Connection, name: str) -> int:
    channel: Any = link.channel()
    try:
        return int(channel.queue_declare(queue=name, passive=True).message_count)
    except ChannelError as error:
        # A queue in which nothing lies is not there, to Redis.
        if str(error.reply_code) == _NOT_FOUND:
            return 0
        raise
    finally:
        channel.close()
