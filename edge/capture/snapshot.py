"""A network camera's still picture over HTTP."""

from __future__ import annotations

from http import HTTPStatus

import urllib3

from edge.capture.frame import Frame
from edge.contract.errors import SourceError
from edge.recognise.images import decode_upright

MAX_BYTES = 64 * 1024 * 1024


class Snapshot:
    """Fetches one still picture per capture."""

    def __init__(self, url: str, *, deadline: float) -> None:
        parsed = urllib3.util.parse_url(url)
        self._url = url
        self._name = parsed._replace(auth=None, query=None).url  # credentials never reach a log
        self._headers = urllib3.util.make_headers(basic_auth=parsed.auth) if parsed.auth else {}
        self._deadline = deadline
        self._pool = urllib3.PoolManager(num_pools=1, retries=False)

    def capture(self) -> Frame:
        """The picture as it is now.

        Raises:
            SourceError: no answer in time, a refusal, or a picture that is too large.
            ImageError: the answer is no picture.
        """
        try:
            response = self._pool.request(
                "GET",
                self._url,
                headers=self._headers,
                timeout=urllib3.Timeout(total=self._deadline),
                preload_content=False,
            )
            with response:
                data = response.read(MAX_BYTES + 1)
        except urllib3.exceptions.HTTPError as error:
            reason = type(error).__name__
            raise SourceError(f"{self._name}: no picture ({reason})", "check its address and the network") from None
        if response.status != HTTPStatus.OK:
            raise SourceError(f"{self._name}: HTTP {response.status}", "check the address and the password")
        if len(data) > MAX_BYTES:
            raise SourceError(f"{self._name}: over {MAX_BYTES} bytes", "ask the camera for a smaller picture")
        return Frame(decode_upright(data, self._name).image, self._name, None)

    def close(self) -> None:
        """Close kept connections."""
        self._pool.clear()
