from app.kernel.security.permissions import Permission

OPERATIONS_READ = Permission("operations.read", "See every long-running operation of the tenant.")

PERMISSIONS = (OPERATIONS_READ,)
