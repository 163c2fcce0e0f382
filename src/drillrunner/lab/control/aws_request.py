"""Who is being called: service, region and operation of an HTTP request, and errors in that service's own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

Environ = dict[str, Any]

# signing names (the fourth part of a credential scope) that differ from botocore's service names
_SERVICE_OF_SIGNING_NAME = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
    "email": "ses",
    "execute-api": "apigatewaymanagementapi",
    "elasticloadbalancing": "elbv2",
    "es": "es",
}


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """`service` is botocore's name, `operation` as in its model; each is empty where it cannot be told."""

    service: str
    operation: str
    region: str
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Dropped(Exception):
    """The connection ends without an answer, whether the call took effect or not."""


def _credential_scope(environ: Environ) -> tuple[str, str]:
    """(signing name, region) of a SigV4 header or a presigned URL; empty when unsigned."""
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if "Credential=" in authorization:
        credential = authorization.split("Credential=", 1)[1].split(",", 1)[0].strip()
    else:
        credential = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
    parts = credential.split("/")
    return (parts[3].lower(), parts[2]) if len(parts) == 5 else ("", "")


def _service(signing_name: str, environ: Environ) -> str:
    path = environ.get("PATH_INFO", "")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if signing_name == "dynamodb" and target.startswith("DynamoDBStreams"):
        return "dynamodbstreams"
    if signing_name == "apigateway" and path.startswith("/v2/"):
        return "apigatewayv2"
    if signing_name == "ses" and path.startswith("/v2/"):
        return "sesv2"
    if signing_name == "s3" and path.startswith("/v20180820/"):
        return "s3control"
    return _SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)


def _operation(service: str, environ: Environ) -> str:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rsplit(".", 1)[-1]
    try:
        operation, _ = get_service_router(service).match(Request(environ.copy()))
    except (UnknownServiceError, HTTPException, NotImplementedError):
        return ""
    return str(operation.name)


def identify(environ: Environ) -> AwsRequest:
    """Read the request without consuming it; `wsgi.input` must be seekable and is rewound."""
    signing_name, region = _credential_scope(environ)
    service = _service(signing_name, environ)
    operation = _operation(service, environ) if service else ""
    environ["wsgi.input"].seek(0)
    return AwsRequest(service, operation, region, environ.get("CONTENT_TYPE", ""))


def _protocol(service_model: Any, content_type: str) -> str:
    try:
        protocol = str(determine_request_protocol(service_model, content_type))
    except NotImplementedError:
        protocol = str(service_model.protocol)
    return "json" if protocol == "smithy-rpc-v2-cbor" else protocol


def _json_error(service_model: Any, code: str, message: str, members: Mapping[str, Any]) -> tuple[str, bytes]:
    body = json.dumps({"__type": code, "message": message, **members}).encode()
    version = service_model.metadata.get("jsonVersion") if service_model is not None else None
    return f"application/x-amz-json-{version}" if version else "application/json", body


def _xml_error(service: str, protocol: str, code: str, message: str, members: Mapping[str, Any]) -> tuple[str, bytes]:
    said = {"Code": code, "Message": message, **members}
    error = "<Error>" + "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in said.items()) + "</Error>"
    if protocol == "ec2":
        error = f"<Response><Errors>{error}</Errors><RequestID>lab</RequestID></Response>"
    elif service != "s3":
        error = f"<ErrorResponse>{error}<RequestId>lab</RequestId></ErrorResponse>"
    return "text/xml", f'<?xml version="1.0" encoding="UTF-8"?>{error}'.encode()


def _service_model(service: str) -> Any:
    """None for a service that botocore does not know."""
    try:
        return get_service_model(service)
    except (UnknownServiceError, ValueError):
        return None


def error_reply(request: AwsRequest, code: str, message: str, status: int, **members: Any) -> Reply:
    """The error in the service's protocol (query, JSON or XML), which botocore raises as ClientError `code`.

    `members` are further members of the error's shape. A service that botocore does not know gets JSON.
    """
    service_model = _service_model(request.service)
    protocol = "json" if service_model is None else _protocol(service_model, request.content_type)
    if "json" in protocol:
        content_type, body = _json_error(service_model, code, message, members)
    else:
        content_type, body = _xml_error(request.service, protocol, code, message, members)
    headers = [("Content-Type", content_type), ("X-Amzn-Errortype", code)]
    if service_model is not None and "awsQueryCompatible" in service_model.metadata:
        headers.append(("x-amzn-query-error", f"{code};Sender"))
    return Reply(status, tuple(headers), body)
