"""The development inbox: texts that would have gone to phones. It does not exist in production."""

from html import escape
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

if TYPE_CHECKING:
    from shimin.assembly import Platform

PAGE = """<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>开发收件箱 Development inbox</title>
<style>body{{font:16px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;margin:2rem auto;max-width:40rem;padding:0 1rem}}
li{{list-style:none;border:1px solid #ccc;border-radius:.5rem;padding:.75rem 1rem;margin:.75rem 0}}
ul{{padding:0}}small{{color:#555}}</style>
<h1>开发收件箱 <small>Development inbox</small></h1>
<p>这些短信在生产环境中会发到手机。<br>In production these texts go to phones.</p><ul>{items}</ul></html>"""


async def dev_inbox(request: Request) -> Response:
    """Show the newest texts first: a page for people, JSON for programs; ``?phone=`` narrows them."""
    platform: Platform = request.app.state.platform
    phone = request.query_params.get("phone")
    notices = platform.dev_inbox.notices() if platform.dev_inbox else []
    shown = [item for item in reversed(notices) if phone is None or item.phone == phone]
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse([{"phone": i.phone, "template": i.template, "body": i.body} for i in shown])
    items = "".join(f"<li><small>{escape(i.phone)}</small><br>{escape(i.body)}</li>" for i in shown)
    return HTMLResponse(PAGE.format(items=items or "<li>还没有短信。 No texts yet.</li>"))
