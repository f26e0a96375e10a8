"""Every setting of Yiwang, read from the environment, by subject; each says what it does where it stands."""

from config.settings.base import *  # noqa: F403
from config.settings.counting import *  # noqa: F403
from config.settings.database import *  # noqa: F403
from config.settings.deciding import *  # noqa: F403
from config.settings.interfaces import *  # noqa: F403
from config.settings.outer import *  # noqa: F403
from config.settings.pages import *  # noqa: F403
from config.settings.signing_in import *  # noqa: F403
from config.settings.telling import *  # noqa: F403
from config.settings.watching import *  # noqa: F403
from config.settings.work import *  # noqa: F403
