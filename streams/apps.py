from contextlib import suppress

from django.apps import AppConfig
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _


class StreamsConfig(AppConfig):
    name = "streams"
    label = "streams"
    verbose_name = _("Scripted streams")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_migrate, post_save

        from streams import checks  # noqa: F401  (registers checks)
        from streams.conf import conf
        from streams.formats import register
        from streams.formats.base import Format
        from streams.preparing import lookup

        for changed in ("Script", "Stream", "Rule", "RuleScript", "Fault"):
            for signal in (post_save, post_delete):
                signal.connect(lookup.forget, sender=self.get_model(changed))
        # Test cases empty the database between them with a flush, which sends this.
        post_migrate.connect(lookup.forget, sender=self)

        for path in conf.formats:
            # What is wrong with a path is for the system check E004 to say.
            with suppress(ImportError, TypeError):
                found = import_string(path)
                if issubclass(found, Format):
                    register(found())
