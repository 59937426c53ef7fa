from app.kernel.security.permissions import Permission

AUDIT_READ = Permission(
    "audit.read", "Read and verify the audit log, with everything before and after each change."
)

PERMISSIONS = (AUDIT_READ,)
