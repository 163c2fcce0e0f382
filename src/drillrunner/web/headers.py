"""The headers of every answer: what a page may load, who may frame it, and what a browser may tell of it."""

from __future__ import annotations

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# A report's own policy, in the page itself, allows what it needs. Sandboxed without an origin, whatever would still
# run in it reaches no cookie and no form of ours.
# Links in such a page are followed without our cookie.
REPORT_POLICY = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'none'; base-uri 'none'"
)

# The trend's page is ours, has no script, and links to runs.
TREND_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'"
)

COMMON = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
}
# Under `no-referrer` a browser sends a form with `Origin: null`, even to where the page came from.
WITH_A_FORM = {"Referrer-Policy": "same-origin"}
