from app.kernel.security.permissions import Permission

EVENTS_READ = Permission(
    "events.read", "Read the event log, its stream and threads, as far as one may read their subjects."
)

PERMISSIONS = (EVENTS_READ,)
