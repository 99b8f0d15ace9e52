import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True, verbose_name='process')),
                ('host', models.CharField(max_length=80, verbose_name='host')),
                ('pid', models.PositiveIntegerField(verbose_name='process id')),
                ('started', models.DateTimeField(verbose_name='started')),
                ('last_seen', models.DateTimeField(db_index=True, verbose_name='last seen')),
                ('stopped', models.DateTimeField(blank=True, null=True, verbose_name='stopped')),
                ('playing', models.PositiveIntegerField(default=0, verbose_name='playing')),
                ('dropped', models.PositiveBigIntegerField(default=0, verbose_name='runs not recorded')),
            ],
            options={
                'verbose_name': 'worker',
                'verbose_name_plural': 'workers',
                'ordering': ['-last_seen', '-pk'],
                'default_permissions': ('view',),
            },
        ),
        migrations.CreateModel(
            name='Script',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=100, unique=True, verbose_name='slug')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('tags', models.CharField(blank=True, help_text='Separated by commas.', max_length=200, verbose_name='tags')),
                ('notes', models.TextField(blank=True, help_text='For editors; viewers never see them.', verbose_name='notes')),
                ('created', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated', models.DateTimeField(auto_now=True, verbose_name='updated')),
                ('body', models.TextField(blank=True, help_text='Markdown. A pause is a comment: <code>&lt;!-- stream: pause 800ms --&gt;</code>; on a line of its own it leaves no blank line.', verbose_name='body')),
                ('rendering', models.CharField(choices=[('literal', 'Literal'), ('template', 'Template')], default='literal', help_text='A literal script is said as it stands. A template knows <code>{{ prompt }}</code>, <code>{{ messages }}</code>, <code>{{ turn }}</code> and, as <code>{{ params.name }}</code>, all else that the query or the form holds.', max_length=16, verbose_name='rendering')),
            ],
            options={
                'verbose_name': 'script',
                'verbose_name_plural': 'scripts',
                'ordering': ['title'],
                'constraints': [models.CheckConstraint(condition=models.Q(('rendering__in', ['literal', 'template'])), name='streams_script_rendering_known')],
            },
        ),
        migrations.CreateModel(
            name='Stream',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('tags', models.CharField(blank=True, help_text='Separated by commas.', max_length=200, verbose_name='tags')),
                ('notes', models.TextField(blank=True, help_text='For editors; viewers never see them.', verbose_name='notes')),
                ('created', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated', models.DateTimeField(auto_now=True, verbose_name='updated')),
                ('unit', models.CharField(choices=[('grapheme', 'Characters (grapheme clusters)'), ('word', 'Words'), ('sentence', 'Sentences'), ('line', 'Lines'), ('fixed', 'Fixed size, in code points')], default='grapheme', help_text='What is sent at once is counted in these. Words suit languages that put spaces between them; characters suit Chinese and Japanese.', max_length=16, verbose_name='unit')),
                ('chunk_size', models.PositiveIntegerField(default=1, help_text='Units sent at once.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name='chunk size')),
                ('delay_ms', models.PositiveIntegerField(default=30, help_text='From one chunk to the next. 0 sends everything at once.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(60000)], verbose_name='delay (ms)')),
                ('ttft_ms', models.PositiveIntegerField(default=0, help_text='How long the stream “thinks” before its first chunk.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(600000)], verbose_name='time to first token (ms)')),
                ('jitter_percent', models.PositiveSmallIntegerField(default=0, help_text='How far each delay may stray, either way. 0 to 100.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)], verbose_name='jitter (%)')),
                ('seed', models.PositiveBigIntegerField(blank=True, help_text='The same seed gives the same jitter every time. Blank: a new one for each run, told in the header X-Stream-Seed.', null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(9007199254740991)], verbose_name='seed')),
                ('slug', models.SlugField(help_text="Part of the stream's address, and its name for API clients.", max_length=100, unique=True, verbose_name='slug')),
                ('published', models.BooleanField(default=False, help_text='A draft plays for people who may view streams, and nobody else.', verbose_name='published')),
                ('access', models.CharField(choices=[('public', 'Everybody'), ('signed-in', 'Whoever is signed in'), ('api-key', 'Holders of an API key'), ('permission', 'Users with the permission to view streams')], default='public', max_length=16, verbose_name='access')),
                ('retry_ms', models.PositiveIntegerField(default=3000, help_text='When a browser connects again after a lost connection.', validators=[django.core.validators.MinValueValidator(100), django.core.validators.MaxValueValidator(600000)], verbose_name='retry (ms)')),
                ('heartbeat_s', models.PositiveSmallIntegerField(default=15, help_text='Silence after which a comment keeps the connection open.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(600)], verbose_name='heartbeat (s)')),
                ('max_concurrent', models.PositiveIntegerField(blank=True, help_text='Plays of this stream at once, in each process. Blank: any.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000)], verbose_name='most at once')),
                ('max_duration_s', models.PositiveIntegerField(blank=True, help_text='A play that would take longer is refused. Blank: the site’s.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(86400)], verbose_name='longest (s)')),
                ('max_bytes', models.PositiveBigIntegerField(blank=True, help_text='A play ends there with an error. Blank: the site’s.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000000000)], verbose_name='most bytes')),
                ('max_speed', models.FloatField(default=10, help_text='The most that a request may ask for with ?speed=.', validators=[django.core.validators.MinValueValidator(0.1), django.core.validators.MaxValueValidator(100)], verbose_name='highest speed')),
                ('script', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='streams', to='streams.script', verbose_name='script')),
            ],
            options={
                'verbose_name': 'stream',
                'verbose_name_plural': 'streams',
                'ordering': ['title'],
                'permissions': [('publish_stream', 'Can publish and unpublish streams')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Who or what uses it.', max_length=200, verbose_name='holder')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True, verbose_name='digest')),
                ('hint', models.CharField(editable=False, max_length=16, verbose_name='begins with')),
                ('limited', models.BooleanField(default=False, help_text='Opens the streams chosen here and no others. Otherwise it opens every published stream for holders of a key.', verbose_name='limited')),
                ('expires', models.DateTimeField(blank=True, null=True, verbose_name='expires')),
                ('revoked', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='revoked')),
                ('created', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('streams', models.ManyToManyField(blank=True, help_text='What a limited key opens.', related_name='api_keys', to='streams.stream', verbose_name='streams')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField(help_text='Counts what its worker plays.', verbose_name='number')),
                ('run_id', models.CharField(max_length=32, verbose_name='run id')),
                ('stream', models.CharField(max_length=100, verbose_name='stream')),
                ('script', models.CharField(max_length=100, verbose_name='script')),
                ('revision', models.CharField(max_length=64, verbose_name='revision')),
                ('rule', models.CharField(blank=True, max_length=200, verbose_name='rule')),
                ('seed', models.PositiveBigIntegerField(verbose_name='seed')),
                ('format', models.CharField(max_length=64, verbose_name='format')),
                ('transport', models.CharField(choices=[('http', 'HTTP stream'), ('websocket', 'WebSocket'), ('whole', 'Whole answer')], max_length=16, verbose_name='transport')),
                ('client', models.CharField(blank=True, max_length=64, verbose_name='client')),
                ('agent', models.CharField(blank=True, max_length=200, verbose_name='client’s program')),
                ('body', models.TextField(blank=True, verbose_name='request body')),
                ('position', models.PositiveIntegerField(default=0, help_text='Above 0 where the run went on with one that was cut off.', verbose_name='from position')),
                ('started', models.DateTimeField(db_index=True, verbose_name='started')),
                ('first_byte_ms', models.PositiveIntegerField(blank=True, null=True, verbose_name='first byte (ms)')),
                ('ended', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('outcome', models.CharField(blank=True, max_length=32, verbose_name='outcome')),
                ('steps', models.PositiveIntegerField(default=0, verbose_name='steps sent')),
                ('bytes', models.PositiveBigIntegerField(default=0, verbose_name='bytes sent')),
                ('lateness_ms', models.PositiveIntegerField(default=0, verbose_name='worst lateness (ms)')),
                ('worker', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='streams.worker', verbose_name='worker')),
            ],
            options={
                'verbose_name': 'run',
                'verbose_name_plural': 'runs',
                'ordering': ['-started', '-pk'],
                'default_permissions': ('view', 'delete'),
            },
        ),
        migrations.CreateModel(
            name='Kept',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64, unique=True, verbose_name='id')),
                ('kind', models.CharField(max_length=32, verbose_name='kind')),
                ('workspace', models.CharField(max_length=64, verbose_name='workspace')),
                ('data', models.JSONField(default=dict, verbose_name='data')),
                ('created', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated', models.DateTimeField(auto_now=True, db_index=True, verbose_name='updated')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='streams.kept', verbose_name='parent')),
            ],
            options={
                'verbose_name': 'kept object',
                'verbose_name_plural': 'kept objects',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['workspace', 'kind'], name='streams_kept_listed')],
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('body', models.TextField(blank=True, help_text='Markdown. A pause is a comment: <code>&lt;!-- stream: pause 800ms --&gt;</code>; on a line of its own it leaves no blank line.', verbose_name='body')),
                ('rendering', models.CharField(choices=[('literal', 'Literal'), ('template', 'Template')], default='literal', help_text='A literal script is said as it stands. A template knows <code>{{ prompt }}</code>, <code>{{ messages }}</code>, <code>{{ turn }}</code> and, as <code>{{ params.name }}</code>, all else that the query or the form holds.', max_length=16, verbose_name='rendering')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('digest', models.CharField(editable=False, max_length=64, verbose_name='digest')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('created', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='author')),
                ('script', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='revisions', to='streams.script', verbose_name='script')),
            ],
            options={
                'verbose_name': 'revision',
                'verbose_name_plural': 'revisions',
                'ordering': ['script', '-number'],
                'indexes': [models.Index(fields=['digest'], name='streams_revision_digest')],
                'constraints': [models.UniqueConstraint(fields=('script', 'number'), name='streams_revision_number_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('access__in', ['public', 'signed-in', 'api-key', 'permission'])), name='streams_stream_access_known'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('unit__in', ['grapheme', 'word', 'sentence', 'line', 'fixed'])), name='streams_stream_unit_known'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('chunk_size__gte', 1), ('chunk_size__lte', 10000)), name='streams_stream_chunk_size_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('delay_ms__gte', 0), ('delay_ms__lte', 60000)), name='streams_stream_delay_ms_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('ttft_ms__gte', 0), ('ttft_ms__lte', 600000)), name='streams_stream_ttft_ms_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('jitter_percent__gte', 0), ('jitter_percent__lte', 100)), name='streams_stream_jitter_percent_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('seed__gte', 0), ('seed__lte', 9007199254740991)), ('seed__isnull', True), _connector='OR'), name='streams_stream_seed_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('retry_ms__gte', 100), ('retry_ms__lte', 600000)), name='streams_stream_retry_ms_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('heartbeat_s__gte', 1), ('heartbeat_s__lte', 600)), name='streams_stream_heartbeat_s_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(('max_speed__gte', 0.1), ('max_speed__lte', 100)), name='streams_stream_max_speed_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('max_concurrent__gte', 1), ('max_concurrent__lte', 1000000)), ('max_concurrent__isnull', True), _connector='OR'), name='streams_stream_max_concurrent_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('max_duration_s__gte', 1), ('max_duration_s__lte', 86400)), ('max_duration_s__isnull', True), _connector='OR'), name='streams_stream_max_duration_s_in_range'),
        ),
        migrations.AddConstraint(
            model_name='stream',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('max_bytes__gte', 1), ('max_bytes__lte', 1000000000000)), ('max_bytes__isnull', True), _connector='OR'), name='streams_stream_max_bytes_in_range'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['run_id'], name='streams_run_id'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(fields=['stream', '-started'], name='streams_run_stream'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('outcome', '')), fields=['-started'], name='streams_run_open'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(fields=('worker', 'number'), name='streams_run_number_once'),
        ),
    ]
