"""iCalendar files (RFC 5545), read as freeze windows."""
