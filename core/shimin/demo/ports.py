"""Where the demonstration's own servers listen on this machine."""

DEPARTMENT_PORT = 8101
CHANNEL_PORT = 8102
