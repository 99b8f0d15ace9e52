from django.apps import AppConfig
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class StreamsConfig(AppConfig):
    name = "streams"
    label = "streams"
    verbose_name = _("Scripted streams")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from streams import checks  # noqa: F401  (registers them)
        from streams.conf import conf
        from streams.formats import register

        for path in conf.formats:
            register(import_string(path)())
